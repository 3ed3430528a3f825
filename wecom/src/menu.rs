//! The application's menu (wecom-app §9).

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    client::{Client, Error, ErrorClass},
    limit::{self, LimitError},
    visible::cleaned,
};

const MAX_TOP: usize = 3;
const MAX_SUB: usize = 5;
const MAX_TOP_NAME_BYTES: usize = 16;
const MAX_SUB_NAME_BYTES: usize = 40;
const MAX_KEY_BYTES: usize = 128;
const MAX_URL_BYTES: usize = 1024;

/// The action of a menu button. All kinds with a `key` send an event that carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Sends a click.
    Click {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Opens a page.
    View {
        /// ≤ 1,024 bytes.
        url: String,
    },
    /// Scans a code and shows the result.
    ScancodePush {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Scans a code and waits for the application's message.
    ScancodeWaitmsg {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Takes a photograph.
    PicSysphoto {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Takes a photograph or picks one.
    PicPhotoOrAlbum {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Picks pictures.
    PicWeixin {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Picks a place.
    LocationSelect {
        /// ≤ 128 bytes.
        key: String,
    },
    /// Opens a mini program.
    ViewMiniprogram {
        /// Its appid.
        appid: String,
        /// The page.
        pagepath: String,
    },
}

impl Action {
    fn check(&self) -> Result<(), LimitError> {
        match self {
            Self::View { url } => {
                limit::url("button.url", url)?;
                limit::bytes("button.url", url, MAX_URL_BYTES)
            }
            Self::ViewMiniprogram { appid, pagepath } => {
                limit::present("button.appid", appid)?;
                limit::required("button.pagepath", pagepath, MAX_URL_BYTES)
            }
            Self::Click { key }
            | Self::ScancodePush { key }
            | Self::ScancodeWaitmsg { key }
            | Self::PicSysphoto { key }
            | Self::PicPhotoOrAlbum { key }
            | Self::PicWeixin { key }
            | Self::LocationSelect { key } => limit::required("button.key", key, MAX_KEY_BYTES),
        }
    }
}

/// A button that does something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MenuButton {
    name: String,
    #[serde(flatten)]
    action: Action,
}

impl MenuButton {
    /// A button with its name: ≤ 16 bytes at the top (5 Chinese characters), ≤ 40 below (13).
    pub fn new(name: impl Into<String>, action: Action) -> Self {
        Self {
            name: cleaned(name),
            action,
        }
    }

    /// A button that sends a click.
    pub fn click(name: impl Into<String>, key: impl Into<String>) -> Self {
        Self::new(name, Action::Click { key: key.into() })
    }

    /// A button that opens a page.
    pub fn view(name: impl Into<String>, url: impl Into<String>) -> Self {
        Self::new(name, Action::View { url: url.into() })
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The action.
    #[must_use]
    pub fn action(&self) -> &Action {
        &self.action
    }

    fn check(&self, max_name_bytes: usize) -> Result<(), LimitError> {
        limit::required("button.name", &self.name, max_name_bytes)?;
        self.action.check()
    }
}

/// An entry of the top level.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Entry {
    /// A button.
    Button(MenuButton),
    /// A name with 1 to 5 buttons below.
    Group {
        /// ≤ 16 bytes.
        name: String,
        /// The buttons below.
        sub_button: Vec<MenuButton>,
    },
}

/// A menu of 1 to 3 entries, two levels. One that was read (from the platform, from a file) is
/// checked when it is published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Menu {
    button: Vec<Entry>,
}

impl Menu {
    /// Checks and takes the entries.
    ///
    /// # Errors
    /// [`LimitError`] with the field: counts, names, keys or URLs.
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Result<Self, LimitError> {
        let button: Vec<Entry> = entries.into_iter().collect();
        let menu = Self { button };
        menu.check()?;
        Ok(menu)
    }

    fn check(&self) -> Result<(), LimitError> {
        limit::count("button", self.button.len(), 1, MAX_TOP)?;
        for entry in &self.button {
            match entry {
                Entry::Button(button) => button.check(MAX_TOP_NAME_BYTES)?,
                Entry::Group { name, sub_button } => {
                    limit::required("button.name", name, MAX_TOP_NAME_BYTES)?;
                    limit::count("button.sub_button", sub_button.len(), 1, MAX_SUB)?;
                    sub_button
                        .iter()
                        .try_for_each(|button| button.check(MAX_SUB_NAME_BYTES))?;
                }
            }
        }
        Ok(())
    }

    /// The entries of the top level.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.button
    }
}

impl Entry {
    /// A name with buttons below.
    pub fn group(name: impl Into<String>, buttons: impl IntoIterator<Item = MenuButton>) -> Self {
        Self::Group {
            name: cleaned(name),
            sub_button: buttons.into_iter().collect(),
        }
    }
}

impl From<MenuButton> for Entry {
    fn from(button: MenuButton) -> Self {
        Self::Button(button)
    }
}

impl Client {
    /// `menu/create`: replaces the whole menu.
    ///
    /// # Errors
    /// [`Error::Limit`] for a menu that was read and breaks a limit, else [`Error`].
    pub async fn create_menu(&self, menu: &Menu) -> Result<(), Error> {
        menu.check()?;
        let query = [("agentid", &*self.agent_id().to_string())];
        let _: Value = self.post("menu/create", &query, menu).await?;
        Ok(())
    }

    /// `menu/get`: the published menu, or none.
    ///
    /// # Errors
    /// [`Error`]; [`Error::Protocol`] for a menu with buttons this crate does not know.
    pub async fn menu(&self) -> Result<Option<Menu>, Error> {
        let query = [("agentid", &*self.agent_id().to_string())];
        match self.get("menu/get", &query).await {
            Ok(menu) => Ok(Some(menu)),
            Err(error) if error.class() == Some(ErrorClass::NoMenu) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// `menu/delete`.
    ///
    /// # Errors
    /// [`Error`].
    pub async fn delete_menu(&self) -> Result<(), Error> {
        let query = [("agentid", &*self.agent_id().to_string())];
        let _: Value = self.get("menu/delete", &query).await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::testing::Script;

    fn sample() -> Value {
        json!({"button":[
            {"type":"click","name":"Today","key":"TODAY"},
            {"name":"More","sub_button":[
                {"type":"view","name":"Portal","url":"https://x.example/"},
                {"type":"scancode_waitmsg","name":"Scan","key":"SCAN"},
                {"type":"view_miniprogram","name":"Mini","pagepath":"pages/i","appid":"wx1"}]},
            {"type":"location_select","name":"Where","key":"LOC"}]})
    }

    fn built() -> Menu {
        let scan = Action::ScancodeWaitmsg { key: "SCAN".into() };
        let mini = Action::ViewMiniprogram {
            appid: "wx1".into(),
            pagepath: "pages/i".into(),
        };
        let place = Action::LocationSelect { key: "LOC".into() };
        Menu::new([
            MenuButton::click("Today", "TODAY").into(),
            Entry::group(
                "More",
                [
                    MenuButton::view("Portal", "https://x.example/"),
                    MenuButton::new("Scan", scan),
                    MenuButton::new("Mini", mini),
                ],
            ),
            MenuButton::new("Where", place).into(),
        ])
        .unwrap()
    }

    #[test]
    fn a_menu_is_written_as_in_the_reference() {
        assert_eq!(serde_json::to_value(built()).unwrap(), sample());
    }

    #[tokio::test]
    async fn a_menu_comes_back_as_it_was_made() {
        let mut answer = sample();
        answer["errcode"] = json!(0);
        answer["button"][0]["sub_button"] = json!([]);
        answer["button"][1]["sub_button"][1]["sub_button"] = json!([]);
        let script = Script::with_token()
            .then(r#"{"errcode":0,"errmsg":"ok"}"#)
            .then(&answer.to_string())
            .then(r#"{"errcode":46003,"errmsg":"no menu"}"#);
        let client = script.client();
        client.create_menu(&built()).await.unwrap();
        assert_eq!(client.menu().await.unwrap(), Some(built()));
        assert_eq!(client.menu().await.unwrap(), None);
        assert_eq!(
            script.urls()[1],
            "menu/create?access_token=T1&agentid=1000002"
        );
    }

    #[tokio::test]
    async fn a_menu_that_was_read_is_checked_when_it_is_published() {
        let script = Script::with_token();
        let read: Menu = serde_json::from_value(json!({"button": []})).unwrap();
        let error = script.client().create_menu(&read).await.unwrap_err();
        assert!(matches!(error, Error::Limit(_)));
        assert!(script.urls().is_empty());
    }

    #[test]
    fn every_limit_is_named() {
        let click = |name: &str| Entry::from(MenuButton::click(name, "K"));
        for (entries, field) in [
            (vec![], "button"),
            (
                vec![click("a"), click("b"), click("c"), click("d")],
                "button",
            ),
            (vec![click("六个字的按钮")], "button.name"),
            (
                vec![MenuButton::click("a", "k".repeat(129)).into()],
                "button.key",
            ),
            (
                vec![MenuButton::view("a", "www.example.com").into()],
                "button.url",
            ),
            (vec![Entry::group("a", [])], "button.sub_button"),
            (
                vec![Entry::group("a", [MenuButton::click("x".repeat(41), "k")])],
                "button.name",
            ),
        ] {
            assert_eq!(Menu::new(entries).unwrap_err().field, field);
        }
    }
}
