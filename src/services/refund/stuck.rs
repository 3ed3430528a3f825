//! Records what the runner finds that is no report of WeChat Pay's: no answer, a refusal, or books
//! that do not fit. Each once, and told to people where only they can go on.

use serde_json::json;

use crate::domain::message::RefundStuck;
use crate::domain::refund::{FailureReason, SILENT_TOO_LONG, retry_after};
use crate::domain::{OrderStatus, RefundId, RefundStatus, Timestamp};
use crate::services::notify::{Notice, tell_deciders};
use crate::store::refunds::{Refund, Standing};
use crate::store::{Note, Tx, audit, refunds};

use super::settle::{WECHAT_PAY, asked_again_later, escalate, mark_manual_required, tell_failed};
use super::{Context, Error, Result, bring_order_to, in_one_transaction, step};

/// The operator of what the runner finds.
pub(super) const OPERATOR: &str = "run-refunds";

/// Records that nothing was learnt: the refund stays under way and WeChat Pay is asked later.
/// `blocked`: why it cannot be asked, where a person has to mend that. Has an effect only for the
/// runner that still holds the refund.
pub(super) async fn record_unknown(
    ctx: &Context,
    held: &Refund,
    blocked: Option<FailureReason>,
) -> Result<()> {
    let held = held.clone();
    let kept = in_one_transaction(ctx, move |ctx, tx| {
        let (held, blocked) = (held.clone(), blocked.clone());
        Box::pin(async move {
            if is_held(tx, &held).await? {
                let standing = Standing {
                    silent_since: held.standing.silent_since.or(Some(ctx.now())),
                    failure_reason: blocked,
                    ..asked_again_later(&ctx, &held)
                };
                refunds::keep(tx, &held, &standing, ctx.now()).await?;
                tell_silent(&ctx, tx, &Refund { standing, ..held }).await?;
            }
            Ok(())
        })
    });
    kept.await
}

/// Leaves a refund to people under whose number WeChat Pay reports something else; they were told
/// of that report. Has an effect only for the runner that still holds the refund. Answers the
/// status, if it was written.
pub(super) async fn escalate_mismatch(
    ctx: &Context,
    held: &Refund,
) -> Result<Option<RefundStatus>> {
    let held = held.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let held = held.clone();
        Box::pin(async move {
            if !is_held(tx, &held).await? {
                return Ok(None);
            }
            let (payment, standing) = (held.payment_id, held.standing.clone());
            let note = Note::new(OPERATOR, FailureReason::Mismatch.as_str(), ctx.now());
            bring_order_to(tx, payment, OrderStatus::Paid, &note).await?;
            mark_manual_required(tx, held, standing, FailureReason::Mismatch, &note).await?;
            Ok(Some(RefundStatus::ManualRequired))
        })
    })
    .await
}

/// Leaves a due refund to people, and tells them, whose order is where no refund of it can be: it
/// moves no money. The order is left as it is.
pub(super) async fn escalate_order_mismatch(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
) -> Result<()> {
    let reason = FailureReason::Mismatch;
    let note = Note::new(OPERATOR, "its order does not fit", ctx.now());
    let standing = refund.standing.clone();
    let refund = if refund.status == RefundStatus::Approved {
        step(
            tx,
            refund,
            RefundStatus::Processing,
            standing.clone(),
            &note,
        )
        .await?
    } else {
        refund
    };
    let refund = mark_manual_required(tx, refund, standing, reason.clone(), &note).await?;
    tell_failed(ctx, tx, &refund, &reason).await
}

/// Sets a due refund aside whose row fits no state: it moves no money. It keeps its status, since
/// no move starts from what cannot be read, and is due no more until a person has it tried again.
pub(super) async fn quarantine_unreadable(
    ctx: &Context,
    tx: &mut Tx,
    id: RefundId,
    why: String,
) -> Result<()> {
    refunds::set_aside(tx, id, ctx.now()).await?;
    tx.audit(audit::Entry {
        actor: None,
        action: "refund.unreadable",
        object_type: "refund",
        object_id: id.to_string(),
        details: json!({ "why": why }),
        at: ctx.now(),
    });
    let notice = Notice {
        content: RefundStuck::Unreadable { refund_id: id }.into(),
        camp_id: None,
        dedupe_key: format!("{id}:unreadable:{}", ctx.now().micros()),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Records a try that certainly moved no money: the next one is due later, or a person is needed.
/// Has an effect only for the runner that still holds the refund. Answers the status, if it was
/// written.
pub(super) async fn record_failure(
    ctx: &Context,
    held: &Refund,
    reason: FailureReason,
    may_repeat: bool,
) -> Result<Option<RefundStatus>> {
    let held = held.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (held, reason) = (held.clone(), reason.clone());
        Box::pin(async move {
            if !is_held(tx, &held).await? {
                return Ok(None);
            }
            let wait = retry_after(held.standing.attempts).filter(|_| may_repeat);
            let standing = held.standing.clone();
            let Some(wait) = wait else {
                escalate(&ctx, tx, held, standing, reason).await?;
                return Ok(Some(RefundStatus::ManualRequired));
            };
            let note = Note::new(WECHAT_PAY, reason.word(), ctx.now());
            let standing = Standing {
                failure_reason: Some(reason),
                silent_since: None,
                next_try_at: Some(ctx.now().plus(wait)),
                lease_until: None,
                ..standing
            };
            step(tx, held, RefundStatus::Failed, standing, &note).await?;
            Ok(Some(RefundStatus::Failed))
        })
    })
    .await
}

/// Whether the refund still is as its runner took it: under way, and under the same lease.
async fn is_held(tx: &mut Tx, held: &Refund) -> Result<bool> {
    let refund = refunds::by_id(tx, held.id).await?.ok_or(Error::NotFound)?;
    Ok(refund.status == RefundStatus::Processing && refund.standing == held.standing)
}

/// Nothing is learnt of a refund because the settings are wrong, or for too long: the recipients
/// are told once a day for each cause, however many refunds it stops.
async fn tell_silent(ctx: &Context, tx: &mut Tx, refund: &Refund) -> Result<()> {
    let now = ctx.now();
    let standing = &refund.standing;
    let is_too_long = |since: Timestamp| since.plus(SILENT_TOO_LONG) <= now;
    let refund_no = refund.refund_no.to_string();
    let (stuck, cause) = match &standing.failure_reason {
        Some(reason) => {
            let code = reason.word();
            let stuck = RefundStuck::Unanswerable {
                refund_no,
                code: code.clone(),
            };
            (stuck, code)
        }
        None if standing.silent_since.is_some_and(is_too_long) => {
            (RefundStuck::Silent { refund_no }, "silent".to_owned())
        }
        None => return Ok(()),
    };
    let notice = Notice {
        content: stuck.into(),
        camp_id: None,
        dedupe_key: format!("{cause}:{}", ctx.today()),
    };
    tell_deciders(tx, &ctx.settings, &notice, now).await
}
