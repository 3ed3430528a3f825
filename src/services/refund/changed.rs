//! Says what has changed about a refund since somebody was shown it.

use crate::domain::refund::{Change, Difference};
use crate::services::rows;
use crate::store::refunds::{self, Case, Refund, Shown};
use crate::store::{Conn, StoreError, StoreResult};

use super::proposal::proposed_now;

/// Finds the differences between what the facts say now and the proposal that `hash` names, or
/// else the one that stands, with who made them. None for a hash that the refund never had.
pub(super) async fn changes(
    conn: &mut Conn,
    hash: Option<&str>,
    refund: &Refund,
    case: &Case,
) -> StoreResult<Vec<Change>> {
    let Some(shown) = shown(conn, hash, refund).await? else {
        return Ok(Vec::new());
    };
    let now = case.grounds.frozen(refund.proposal.kind);
    let now = now.because(&refund.proposal.reason);
    let mut differences = shown.proposal.differences(&now);
    if proposed_now(refund, &case.grounds).is_none() {
        differences.push(Difference::NotOwed);
    }
    let mut changes = Vec::with_capacity(differences.len());
    for difference in differences {
        let by = match (difference.cause(), refund.member_id) {
            (Some(cause), Some(member)) => {
                refunds::changed_by(conn, cause, member, shown.at).await?
            }
            _ => None,
        };
        changes.push(Change { difference, by });
    }
    Ok(changes)
}

async fn shown(conn: &mut Conn, hash: Option<&str>, refund: &Refund) -> StoreResult<Option<Shown>> {
    let hash = hash.unwrap_or(&refund.proposal_hash);
    let kept = match refunds::shown(conn, refund.id, hash).await {
        // Only what was shown then cannot be told any more.
        Err(bad @ StoreError::Inconsistent { .. }) => {
            rows::log(&[bad]);
            None
        }
        read => read?,
    };
    Ok(kept.or_else(|| {
        (hash == refund.proposal_hash).then(|| Shown {
            proposal: refund.proposal.clone(),
            at: refund.created_at,
        })
    }))
}
