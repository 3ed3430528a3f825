//! The lines of a card: rows of name and value, and lines that lead somewhere (wecom-app §6).

use super::{
    fit::fit_in_place,
    node::{Node, Object},
    parts::Target,
};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

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
            keyname: cleaned(keyname),
            value: Some(cleaned(value)),
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
            title: cleaned(title),
            kind: JumpKind::Target(target),
        }
    }

    /// A line that leads nowhere.
    pub fn plain(title: impl Into<String>) -> Self {
        Self {
            title: cleaned(title),
            kind: JumpKind::Plain,
        }
    }

    /// A line that asks the smart robot `question` (1 to 200 bytes); cards of a smart robot only.
    pub fn ask(title: impl Into<String>, question: impl Into<String>) -> Self {
        Self {
            title: cleaned(title),
            kind: JumpKind::Ask(cleaned(question)),
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
            JumpKind::Ask(question) => limit::required("jump_list.question", question, 200),
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
