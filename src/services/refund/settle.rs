//! What WeChat Pay says of a refund, by a notification or by an answer, and what follows from it.
//! Its word is final whenever it comes, and applied once.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::eligibility::days_shown;
use crate::domain::refund::{FailureReason, poll_after};
use crate::domain::{BindStatus, Machine as _, OrderStatus, RefundKind, RefundStatus, Timestamp};
use crate::platforms::wechat_pay::{self, RefundNotice};
use crate::services::notify::{Notice, tell_deciders, tell_group};
use crate::store::refunds::{Refund, Standing};
use crate::store::{Note, Tx, audit, camps, payments, refunds};

use super::{Context, Error, Result, bring_order_to, in_one_transaction, remember, step};

/// The operator of what WeChat Pay causes.
pub(super) const WECHAT_PAY: &str = "wechat_pay";

/// What WeChat Pay says of one refund.
#[derive(Debug, Clone)]
pub(super) struct Word {
    refund_no: String,
    refund_id: String,
    /// The order; answers need not name it.
    order_no: Option<String>,
    amount_fen: i64,
    status: wechat_pay::RefundStatus,
    succeeded_at: Option<DateTime<Utc>>,
}

/// What became of WeChat Pay's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// The refund is in this status now.
    Applied(RefundStatus),
    /// It was before; nothing was written.
    Before,
    /// It fits nothing of ours: written into the audit, and people were told.
    Unexpected,
}

impl Word {
    /// Whether it is about this very refund: the amount and the order are ours too.
    fn is_about(&self, refund: &Refund) -> bool {
        let order_no = self.order_no.as_ref();
        self.amount_fen == refund.proposal.amount_fen.get()
            && order_no.is_none_or(|order_no| *order_no == refund.order_no)
    }
}

impl From<&wechat_pay::Refund> for Word {
    fn from(refund: &wechat_pay::Refund) -> Self {
        Self {
            refund_no: refund.out_refund_no.clone(),
            refund_id: refund.refund_id.clone(),
            order_no: refund.out_trade_no.clone(),
            amount_fen: refund.amount.refund_fen,
            status: refund.status.clone(),
            succeeded_at: refund.success_time,
        }
    }
}

impl From<&RefundNotice> for Word {
    fn from(notice: &RefundNotice) -> Self {
        Self {
            refund_no: notice.out_refund_no.clone(),
            refund_id: notice.refund_id.clone(),
            order_no: Some(notice.out_trade_no.clone()),
            amount_fen: notice.amount.refund_fen,
            status: notice.refund_status.clone(),
            succeeded_at: notice.success_time,
        }
    }
}

/// Applies a refund notification, once however often it comes. Any `Ok` is durable and to be
/// answered 2xx; any error has written nothing and is to be answered 5xx, so that it comes again.
///
/// # Errors
/// [`Error::Invalid`] if it is for another merchant.
pub async fn apply_refund_notice(ctx: &Context, notice: &RefundNotice) -> Result<Heard> {
    if notice.mch_id != ctx.pay()?.mch_id() {
        return Err(Error::invalid("mchid", "not our merchant"));
    }
    hear(ctx, notice.into()).await
}

/// Applies WeChat Pay's word about a refund.
pub(super) async fn hear(ctx: &Context, word: Word) -> Result<Heard> {
    in_one_transaction(ctx, move |ctx, tx| {
        let word = word.clone();
        Box::pin(async move { take_in(&ctx, tx, &word).await })
    })
    .await
}

async fn take_in(ctx: &Context, tx: &mut Tx, word: &Word) -> Result<Heard> {
    let refund = refunds::by_refund_no(tx, &word.refund_no).await?;
    let Some(refund) = refund.filter(|refund| word.is_about(refund)) else {
        return unexpected(ctx, tx, word).await;
    };
    use wechat_pay::RefundStatus as Said;
    match word.status {
        Said::Success => succeed(ctx, tx, refund, word).await,
        Said::Abnormal => end_without_money(ctx, tx, refund, word, FailureReason::Abnormal).await,
        Said::Closed => end_without_money(ctx, tx, refund, word, FailureReason::Closed).await,
        // A word that is not in the reference decides nothing: the next question may tell more.
        Said::Processing | Said::Unknown(_) => still_under_way(ctx, tx, refund, word).await,
    }
}

