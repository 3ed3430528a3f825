//! One handler for both chats: that of an application and that of a smart robot.
//!
//! A [`Door`] is one callback address. It turns a request into an [`Incoming`] that was verified,
//! asks the [`Handler`], and turns its [`Answer`] into the sealed response. It does no I/O and
//! knows no web framework; with the feature `axum` there are ready-made routes in `wecom::axum`.

mod door;
mod incoming;

use std::future::Future;

pub use door::{Door, DoorError, Response};
pub use incoming::{Click, Incoming};

use crate::card::Card;
use crate::{reply, robot};

/// A bot's behaviour.
///
/// The platform delivers again what is not answered within about 5 seconds (clicks on a robot's
/// card are dropped instead). So answer at once, and do slow work elsewhere; leave out what was
/// seen before by [`Incoming::dedupe_key`].
pub trait Handler: Send + Sync {
    /// Answers one message or event.
    fn handle(&self, incoming: &Incoming) -> impl Future<Output = Answer> + Send;
}

/// A handler's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// Nothing: an empty response.
    Nothing,
    /// Text. A robot streams it in one piece, or greets with it; an application replies with it.
    ///
    /// At most 2048 bytes for an application, 20,480 bytes of markdown for a robot.
    Text(String),
    /// The clicked card as it shall be from now on.
    ///
    /// A robot's card must carry the task id of the clicked one. Whether an application's reply is
    /// heeded is not certain: [`reply`] tells of a safer way.
    UpdateCard(Box<Card>),
    /// Any reply of an application.
    App(reply::Reply),
    /// Any reply of a robot.
    Robot(Box<robot::Reply>),
}

impl From<reply::Reply> for Answer {
    fn from(reply: reply::Reply) -> Self {
        Self::App(reply)
    }
}

impl From<robot::Reply> for Answer {
    fn from(reply: robot::Reply) -> Self {
        Self::Robot(Box::new(reply))
    }
}

impl From<Card> for Answer {
    fn from(card: Card) -> Self {
        Self::UpdateCard(Box::new(card))
    }
}

#[cfg(test)]
mod tests;
