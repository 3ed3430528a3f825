//! The pieces cards are put together from (wecom-app §6).
//!
//! A pair that belongs together (a link and its URL, a file and its media id) is one value, so that
//! half of it cannot be given. Lengths in characters are the platform's recommendations: longer
//! text is sent as it is, and shortened only by [`Card::fit`](super::Card::fit).

use super::{
    fit::fit_in_place,
    node::{Node, Object},
};
use crate::limit::{self, LimitError, Rule};

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
            desc: Some(desc.into()),
            ..Self::default()
        }
    }

    /// A picture of 72×72 before the name.
    #[must_use]
    pub fn icon(mut self, url: impl Into<String>) -> Self {
        self.icon_url = Some(url.into());
        self
    }

    /// The colour of the name; not for vote and multiple-choice cards.
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

/// Where a tap leads.
#[derive(Debug, Clone, PartialEq, Eq)]
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
            actions: vec![(text.into(), key.into())],
        }
    }

    /// Another entry, up to three.
    #[must_use]
    pub fn action(mut self, text: impl Into<String>, key: impl Into<String>) -> Self {
        self.actions.push((text.into(), key.into()));
        self
    }

    /// The menu's own text.
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(desc.into());
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
            text: Some(text.into()),
            ..Self::default()
        }
    }

    /// A title above the text.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Where a tap on the quote leads.
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

/// A line of name and value; up to six on a card.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    keyname: String,
    value: Option<String>,
    kind: RowKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum RowKind {
    Text,
    Link(String),
    File(String),
    Member(String),
}

impl Row {
    /// Name (recommended: up to 5 characters) and value (up to 30).
    pub fn text(keyname: impl Into<String>, value: impl Into<String>) -> Self {
        Self::new(keyname, value, RowKind::Text)
    }

    /// A value that opens `url`.
    pub fn link(
        keyname: impl Into<String>,
        value: impl Into<String>,
        url: impl Into<String>,
    ) -> Self {
        Self::new(keyname, value, RowKind::Link(url.into()))
    }

    /// A file to download; `name` with its extension. Not for the smart robot.
    pub fn file(
        keyname: impl Into<String>,
        name: impl Into<String>,
        media_id: impl Into<String>,
    ) -> Self {
        Self::new(keyname, name, RowKind::File(media_id.into()))
    }

    /// A value that opens the profile of a member.
    pub fn member(
        keyname: impl Into<String>,
        value: impl Into<String>,
        userid: impl Into<String>,
    ) -> Self {
        Self::new(keyname, value, RowKind::Member(userid.into()))
    }

    fn new(keyname: impl Into<String>, value: impl Into<String>, kind: RowKind) -> Self {
        Self {
            keyname: keyname.into(),
            value: Some(value.into()),
            kind,
        }
    }

    pub(super) fn is_file(&self) -> bool {
        matches!(self.kind, RowKind::File(_))
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::present("horizontal_content_list.keyname", &self.keyname)?;
        match &self.kind {
            RowKind::Text => Ok(()),
            RowKind::Link(url) => limit::url("horizontal_content_list.url", url),
            RowKind::Member(userid) => limit::present("horizontal_content_list.userid", userid),
            RowKind::File(media_id) => {
                let name = self.value.as_deref().unwrap_or_default();
                limit::present("horizontal_content_list.value", name)?;
                limit::present("horizontal_content_list.media_id", media_id)
            }
        }
    }

    /// A file's name keeps its extension and is left alone.
    pub(super) fn fit(&mut self) {
        fit_in_place(&mut self.keyname, 5);
        if !self.is_file() {
            self.value
                .iter_mut()
                .for_each(|value| fit_in_place(value, 30));
        }
    }

    pub(super) fn tree(&self) -> Node {
        let row = Object::new()
            .with("keyname", &self.keyname)
            .maybe("value", self.value.as_ref());
        match &self.kind {
            RowKind::Text => row,
            RowKind::Link(url) => row.with("type", 1_i64).with("url", url),
            RowKind::File(media_id) => row.with("type", 2_i64).with("media_id", media_id),
            RowKind::Member(userid) => row.with("type", 3_i64).with("userid", userid),
        }
        .into()
    }
}

/// A line below the card that leads somewhere; up to three on a notice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jump {
    title: String,
    kind: JumpKind,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum JumpKind {
    Plain,
    Target(Target),
    Ask(String),
}

