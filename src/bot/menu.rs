//! The menu under the chat: the command words, so that a tap is read like a message.

use wecom::LimitError;
use wecom::menu::{Entry, Menu, MenuButton};

use super::command::Verb;

/// The menu that `campkeeper wecom menu` publishes.
///
/// # Errors
/// [`LimitError`] if `public_url` is not fit for a link button.
pub fn menu(public_url: &str) -> Result<Menu, LimitError> {
    let click = |verb: Verb| MenuButton::click(verb.as_str(), verb.as_str());
    Menu::new([
        Entry::group(
            "打卡",
            [
                click(Verb::Progress),
                click(Verb::Camps),
                click(Verb::Sync),
                click(Verb::Urge),
                click(Verb::EnrollCode),
            ],
        ),
        Entry::group(
            "押金",
            [
                click(Verb::Pending),
                click(Verb::Refund),
                click(Verb::Retry),
                click(Verb::Match),
            ],
        ),
        Entry::group(
            "更多",
            [
                click(Verb::Report),
                click(Verb::Status),
                click(Verb::Help),
                MenuButton::view("打开报名页", format!("{public_url}/h5/")),
            ],
        ),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bot::command;

    #[test]
    fn the_menu_speaks_commands() {
        let menu = serde_json::to_value(menu("https://camp.example.com").unwrap()).unwrap();
        let mut keys = Vec::new();
        collect_keys(&menu, &mut keys);
        assert_eq!(keys.len(), 12);
        for key in keys {
            assert!(command::parse(&key).is_some(), "{key}");
        }
        insta::assert_json_snapshot!("menu", menu);
    }

    fn collect_keys(value: &serde_json::Value, keys: &mut Vec<String>) {
        match value {
            serde_json::Value::Object(map) => {
                keys.extend(
                    map.get("key")
                        .and_then(|key| key.as_str())
                        .map(str::to_owned),
                );
                map.values().for_each(|value| collect_keys(value, keys));
            }
            serde_json::Value::Array(items) => {
                items.iter().for_each(|value| collect_keys(value, keys));
            }
            _ => {}
        }
    }
}
