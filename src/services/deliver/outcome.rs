//! The outcome of a delivery. Whatever is recorded about it is recorded about all its messages, in
//! one transaction.

use chrono::TimeDelta;
use futures::future::BoxFuture;
use wecom::message::Sent;

use crate::domain::{CardId, Timestamp};
use crate::services::notify::tell_of_undelivered;
use crate::services::{Context, Error, Result};
use crate::store::outbox::{self, DueMessage, MessageStatus, Priority, PutOff};
use crate::store::{Sealed, StoreError, StoreResult, Tx, cards};

use super::delivered::Delivered;
use super::delivery::Delivery;

/// Calls before a reply is given up: a quarter of an hour. Nobody waits longer for one.
const REPLY_TRIES: i64 = 10;
/// Calls before a notice is given up: a day, in which whoever has to can mend the settings.
const NOTICE_TRIES: i64 = 150;
/// How soon a reader whose budget was used up is looked at again.
const ROOM_AGAIN: TimeDelta = TimeDelta::seconds(5);

/// How a delivery ended, for what waits behind it.
pub(super) struct Attempt {
    pub(super) delivered: Delivered,
    /// It is over, and the next may be sent.
    pub(super) go_on: bool,
}

impl Attempt {
    pub(super) const fn over(delivered: Delivered) -> Self {
        Self {
            delivered,
            go_on: true,
        }
    }

    pub(super) const fn wait(delivered: Delivered) -> Self {
        Self {
            delivered,
            go_on: false,
        }
    }
}

