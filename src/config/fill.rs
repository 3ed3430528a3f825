//! The example file with values of one's own: what the wizard writes.

use std::collections::BTreeMap;

use figment::value::Value;
use serde_json::json;

use super::environment::read_as;
use super::{EXAMPLE, keys};

/// The example file with some values filled in.
pub struct Filled {
    /// The file.
    pub text: String,
    /// Of the keys that name files, those that were given.
    pub files: Vec<(String, String)>,
}

impl Filled {
    /// Fills in the values of keys, each written as in the environment.
    #[must_use]
    pub fn of(given: &BTreeMap<String, String>) -> Self {
        let mut block = String::new();
        let mut text = String::new();
        for line in EXAMPLE.lines() {
            if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                name.clone_into(&mut block);
            }
            let name = line.split_once(" = ").map(|(name, _)| name);
            let key = name.map(|name| format!("{block}.{name}"));
            match (name, key.and_then(|key| given.get_key_value(&key))) {
                (Some(name), Some((key, value))) => {
                    text.push_str(&format!("{name} = {}\n", literal(key, value)));
                }
                _ => {
                    text.push_str(line);
                    text.push('\n');
                }
            }
        }
        let files = given.iter().filter(|(key, _)| key.ends_with("_file"));
        Self {
            text,
            files: files
                .map(|(key, path)| (key.clone(), path.clone()))
                .collect(),
        }
    }
}

/// A value as TOML writes it, which writes texts and lists as JSON does.
fn literal(key: &str, value: &str) -> String {
    json!(read_as(keys::default_of(key).as_ref(), value)).to_string()
}

/// The default of a key as people write it; empty for none, and for a list of none.
#[must_use]
pub fn default_of(key: &str) -> Option<String> {
    match keys::default_of(key)? {
        Value::String(_, text) => Some(text),
        Value::Num(_, number) => Some(number.to_u128()?.to_string()).filter(|it| it != "0"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Sources, Stored};
    use super::*;

    #[test]
    fn what_is_filled_in_is_read_back() {
        let given = [
            (
                "security.master_key",
                "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=",
            ),
            ("wecom.secret", "a \"quoted\" \\ one"),
            ("wecom.agent_id", "1000002"),
            ("notify.recipients", "lin.yue, chen.an"),
            ("wecom.smart_bot.name", "小营"),
        ];
        let given = given.map(|(key, value)| (key.to_owned(), value.to_owned()));
        let filled = Filled::of(&BTreeMap::from(given));
        assert_eq!(filled.text.lines().count(), EXAMPLE.lines().count());
        let config = Sources::new(filled.text, [])
            .config(&Stored::new())
            .unwrap();
        use secrecy::ExposeSecret as _;
        assert_eq!(config.wecom.secret.expose_secret(), "a \"quoted\" \\ one");
        assert_eq!(config.wecom.agent_id, 1_000_002);
        assert_eq!(config.notify.recipients, ["lin.yue", "chen.an"]);
        assert_eq!(config.wecom.smart_bot.name, "小营");
    }
}
