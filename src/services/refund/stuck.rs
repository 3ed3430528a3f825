//! Records what the runner finds that is no report of WeChat Pay's: no answer, a refusal, or books
//! that do not fit. Each once, and told to people where only they can go on.

use serde_json::json;

use crate::domain::message::RefundStuck;
use crate::domain::refund::{FailureReason, Processing, RefundState, SILENT_TOO_LONG, retry_after};
use crate::domain::{OrderStatus, RefundId, RefundStatus};
use crate::services::notify::{Notice, tell_deciders};
use crate::store::attempts::{self, Answered};
use crate::store::refunds::Refund;
use crate::store::{Note, Tx, audit, refunds};

use super::report::{WECHAT_PAY, escalate, mark_manual_required, tell_failed};
use super::{Context, Error, Result, bring_order_to, hold, in_one_transaction, keep, step};

/// The operator of what the runner finds.
pub(super) const OPERATOR: &str = "run-refunds";

/// Records that nothing was learnt: the refund stays under way and WeChat Pay is asked later.
/// `blocked`: why it cannot be asked, where a person has to mend that. `answered`: the call that
/// asked for the refund. Has an effect on the refund only for the runner that still holds it.
pub(super) async fn record_unknown(
    ctx: &Context,
    held: &Refund,
    blocked: Option<FailureReason>,
    answered: Option<Answered>,
) -> Result<()> {
    let held = held.clone();
    let kept = in_one_transaction(ctx, move |ctx, tx| {
        let (held, blocked, answered) = (held.clone(), blocked.clone(), answered.clone());
        Box::pin(async move {
            if let Some(answered) = &answered {
                attempts::complete(tx, answered);
            }
            let id = held.id;
            if let Some(run) = held_run(tx, &held).await? {
                let state = run.unknown(blocked, ctx.now());
                let silent = keep(tx, held, state, ctx.now()).await?;
                tell_silent(&ctx, tx, &silent).await?;
            }
            hold::end_probe(&ctx, tx, id, None).await
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
            if held_run(tx, &held).await?.is_none() {
                return Ok(None);
            }
            let note = Note::new(OPERATOR, FailureReason::Mismatch.as_str(), ctx.now());
            bring_order_to(tx, held.payment_id, OrderStatus::Paid, &note).await?;
            mark_manual_required(tx, held, FailureReason::Mismatch, None, &note).await?;
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
    let refund = if refund.status() == RefundStatus::Approved {
        step(tx, refund, RefundState::take_up, &note).await?
    } else {
        refund
    };
    let refund = mark_manual_required(tx, refund, reason.clone(), None, &note).await?;
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
/// `answered`: the call that asked for the refund. Has an effect on the refund only for the runner
/// that still holds it. Answers the status, if it was written.
pub(super) async fn record_failure(
    ctx: &Context,
    held: &Refund,
    reason: FailureReason,
    may_repeat: bool,
    answered: Option<Answered>,
) -> Result<Option<RefundStatus>> {
    let held = held.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (held, reason, answered) = (held.clone(), reason.clone(), answered.clone());
        Box::pin(async move {
            if let Some(answered) = &answered {
                attempts::complete(tx, answered);
            }
            let id = held.id;
            let written = fail(&ctx, tx, held, reason, may_repeat).await?;
            hold::end_probe(&ctx, tx, id, None).await?;
            Ok(written)
        })
    })
    .await
}

async fn fail(
    ctx: &Context,
    tx: &mut Tx,
    held: Refund,
    reason: FailureReason,
    may_repeat: bool,
) -> Result<Option<RefundStatus>> {
    let Some(run) = held_run(tx, &held).await? else {
        return Ok(None);
    };
    let Some(wait) = retry_after(run.history.attempts).filter(|_| may_repeat) else {
        escalate(ctx, tx, held, reason, None).await?;
        return Ok(Some(RefundStatus::ManualRequired));
    };
    let note = Note::new(WECHAT_PAY, reason.word(), ctx.now());
    let retry_at = ctx.now().plus(wait);
    step(tx, held, |state| state.fail(reason, retry_at), &note).await?;
    Ok(Some(RefundStatus::Failed))
}

/// Takes a try back that certainly moved no money: the refund is approved again and waits, its order
/// is paid again. `met`: the merchant's trouble that WeChat Pay answered; none if it was not asked,
/// since all refunds are held. Has an effect on the refund only for the runner that still holds it.
pub(super) async fn hold_back(
    ctx: &Context,
    held: &Refund,
    met: Option<FailureReason>,
    answered: Option<Answered>,
) -> Result<()> {
    let held = held.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (held, met, answered) = (held.clone(), met.clone(), answered.clone());
        Box::pin(async move {
            if let Some(answered) = &answered {
                attempts::complete(tx, answered);
            }
            let (id, now) = (held.id, ctx.now());
            if held_run(tx, &held).await?.is_some() {
                let note = match &met {
                    Some(reason) => Note::new(WECHAT_PAY, reason.word(), now),
                    None => Note::new(OPERATOR, "held", now),
                };
                bring_order_to(tx, held.payment_id, OrderStatus::Paid, &note).await?;
                step(tx, held, |state| state.hold_back(now), &note).await?;
            }
            match met {
                Some(reason) => hold::place(&ctx, tx, id, reason).await,
                None => Ok(()),
            }
        })
    })
    .await
}

/// The refund as its runner took it, if it still is like that: under way, and under the same lease.
pub(super) async fn held_run(tx: &mut Tx, held: &Refund) -> Result<Option<Processing>> {
    let refund = refunds::by_id(tx, held.id).await?.ok_or(Error::NotFound)?;
    Ok(match refund.state {
        RefundState::Processing(run) if RefundState::Processing(run.clone()) == held.state => {
            Some(run)
        }
        _ => None,
    })
}

/// Tells the recipients that nothing is learnt of a refund because the settings are wrong, or for
/// too long: once a day for each cause, however many refunds it stops.
async fn tell_silent(ctx: &Context, tx: &mut Tx, refund: &Refund) -> Result<()> {
    let now = ctx.now();
    let RefundState::Processing(Processing {
        silence: Some(silence),
        ..
    }) = &refund.state
    else {
        return Ok(());
    };
    let refund_no = refund.refund_no.to_string();
    let (stuck, cause) = match &silence.blocked_by {
        Some(reason) => {
            let code = reason.word();
            let stuck = RefundStuck::Unanswerable {
                refund_no,
                code: code.clone(),
            };
            (stuck, code)
        }
        None if silence.has_lasted(SILENT_TOO_LONG, now) => {
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
