//! The pieces cards are put together from (wecom-app §6).
//!
//! A pair that belongs together (a link and its URL, a file and its media id) is one value, so that
//! half of it cannot be given. Lengths in characters are the platform's recommendations: longer
//! text is sent as it is, and shortened only by [`Card::fit`](super::Card::fit).

use super::{fit::fit_in_place, node::Object};
use crate::limit::{self, LimitError, Rule};
use crate::visible::cleaned;

/// Longest key of a button, menu entry or question, in bytes.
const MAX_KEY_BYTES: usize = 1024;
/// Longest task id, in bytes.
const MAX_TASK_ID_BYTES: usize = 128;

/// The id of an interactive card: 1 to 128 of `0-9 A-Z a-z _ - @`, unique per application.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TaskId(String);

impl TaskId {
    /// Checks and takes `id`.
    ///
    /// # Errors
    /// [`LimitError`] on `task_id`: length or characters.
    pub fn new(id: impl Into<String>) -> Result<Self, LimitError> {
        let id = id.into();
        limit::required("task_id", &id, MAX_TASK_ID_BYTES)?;
        if id
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_-@".contains(&byte))
        {
            Ok(Self(id))
        } else {
            let rule = Rule::Characters {
                allowed: "0-9 A-Z a-z _ - @",
            };
            Err(LimitError::new("task_id", rule))
        }
    }

    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

pub(super) fn key(field: &'static str, key: &str) -> Result<(), LimitError> {
    limit::required(field, key, MAX_KEY_BYTES)
}

/// Colour of the source line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DescColor {
    /// Grey, the platform's default.
    Grey = 0,
    /// Black.
    Black = 1,
    /// Red.
    Red = 2,
    /// Green.
    Green = 3,
}

/// The line at the top that says who sends the card.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    icon_url: Option<String>,
    desc: Option<String>,
    pub(super) color: Option<DescColor>,
}

impl Source {
    /// A source with a name (recommended: up to 20 characters).
    pub fn new(desc: impl Into<String>) -> Self {
        Self {
            desc: Some(cleaned(desc)),
            ..Self::default()
        }
    }

    /// A picture of 72×72 before the name.
    #[must_use]
    pub fn icon(mut self, url: impl Into<String>) -> Self {
        self.icon_url = Some(url.into());
        self
    }

    /// The colour of the name; an application's votes and forms have none.
    #[must_use]
    pub fn color(mut self, color: DescColor) -> Self {
        self.color = Some(color);
        self
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        self.icon_url
            .as_ref()
            .map_or(Ok(()), |url| limit::url("source.icon_url", url))
    }

    pub(super) fn fit(&mut self) {
        self.desc.iter_mut().for_each(|desc| fit_in_place(desc, 20));
    }

    pub(super) fn tree(&self) -> Object {
        Object::new()
            .maybe("icon_url", self.icon_url.as_ref())
            .maybe("desc", self.desc.as_ref())
            .maybe("desc_color", self.color.map(|color| color as i64))
    }
}

/// The target of a tap.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A web page.
    Url(String),
    /// A mini program bound to the application.
    MiniProgram {
        /// Its appid.
        appid: String,
        /// The page; the home page if none.
        pagepath: Option<String>,
    },
}

impl Target {
    /// A web page.
    pub fn url(url: impl Into<String>) -> Self {
        Self::Url(url.into())
    }

    /// A page of a mini program.
    pub fn mini_program(appid: impl Into<String>, pagepath: impl Into<String>) -> Self {
        Self::MiniProgram {
            appid: appid.into(),
            pagepath: Some(pagepath.into()),
        }
    }

    pub(super) fn check(
        &self,
        url_field: &'static str,
        appid_field: &'static str,
    ) -> Result<(), LimitError> {
        match self {
            Self::Url(url) => limit::url(url_field, url),
            Self::MiniProgram { appid, .. } => limit::present(appid_field, appid),
        }
    }

    /// `type` first, as in the reference's samples.
    pub(super) fn tree(&self) -> Object {
        Object::new().with("type", self.kind()).join(self.address())
    }

    pub(super) fn kind(&self) -> i64 {
        match self {
            Self::Url(_) => 1,
            Self::MiniProgram { .. } => 2,
        }
    }

    pub(super) fn address(&self) -> Object {
        match self {
            Self::Url(url) => Object::new().with("url", url),
            Self::MiniProgram { appid, pagepath } => Object::new()
                .with("appid", appid)
                .maybe("pagepath", pagepath.as_ref()),
        }
    }
}

/// The menu in the top right corner: 1 to 3 entries, each answering with its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ActionMenu {
    desc: Option<String>,
    actions: Vec<(String, String)>,
}

impl ActionMenu {
    /// A menu with its first entry.
    pub fn new(text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            desc: None,
            actions: vec![(cleaned(text), key.into())],
        }
    }

    /// Another entry, up to three.
    #[must_use]
    pub fn action(mut self, text: impl Into<String>, key: impl Into<String>) -> Self {
        self.actions.push((cleaned(text), key.into()));
        self
    }

    /// The menu's own text.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(cleaned(desc));
        self
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::count("action_menu.action_list", self.actions.len(), 1, 3)?;
        for (text, action_key) in &self.actions {
            limit::present("action_menu.action_list.text", text)?;
            key("action_menu.action_list.key", action_key)?;
        }
        let keys = self.actions.iter().map(|(_, key)| &**key);
        limit::unique("action_menu.action_list.key", keys)
    }

    pub(super) fn tree(&self) -> Object {
        let actions = self.actions.iter();
        let actions =
            actions.map(|(text, key)| Object::new().with("text", text).with("key", key).into());
        Object::new()
            .maybe("desc", self.desc.as_ref())
            .list("action_list", actions.collect())
    }
}

/// A quoted passage with a grey bar.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QuoteArea {
    target: Option<Target>,
    title: Option<String>,
    text: Option<String>,
}

impl QuoteArea {
    /// A quote with its text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Some(cleaned(text)),
            ..Self::default()
        }
    }

    /// A title above the text.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(cleaned(title));
        self
    }

    /// The target of a tap on the quote.
    #[must_use]
    pub fn target(mut self, target: Target) -> Self {
        self.target = Some(target);
        self
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        let check = |target: &Target| target.check("quote_area.url", "quote_area.appid");
        self.target.as_ref().map_or(Ok(()), check)
    }

    pub(super) fn tree(&self) -> Object {
        self.target
            .as_ref()
            .map_or_else(Object::new, Target::tree)
            .maybe("title", self.title.as_ref())
            .maybe("quote_text", self.text.as_ref())
    }
}

pub(super) fn main_title(title: &str, desc: Option<&String>) -> Object {
    Object::new().with("title", title).maybe("desc", desc)
}
