//! One answer outside the callback, within an hour, plain JSON (wecom-bots-h5 §1.8).

use std::fmt;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::MAX_CONTENT_BYTES;
use crate::card::RobotCard;
use crate::client::{Error, HttpRequest, Method, Transport, call};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// Longest feedback id in bytes.
const MAX_FEEDBACK_ID_BYTES: usize = 256;
/// Largest answer that is read, in bytes.
const MAX_RESPONSE_BYTES: usize = 64 * 1024;

/// An address that takes one message within an hour.
///
/// It is a secret: whoever has it can speak for the robot. `Debug` does not show it, and sending
/// uses it up.
#[derive(Clone, PartialEq, Eq)]
pub struct ResponseUrl(String);

/// A message that can be sent to a [`ResponseUrl`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Markdown {
        content: String,
        feedback_id: Option<String>,
    },
    Card(Box<RobotCard>),
}

impl ResponseUrl {
    /// Keeps an address that came in a verified callback; `None` if it is no http(s) address.
    pub fn new(url: impl Into<String>) -> Option<Self> {
        let url = url.into();
        let is_http = url.starts_with("https://") || url.starts_with("http://");
        is_http.then_some(Self(url))
    }

    /// The address, for a store that keeps it until the answer is ready.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Sends the one message. In groups it quotes the message it answers.
    ///
    /// # Errors
    /// [`Error::Transport`] or [`Error::Protocol`] if the outcome is unknown, [`Error::Api`] if the
    /// platform refused, for example because the address was used before or is too old.
    pub async fn send(self, transport: &dyn Transport, push: &Push) -> Result<(), Error> {
        let body = push.to_json().to_string();
        let request = HttpRequest {
            method: Method::Post,
            url: self.0,
            content: Some(("application/json".to_owned(), body.into())),
            range: None,
            max_response_bytes: MAX_RESPONSE_BYTES,
            extra_time: Duration::ZERO,
        };
        let response = transport.carry(request).await?;
        match call::refusal(&response) {
            Some(error) => Err(error),
            None => call::decode::<Map<String, Value>>(&response).map(drop),
        }
    }
}

impl fmt::Debug for ResponseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResponseUrl(..)")
    }
}

impl Push {
    /// Markdown of 1 to 20,480 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.content`.
    pub fn markdown(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("markdown.content", &content, MAX_CONTENT_BYTES)?;
        Ok(Self(Kind::Markdown {
            content,
            feedback_id: None,
        }))
    }

    /// A card; its feedback id is the card's own.
    pub fn card(card: RobotCard) -> Self {
        Self(Kind::Card(Box::new(card)))
    }

    /// Asks for feedback on a markdown message under this id of at most 256 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.feedback.id`, also for a card.
    pub fn feedback_id(self, id: impl Into<String>) -> Result<Self, LimitError> {
        const FIELD: &str = "markdown.feedback.id";
        let id = id.into();
        limit::required(FIELD, &id, MAX_FEEDBACK_ID_BYTES)?;
        match self.0 {
            Kind::Markdown { content, .. } => Ok(Self(Kind::Markdown {
                content,
                feedback_id: Some(id),
            })),
            Kind::Card(_) => Err(LimitError::not_allowed(
                FIELD,
                "a card has its own feedback id",
            )),
        }
    }

    /// The JSON as it is sent.
    pub fn to_json(&self) -> Value {
        match &self.0 {
            Kind::Markdown {
                content,
                feedback_id: None,
            } => {
                json!({ "msgtype": "markdown", "markdown": { "content": content } })
            }
            Kind::Markdown {
                content,
                feedback_id: Some(id),
            } => json!({
                "msgtype": "markdown",
                "markdown": { "content": content, "feedback": { "id": id } },
            }),
            Kind::Card(card) => json!({ "msgtype": "template_card", "template_card": card }),
        }
    }
}
