//! What platforms told us: kept before it is answered, leased to one worker, and ended together
//! with the answers that it led to.

use chrono::TimeDelta;

use crate::domain::Timestamp;
use crate::store::cards::NewCard;
use crate::store::inbox::{self, InboundEvent};
use crate::store::outbox::{self, NewMessage};
use crate::store::{Tx, cards};

use super::{Context, Result};

/// The source of events of the WeCom application.
pub const WECOM_APP: &str = "wecom_app";
/// Events taken at once.
const BATCH: i64 = 32;
/// How long a worker may hold an event: longer than its calls can take.
const LEASE: TimeDelta = TimeDelta::seconds(90);

/// A message that an event led to, with the card it carries.
#[derive(Debug, Clone)]
pub struct Reply {
    /// The message; its card is filled in from `card`, its dedupe key from the event if it has
    /// none.
    pub message: NewMessage,
    /// The card to be made for it.
    pub card: Option<NewCard>,
}

/// Keeps a verified event; `false` if it has been kept before. Durable when this returns.
///
/// # Errors
/// Those of the store: the platform is then to be told to send it again.
pub async fn keep(
    ctx: &Context,
    source: &'static str,
    dedupe_key: String,
    payload: &[u8],
) -> Result<bool> {
    let sealed = inbox::seal(ctx.keys(), payload)?;
    let now = ctx.wall_now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move { Ok(inbox::store(tx, source, &dedupe_key, &sealed, now).await?) })
        })
        .await
}

/// Leases the events that are due, oldest first.
pub async fn lease(ctx: &Context) -> Result<Vec<InboundEvent>> {
    let (db, now) = (ctx.db.clone(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                Ok(inbox::lease_due(tx, db.keys(), now, now.plus(LEASE), BATCH).await?)
            })
        })
        .await
}

/// Ends an event together with its answers: none of them is sent twice, however often it is
/// worked off.
pub async fn finish(ctx: &Context, id: i64, replies: Vec<Reply>) -> Result<()> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                for (place, reply) in replies.into_iter().enumerate() {
                    add(tx, reply, format!("inbox:{id}:{place}"), now).await?;
                }
                Ok(inbox::done(tx, id).await?)
            })
        })
        .await
}

async fn add(tx: &mut Tx, reply: Reply, dedupe_key: String, now: Timestamp) -> Result<()> {
    let Reply { mut message, card } = reply;
    if let Some(card) = card {
        message.card_id = Some(cards::insert(tx, &card, now).await?);
    }
    message.dedupe_key.get_or_insert(dedupe_key);
    outbox::add(tx, &message, now).await?;
    Ok(())
}

/// The event is to be tried again in `wait`.
pub async fn retry(ctx: &Context, id: i64, wait: TimeDelta, why: String) -> Result<()> {
    let at = ctx.wall_now().plus(wait);
    ctx.db
        .write(move |tx| Box::pin(async move { Ok(inbox::retry(tx, id, at, &why).await?) }))
        .await
}

/// The event cannot be worked off; it is kept for people to see, and `replies` say so.
pub async fn give_up(ctx: &Context, id: i64, why: String, replies: Vec<Reply>) -> Result<()> {
    let now = ctx.now();
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                for (place, reply) in replies.into_iter().enumerate() {
                    add(tx, reply, format!("inbox:{id}:{place}"), now).await?;
                }
                Ok(inbox::give_up(tx, id, &why).await?)
            })
        })
        .await
}
