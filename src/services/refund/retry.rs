//! A person has a refund tried again.

use serde_json::json;

use crate::domain::refund::{Approval, Due, FailureReason, Processing, RefundState};
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, OrderStatus, RefundId, RefundNo, RefundStatus};
use crate::services::rows::readable;
use crate::store::refunds::{Filter, Listed, NewRefund, Refund, Submission};
use crate::store::{Listing as _, Note, Signal, StoreError, Tx, refunds};

use super::approve::{MAX_BATCH, Skipped, check_size};
use super::list::seen_by;
use super::{
    Context, Error, Result, WrongState, audit_refund, bring_order_to, decision, in_one_transaction,
    keep, load, require, step,
};

/// Has a refund tried again: under the same number, which WeChat Pay is asked about first; under a
/// new number, in a new refund, only if WeChat Pay has said CLOSED. Answers the refund that is now
/// on its way.
///
/// # Errors
/// `Refusal::WrongState` for what has neither failed nor needs a person.
pub async fn retry(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Refund> {
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let actor = actor.clone();
        Box::pin(async move {
            let refund = load(tx, &actor, Action::ReviewRefunds, id).await?;
            let refund = match &refund.state {
                // Approved or under way and set aside: the runner could not read it, and it has
                // been mended since.
                RefundState::Failed { .. }
                | RefundState::Approved {
                    due: Due::SetAside, ..
                }
                | RefundState::Processing(Processing {
                    due: Due::SetAside, ..
                }) => make_due_now(&ctx, tx, refund).await?,
                RefundState::ManualRequired {
                    reason: FailureReason::Closed,
                    history,
                } => {
                    let approval = history.approval.clone();
                    replace(&ctx, tx, &actor, refund, &approval).await?
                }
                RefundState::ManualRequired { .. } => resume(&ctx, tx, &actor, refund).await?,
                _ => {
                    let status = refund.status();
                    return Err(WrongState::NotRetryable { status }.into());
                }
            };
            let now = ctx.now();
            audit_refund(tx, Some(&actor), "refund.retry", &refund, json!(null), now);
            tx.wake(Signal::Refunds);
            Ok(refund)
        })
    })
    .await
}

/// The result of having many tried again.
#[derive(Debug, Default)]
pub struct Retried {
    /// On their way again; a new refund where WeChat Pay had closed the old one.
    pub retried: Vec<RefundId>,
    /// Left out, each with its reason.
    pub skipped: Vec<Skipped>,
}

