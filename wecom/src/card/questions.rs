//! The vote and the form of drop-downs (wecom-app §6, columns V and M).

use super::{
    Card, Form, Kind,
    choices::{Choice, ListFields, Select, SelectFields, check_choices},
    fit::{Lengths, fit_in_place, fit_option},
    node::Object,
    parts::{self, Source, TaskId, main_title},
};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// Most choices of a vote.
const MAX_CHOICES: usize = 20;
/// Most drop-downs on a card.
const MAX_SELECTS: usize = 3;

const CHECKBOX: ListFields = ListFields {
    list: "checkbox.option_list",
    id: "checkbox.option_list.id",
    text: "checkbox.option_list.text",
};
const SELECT_LIST: SelectFields = SelectFields {
    question_key: "select_list.question_key",
    selected_id: "select_list.selected_id",
    options: ListFields {
        list: "select_list.option_list",
        id: "select_list.option_list.id",
        text: "select_list.option_list.text",
    },
};

/// The button that sends a vote or a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SubmitButton {
    text: String,
    key: String,
}

impl SubmitButton {
    /// Text (recommended: up to 10 characters) and key (≤ 1024 bytes).
    pub fn new(text: impl Into<String>, key: impl Into<String>) -> Self {
        Self {
            text: cleaned(text),
            key: key.into(),
        }
    }

    fn check(&self) -> Result<(), LimitError> {
        limit::present("submit_button.text", &self.text)?;
        parts::key("submit_button.key", &self.key)
    }

    fn tree(&self) -> Object {
        Object::new()
            .with("text", &self.text)
            .with("key", &self.key)
    }
}

/// The number of choices of a vote that may be ticked: one or several.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VoteMode {
    /// One choice.
    Single = 0,
    /// Any number of choices.
    Multiple = 1,
}

/// The question of a vote: 1 to 20 choices, some ticked beforehand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkbox {
    question_key: String,
    mode: VoteMode,
    choices: Vec<(Choice, bool)>,
}

impl Checkbox {
    /// A question named `question_key` (≤ 1024 bytes).
    pub fn new(question_key: impl Into<String>, mode: VoteMode) -> Self {
        Self {
            question_key: question_key.into(),
            mode,
            choices: Vec::new(),
        }
    }

    /// A choice that is not ticked.
    #[must_use]
    pub fn choice(mut self, id: impl Into<String>, text: impl Into<String>) -> Self {
        self.choices.push((Choice::new(id, text), false));
        self
    }

    /// A choice ticked beforehand.
    #[must_use]
    pub fn ticked(mut self, id: impl Into<String>, text: impl Into<String>) -> Self {
        self.choices.push((Choice::new(id, text), true));
        self
    }

    fn check(&self) -> Result<(), LimitError> {
        parts::key("checkbox.question_key", &self.question_key)?;
        let choices = self.choices.iter().map(|(choice, _)| choice);
        check_choices(&CHECKBOX, choices, MAX_CHOICES)
    }

    fn tree(&self, disable: bool) -> Object {
        let options = self.choices.iter();
        let options =
            options.map(|(choice, ticked)| choice.tree().with("is_checked", *ticked).into());
        Object::new()
            .with("question_key", &self.question_key)
            .with("mode", self.mode as i64)
            .maybe("disable", disable.then_some(true))
            .list("option_list", options.collect())
    }
}

/// A vote (`vote_interaction`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VoteInteraction {
    pub(super) source: Option<Source>,
    pub(super) task_id: TaskId,
    title: String,
    desc: Option<String>,
    checkbox: Checkbox,
    submit: SubmitButton,
}

impl VoteInteraction {
    /// A vote with a title (recommended: up to 16 characters).
    pub fn new(
        task_id: TaskId,
        title: impl Into<String>,
        checkbox: Checkbox,
        submit: SubmitButton,
    ) -> Self {
        Self {
            source: None,
            task_id,
            title: cleaned(title),
            desc: None,
            checkbox,
            submit,
        }
    }

