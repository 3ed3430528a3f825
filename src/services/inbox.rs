//! Events from platforms: kept before they are acknowledged, leased to one worker, and ended
//! together with the replies that they led to.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::store::cards::NewCard;
use crate::store::inbox::{self, End, InboundEvent, Lease};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Tx, cards};

use super::{Context, Result};

/// The source of events of the WeCom application.
pub const WECOM_APP: &str = "wecom_app";
/// Where WeCom calls the application.
pub const WECOM_CALLED_AT: &str = "/api/webhook/wecom/app";
/// Events taken at once.
pub const BATCH: usize = 32;
/// How long a worker may hold an event: longer than its calls can take.
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// Counts of what one run has done with the inbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Worked {
    /// Worked off.
    pub done: u64,
    /// To be tried again.
    pub retried: u64,
    /// Given up.
    pub given_up: u64,
}

/// A message that an event led to, with the card it carries.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The message; its card is filled in from `card`, its dedupe key from the event if it has
    /// none.
    pub message: NewMessage,
    /// The card to be made for it.
    pub card: Option<NewCard>,
}

/// Keeps a verified event, unless it has been kept before. Durable when this returns.
///
/// # Errors
/// Those of the store: the platform is then to be told to send it again.
pub async fn keep(
    ctx: &Context,
    source: &'static str,
    dedupe_key: String,
    payload: &[u8],
) -> Result<()> {
    let sealed = inbox::seal(ctx.keys(), payload)?;
    let now = ctx.wall_now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                inbox::store(tx, source, &dedupe_key, &sealed, now);
                Ok(())
            })
        })
        .await
}

/// Leases the events that are due, oldest first.
pub async fn lease(ctx: &Context) -> Result<Vec<InboundEvent>> {
    let (db, now) = (ctx.db.clone(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                Ok(inbox::lease_due(tx, db.keys(), now, now.plus(LEASE), BATCH as i64).await?)
            })
        })
        .await
}

/// Ends an event together with its replies: none of them is sent twice, however often it is
/// worked off.
///
/// # Errors
/// [`crate::store::StoreError::Stale`] if another worker has it by now: its replies hold.
pub async fn finish(ctx: &Context, lease: Lease, replies: Vec<Reply>) -> Result<()> {
    end(ctx, lease, End::Done, None, replies).await
}

/// Ends an event that cannot be worked off; it is kept for people to see, and `replies` say so.
///
/// # Errors
/// As [`finish`].
pub async fn give_up(ctx: &Context, lease: Lease, why: String, replies: Vec<Reply>) -> Result<()> {
    end(ctx, lease, End::Failed, Some(why), replies).await
}

async fn end(
    ctx: &Context,
    lease: Lease,
    how: End,
    why: Option<String>,
    replies: Vec<Reply>,
) -> Result<()> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                for (place, reply) in replies.into_iter().enumerate() {
                    reply.add(tx, format!("inbox:{lease}:{place}"), now).await?;
                }
                inbox::end(tx, lease, how, why.as_deref());
                Ok(())
            })
        })
        .await
}

impl Reply {
    /// Adds it to the outbox, with its card; `dedupe_key` is used if it has none.
    pub(super) async fn add(self, tx: &mut Tx, dedupe_key: String, now: Timestamp) -> Result<()> {
        let Self { mut message, card } = self;
        if let Some(card) = card {
            message.card_id = Some(cards::insert(tx, &card, now).await?);
        }
        message.dedupe_key.get_or_insert(dedupe_key);
        outbox::add(tx, &message, now).await?;
        Ok(())
    }
}

/// Gives an event back, to be tried again in `wait`.
///
/// # Errors
/// As [`finish`].
pub async fn retry(ctx: &Context, lease: Lease, wait: TimeDelta, why: String) -> Result<()> {
    let at = ctx.wall_now().plus(wait);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                inbox::retry(tx, lease, at, &why);
                Ok(())
            })
        })
        .await
}
