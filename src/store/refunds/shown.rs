//! Proposals as people were shown them, and who has changed since what they rest on.

use crate::domain::refund::{Cause, Proposal};
use crate::domain::{MemberId, PaymentId, RefundId, Timestamp};
use crate::store::bundle::Statement;
use crate::store::db::{Conn, run};
use crate::store::{StoreError, StoreResult, Tx};

use super::{IDENTIFIED_BY, KEEP_SHOWN, PROPOSED_BY, SHOWN, STATED_BY};

/// A proposal that a refund had once.
#[derive(Debug, Clone)]
pub struct Shown {
    pub proposal: Proposal,
    /// Since when people could see it.
    pub at: Timestamp,
}

/// Keeps what people are shown, for those who come back with it later.
pub(super) fn keep_shown(
    tx: &mut Tx,
    id: RefundId,
    proposal: &Proposal,
    now: Timestamp,
) -> StoreResult<()> {
    let statement = Statement::new(KEEP_SHOWN)
        .bind(id.0)
        .bind(proposal.hash()?)
        .bind(Proposal::VERSION)
        .bind(proposal.to_text()?)
        .bind(&proposal.reason)
        .bind(now.micros());
    tx.put_off(statement);
    Ok(())
}

/// The proposal of a refund that a hash names, if it ever had it.
pub async fn shown(conn: &mut Conn, id: RefundId, hash: &str) -> StoreResult<Option<Shown>> {
    let row: Option<(i64, String, String, i64, i64)> =
        run!(conn, c => sqlx::query_as(SHOWN).bind(id.0).bind(hash).fetch_optional(c).await)?;
    let Some((version, text, reason, at, payment)) = row else {
        return Ok(None);
    };
    let read = Proposal::read(version, &text, PaymentId(payment), &reason);
    let proposal = read.map_err(|unreadable| StoreError::Inconsistent {
        table: "refund_proposal",
        id: id.0,
        what: unreadable.to_string(),
    })?;
    let at = Timestamp::from_micros(at);
    Ok(Some(Shown { proposal, at }))
}

/// The name of the last person who has changed by hand what the refund of a member rests on, since
/// `since`; none where nobody has.
pub async fn changed_by(
    conn: &mut Conn,
    cause: Cause,
    member: MemberId,
    since: Timestamp,
) -> StoreResult<Option<String>> {
    let sql = match cause {
        Cause::Identity => IDENTIFIED_BY,
        Cause::Statement => STATED_BY,
        Cause::Proposer => PROPOSED_BY,
    };
    let row: Option<(String,)> = run!(conn, c => sqlx::query_as(sql)
        .bind(member.0)
        .bind(since.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(name,)| name))
}
