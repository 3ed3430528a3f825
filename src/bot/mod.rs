//! Door 1, the chat: what people write and press comes out of the inbox, becomes a call of a
//! service, and goes back as a text or a card. It holds no rule and no SQL; what people read is in
//! `message-templates/`.

mod answers;
mod clicks;
pub mod command;
mod layout;
mod matching;
mod menu;
mod names;
mod pending;
mod replies;
mod single;
mod templates;
mod wording;
mod worker;

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;
use wecom::crypto::Keys;

use crate::services::deliver::{self, Delivered};
use crate::services::{Context, Result};
use crate::store::Signal;

pub use layout::{Layout, LayoutError, read_key};
pub use menu::menu;
pub use templates::{TemplateError, Templates};
pub use worker::Worked;

/// How often inbox and outbox are looked at when nothing wakes us: what another instance left
/// behind, and what is due later (design §5.4).
const POLL_EVERY: Duration = Duration::from_secs(2);

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
    pub fn new(ctx: Context, templates: Templates, keys: Option<Keys>) -> Self {
        Self {
            ctx,
            templates: Arc::new(templates),
            keys: keys.map(Arc::new),
        }
    }

    /// Works off what has come in (the job `work-inbox`).
    ///
    /// # Errors
    /// Those of the store; what goes wrong with one event is recorded with it.
    pub async fn work_inbox(&self) -> Result<Worked> {
        worker::work(self).await
    }

    /// Sends what is due (the job `send-outbox`).
    ///
    /// # Errors
    /// Those of the store; what goes wrong with one message is recorded with it.
    pub async fn send_outbox(&self) -> Result<Delivered> {
        deliver::send_outbox(&self.ctx, self).await
    }

    /// Works and sends until `stop`: woken by every commit that asks for it, and every two
    /// seconds. What is under way is finished first.
    pub async fn run(&self, stop: CancellationToken) {
        tokio::join!(
            self.keep_doing(&stop, Signal::Inbox),
            self.keep_doing(&stop, Signal::Outbox),
        );
    }

    async fn keep_doing(&self, stop: &CancellationToken, signal: Signal) {
        while !stop.is_cancelled() {
            let done = match signal {
                Signal::Inbox => self.work_inbox().await.map(drop),
                _ => self.send_outbox().await.map(drop),
            };
            if let Err(error) = done {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    ?signal,
                    "the bot could not work"
                );
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = self.ctx.db.signalled(signal) => {}
                () = tokio::time::sleep(POLL_EVERY) => {}
            }
        }
    }
}
