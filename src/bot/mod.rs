//! Door 1, the chat: what people write and press comes out of the inbox, becomes a call of a
//! service, and goes back as a text or a card. It holds no rule and no SQL; what people read is in
//! `message-templates/`.

mod answers;
mod cards;
pub mod command;
mod layout;
mod menu;
mod names;
mod rendering;
mod replies;
mod templates;
mod worker;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use wecom::crypto::Keys;

use crate::services::chat::Chat;
use crate::services::deliver::{self, Delivered};
use crate::services::inbox::Worked;
use crate::services::{Context, Result};

pub use layout::{Layout, LayoutError, read_key};
pub use menu::menu;
pub use templates::{TemplateError, Templates};

/// The bot. Cheap to clone.
#[derive(Clone)]
pub struct Bot {
    ctx: Context,
    templates: Arc<Templates>,
    keys: Option<Arc<Keys>>,
}

impl Bot {
    /// A bot that reads with `keys`, the ones of the callback; none while WeCom is not set up.
    #[must_use]
    pub fn new(ctx: Context, mut templates: Templates, keys: Option<Keys>) -> Self {
        templates.set_site(&ctx.settings.public_url);
        Self {
            ctx,
            templates: Arc::new(templates),
            keys: keys.map(Arc::new),
        }
    }
}

impl Chat for Bot {
    fn work_inbox(&self) -> BoxFuture<'_, Result<Worked>> {
        worker::work(self).boxed()
    }

    fn send_outbox(&self) -> BoxFuture<'_, Result<Delivered>> {
        async {
            cards::renewing::renew(self).await?;
            deliver::send_outbox(&self.ctx, self).await
        }
        .boxed()
    }
}
