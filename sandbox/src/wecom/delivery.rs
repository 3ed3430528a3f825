//! A callback on its way: which address, what about, and what became of it.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::smart_robot::{About, Question};

/// The faults that a callback knows by name; `callbacks` says what each does.
pub(crate) const NAMED_FAULTS: [&str; 7] = [
    "callback_lost",
    "callback_late",
    "callback_doubled",
    "callback_reordered",
    "callback_bad_signature",
    "callback_stale",
    "task_id_lost",
];
/// Deliveries in all: one and three retries.
const DELIVERIES: u32 = 4;

/// A callback address that an administrator has set in the console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Door {
    /// The application's: XML.
    App,
    /// The smart robot's: JSON.
    Robot,
}

impl Door {
    /// Where the application serves it unless it was told otherwise.
    pub(super) fn usual_path(self) -> &'static str {
        match self {
            Self::App => "/api/webhook/wecom/app",
            Self::Robot => "/api/webhook/wecom/bot",
        }
    }

    pub(super) fn content_type(self) -> &'static str {
        match self {
            Self::App => "text/xml",
            Self::Robot => "application/json",
        }
    }
}

/// A callback that is to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// `text`, or the event's name.
    pub(crate) kind: String,
    /// Whose doing it is.
    pub(crate) userid: String,
    /// XML for the application, JSON for the robot.
    pub(crate) plaintext: String,
    pub(crate) subject: Subject,
}

/// What an answer to the callback is about.
#[derive(Clone, Debug)]
pub(crate) enum Subject {
    /// The application's chat; the message whose card was clicked, if one was.
    App { clicked: Option<String> },
    /// The smart robot's.
    Robot(Question),
}

impl Subject {
    pub(super) fn door(&self) -> Door {
        match self {
            Self::App { .. } => Door::App,
            Self::Robot(_) => Door::Robot,
        }
    }

    /// Messages come again until they are answered; a robot's events and refreshes do not.
    pub(super) fn deliveries(&self) -> u32 {
        match self {
            Self::App { .. } => DELIVERIES,
            Self::Robot(question) if matches!(question.about, About::Message { .. }) => DELIVERIES,
            Self::Robot(_) => 1,
        }
    }
}

/// What became of a callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Number of the delivery, for [`Wecom::replay`](super::Wecom::replay).
    pub id: u64,
    /// When it was due, by the wall clock.
    pub at: DateTime<Utc>,
    /// Which address it was for.
    pub door: Door,
    /// `text`, or the event's name.
    pub kind: String,
    /// Whose doing it is.
    pub userid: String,
    /// XML for the application, JSON for the robot, before encryption.
    pub plaintext: String,
    /// Every try; empty when it was lost, held back or is late by order, or no app is known.
    pub attempts: Vec<Attempt>,
    /// Plaintext of the application's reply, if it gave one that could be opened.
    pub reply: Option<String>,
    /// The last envelope as it went out.
    #[serde(skip)]
    pub(crate) envelope: Option<Envelope>,
}

impl Delivery {
    /// Whether the application answered 200 in the end.
    pub fn is_accepted(&self) -> bool {
        self.attempts
            .last()
            .is_some_and(|attempt| attempt.status == Some(200))
    }
}

/// One try to deliver a callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Milliseconds until the answer or the failure.
    pub took_ms: u64,
}

/// Signature, timestamp and nonce.
pub(super) type SignedQuery = Vec<(&'static str, String)>;

/// The encrypted form of a callback.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    pub(super) door: Door,
    pub(super) query: SignedQuery,
    pub(super) body: String,
}

impl Envelope {
    /// The nonce of the request, which a robot's reply repeats.
    pub(crate) fn nonce(&self) -> &str {
        self.query
            .iter()
            .find(|(name, _)| *name == "nonce")
            .map_or("", |(_, nonce)| nonce)
    }
}