async fn succeed(ctx: &Context, tx: &mut Tx, refund: Refund, word: &Word) -> Result<Heard> {
    let refund = match refund.status {
        RefundStatus::Success => return Ok(Heard::Before),
        RefundStatus::Processing | RefundStatus::Failed | RefundStatus::ManualRequired => refund,
        RefundStatus::Approved => as_sent(ctx, tx, refund).await?,
        // Money moved that nobody has let go, or that somebody has given back by hand.
        _ => return unexpected(ctx, tx, word).await,
    };
    let note = Note::new(WECHAT_PAY, "refunded", ctx.now());
    let standing = Standing {
        wechat_refund_id: Some(word.refund_id.clone()),
        refunded_at: Some(
            word.succeeded_at
                .map_or(note.at, Timestamp::from)
                .whole_second(),
        ),
        failure_reason: None,
        silent_since: None,
        next_try_at: None,
        lease_until: None,
        ..refund.standing.clone()
    };
    let refund = step(tx, refund, RefundStatus::Success, standing, &note).await?;
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunded, &note).await?;
    close_binding(tx, &refund, &note).await?;
    remember(tx, None, "refund.success", &refund, json!(null), note.at);
    if refund.proposal.kind == RefundKind::Deposit {
        tell_group_done(tx, &refund, note.at).await?;
    }
    Ok(Heard::Applied(RefundStatus::Success))
}

/// A refund that WeChat Pay knows although our books say that it was not sent yet.
async fn as_sent(ctx: &Context, tx: &mut Tx, refund: Refund) -> Result<Refund> {
    let note = Note::new(WECHAT_PAY, "known to WeChat Pay", ctx.now());
    let standing = Standing {
        attempts: refund.standing.attempts + 1,
        ..refund.standing.clone()
    };
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
    step(tx, refund, RefundStatus::Processing, standing, &note).await
}

async fn end_without_money(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    word: &Word,
    reason: FailureReason,
) -> Result<Heard> {
    let standing = Standing {
        wechat_refund_id: Some(word.refund_id.clone()),
        ..refund.standing.clone()
    };
    match refund.status {
        RefundStatus::Processing | RefundStatus::Failed => {
            needs_person(ctx, tx, refund, standing, reason).await?;
        }
        RefundStatus::Approved => {
            let refund = as_sent(ctx, tx, refund).await?;
            let standing = Standing {
                attempts: refund.standing.attempts,
                ..standing
            };
            needs_person(ctx, tx, refund, standing, reason).await?;
        }
        // After CLOSED nothing but money changes it (wechat-pay-v3 §7.3).
        RefundStatus::ManualRequired
            if !matches!(&refund.standing.failure_reason, Some(known)
                if *known == FailureReason::Closed || *known == reason) =>
        {
            let standing = Standing {
                failure_reason: Some(reason),
                ..standing
            };
            refunds::keep(tx, &refund, &standing, ctx.now()).await?;
        }
        _ => return Ok(Heard::Before),
    }
    Ok(Heard::Applied(RefundStatus::ManualRequired))
}

async fn still_under_way(ctx: &Context, tx: &mut Tx, refund: Refund, word: &Word) -> Result<Heard> {
    if refund.status != RefundStatus::Processing {
        return Ok(Heard::Before);
    }
    let standing = Standing {
        wechat_refund_id: Some(word.refund_id.clone()),
        ..asked_again_later(ctx, &refund)
    };
    refunds::keep(tx, &refund, &standing, ctx.now()).await?;
    Ok(Heard::Applied(RefundStatus::Processing))
}

/// Under way, and asked about later.
pub(super) fn asked_again_later(ctx: &Context, refund: &Refund) -> Standing {
    Standing {
        polls: refund.standing.polls + 1,
        next_try_at: Some(ctx.now().plus(poll_after(refund.standing.polls))),
        lease_until: None,
        silent_since: None,
        failure_reason: None,
        ..refund.standing.clone()
    }
}

