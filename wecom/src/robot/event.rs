//! The events of a smart robot (wecom-bots-h5 §1.5).

use std::fmt;

use serde_json::Value;

use super::inbound::{non_empty, text};
use crate::card::CardType;
use crate::client::lenient;
use crate::event::{Selection, card_type};

/// Something that happened. The reference names two spellings of some keys: both are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The member's first visit of the single chat that day. Answer with a welcome.
    EnterChat,
    /// A button, the submit button or a corner menu was pressed. Answer within 5 seconds with the
    /// updated card or not at all; it is sent once.
    CardClick(CardClick),
    /// Thumbs for an answer that asked for feedback. Must not be answered.
    Feedback(Feedback),
    /// Another long connection took over. Never sent in URL mode.
    Disconnected,
    /// A kind that the reference does not know; see [`Inbound::raw`](super::Inbound::raw).
    #[non_exhaustive]
    Other {
        /// `eventtype` as received; may be empty.
        name: String,
    },
}

/// A click on a card of the robot.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardClick {
    /// Key of the button or menu entry.
    pub key: String,
    /// `task_id` the card was sent with; an update must repeat it.
    pub task_id: String,
    /// Type of the card; `None` if missing or not one of the five.
    pub card_type: Option<CardType>,
    /// The selected options, one entry per question; empty for menu entries.
    pub selections: Vec<Selection>,
}

/// Thumbs of a member. `Debug` does not show what they wrote.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Feedback {
    /// The id that the answer carried.
    pub id: String,
    /// Up, down or taken back.
    pub kind: FeedbackKind,
    /// Words of the member; only with thumbs down.
    pub content: Option<String>,
    /// Reasons; only with thumbs down.
    pub reasons: Vec<FeedbackReason>,
}

/// The member's opinion of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedbackKind {
    /// Thumbs up.
    Accurate,
    /// Thumbs down.
    Inaccurate,
    /// Taken back.
    Cancelled,
    /// A number that the reference does not know; 0 if there was none.
    Other(i64),
}

/// A reason for which an answer was bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FeedbackReason {
    /// Off topic.
    OffTopic,
    /// Incomplete.
    Incomplete,
    /// Wrong.
    Wrong,
    /// The analysis is wrong.
    AnalysisError,
    /// A number that the reference does not know.
    Other(i64),
}

impl fmt::Debug for Feedback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feedback")
            .field("id", &self.id)
            .field("kind", &self.kind)
            .field("reasons", &self.reasons)
            .finish_non_exhaustive()
    }
}

impl Event {
    pub(super) fn parse(raw: &Value) -> Self {
        let name = text(raw, "/event/eventtype");
        let of = |kind: &str| {
            raw.pointer(&format!("/event/{kind}"))
                .unwrap_or(&Value::Null)
        };
        match name.as_str() {
            "enter_chat" => Self::EnterChat,
            "template_card_event" => Self::CardClick(CardClick::parse(of("template_card_event"))),
            "feedback_event" => Self::Feedback(Feedback::parse(of("feedback_event"))),
            "disconnected_event" => Self::Disconnected,
            _ => Self::Other { name },
        }
    }
}

impl CardClick {
    /// The options chosen for one question; empty if the question is not in the answer.
    pub fn selected(&self, question_key: &str) -> &[String] {
        self.selections
            .iter()
            .find(|selection| selection.question_key == question_key)
            .map_or(&[], |selection| selection.option_ids.as_slice())
    }

    fn parse(event: &Value) -> Self {
        let items = either(event, "/selected_items", "/selecteditems");
        let items = items.and_then(|items| either(items, "/selected_item", "/selecteditem"));
        Self {
            key: either_text(event, "/event_key", "/eventkey"),
            task_id: either_text(event, "/task_id", "/taskid"),
            card_type: card_type(&either_text(event, "/card_type", "/cardtype")),
            selections: list(items)
                .iter()
                .map(|item| Selection {
                    question_key: either_text(item, "/question_key", "/questionkey"),
                    option_ids: option_ids(item),
                })
                .collect(),
        }
    }
}

impl Feedback {
    fn parse(event: &Value) -> Self {
        let reasons = list(event.pointer("/inaccurate_reason_list"));
        Self {
            id: text(event, "/id"),
            kind: match event
                .pointer("/type")
                .and_then(lenient::number)
                .unwrap_or_default()
            {
                1 => FeedbackKind::Accurate,
                2 => FeedbackKind::Inaccurate,
                3 => FeedbackKind::Cancelled,
                other => FeedbackKind::Other(other),
            },
            content: non_empty(event, "/content"),
            reasons: reasons
                .iter()
                .filter_map(lenient::number)
                .map(|reason| match reason {
                    1 => FeedbackReason::OffTopic,
                    2 => FeedbackReason::Incomplete,
                    3 => FeedbackReason::Wrong,
                    4 => FeedbackReason::AnalysisError,
                    other => FeedbackReason::Other(other),
                })
                .collect(),
        }
    }
}

/// `{"option_id": […]}`, `{"option_id": "…"}` or the list itself.
fn option_ids(item: &Value) -> Vec<String> {
    let ids = either(item, "/option_ids", "/optionids");
    let ids = ids.map(|ids| either(ids, "/option_id", "/optionid").unwrap_or(ids));
    list(ids).iter().filter_map(lenient::scalar).collect()
}

/// A list; what is none is a list of one.
fn list(value: Option<&Value>) -> &[Value] {
    match value {
        None | Some(Value::Null) => &[],
        Some(Value::Array(items)) => items,
        Some(one) => std::slice::from_ref(one),
    }
}

fn either<'a>(value: &'a Value, usual: &str, other: &str) -> Option<&'a Value> {
    let present = |pointer| value.pointer(pointer).filter(|value| !value.is_null());
    present(usual).or_else(|| present(other))
}

fn either_text(value: &Value, usual: &str, other: &str) -> String {
    non_empty(value, usual).unwrap_or_else(|| text(value, other))
}
