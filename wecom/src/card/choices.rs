//! Choices and drop-downs (wecom-app §6).

use super::{
    fit::fit_in_place,
    node::{Node, Object},
    parts::key,
};
use crate::limit::{self, LimitError, Rule};
use crate::visible::cleaned;

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
            text: cleaned(text),
        }
    }

    pub(super) fn tree(&self) -> Object {
        Object::new().with("id", &self.id).with("text", &self.text)
    }
}

/// The names of a list of options and its parts in errors.
pub(super) struct ListFields {
    pub(super) list: &'static str,
    pub(super) id: &'static str,
    pub(super) text: &'static str,
}

/// The names of a drop-down and its parts in errors.
pub(super) struct SelectFields {
    pub(super) question_key: &'static str,
    pub(super) selected_id: &'static str,
    pub(super) options: ListFields,
}

/// Checks the ids and texts of `choices`.
pub(super) fn check_choices<'a>(
    fields: &ListFields,
    choices: impl ExactSizeIterator<Item = &'a Choice> + Clone,
    max: usize,
) -> Result<(), LimitError> {
    limit::count(fields.list, choices.len(), 1, max)?;
    for choice in choices.clone() {
        limit::required(fields.id, &choice.id, 128)?;
        limit::present(fields.text, &choice.text)?;
    }
    limit::unique(fields.id, choices.map(|choice| &*choice.id))
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
        self.title = Some(cleaned(title));
        self
    }

    /// The id chosen beforehand.
    #[must_use]
    pub fn selected(mut self, id: impl Into<String>) -> Self {
        self.selected = Some(id.into());
        self
    }

    pub(super) fn check(&self, fields: &SelectFields) -> Result<(), LimitError> {
        key(fields.question_key, &self.question_key)?;
        check_choices(&fields.options, self.choices.iter(), 10)?;
        match &self.selected {
            Some(id) if !self.choices.iter().any(|choice| choice.id == *id) => {
                Err(LimitError::new(fields.selected_id, Rule::UnknownOption))
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
