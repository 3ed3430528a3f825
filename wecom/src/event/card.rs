//! Clicks on template cards (wecom-app §2.2).

use super::{optional, text};
use crate::OneTimeCode;
use crate::card::CardType;
use crate::xml::{Element, Fields};

/// A button or the submit button of a card was pressed.
///
/// Link buttons and the action of the whole card send no event.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardClick {
    /// Key of the button that was pressed.
    pub key: String,
    /// `task_id` the card was sent with.
    pub task_id: String,
    /// Type of the card; `None` if missing or not one of the five, see the raw fields then.
    pub card_type: Option<CardType>,
    /// Code for one update of the card within 72 hours; each click brings a fresh one. `None` if
    /// missing.
    pub response_code: Option<OneTimeCode>,
    /// The selected options, one entry per question; may be empty for plain buttons.
    pub selections: Vec<Selection>,
}

/// An entry in the corner menu of a card was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardMenuClick {
    /// Key of the entry.
    pub key: String,
    /// `task_id` the card was sent with.
    pub task_id: String,
    /// Type of the card: text notice, news notice or button interaction; `None` if missing or
    /// not one of the five.
    pub card_type: Option<CardType>,
    /// Code for one update of the card within 72 hours; `None` if missing.
    pub response_code: Option<OneTimeCode>,
}

/// The answer to one question of a card.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Selection {
    /// `question_key` of the checkbox, drop-down or list.
    pub question_key: String,
    /// Ids of the chosen options in the order received.
    pub option_ids: Vec<String>,
}

/// The type of a card by the platform's word.
pub(crate) fn card_type(word: &str) -> Option<CardType> {
    const TYPES: [CardType; 5] = [
        CardType::TextNotice,
        CardType::NewsNotice,
        CardType::ButtonInteraction,
        CardType::VoteInteraction,
        CardType::MultipleInteraction,
    ];
    TYPES
        .into_iter()
        .find(|card_type| card_type.as_str() == word)
}

impl CardClick {
    /// The options chosen for one question; empty if the question is not in the answer.
    pub fn selected(&self, question_key: &str) -> &[String] {
        self.selections
            .iter()
            .find(|selection| selection.question_key == question_key)
            .map_or(&[], |selection| selection.option_ids.as_slice())
    }

    pub(super) fn parse(fields: &Fields) -> Self {
        let items = fields.element("SelectedItems");
        Self {
            key: text(fields.get("EventKey")),
            task_id: text(fields.get("TaskId")),
            card_type: fields.get("CardType").and_then(card_type),
            response_code: fields.get("ResponseCode").map(OneTimeCode::from),
            selections: items
                .into_iter()
                .flat_map(|items| items.children())
                .filter(|item| item.name() == "SelectedItem")
                .map(Selection::parse)
                .collect(),
        }
    }
}

impl CardMenuClick {
    pub(super) fn parse(fields: &Fields) -> Self {
        Self {
            key: text(fields.get("EventKey")),
            task_id: text(fields.get("TaskId")),
            card_type: fields.get("CardType").and_then(card_type),
            response_code: fields.get("ResponseCode").map(OneTimeCode::from),
        }
    }
}

impl Selection {
    fn parse(item: Element<'_>) -> Self {
        let option_ids = item
            .child("OptionIds")
            .into_iter()
            .flat_map(|ids| ids.children());
        Self {
            question_key: text(item.get("QuestionKey")),
            option_ids: option_ids
                .filter(|id| id.name() == "OptionId")
                .filter_map(|id| optional(Some(id.text()).filter(|id| !id.is_empty())))
                .collect(),
        }
    }
}