impl Delivery {
    /// The platform has taken it. `note`: what is worth knowing all the same.
    pub(super) async fn sent(
        &self,
        ctx: &Context,
        card: Option<(CardId, Sent)>,
        note: Option<String>,
    ) -> Result<Attempt> {
        let card = card.map(|(id, sent)| SentCard::of(ctx, id, sent));
        let card = card.transpose()?;
        let (messages, now, wall_now) = (self.messages(), ctx.now(), ctx.wall_now());
        let carrier = self.first.id;
        let merged = self.along.len() as u64;
        let recorded = ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    for message in &messages {
                        let status = if message.id == carrier {
                            MessageStatus::Sent
                        } else {
                            MessageStatus::Merged
                        };
                        outbox::settle(tx, message.lease(), status, note.as_deref(), now);
                    }
                    match card {
                        Some(card) => card.keep(tx, now, wall_now).await,
                        None => Ok(()),
                    }
                })
            })
            .await;
        self.unless_lost(
            recorded,
            Attempt::over(Delivered {
                sent: 1,
                merged,
                ..Delivered::default()
            }),
        )
    }

    /// It is refused for good. What went along is sent again, each for itself: the refusal may be
    /// due to one of them.
    pub(super) async fn failed(&self, ctx: &Context, error: String) -> Result<Attempt> {
        let (message, kind) = (self.first.id, self.first.content.kind());
        tracing::error!(message, kind, error, "a message was not sent");
        let attempt = Attempt::over(Delivered {
            failed: 1,
            ..Delivered::default()
        });
        self.end_first(ctx, MessageStatus::Failed, error, attempt)
            .await
    }

    /// Nobody can say whether it arrived, and it is not to be asked again.
    pub(super) async fn unknown(&self, ctx: &Context, why: String) -> Result<Attempt> {
        let message = self.first.id;
        tracing::warn!(message, why, "nobody can say whether a message arrived");
        let attempt = Attempt::over(Delivered {
            unknown: 1,
            ..Delivered::default()
        });
        self.end_first(ctx, MessageStatus::Unknown, why, attempt)
            .await
    }

    /// There is nothing left to send.
    pub(super) async fn nothing(&self, ctx: &Context) -> Result<Attempt> {
        let why = "nothing left to send".to_owned();
        let attempt = Attempt::over(Delivered {
            merged: 1,
            ..Delivered::default()
        });
        self.end_first(ctx, MessageStatus::Merged, why, attempt)
            .await
    }

    async fn end_first(
        &self,
        ctx: &Context,
        status: MessageStatus,
        why: String,
        attempt: Attempt,
    ) -> Result<Attempt> {
        let (first, along, now) = (self.first.clone(), self.along.clone(), ctx.now());
        let recorded = ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    outbox::settle(tx, first.lease(), status, Some(&why), now);
                    if status == MessageStatus::Failed {
                        tell_of_undelivered(tx, &first, &why, now).await?;
                    }
                    for message in along.into_iter().map(untried) {
                        outbox::put_off(tx, &message, &again(&message, None, None)).await?;
                    }
                    Ok(())
                })
            })
            .await;
        self.unless_lost(recorded, attempt)
    }

    /// The call did not succeed, and may later.
    pub(super) async fn try_again(&self, ctx: &Context, error: &wecom::Error) -> Result<Attempt> {
        let is_reply = self.first.priority == Priority::Reply;
        let most = if is_reply { REPLY_TRIES } else { NOTICE_TRIES };
        if self.first.attempts >= most {
            return self.failed(ctx, error.to_string()).await;
        }
        let named = error.retry_after().unwrap_or_default();
        let named = TimeDelta::from_std(named).unwrap_or_default();
        let wait = named.max(back_off(self.first.attempts));
        let is_known = !error.outcome_unknown();
        self.go_back(ctx, wait, error.to_string(), is_known).await
    }

    /// The readers have been written enough for now. That was no try.
    pub(super) async fn no_room(&self, ctx: &Context) -> Result<Attempt> {
        let why = "the reader's budget is used up".to_owned();
        let is_known = self.first.tried_at.is_none();
        self.go_back(ctx, ROOM_AGAIN, why, is_known).await
    }

    /// All of it goes back. Where it is not known whether it arrived, it is kept together: the
    /// same words go out again, and WeCom knows them.
    async fn go_back(
        &self,
        ctx: &Context,
        wait: TimeDelta,
        why: String,
        is_known: bool,
    ) -> Result<Attempt> {
        let retry_at = ctx.wall_now().plus(wait);
        let (first, along) = (self.first.clone(), self.along.clone());
        let recorded = ctx
            .db
            .write(move |tx| {
                Box::pin(async move {
                    let kept = |message| if is_known { untried(message) } else { message };
                    let first = kept(first);
                    let put_off = again(&first, Some(retry_at), Some(why));
                    outbox::put_off(tx, &first, &put_off).await?;
                    for message in along.into_iter().map(kept) {
                        let put_off = again(&message, None, None);
                        outbox::put_off(tx, &message, &put_off).await?;
                    }
                    Ok(())
                })
            })
            .await;
        self.unless_lost(
            recorded,
            Attempt::wait(Delivered {
                put_off: 1,
                ..Delivered::default()
            }),
        )
    }

    /// It cannot be sent before `at`, by the clock of business. Nothing waits behind it.
    pub(super) async fn not_yet(&self, ctx: &Context, at: Timestamp) -> Result<Attempt> {
        let first = self.first.clone();
        let put_off = PutOff {
            send_at: at,
            ..again(&first, None, Some("not yet".to_owned()))
        };
        let recorded = ctx
            .db
            .write(move |tx| Box::pin(async move { outbox::put_off(tx, &first, &put_off).await }))
            .await;
        self.unless_lost(
            recorded,
            Attempt::over(Delivered {
                put_off: 1,
                ..Delivered::default()
            }),
        )
    }

    /// A lease that ran out: whoever has it now records what becomes of it.
    fn unless_lost(&self, recorded: StoreResult<()>, attempt: Attempt) -> Result<Attempt> {
        match recorded {
            Ok(()) => Ok(attempt),
            Err(StoreError::Stale { .. }) => {
                tracing::warn!(
                    message = self.first.id,
                    "a message was taken over while its call was out"
                );
                Ok(Attempt::wait(Delivered::default()))
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// Gives back what was not looked at, as it was: it waits behind what was put off.
pub(super) async fn release(ctx: &Context, messages: Vec<DueMessage>) -> Result<()> {
    if messages.is_empty() {
        return Ok(());
    }
    ctx.db
        .write(move |tx| release_all(tx, messages))
        .await
        .map_err(Error::from)
}

fn release_all(tx: &mut Tx, messages: Vec<DueMessage>) -> BoxFuture<'_, StoreResult<()>> {
    Box::pin(async move {
        for message in &messages {
            match outbox::put_off(tx, message, &again(message, None, None)).await {
                // Another worker's by now: it is not ours to give back.
                Ok(()) | Err(StoreError::Stale { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    })
}

/// The platform has said that it did not take it.
fn untried(message: DueMessage) -> DueMessage {
    DueMessage {
        tried_at: None,
        carried_by: None,
        ..message
    }
}

/// As it is, but for when and why.
fn again(message: &DueMessage, retry_at: Option<Timestamp>, why: Option<String>) -> PutOff {
    PutOff {
        send_at: message.send_at,
        retry_at,
        tried_at: message.tried_at,
        carried_by: message.carried_by,
        why,
    }
}

/// 2, 4, 8 … seconds, ten minutes at most.
fn back_off(tries: i64) -> TimeDelta {
    let doublings = u32::try_from(tries.clamp(1, 10)).unwrap_or(10);
    TimeDelta::seconds((1 << doublings).min(600))
}

/// A card as WeCom has taken it.
struct SentCard {
    id: CardId,
    msgid: String,
    code: Option<Sealed>,
}

impl SentCard {
    fn of(ctx: &Context, id: CardId, sent: Sent) -> Result<Self> {
        let code = sent.response_code;
        let code = code.map(|code| cards::seal_code(ctx.keys(), code.expose()));
        Ok(Self {
            id,
            msgid: sent.msgid.unwrap_or_default(),
            code: code.transpose()?,
        })
    }

    async fn keep(self, tx: &mut Tx, now: Timestamp, wall_now: Timestamp) -> StoreResult<()> {
        cards::sent(tx, self.id, &self.msgid, now).await?;
        if let Some(code) = self.code {
            cards::add_code(tx, self.id, "", &code, wall_now).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_and_end() {
        let waits: Vec<i64> = (1..13).map(|n| back_off(n).num_seconds()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 600, 600, 600]);
    }
}
