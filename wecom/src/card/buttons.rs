//! The card with buttons (wecom-app §6, column B).

use super::{
    Card, Form, Kind,
    choices::{ListFields, Select, SelectFields},
    fit::{Lengths, fit_in_place, fit_option},
    frame::{Frame, frame_methods},
    lines::Row,
    node::{Node, Object},
    parts::{self, ActionMenu, QuoteArea, Source, Target, TaskId, main_title},
};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// Most buttons on a card.
const MAX_BUTTONS: usize = 6;

const SELECTION: SelectFields = SelectFields {
    question_key: "button_selection.question_key",
    selected_id: "button_selection.selected_id",
    options: ListFields {
        list: "button_selection.option_list",
        id: "button_selection.option_list.id",
        text: "button_selection.option_list.text",
    },
};

/// The four looks of a button. The platform gives their colours only as a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ButtonStyle {
    /// Style 1, the default.
    One = 1,
    /// Style 2.
    Two = 2,
    /// Style 3.
    Three = 3,
    /// Style 4.
    Four = 4,
}

/// A button: it calls back with its key, or opens a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Button {
    text: String,
    style: Option<ButtonStyle>,
    action: ButtonAction,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum ButtonAction {
    Callback(String),
    Url(String),
}

impl Button {
    /// A button (text recommended: up to 10 characters) whose click sends `key` (≤ 1024 bytes,
    /// unique on the card).
    pub fn callback(text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            text: cleaned(text),
            style: None,
            action: ButtonAction::Callback(key.into()),
        }
    }

    /// A button that opens a page; the application hears nothing of it. Not for the smart robot.
    pub fn link(text: impl Into<String>, url: impl Into<String>) -> Self {
        Self {
            text: cleaned(text),
            style: None,
            action: ButtonAction::Url(url.into()),
        }
    }

    /// Look of the button.
    #[must_use]
    pub fn style(mut self, style: ButtonStyle) -> Self {
        self.style = Some(style);
        self
    }

    pub(super) fn is_link(&self) -> bool {
        matches!(self.action, ButtonAction::Url(_))
    }

    fn key(&self) -> Option<&str> {
        match &self.action {
            ButtonAction::Callback(key) => Some(key),
            ButtonAction::Url(_) => None,
        }
    }

    fn check(&self) -> Result<(), LimitError> {
        limit::present("button_list.text", &self.text)?;
        match &self.action {
            ButtonAction::Callback(key) => parts::key("button_list.key", key),
            ButtonAction::Url(url) => limit::url("button_list.url", url),
        }
    }

    fn tree(&self) -> Node {
        let button = Object::new()
            .maybe("type", self.is_link().then_some(1_i64))
            .with("text", &self.text)
            .maybe("style", self.style.map(|style| style as i64));
        match &self.action {
            ButtonAction::Callback(key) => button.with("key", key),
            ButtonAction::Url(url) => button.with("url", url),
        }
        .into()
    }
}

/// A card with one to six buttons (`button_interaction`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ButtonInteraction {
    pub(super) frame: Frame,
    pub(super) task_id: TaskId,
    title: String,
    desc: Option<String>,
    sub_title: Option<String>,
    action: Option<Target>,
    select: Option<Select>,
    pub(super) buttons: Vec<Button>,
}

impl ButtonInteraction {
    /// A card with a title (recommended: up to 36 characters) and its first button.
    pub fn new(task_id: TaskId, title: impl Into<String>, button: Button) -> Self {
        Self {
            frame: Frame::default(),
            task_id,
            title: cleaned(title),
            desc: None,
            sub_title: None,
            action: None,
            select: None,
            buttons: vec![button],
        }
    }

    frame_methods!();

    /// Another button, up to six.
    #[must_use]
    pub fn button(mut self, button: Button) -> Self {
        self.buttons.push(button);
        self
    }

    /// The line under the title (recommended: up to 44 characters).
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(cleaned(desc));
        self
    }

    /// The text of the card (recommended: up to 160 characters).
    #[must_use]
    pub fn sub_title(mut self, text: impl Into<String>) -> Self {
        self.sub_title = Some(cleaned(text));
        self
    }

    /// Sets the target of a tap on the card, beside its buttons.
    #[must_use]
    pub fn action(mut self, target: Target) -> Self {
        self.action = Some(target);
        self
    }

    /// A drop-down whose choice comes with the click.
    #[must_use]
    pub fn select(mut self, select: Select) -> Self {
        self.select = Some(select);
        self
    }

    /// Checks every hard limit.
    ///
    /// # Errors
    /// [`LimitError`] with the name of the field.
    pub fn build(self) -> Result<Card, LimitError> {
        self.frame.check()?;
        limit::present("main_title.title", &self.title)?;
        let check = |target: &Target| target.check("card_action.url", "card_action.appid");
        self.action.as_ref().map_or(Ok(()), check)?;
        self.select
            .as_ref()
            .map_or(Ok(()), |select| select.check(&SELECTION))?;
        limit::count("button_list", self.buttons.len(), 1, MAX_BUTTONS)?;
        self.buttons.iter().try_for_each(Button::check)?;
        limit::unique(
            "button_list.key",
            self.buttons.iter().filter_map(Button::key),
        )?;
        Ok(Card(Box::new(Kind::ButtonInteraction(self))))
    }

    pub(super) fn fit(&mut self, lengths: &Lengths) {
        self.frame.fit();
        fit_in_place(&mut self.title, lengths.title);
        fit_option(&mut self.desc, lengths.desc);
        fit_option(&mut self.sub_title, lengths.sub_title);
        self.select.iter_mut().for_each(Select::fit);
        self.buttons
            .iter_mut()
            .for_each(|button| fit_in_place(&mut button.text, 10));
    }

    pub(super) fn tree(&self, task_id: Option<&str>, form: &Form<'_>) -> Object {
        let disable = form.disable && form.dropdown_can_be_disabled;
        self.frame
            .head()
            .with("main_title", main_title(&self.title, self.desc.as_ref()))
            .maybe("quote_area", self.frame.quote_tree())
            .maybe("sub_title_text", self.sub_title.as_ref())
            .list("horizontal_content_list", self.frame.row_trees())
            .maybe("card_action", self.action.as_ref().map(Target::tree))
            .maybe("task_id", task_id)
            .maybe(
                "button_selection",
                self.select.as_ref().map(|select| select.tree(disable)),
            )
            .list(
                "button_list",
                self.buttons.iter().map(Button::tree).collect(),
            )
            .maybe("replace_text", form.replace_text)
    }
}