/// The machine is at its end: the order is paid again, and people are told.
pub(super) async fn needs_person(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    standing: Standing,
    reason: FailureReason,
) -> Result<()> {
    let note = Note::new(WECHAT_PAY, reason.word(), ctx.now());
    bring_order_to(tx, refund.payment_id, OrderStatus::Paid, &note).await?;
    let refund = leave_to_people(tx, refund, standing, reason.clone(), &note).await?;
    tell_failed(ctx, tx, &refund, &reason).await
}

/// The refund needs a person from now on. Whoever calls this sees to its order, and to the telling.
pub(super) async fn leave_to_people(
    tx: &mut Tx,
    refund: Refund,
    standing: Standing,
    reason: FailureReason,
    note: &Note,
) -> Result<Refund> {
    let details = json!({ "reason": reason.word() });
    let standing = Standing {
        failure_reason: Some(reason),
        silent_since: None,
        next_try_at: None,
        lease_until: None,
        ..standing
    };
    let refund = step(tx, refund, RefundStatus::ManualRequired, standing, note).await?;
    remember(
        tx,
        None,
        "refund.manual_required",
        &refund,
        details,
        note.at,
    );
    Ok(refund)
}

async fn close_binding(tx: &mut Tx, refund: &Refund, note: &Note) -> Result<()> {
    let payment = payments::by_id(tx, refund.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    if payment.bind_status == BindStatus::Completed {
        let change = payment.bind_status.to(BindStatus::Closed)?;
        payments::advance_binding(tx, payment.id, change, None, note).await?;
    }
    Ok(())
}

async fn tell_group_done(tx: &mut Tx, refund: &Refund, now: Timestamp) -> Result<()> {
    let Some(terms) = &refund.proposal.terms else {
        return Ok(());
    };
    let case = refunds::case_of_payment(tx, refund.payment_id).await?;
    let case = case.ok_or(Error::NotFound)?;
    let nickname = if case.planet_nickname.is_empty() {
        case.wechat_nickname
    } else {
        case.planet_nickname
    };
    let notice = Notice {
        kind: "refund_done",
        camp_id: refund.camp_id,
        card_id: None,
        body: json!({
            "refundId": refund.id,
            "nickname": nickname,
            "daysShown": days_shown(refund.proposal.checked_in_days, terms),
            "amountYuan": refund.proposal.amount_fen.yuan(),
        }),
        dedupe_key: refund.refund_no.to_string(),
    };
    tell_group(tx, &notice, now).await
}

pub(super) async fn tell_failed(
    ctx: &Context,
    tx: &mut Tx,
    refund: &Refund,
    reason: &FailureReason,
) -> Result<()> {
    let camp = match refund.camp_id {
        Some(camp) => camps::by_id(tx, camp).await?,
        None => None,
    };
    let notice = Notice {
        kind: "refund_failed",
        camp_id: refund.camp_id,
        card_id: None,
        body: json!({
            "refundId": refund.id,
            "refundNo": refund.refund_no,
            "orderNo": refund.order_no,
            "campName": camp.map(|camp| camp.name),
            "amountYuan": refund.proposal.amount_fen.yuan(),
            "reason": reason.word(),
            "attempts": refund.standing.attempts,
        }),
        dedupe_key: format!("{}:{}", refund.refund_no, refund.standing.attempts),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Money that our books do not explain: an unknown number, another amount or order, or a refund
/// that was never let go. Kept in the audit, told to the recipients, and left to people.
async fn unexpected(ctx: &Context, tx: &mut Tx, word: &Word) -> Result<Heard> {
    let details = json!({
        "refundNo": word.refund_no,
        "wechatRefundId": word.refund_id,
        "orderNo": word.order_no,
        "amountFen": word.amount_fen,
        "status": word.status,
    });
    let notice = Notice {
        kind: "refund_unexpected",
        camp_id: None,
        card_id: None,
        body: details.clone(),
        dedupe_key: format!("{}:{}", word.refund_no, word.status),
    };
    tx.audit(audit::Entry {
        actor: None,
        action: "refund.unexpected",
        object_type: "refund",
        object_id: word.refund_no.clone(),
        details,
        at: ctx.now(),
    });
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await?;
    Ok(Heard::Unexpected)
}
