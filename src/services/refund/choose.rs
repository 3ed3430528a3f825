//! Chooses what a batch is of: refunds that a person named, each once.

use std::collections::BTreeSet;

use crate::domain::staff::Actor;
use crate::domain::{Action, RefundId, RefundStatus};
use crate::store::StoreError;

use super::approve::{Picked, Skipped, check_size};
use super::{Context, Error, Result, WrongState, load};

/// Refunds that a person named, sorted by whether they may be looked at for approval.
#[derive(Debug, Default)]
pub struct Chosen {
    /// To be approved, if nothing else stands against it.
    pub picked: Vec<Picked>,
    /// Not so sure as was asked for.
    pub skipped: Vec<Skipped>,
}

/// The refunds that a person named. Where they asked for a least confidence, those that wait and
/// are below it are left out, and the others stand as they were read.
///
/// # Errors
/// [`Error::Invalid`] above [`MAX_BATCH`](super::MAX_BATCH).
pub async fn choose(
    ctx: &Context,
    actor: &Actor,
    ids: &[RefundId],
    min_confidence: Option<i64>,
) -> Result<Chosen> {
    let ids = distinct(ids);
    check_size(ids.len())?;
    let mut chosen = Chosen::default();
    let Some(least) = min_confidence else {
        let picked = ids.into_iter().map(|id| Picked { id, hash: None });
        chosen.picked.extend(picked);
        return Ok(chosen);
    };
    let mut conn = ctx.db.read().await?;
    for id in ids {
        let hash = match load(&mut conn, actor, Action::ReviewRefunds, id).await {
            Ok(refund) if waits(refund.status()) && refund.proposal.confidence < least => {
                let error = WrongState::BelowConfidence { least }.into();
                chosen.skipped.push(Skipped { id, error });
                continue;
            }
            Ok(refund) => Some(refund.proposal_hash),
            // The approval says what stands against it.
            Err(
                Error::NotFound
                | Error::Forbidden(_)
                | Error::Store(StoreError::Inconsistent { .. }),
            ) => None,
            Err(error) => return Err(error),
        };
        chosen.picked.push(Picked { id, hash });
    }
    Ok(chosen)
}

const fn waits(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Pending | RefundStatus::AwaitingSecond)
}

/// The first of each, in order.
fn distinct(ids: &[RefundId]) -> Vec<RefundId> {
    let mut seen = BTreeSet::new();
    let first = ids.iter().filter(|id| seen.insert(**id));
    first.copied().collect()
}
