//! A message as it is sent, and the renderer that makes it of what the outbox holds.

use futures::future::BoxFuture;
use wecom::card::{Card, Replacement};
use wecom::group_robot::GroupMessage;
use wecom::media::MediaFile;
use wecom::message::Text;

use crate::domain::{CardId, Timestamp};
use crate::services::{Context, Result};
use crate::store::outbox::DueMessage;

/// A message as it is sent.
#[derive(Debug, Clone)]
pub enum Rendered {
    /// A text of the app.
    Text(Text),
    /// A card of the app.
    Card(Box<RenderedCard>),
    /// A picture of the app: uploaded before it is sent.
    Picture(MediaFile),
    /// A message of a group's robot.
    Group(GroupMessage),
    /// A sent card becomes another one, for everybody who has it.
    Update(CardId, Box<Replacement>),
    /// It cannot be sent yet; ask again at this moment.
    NotYet(Timestamp),
    /// There is nothing left to send.
    Nothing,
}

/// A card, and the text that takes its place where it cannot be sent.
#[derive(Debug, Clone)]
pub struct RenderedCard {
    /// Its number if it can call back.
    pub id: Option<CardId>,
    /// How it looks.
    pub card: Card,
    /// The same with a link to the page.
    pub as_text: Text,
}

/// Turns stored messages into what people read.
pub trait Renderer: Send + Sync {
    /// Renders `message` as things stand now. An error is final: the message is marked failed.
    fn render<'a>(
        &'a self,
        ctx: &'a Context,
        message: &'a DueMessage,
    ) -> BoxFuture<'a, Result<Rendered>>;
}
