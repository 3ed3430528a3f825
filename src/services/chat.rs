//! The chat as the clock knows it. Its words and commands are a door's, so that no service and no
//! job can name them; `app` hands it to the jobs.

use futures::future::BoxFuture;

use crate::domain::{Message, Recipients};

use super::Result;
use super::deliver::Delivered;
use super::inbox::Worked;

/// Does the jobs `work-inbox` and `send-outbox`.
///
/// Both answer [`super::Error::NotConfigured`] without WeCom, and touch nothing: it waits.
pub trait Chat: Send + Sync {
    /// Works off what has come in. What goes wrong with one event is recorded with it.
    fn work_inbox(&self) -> BoxFuture<'_, Result<Worked>>;

    /// Sends what is due. What goes wrong with one message is recorded with it.
    fn send_outbox(&self) -> BoxFuture<'_, Result<Delivered>>;

    /// Sends a text past the outbox, for when it cannot be written to.
    fn tell_directly(&self, to: Recipients, content: Message) -> BoxFuture<'_, Result<()>>;
}
