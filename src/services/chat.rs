//! The chat as the clock knows it. Its words and commands are a door's, so that no service and no
//! job can name them; `app` hands it to the jobs.

use futures::future::BoxFuture;

use crate::domain::staff::Actor;
use crate::domain::{Action, Message, Recipients};

use super::deliver::Delivered;
use super::inbox::Worked;
use super::{Result, require_anywhere};

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

    /// The words that it speaks in, as they are now.
    fn templates(&self) -> Vec<ShownTemplate>;
}

/// The words of one kind of message, and what its samples make of them.
#[derive(Debug, Clone)]
pub struct ShownTemplate {
    /// Its file.
    pub name: String,
    /// Whether it lays out a card; else it makes a text.
    pub is_card: bool,
    /// A file of the configuration's folder has taken the place of the built-in one.
    pub is_replaced: bool,
    /// As it is written.
    pub source: String,
    /// What people would read, once for each sample.
    pub previews: Vec<String>,
}

/// Shows the words of all messages to who may see messages.
///
/// # Errors
/// [`super::Error::Forbidden`].
pub fn templates(chat: &dyn Chat, actor: &Actor) -> Result<Vec<ShownTemplate>> {
    require_anywhere(actor, Action::ViewLogs)?;
    Ok(chat.templates())
}