impl Jump {
    /// A line (recommended: up to 18 characters) that leads to `target`.
    pub fn new(title: impl Into<String>, target: Target) -> Self {
        Self {
            title: title.into(),
            kind: JumpKind::Target(target),
        }
    }

    /// A line that leads nowhere.
    pub fn plain(title: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: JumpKind::Plain,
        }
    }

    /// A line that asks the smart robot `question` (≤ 200 bytes); cards of a smart robot only.
    pub fn ask(title: impl Into<String>, question: impl Into<String>) -> Self {
        Self {
            title: title.into(),
            kind: JumpKind::Ask(question.into()),
        }
    }

    pub(super) fn is_question(&self) -> bool {
        matches!(self.kind, JumpKind::Ask(_))
    }

    pub(super) fn check(&self) -> Result<(), LimitError> {
        limit::present("jump_list.title", &self.title)?;
        match &self.kind {
            JumpKind::Plain => Ok(()),
            JumpKind::Target(target) => target.check("jump_list.url", "jump_list.appid"),
            JumpKind::Ask(question) => limit::bytes("jump_list.question", question, 200),
        }
    }

    pub(super) fn fit(&mut self) {
        fit_in_place(&mut self.title, 18);
    }

    pub(super) fn tree(&self) -> Node {
        let title = Object::new().with("title", &self.title);
        match &self.kind {
            JumpKind::Plain => title,
            JumpKind::Target(target) => Object::new()
                .with("type", target.kind())
                .join(title)
                .join(target.address()),
            JumpKind::Ask(question) => Object::new()
                .with("type", 3_i64)
                .join(title)
                .with("question", question),
        }
        .into()
    }
}

/// One choice of a drop-down or a vote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    pub(super) id: String,
    pub(super) text: String,
}

impl Choice {
    /// Id (≤ 128 bytes, unique in its list) and text (recommended: up to 16 characters, 17 in a
    /// vote).
    pub fn new(id: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            text: text.into(),
        }
    }

    pub(super) fn tree(&self) -> Object {
        Object::new().with("id", &self.id).with("text", &self.text)
    }
}

/// Checks the ids and texts of `choices`; the fields are named by the caller.
pub(super) fn check_choices<'a>(
    list_field: &'static str,
    choices: impl ExactSizeIterator<Item = &'a Choice> + Clone,
    max: usize,
) -> Result<(), LimitError> {
    limit::count(list_field, choices.len(), 1, max)?;
    for choice in choices.clone() {
        limit::required(list_field, &choice.id, 128)?;
        limit::present(list_field, &choice.text)?;
    }
    limit::unique(list_field, choices.map(|choice| &*choice.id))
}

/// A drop-down with 1 to 10 choices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Select {
    pub(super) question_key: String,
    title: Option<String>,
    selected: Option<String>,
    choices: Vec<Choice>,
}

impl Select {
    /// A drop-down named `question_key` (≤ 1024 bytes, unique on the card).
    pub fn new(question_key: impl Into<String>, choices: impl IntoIterator<Item = Choice>) -> Self {
        let choices = choices.into_iter().collect();
        Self {
            question_key: question_key.into(),
            title: None,
            selected: None,
            choices,
        }
    }

    /// The text beside the drop-down.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The id chosen beforehand.
    #[must_use]
    pub fn selected(mut self, id: impl Into<String>) -> Self {
        self.selected = Some(id.into());
        self
    }

    pub(super) fn check(
        &self,
        key_field: &'static str,
        list_field: &'static str,
    ) -> Result<(), LimitError> {
        key(key_field, &self.question_key)?;
        check_choices(list_field, self.choices.iter(), 10)?;
        match &self.selected {
            Some(id) if !self.choices.iter().any(|choice| choice.id == *id) => {
                Err(LimitError::new(list_field, Rule::UnknownOption))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn fit(&mut self) {
        self.choices
            .iter_mut()
            .for_each(|choice| fit_in_place(&mut choice.text, 16));
    }

    fn head(&self) -> Object {
        Object::new()
            .with("question_key", &self.question_key)
            .maybe("title", self.title.as_ref())
    }

    fn options(&self) -> Vec<Node> {
        self.choices
            .iter()
            .map(|choice| choice.tree().into())
            .collect()
    }

    /// The order of `select_list`: the selection before the options.
    pub(super) fn tree(&self, disable: bool) -> Object {
        self.head()
            .maybe("selected_id", self.selected.as_ref())
            .maybe("disable", disable.then_some(true))
            .list("option_list", self.options())
    }
}
