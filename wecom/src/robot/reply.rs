//! Answers in the response to a robot's callback (wecom-bots-h5 §1.6).

use serde_json::{Value, json};

use super::{Body, Event, Inbound, MAX_CONTENT_BYTES, Snapshot};
use crate::callback::{Envelope, OpenError, Verified};
use crate::card::{RobotCard, TaskId};
use crate::crypto::{CryptoError, Keys};
use crate::limit::{self, LimitError};
use crate::visible::clean;

/// An answer to a callback. An empty body with status 200 says nothing at all.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// Welcome text; only for [`Event::EnterChat`].
    Welcome(String),
    /// A card, for a message or for [`Event::EnterChat`].
    Card(RobotCard),
    /// A streamed answer or its next snapshot, for a message or a refresh.
    Stream(Snapshot),
    /// As `Stream` with a card; the card may come once per message.
    StreamWithCard(Snapshot, RobotCard),
    /// Replaces the clicked card; only for [`Event::CardClick`].
    UpdateCard {
        /// The card as it shall be, with the task id of the clicked one.
        card: RobotCard,
        /// Those who see the change in a group; nobody named means everybody.
        user_ids: Vec<String>,
    },
}

/// The reason an answer cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplyError {
    /// This kind of callback cannot be answered so.
    #[error("{callback} cannot be answered with {reply}")]
    NotForThis {
        /// The kind of the callback, in words.
        callback: &'static str,
        /// The kind of the answer, in words.
        reply: &'static str,
    },
    /// The snapshot belongs to another stream than the one asked for.
    #[error("the snapshot belongs to another stream")]
    OtherStream,
    /// The update carries another task id than the clicked card.
    #[error("the update carries another task id than the clicked card")]
    OtherTask,
    /// A limit of the platform would be broken.
    #[error(transparent)]
    Limit(#[from] LimitError),
    /// The answer could not be sealed.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The answer could not be written as an envelope.
    #[error(transparent)]
    Envelope(#[from] OpenError),
}

impl Reply {
    /// The JSON before encryption, checked against the callback it answers.
    ///
    /// # Errors
    /// [`ReplyError`] if this callback cannot be answered so.
    pub fn to_json(&self, inbound: &Inbound) -> Result<Value, ReplyError> {
        self.check_for(&inbound.body)?;
        Ok(match self {
            Self::Welcome(content) => {
                let content = clean(content);
                limit::required("text.content", &content, MAX_CONTENT_BYTES)?;
                json!({ "msgtype": "text", "text": { "content": content } })
            }
            Self::Card(card) => json!({ "msgtype": "template_card", "template_card": card }),
            Self::Stream(snapshot) => {
                json!({ "msgtype": "stream", "stream": snapshot.to_json() })
            }
            Self::StreamWithCard(snapshot, card) => json!({
                "msgtype": "stream_with_template_card",
                "stream": snapshot.to_json(),
                "template_card": card,
            }),
            Self::UpdateCard { card, user_ids } => {
                let mut update =
                    json!({ "response_type": "update_template_card", "template_card": card });
                if !user_ids.is_empty() {
                    update["userids"] = json!(user_ids);
                }
                update
            }
        })
    }

    /// The body of the response: encrypted, signed, in its JSON envelope.
    ///
    /// `nonce` is the one of the request; `random` must be fresh for every call.
    ///
    /// # Errors
    /// [`ReplyError`]; nothing can be sent then.
    pub fn seal(
        &self,
        keys: &Keys,
        inbound: &Verified<Inbound>,
        now_unix_s: i64,
        nonce: &str,
        random: [u8; 16],
    ) -> Result<String, ReplyError> {
        let json = self.to_json(inbound)?.to_string();
        let envelope = Envelope::seal(keys, json.as_bytes(), now_unix_s, nonce, random)?;
        Ok(envelope.to_reply_json()?)
    }

    fn check_for(&self, body: &Body) -> Result<(), ReplyError> {
        match (body, self) {
            (Body::Message(_), Self::Card(_) | Self::Stream(_) | Self::StreamWithCard(..))
            | (Body::Event(Event::EnterChat), Self::Welcome(_) | Self::Card(_)) => Ok(()),
            (
                Body::Refresh { stream_id },
                Self::Stream(snapshot) | Self::StreamWithCard(snapshot, _),
            ) if snapshot.id() == stream_id => Ok(()),
            (Body::Refresh { .. }, Self::Stream(_) | Self::StreamWithCard(..)) => {
                Err(ReplyError::OtherStream)
            }
            (Body::Event(Event::CardClick(click)), Self::UpdateCard { card, .. }) => {
                let task_id = card.card().task_id().map(TaskId::as_str);
                if task_id == Some(click.task_id.as_str()) {
                    Ok(())
                } else {
                    Err(ReplyError::OtherTask)
                }
            }
            _ => Err(ReplyError::NotForThis {
                callback: callback_in_words(body),
                reply: self.in_words(),
            }),
        }
    }

    fn in_words(&self) -> &'static str {
        match self {
            Self::Welcome(_) => "a welcome text",
            Self::Card(_) => "a card",
            Self::Stream(_) => "a stream",
            Self::StreamWithCard(..) => "a stream with a card",
            Self::UpdateCard { .. } => "an updated card",
        }
    }
}

fn callback_in_words(body: &Body) -> &'static str {
    match body {
        Body::Message(_) => "a message",
        Body::Refresh { .. } => "a refresh",
        Body::Event(Event::EnterChat) => "entering the chat",
        Body::Event(Event::CardClick(_)) => "a click on a card",
        Body::Event(_) => "this event",
    }
}