/// Has each of the given refunds tried again, each in a transaction of its own: one that cannot be is
/// left out and holds up nobody.
///
/// # Errors
/// [`Error::Invalid`] above [`MAX_BATCH`].
pub async fn retry_batch(ctx: &Context, actor: &Actor, ids: &[RefundId]) -> Result<Retried> {
    check_size(ids.len())?;
    let mut done = Retried::default();
    for &id in ids {
        match retry(ctx, actor, id).await {
            Ok(refund) => done.retried.push(refund.id),
            Err(
                error @ (Error::NotFound
                | Error::Forbidden(_)
                | Error::Refused(_)
                | Error::Invariant(_)
                | Error::Store(StoreError::Inconsistent { .. })),
            ) => done.skipped.push(Skipped { id, error }),
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

/// The refunds that did not work, the oldest first.
#[derive(Debug, Default)]
pub struct Failures {
    /// Those that another try may help, or is under way for by now.
    pub passing: Vec<Listed>,
    /// Those that a person has to settle.
    pub left: Vec<Listed>,
}

/// Finds the refunds that did not work, of a camp or of all that `actor` may review in.
///
/// # Errors
/// [`Error::Forbidden`] for who may not review there.
pub async fn failures(ctx: &Context, actor: &Actor, camp: Option<CampId>) -> Result<Failures> {
    let found = failed(ctx, actor, camp).await?;
    let (passing, left) = found.into_iter().partition(|listed| {
        let reason = listed.refund.state.failure_reason();
        reason.is_none_or(|reason| reason.may_pass())
    });
    Ok(Failures { passing, left })
}

/// Has all refunds tried again that another try may help, of a camp or of all that `actor` may review
/// in, each in a transaction of its own; answers those that are on their way now, and those that a
/// person has to settle, among them what could not be tried again. Nobody is told of one at which a
/// colleague was first, or that has gone through meanwhile.
///
/// # Errors
/// [`Error::Forbidden`] for who may not review there.
pub async fn retry_all(ctx: &Context, actor: &Actor, camp: Option<CampId>) -> Result<Failures> {
    let found = failures(ctx, actor, camp).await?;
    let mut done = Failures {
        left: found.left,
        ..Failures::default()
    };
    for some in found.passing.chunks(MAX_BATCH) {
        let ids: Vec<RefundId> = some.iter().map(|listed| listed.refund.id).collect();
        let skipped = retry_batch(ctx, actor, &ids).await?.skipped;
        for listed in some {
            let error = skipped.iter().find(|one| one.id == listed.refund.id);
            match error.map(|one| &one.error) {
                None => done.passing.push(listed.clone()),
                Some(Error::Refused(_) | Error::NotFound) => {}
                Some(_) => done.left.push(listed.clone()),
            }
        }
    }
    Ok(done)
}

async fn failed(ctx: &Context, actor: &Actor, camp: Option<CampId>) -> Result<Vec<Listed>> {
    let mut conn = ctx.db.read().await?;
    if let Some(camp) = camp {
        require(&mut conn, actor, Action::ReviewRefunds, camp).await?;
    }
    let mut found = Vec::new();
    for status in [RefundStatus::ManualRequired, RefundStatus::Failed] {
        let filter = Filter {
            status: Some(status),
            camp,
            ..Filter::default()
        };
        found.extend(readable(seen_by(actor, filter)?.all(&mut conn).await?));
    }
    found.sort_by_key(|listed| listed.refund.id);
    Ok(found)
}

/// Brings the next try forward.
async fn make_due_now(ctx: &Context, tx: &mut Tx, refund: Refund) -> Result<Refund> {
    let status = refund.status();
    let due = refund.state.clone().made_due(ctx.now());
    let due = due.ok_or(WrongState::NotRetryable { status })?;
    keep(tx, refund, due, ctx.now()).await
}

/// Gives a refund back to the runner, which asks WeChat Pay about the number before it sends
/// anything.
async fn resume(ctx: &Context, tx: &mut Tx, actor: &Actor, refund: Refund) -> Result<Refund> {
    let now = ctx.now();
    let note = Note::new(actor, "retried", now);
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
    step(tx, refund, |state| state.resume(now), &note).await
}

/// Puts a new refund, already approved, in the place of one whose number is used up: only CLOSED
/// allows another number (wechat-pay-v3 §7.2).
async fn replace(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    refund: Refund,
    approval: &Approval,
) -> Result<Refund> {
    let now = ctx.now();
    let refund_no = RefundNo::new(ctx.new_uuid());
    let new = NewRefund {
        refund_no: refund_no.clone(),
        camp_id: refund.camp_id,
        member_id: refund.member_id,
        payment_id: refund.payment_id,
        order_no: refund.order_no.clone(),
        submission: Submission {
            proposal: refund.proposal.clone(),
            provenance: refund.provenance.clone(),
            eligible: refund.eligible,
            proposed_by: refund.proposed_by,
        },
    };
    let note = Note::new(actor, format!("replaced by {refund_no}"), now);
    let old = step(tx, refund, |state| state.replace_by(refund_no), &note).await?;
    let note = Note::new(actor, format!("replaces {}", old.refund_no), now);
    let id = refunds::insert(tx, &new, &note).await?;
    let fresh = refunds::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    let by = decision(actor, now);
    let approve = |state: RefundState| state.approve_as_successor(approval, by);
    step(tx, fresh, approve, &note).await
}