    /// The line at the top that says who sends the card; in an application's chat without a colour.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// The line under the title (recommended: up to 160 characters).
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(cleaned(desc));
        self
    }

    /// Checks every hard limit.
    ///
    /// # Errors
    /// [`LimitError`] with the name of the field.
    pub fn build(self) -> Result<Card, LimitError> {
        self.source.as_ref().map_or(Ok(()), Source::check)?;
        limit::present("main_title.title", &self.title)?;
        self.checkbox.check()?;
        self.submit.check()?;
        Ok(Card(Box::new(Kind::VoteInteraction(self))))
    }

    pub(super) fn fit(&mut self, lengths: &Lengths) {
        self.source.iter_mut().for_each(Source::fit);
        fit_in_place(&mut self.title, lengths.vote_title);
        fit_option(&mut self.desc, lengths.form_desc);
        self.checkbox
            .choices
            .iter_mut()
            .for_each(|(choice, _)| fit_in_place(&mut choice.text, 17));
        fit_in_place(&mut self.submit.text, 10);
    }

    pub(super) fn tree(&self, task_id: Option<&str>, form: &Form<'_>) -> Object {
        Object::new()
            .maybe("source", self.source.as_ref().map(Source::tree))
            .with("main_title", main_title(&self.title, self.desc.as_ref()))
            .maybe("task_id", task_id)
            .with("checkbox", self.checkbox.tree(form.disable))
            .maybe("submit_button", form.submit.then(|| self.submit.tree()))
            .maybe("replace_text", form.replace_text)
    }
}

/// A form of one to three drop-downs (`multiple_interaction`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MultipleInteraction {
    pub(super) source: Option<Source>,
    pub(super) task_id: TaskId,
    title: String,
    desc: Option<String>,
    selects: Vec<Select>,
    submit: SubmitButton,
}

impl MultipleInteraction {
    /// A form with a title (recommended: up to 36 characters) and its first drop-down.
    pub fn new(
        task_id: TaskId,
        title: impl Into<String>,
        select: Select,
        submit: SubmitButton,
    ) -> Self {
        let (title, selects) = (cleaned(title), vec![select]);
        Self {
            source: None,
            task_id,
            title,
            desc: None,
            selects,
            submit,
        }
    }

    /// The line at the top that says who sends the card; in an application's chat without a colour.
    #[must_use]
    pub fn source(mut self, source: Source) -> Self {
        self.source = Some(source);
        self
    }

    /// The line under the title (recommended: up to 160 characters).
    #[must_use]
    pub fn desc(mut self, desc: impl Into<String>) -> Self {
        self.desc = Some(cleaned(desc));
        self
    }

    /// Another drop-down, up to three.
    #[must_use]
    pub fn select(mut self, select: Select) -> Self {
        self.selects.push(select);
        self
    }

    /// Checks every hard limit.
    ///
    /// # Errors
    /// [`LimitError`] with the name of the field.
    pub fn build(self) -> Result<Card, LimitError> {
        self.source.as_ref().map_or(Ok(()), Source::check)?;
        limit::present("main_title.title", &self.title)?;
        limit::count("select_list", self.selects.len(), 1, MAX_SELECTS)?;
        for select in &self.selects {
            select.check(&SELECT_LIST)?;
        }
        let keys = self.selects.iter().map(|select| &*select.question_key);
        limit::unique("select_list.question_key", keys)?;
        self.submit.check()?;
        Ok(Card(Box::new(Kind::MultipleInteraction(self))))
    }

    pub(super) fn fit(&mut self, lengths: &Lengths) {
        self.source.iter_mut().for_each(Source::fit);
        fit_in_place(&mut self.title, lengths.title);
        fit_option(&mut self.desc, lengths.form_desc);
        self.selects.iter_mut().for_each(Select::fit);
        fit_in_place(&mut self.submit.text, 10);
    }

    pub(super) fn tree(&self, task_id: Option<&str>, form: &Form<'_>) -> Object {
        let selects = self
            .selects
            .iter()
            .map(|select| select.tree(form.disable).into());
        Object::new()
            .maybe("source", self.source.as_ref().map(Source::tree))
            .with("main_title", main_title(&self.title, self.desc.as_ref()))
            .maybe("task_id", task_id)
            .list("select_list", selects.collect())
            .maybe("submit_button", form.submit.then(|| self.submit.tree()))
            .maybe("replace_text", form.replace_text)
    }
}
