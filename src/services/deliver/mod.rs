//! Sending what the outbox holds: claim → call → record, no transaction open while a call is out.
//! How a message reads is asked of a [`Renderer`], which this module knows nothing more about.
//!
//! A process may die between any two lines. Before a call its messages are marked as
//! tried, in the transaction that counts it in their reader's budget; after it, all of them end in
//! one transaction. Between the two, nobody knows whether they arrived: the lease runs out, and
//! the same words go out again, which WeCom recognises as a repeat. Sent twice at worst, never
//! lost; a group's robot, which recognises nothing, is not asked again.

mod budget;
mod call;
mod delivery;
mod outcome;
mod queue;

use std::collections::BTreeMap;

use chrono::TimeDelta;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use futures::stream;
use wecom::card::{Card, Replacement};
use wecom::group_robot::GroupMessage;
use wecom::message::Text;

use crate::domain::{CardId, Timestamp};
use crate::store::outbox::{self, DueMessage, MessageStatus};

use super::{Context, Result};

/// Messages taken at once.
const BATCH: i64 = 64;
/// Rounds of one call, so that a full outbox does not hold the caller for ever.
const MAX_ROUNDS: usize = 32;
/// Readers served side by side.
const SIDE_BY_SIDE: usize = 8;
/// How long a worker may hold a message without a call: longer than a call can take.
const LEASE: TimeDelta = TimeDelta::seconds(60);

/// A message as it is sent.
#[derive(Debug, Clone)]
pub enum Rendered {
    /// A text of the app.
    Text(Text),
    /// A card of the app.
    Card(Box<RenderedCard>),
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

/// Counts of what one run has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// Taken by the platform.
    pub sent: u64,
    /// Sent together with another one, or nothing was left to send.
    pub merged: u64,
    /// Put off: the budget of a reader, the platform is busy, or it cannot be sent yet.
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
pub async fn send_outbox(ctx: &Context, renderer: &dyn Renderer) -> Result<Delivered> {
    let mut total = Delivered::default();
    for _ in 0..MAX_ROUNDS {
        if ctx.stop.is_cancelled() {
            break;
        }
        let Leased { due, unreadable } = lease(ctx).await?;
        if due.is_empty() && unreadable == 0 {
            break;
        }
        total.failed += unreadable;
        let mut by_address: BTreeMap<_, Vec<DueMessage>> = BTreeMap::new();
        for message in due {
            let address = (message.to.clone(), message.priority);
            by_address.entry(address).or_default().push(message);
        }
        let served = stream::iter(by_address.into_values())
            .map(|messages| queue::serve(ctx, renderer, messages))
            .buffer_unordered(SIDE_BY_SIDE)
            .collect::<Vec<_>>()
            .await;
        for delivered in served {
            total.add(delivered?);
        }
    }
    Ok(total)
}

/// The messages of one round.
struct Leased {
    due: Vec<DueMessage>,
    /// How many were ended because this program cannot read them.
    unreadable: u64,
}

/// Leases what is due. A message that cannot be read ends here, alone: those behind it go on.
async fn lease(ctx: &Context) -> Result<Leased> {
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    let leased: Result<_> = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let until = wall_now.plus(LEASE);
                let leased = outbox::lease_due(tx, now, wall_now, until, BATCH).await?;
                for message in leased.iter().filter_map(|message| message.as_ref().err()) {
                    let (failed, why) = (MessageStatus::Failed, Some(message.why.as_str()));
                    outbox::settle(tx, message.lease, failed, why, now).await?;
                }
                Ok(leased)
            })
        })
        .await;
    let mut due = Vec::new();
    let mut unreadable = 0;
    for message in leased? {
        match message {
            Ok(message) => due.push(message),
            Err(message) => {
                let (id, kind, why) = (message.lease.id, message.kind, message.why);
                tracing::error!(message = id, kind, why, "a message cannot be read");
                unreadable += 1;
            }
        }
    }
    Ok(Leased { due, unreadable })
}
