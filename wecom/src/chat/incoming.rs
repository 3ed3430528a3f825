//! The common parts of both chats.

use crate::OneTimeCode;
use crate::callback::Verified;
use crate::event::{self, Selection};
use crate::robot;

/// A verified message or event of either chat.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Incoming {
    /// From an application's chat.
    App(Box<Verified<event::Inbound>>),
    /// From a smart robot's chat.
    Robot(Box<Verified<robot::Inbound>>),
}

/// A click on a card.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Click<'a> {
    /// Key of the button or menu entry.
    pub key: &'a str,
    /// `task_id` the card was sent with.
    pub task_id: &'a str,
    /// The selected options, one entry per question.
    pub selections: &'a [Selection],
    /// Code for one update of an application's card within 72 hours; robots have none.
    pub response_code: Option<&'a OneTimeCode>,
}

impl Incoming {
    /// userid of the sender; `sys` for an application's events that no member caused.
    pub fn user_id(&self) -> &str {
        match self {
            Self::App(inbound) => &inbound.from_user,
            Self::Robot(inbound) => &inbound.from_user,
        }
    }

    /// Text of a text message; what was heard of a robot's voice message.
    ///
    /// In groups it holds the mention of the robot; see
    /// [`text_without_mention`](robot::Inbound::text_without_mention).
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::App(inbound) => match &inbound.body {
                event::Body::Message(event::Message {
                    content: event::Content::Text(text),
                    ..
                }) => Some(text),
                _ => None,
            },
            Self::Robot(inbound) => match &inbound.body {
                robot::Body::Message(message) => match &message.content {
                    robot::Content::Text(text) | robot::Content::Voice { transcript: text } => {
                        Some(text)
                    }
                    _ => None,
                },
                _ => None,
            },
        }
    }

    /// A click on a card, its corner menu included.
    pub fn click(&self) -> Option<Click<'_>> {
        match self {
            Self::App(inbound) => match &inbound.body {
                event::Body::Event(event::Event::TemplateCard(click)) => Some(Click {
                    key: &click.key,
                    task_id: &click.task_id,
                    selections: &click.selections,
                    response_code: click.response_code.as_ref(),
                }),
                event::Body::Event(event::Event::TemplateCardMenu(click)) => Some(Click {
                    key: &click.key,
                    task_id: &click.task_id,
                    selections: &[],
                    response_code: click.response_code.as_ref(),
                }),
                _ => None,
            },
            Self::Robot(inbound) => match &inbound.body {
                robot::Body::Event(robot::Event::CardClick(click)) => Some(Click {
                    key: &click.key,
                    task_id: &click.task_id,
                    selections: &click.selections,
                    response_code: None,
                }),
                _ => None,
            },
        }
    }

    /// True if the member has just opened the chat.
    pub fn is_arrival(&self) -> bool {
        match self {
            Self::App(inbound) => {
                matches!(inbound.body, event::Body::Event(event::Event::EnterAgent))
            }
            Self::Robot(inbound) => {
                matches!(inbound.body, robot::Body::Event(robot::Event::EnterChat))
            }
        }
    }

    /// A key that is equal for re-deliveries and different for different callbacks.
    pub fn dedupe_key(&self) -> String {
        match self {
            Self::App(inbound) => inbound.dedupe_key(),
            Self::Robot(inbound) => inbound.dedupe_key(),
        }
    }
}
