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
mod delivered;
mod delivery;
mod outcome;
mod queue;
mod rendered;

use std::collections::BTreeMap;

use futures::StreamExt as _;
use futures::stream;

use crate::store::outbox::{self, DueMessage, MessageStatus};

use super::{Context, Result};
use delivery::LEASE;

pub use call::send_directly;
pub use delivered::Delivered;
pub use rendered::{Rendered, RenderedCard, Renderer};

/// Messages taken at once.
const BATCH: i64 = 64;
/// Rounds of one call, so that a full outbox does not hold the caller for ever.
const MAX_ROUNDS: usize = 32;
/// Readers served side by side.
const SIDE_BY_SIDE: usize = 8;

/// Sends every message whose turn has come.
///
/// # Errors
/// WeCom is not configured: everything waits until it is. Those of the store. A platform's refusal
/// is recorded with its message.
pub async fn send_outbox(ctx: &Context, renderer: &dyn Renderer) -> Result<Delivered> {
    ctx.wecom()?;
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
                    outbox::settle(tx, message.lease, failed, why, now);
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
