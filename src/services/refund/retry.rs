//! A person has a refund tried again.

use serde_json::json;

use crate::domain::refund::FailureReason;
use crate::domain::staff::Actor;
use crate::domain::{Action, OrderStatus, RefundId, RefundNo, RefundStatus};
use crate::store::refunds::{NewRefund, PutForward, Refund, Standing};
use crate::store::{Note, Signal, Tx, refunds};

use super::{
    Context, Error, Refusal, Result, audit_refund, bring_order_to, decision, in_one_transaction,
    load, step,
};

/// Has a refund tried again: under the same number, which WeChat Pay is asked about first; under a
/// new number, in a new refund, only if WeChat Pay has said CLOSED. Answers the refund that is now
/// on its way.
///
/// # Errors
/// [`Refusal::WrongState`] for what has neither failed nor needs a person.
pub async fn retry(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Refund> {
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let actor = actor.clone();
        Box::pin(async move {
            let refund = load(tx, &actor, Action::ReviewRefunds, id).await?;
            let refund = match refund.status {
                RefundStatus::Failed => make_due_now(&ctx, tx, refund).await?,
                // The runner could not read it and has set it aside. It can be read now.
                RefundStatus::Approved | RefundStatus::Processing
                    if refund.standing.next_try_at.is_none() =>
                {
                    make_due_now(&ctx, tx, refund).await?
                }
                RefundStatus::ManualRequired if was_closed(&refund) => {
                    replace(&ctx, tx, &actor, refund).await?
                }
                RefundStatus::ManualRequired => resume(&ctx, tx, &actor, refund).await?,
                _ => {
                    let what = "只有失败或需人工处理的退款可以重试".to_owned();
                    return Err(Refusal::WrongState(what).into());
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

fn was_closed(refund: &Refund) -> bool {
    refund.standing.failure_reason == Some(FailureReason::Closed)
}

/// Brings the next try forward.
async fn make_due_now(ctx: &Context, tx: &mut Tx, refund: Refund) -> Result<Refund> {
    let standing = Standing {
        next_try_at: Some(ctx.now()),
        ..refund.standing.clone()
    };
    refunds::keep(tx, &refund, &standing, ctx.now()).await?;
    Ok(Refund { standing, ..refund })
}

/// Gives a refund back to the runner, which asks WeChat Pay about the number before it sends
/// anything.
async fn resume(ctx: &Context, tx: &mut Tx, actor: &Actor, refund: Refund) -> Result<Refund> {
    let now = ctx.now();
    let note = Note::new(actor, "retried", now);
    let standing = Standing {
        attempts: refund.standing.attempts + 1,
        polls: 0,
        next_try_at: Some(now),
        lease_until: None,
        failure_reason: None,
        silent_since: None,
        ..refund.standing.clone()
    };
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
    step(tx, refund, RefundStatus::Processing, standing, &note).await
}

/// Puts a new refund, already approved, in the place of one whose number is used up.
async fn replace(ctx: &Context, tx: &mut Tx, actor: &Actor, refund: Refund) -> Result<Refund> {
    let now = ctx.now();
    let refund_no = RefundNo::new(ctx.new_uuid());
    let new = NewRefund {
        refund_no: refund_no.clone(),
        camp_id: refund.camp_id,
        member_id: refund.member_id,
        payment_id: refund.payment_id,
        order_no: refund.order_no.clone(),
        put_forward: PutForward {
            proposal: refund.proposal.clone(),
            eligible: refund.eligible,
            reason: refund.reason.clone(),
            proposed_by: refund.proposed_by,
        },
    };
    let first_approver = refund.standing.first_approver;
    let note = Note::new(actor, format!("replaced by {refund_no}"), now);
    let standing = Standing {
        replaced_by: Some(refund_no.to_string()),
        next_try_at: None,
        lease_until: None,
        ..refund.standing.clone()
    };
    let old = step(tx, refund, RefundStatus::Closed, standing, &note).await?;
    let note = Note::new(actor, format!("replaces {}", old.refund_no), now);
    let id = refunds::insert(tx, &new, &note).await?;
    let fresh = refunds::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    let standing = Standing {
        first_approver,
        decision: Some(decision(actor, now)),
        undo_until: Some(now),
        next_try_at: Some(now),
        ..Standing::default()
    };
    step(tx, fresh, RefundStatus::Approved, standing, &note).await
}
