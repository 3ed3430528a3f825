//! Chooses what a batch is of: refunds that a person named, each once.

use std::collections::BTreeSet;

use crate::domain::staff::Actor;
use crate::domain::{Action, RefundStatus};
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

/// The refunds that a person named, each as they were shown it. Where they asked for a least
/// confidence, those that wait and are below it are left out.
///
/// # Errors
/// [`Error::Invalid`] above [`MAX_BATCH`](super::MAX_BATCH).
pub async fn choose(
    ctx: &Context,
    actor: &Actor,
    named: Vec<Picked>,
    min_confidence: Option<i64>,
) -> Result<Chosen> {
    let named = distinct(named);
    check_size(named.len())?;
    let mut chosen = Chosen::default();
    let Some(least) = min_confidence else {
        chosen.picked = named;
        return Ok(chosen);
    };
    let mut conn = ctx.db.read().await?;
    for picked in named {
        let id = picked.id;
        match load(&mut conn, actor, Action::ReviewRefunds, id).await {
            Ok(refund) if waits(refund.status()) && refund.provenance.confidence < least => {
                let error = WrongState::BelowConfidence { least }.into();
                chosen.skipped.push(Skipped { id, error });
            }
            // Of the others the approval says what stands against them.
            Ok(_)
            | Err(
                Error::NotFound
                | Error::Forbidden(_)
                | Error::Store(StoreError::Inconsistent { .. }),
            ) => chosen.picked.push(picked),
            Err(error) => return Err(error),
        }
    }
    Ok(chosen)
}

const fn waits(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Pending | RefundStatus::AwaitingSecond)
}

/// The first of each, in order.
fn distinct(named: Vec<Picked>) -> Vec<Picked> {
    let mut seen = BTreeSet::new();
    let first = named.into_iter().filter(|picked| seen.insert(picked.id));
    first.collect()
}
