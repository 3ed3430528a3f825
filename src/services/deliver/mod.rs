//! Sending what the outbox holds: claim → call → record, no transaction open while a call is out.
//! What a message says is asked of a [`Wording`], which this module knows nothing more about.
//!
//! A process may die between any two lines. Before a call the messages it tells are marked as
//! tried, in the transaction that counts it in their reader's budget; after it, all of them end in
//! one transaction. Between the two, nobody knows whether they arrived: the lease runs out, and
//! the same words go out again, which WeCom recognises as a repeat. Told twice at worst, never
//! lost; a group's robot, which recognises nothing, is not asked again.

mod budget;
mod call;
mod outcome;
mod parcel;
mod turn;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream;
use wecom::card::{Card, Replacement};
use wecom::group_robot::GroupMessage;
use wecom::message::Text;

use crate::domain::{CardId, Timestamp};
use crate::store::outbox::{self, DueMessage};

use super::{Context, Result};

/// Messages taken at once.
const BATCH: i64 = 64;
/// Rounds of one call, so that a full outbox does not hold the caller for ever.
const MAX_ROUNDS: usize = 32;
/// Readers served side by side.
const SIDE_BY_SIDE: usize = 8;
/// How long a worker may hold a message without a call: longer than a call can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// What a message turns out to be.
#[derive(Debug, Clone)]
pub enum Worded {
    /// A text of the app.
    Text(Text),
    /// A card of the app.
    Card(Box<WordedCard>),
    /// A message of a group's robot.
    Group(GroupMessage),
    /// A sent card becomes another one, for everybody who has it.
    Update(CardId, Box<Replacement>),
    /// It cannot be said yet; ask again at this moment.
    NotYet(Timestamp),
    /// There is nothing left to say.
    Nothing,
}

/// A card, and what is said where it cannot be sent.
#[derive(Debug, Clone)]
pub struct WordedCard {
    /// Its number if it can call back.
    pub id: Option<CardId>,
    /// How it looks.
    pub card: Card,
    /// The same with a link to the page.
    pub in_words: Text,
}

/// Who puts messages into words.
pub trait Wording: Send + Sync {
    /// What `message` says now. An error is final: the message is marked failed.
    fn word<'a>(
        &'a self,
        ctx: &'a Context,
        message: &'a DueMessage,
    ) -> BoxFuture<'a, Result<Worded>>;
}

/// What one call has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Taken by the platform.
    pub sent: u64,
    /// Told together with another one, or nothing was left to say.
    pub merged: u64,
    /// Put off: the budget of a reader, the platform is busy, or it cannot be said yet.
    pub put_off: u64,
    /// Refused for good.
    pub failed: u64,
    /// Nobody can say.
    pub unknown: u64,
}

impl Delivered {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.merged += other.merged;
        self.put_off += other.put_off;
        self.failed += other.failed;
        self.unknown += other.unknown;
    }
}

/// Sends every message whose turn has come.
///
/// # Errors
/// Those of the store. A platform's refusal is recorded with its message.
pub async fn send_outbox(ctx: &Context, wording: &dyn Wording) -> Result<Delivered> {
    let mut total = Delivered::default();
    for _ in 0..MAX_ROUNDS {
        if ctx.stop.is_cancelled() {
            break;
        }
        let due = lease(ctx).await?;
        if due.is_empty() {
            break;
        }
        let mut by_address: BTreeMap<_, Vec<DueMessage>> = BTreeMap::new();
        for message in due {
            let address = (message.channel, message.recipient.clone(), message.lane);
            by_address.entry(address).or_default().push(message);
        }
        let served = stream::iter(by_address.into_values())
            .map(|messages| turn::serve(ctx, wording, messages))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>()
            .await;
        for delivered in served {
            total.add(delivered?);
        }
    }
    Ok(total)
}

async fn lease(ctx: &Context) -> Result<Vec<DueMessage>> {
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                Ok(outbox::lease_due(tx, now, wall_now, wall_now.plus(LEASE), BATCH).await?)
            })
        })
        .await
}
