//! Door 1, the chat: what people write and press comes out of the inbox, becomes a call of a
//! service, and goes back as a text or a card. It holds no rule and no SQL; what people read is in
//! `message-templates/`.

mod answers;
mod asking;
mod cards;
mod chat;
pub mod command;
mod dates;
mod instance;
mod labels;
mod layout;
mod members;
mod menu;
mod names;
mod rendering;
mod replies;
mod templates;
mod turn;
mod understanding;
mod worker;

use futures::FutureExt as _;
use futures::future::BoxFuture;

use crate::domain::{Message, Recipients};
use crate::services::Result;
use crate::services::chat::{Chat, ShownTemplate};
use crate::services::deliver::{self, Delivered};
use crate::services::inbox::Worked;

pub use chat::WecomChat;
use instance::Bot;
pub use layout::{Layout, LayoutError, read_key};
pub use menu::menu;
pub use templates::{TemplateError, Templates};

impl Chat for WecomChat {
    fn work_inbox(&self) -> BoxFuture<'_, Result<Worked>> {
        worker::work(self).boxed()
    }

    fn send_outbox(&self) -> BoxFuture<'_, Result<Delivered>> {
        async {
            let bot = self.bot();
            // Nothing is renewed for nobody to read.
            bot.ctx.wecom()?;
            cards::renewing::renew(&bot).await?;
            deliver::send_outbox(&bot.ctx, &bot).await
        }
        .boxed()
    }

    fn tell_directly(&self, to: Recipients, content: Message) -> BoxFuture<'_, Result<()>> {
        async {
            let bot = self.bot();
            deliver::send_directly(&bot.ctx, &bot, to, content).await
        }
        .boxed()
    }

    fn templates(&self) -> Vec<ShownTemplate> {
        self.bot().templates.shown()
    }
}
