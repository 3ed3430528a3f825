//! Applies what WeChat Pay reports of a refund, by a notification or in an answer. A report is
//! final whenever it comes, and has its effect once.

use chrono::{DateTime, Utc};
use serde_json::json;

use crate::domain::eligibility::Days;
use crate::domain::message::{DepositReturned, RefundDone, RefundFailed, RefundUnexpected};
use crate::domain::refund::{FailureReason, RefundState};
use crate::domain::{
    BindStatus, Fen, Machine as _, OrderStatus, RefundKind, RefundStatus, Timestamp,
};
use crate::platforms::wechat_pay::{self, GatewayRefund, RefundNotice, RefundStatus as Said};
use crate::services::books;
use crate::services::notify::{Notice, tell_deciders, tell_group, tell_payer};
use crate::services::rows::readable_one;
use crate::store::attempts::{self, Answered};
use crate::store::refunds::Refund;
use crate::store::{Lock, Note, Tx, audit, camps, ledger, payments, refunds};

use super::proposal::end_proposal;
use super::{
    Context, Error, FieldError, Result, audit_refund, bring_order_to, hold, in_one_transaction,
    keep, name_of, step,
};

/// The operator of what WeChat Pay causes.
pub(super) const WECHAT_PAY: &str = "wechat_pay";

/// One refund as WeChat Pay reports it, by a notification or in an answer.
#[derive(Debug, Clone)]
pub(super) struct RefundReport {
    refund_no: String,
    refund_id: String,
    /// The order; answers need not name it.
    order_no: Option<String>,
    /// WeChat Pay's number of the payment; answers need not name it.
    transaction_id: Option<String>,
    amount_fen: i64,
    status: wechat_pay::RefundStatus,
    /// When WeChat Pay accepted it; notifications do not say.
    created_at: Option<DateTime<Utc>>,
    succeeded_at: Option<DateTime<Utc>>,
}

/// The effect of a report on our books.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Applied {
    /// The refund is in this status now.
    Now(RefundStatus),
    /// It was before; nothing was written.
    Before,
    /// It fits nothing of ours: written into the audit, and people were told.
    Unexpected,
}

impl RefundReport {
    /// True if it is about this very refund: the amount and the order are ours too.
    fn is_about(&self, refund: &Refund) -> bool {
        let is_of = |number: &String| *number == refund.order_no;
        self.amount_fen == refund.proposal.amount_fen.get()
            // An order's second payment goes by WeChat Pay's number.
            && (self.order_no.as_ref().is_none_or(is_of)
                || self.transaction_id.as_ref().is_some_and(is_of))
    }
}

impl From<&wechat_pay::GatewayRefund> for RefundReport {
    fn from(refund: &wechat_pay::GatewayRefund) -> Self {
        Self {
            refund_no: refund.out_refund_no.clone(),
            refund_id: refund.refund_id.clone(),
            order_no: refund.out_trade_no.clone(),
            transaction_id: refund.transaction_id.clone(),
            amount_fen: refund.amount.refund_fen,
            status: refund.status.clone(),
            created_at: refund.create_time,
            succeeded_at: refund.success_time,
        }
    }
}

impl From<&RefundNotice> for RefundReport {
    fn from(notice: &RefundNotice) -> Self {
        Self {
            refund_no: notice.out_refund_no.clone(),
            refund_id: notice.refund_id.clone(),
            order_no: Some(notice.out_trade_no.clone()),
            transaction_id: notice.transaction_id.clone(),
            amount_fen: notice.amount.refund_fen,
            status: notice.refund_status.clone(),
            created_at: None,
            succeeded_at: notice.success_time,
        }
    }
}

/// Applies a refund notification, once however often it comes. Any `Ok` is durable and to be
/// answered 2xx; any error has written nothing and is to be answered 5xx, so that it comes again.
///
/// # Errors
/// [`Error::Invalid`] if it is for another merchant.
pub async fn apply_refund_notice(ctx: &Context, notice: &RefundNotice) -> Result<Applied> {
    if notice.mch_id != ctx.pay()?.mch_id() {
        return Err(Error::invalid("mchid", FieldError::NotOurs));
    }
    apply_report(ctx, notice.into(), None).await
}

/// Applies what WeChat Pay answers when it is asked about a refund by its number: as if it had been
/// notified.
pub async fn apply_gateway_refund(ctx: &Context, refund: &GatewayRefund) -> Result<Applied> {
    apply_report(ctx, refund.into(), None).await
}

/// Applies a report in a transaction of its own. `answered`: the call that it answers, if it does.
pub(super) async fn apply_report(
    ctx: &Context,
    report: RefundReport,
    answered: Option<Answered>,
) -> Result<Applied> {
    in_one_transaction(ctx, move |ctx, tx| {
        let (report, answered) = (report.clone(), answered.clone());
        Box::pin(async move {
            if let Some(answered) = &answered {
                attempts::complete(tx, answered);
            }
            apply(&ctx, tx, &report).await
        })
    })
    .await
}

async fn apply(ctx: &Context, tx: &mut Tx, report: &RefundReport) -> Result<Applied> {
    let refund = refunds::by_refund_no(tx, &report.refund_no).await?;
    let Some(refund) = refund.filter(|refund| report.is_about(refund)) else {
        return report_unexpected(ctx, tx, report).await;
    };
    let id = refund.id;
    if let Some(created_at) = report.created_at {
        attempts::set_created(tx, id, created_at.into());
    }
    let applied = record(ctx, tx, refund, report).await?;
    match report.status {
        Said::Success | Said::Processing => hold::lift_if_probed(ctx, tx, id).await?,
        Said::Abnormal | Said::Closed => hold::end_probe(ctx, tx, id, None).await?,
        Said::Unknown(_) => {}
    }
    Ok(applied)
}

async fn record(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    report: &RefundReport,
) -> Result<Applied> {
    match report.status {
        Said::Success => record_success(ctx, tx, refund, report).await,
        Said::Abnormal => {
            record_end_without_money(ctx, tx, refund, report, FailureReason::Abnormal).await
        }
        Said::Closed => {
            record_end_without_money(ctx, tx, refund, report, FailureReason::Closed).await
        }
        // A status that is not in the reference decides nothing: the next query may tell more.
        Said::Processing | Said::Unknown(_) => record_processing(ctx, tx, refund, report).await,
    }
}

async fn record_success(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    report: &RefundReport,
) -> Result<Applied> {
    let refund = match refund.status() {
        // Nothing that is said after SUCCESS counts (wechat-pay-v3 §7.3).
        RefundStatus::Success => return Ok(Applied::Before),
        RefundStatus::Processing | RefundStatus::Failed | RefundStatus::ManualRequired => refund,
        RefundStatus::Approved => record_sent(ctx, tx, refund).await?,
        // Money moved that nobody has let go, or that somebody has given back by hand.
        RefundStatus::Pending
        | RefundStatus::AwaitingSecond
        | RefundStatus::Rejected
        | RefundStatus::Closed => return report_unexpected(ctx, tx, report).await,
    };
    if !refund.state.reserves_money() {
        // A number that WeChat Pay had said was dead has paid after all: somebody has to look
        // whether the money went twice.
        tell_unexpected(ctx, tx, report).await?;
    }
    let note = Note::new(WECHAT_PAY, "refunded", ctx.now());
    let at = report.succeeded_at.map_or(note.at, Timestamp::from);
    let (id, at) = (report.refund_id.clone(), at.whole_second());
    let refund = step(tx, refund, |state| state.succeed(id, at), &note).await?;
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunded, &note).await?;
    close_binding(tx, &refund, &note).await?;
    if refund.proposal.kind != RefundKind::Deposit {
        payments::release(tx, refund.payment_id, note.at);
    }
    audit_refund(tx, None, "refund.success", &refund, json!(null), note.at);
    if refund.proposal.kind == RefundKind::Deposit {
        tell_group_done(tx, &refund, note.at).await?;
    }
    tell_payer_done(ctx, tx, &refund, note.at).await?;
    Ok(Applied::Now(RefundStatus::Success))
}

/// Brings a refund under way that WeChat Pay knows although our books say that it was not sent yet.
async fn record_sent(ctx: &Context, tx: &mut Tx, refund: Refund) -> Result<Refund> {
    let note = Note::new(WECHAT_PAY, "known to WeChat Pay", ctx.now());
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
    step(tx, refund, RefundState::discover_try, &note).await
}

/// Records that WeChat Pay ended a refund without money. ABNORMAL may still become SUCCESS once the
/// payer's account is mended; CLOSED is final, and only then another number is allowed
/// (wechat-pay-v3 §7.2, §7.3). Neither is for a machine.
async fn record_end_without_money(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    report: &RefundReport,
    reason: FailureReason,
) -> Result<Applied> {
    let refund = match refund.status() {
        RefundStatus::Processing | RefundStatus::Failed => refund,
        RefundStatus::Approved => record_sent(ctx, tx, refund).await?,
        RefundStatus::ManualRequired => return correct(ctx, tx, refund, report, reason).await,
        _ => return Ok(Applied::Before),
    };
    escalate(ctx, tx, refund, reason, Some(report.refund_id.clone())).await?;
    Ok(Applied::Now(RefundStatus::ManualRequired))
}

/// Records another end without money of what people have already.
async fn correct(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    report: &RefundReport,
    reason: FailureReason,
) -> Result<Applied> {
    let corrected = refund.state.clone();
    let corrected = corrected.corrected(reason, report.refund_id.clone());
    let Some(corrected) = corrected else {
        return Ok(Applied::Before);
    };
    keep(tx, refund, corrected, ctx.now()).await?;
    Ok(Applied::Now(RefundStatus::ManualRequired))
}

/// Records that WeChat Pay is at it: a day or more is usual for bank cards, so it is asked again at
/// the pace of its own documents (wechat-pay-v3 §7.1).
async fn record_processing(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    report: &RefundReport,
) -> Result<Applied> {
    let RefundState::Processing(run) = refund.state.clone() else {
        return Ok(Applied::Before);
    };
    let state = run.under_way(report.refund_id.clone(), ctx.now());
    keep(tx, refund, state, ctx.now()).await?;
    Ok(Applied::Now(RefundStatus::Processing))
}

/// Leaves a refund to people because the machine is at its end: its order is paid again, and they
/// are told. `told`: WeChat Pay's number of it, where it has just told one.
pub(super) async fn escalate(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    reason: FailureReason,
    told: Option<String>,
) -> Result<()> {
    let note = Note::new(WECHAT_PAY, reason.word(), ctx.now());
    bring_order_to(tx, refund.payment_id, OrderStatus::Paid, &note).await?;
    let refund = mark_manual_required(tx, refund, reason.clone(), told, &note).await?;
    tell_failed(ctx, tx, &refund, &reason).await
}

/// Writes that a refund needs a person from now on. Whoever calls this sees to its order, and to
/// the telling.
pub(super) async fn mark_manual_required(
    tx: &mut Tx,
    refund: Refund,
    reason: FailureReason,
    told: Option<String>,
    note: &Note,
) -> Result<Refund> {
    let details = json!({ "reason": reason.word() });
    let refund = step(tx, refund, |state| state.require_person(reason, told), note).await?;
    let action = "refund.manual_required";
    audit_refund(tx, None, action, &refund, details, note.at);
    Ok(refund)
}

async fn close_binding(tx: &mut Tx, refund: &Refund, note: &Note) -> Result<()> {
    let payment = payments::by_id(tx, refund.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    if payment.bind_status == BindStatus::Completed {
        let change = payment.bind_status.to(BindStatus::Closed)?;
        payments::advance_binding(tx, payment.id, change, None, note);
    }
    Ok(())
}

async fn tell_group_done(tx: &mut Tx, refund: &Refund, now: Timestamp) -> Result<()> {
    let Some(terms) = &refund.proposal.terms else {
        return Ok(());
    };
    let done = RefundDone {
        refund_id: refund.id,
        nickname: name_of(tx, refund).await?,
        days: Days::of(refund.proposal.checked_in_days, terms),
        amount: refund.proposal.amount_fen,
    };
    let notice = Notice {
        content: done.into(),
        camp_id: refund.camp_id,
        dedupe_key: refund.refund_no.to_string(),
    };
    tell_group(tx, &notice, now).await
}

/// Tells the payer that their money is back.
async fn tell_payer_done(
    ctx: &Context,
    tx: &mut Tx,
    refund: &Refund,
    now: Timestamp,
) -> Result<()> {
    let camp_name = camps::name(tx, refund.camp_id).await?;
    let payment = payments::by_id(tx, refund.payment_id).await?;
    let payer = payment.and_then(|payment| payment.wecom_userid);
    let returned = DepositReturned {
        camp_name,
        amount: refund.proposal.amount_fen,
    };
    let notice = Notice {
        content: returned.into(),
        camp_id: refund.camp_id,
        dedupe_key: refund.refund_no.to_string(),
    };
    tell_payer(tx, &ctx.settings, payer.as_deref(), &notice, now).await
}

pub(super) async fn tell_failed(
    ctx: &Context,
    tx: &mut Tx,
    refund: &Refund,
    reason: &FailureReason,
) -> Result<()> {
    let camp_name = camps::name(tx, refund.camp_id).await?;
    let failed = RefundFailed {
        refund_id: refund.id,
        refund_no: refund.refund_no.to_string(),
        order_no: refund.order_no.clone(),
        camp_name,
        name: name_of(tx, refund).await?,
        amount: refund.proposal.amount_fen,
        reason: reason.word(),
        attempts: refund.state.attempts(),
    };
    let notice = Notice {
        content: failed.into(),
        camp_id: refund.camp_id,
        dedupe_key: format!("{}:{}", refund.refund_no, refund.state.attempts()),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Keeps in the audit, and tells the recipients of, money that our books do not explain: an unknown
/// number, another amount or order, or a refund that was never let go.
async fn report_unexpected(ctx: &Context, tx: &mut Tx, report: &RefundReport) -> Result<Applied> {
    let details = json!({
        "refundNo": report.refund_no,
        "wechatRefundId": report.refund_id,
        "orderNo": report.order_no,
        "amountFen": report.amount_fen,
        "status": report.status,
    });
    tx.audit(audit::Entry {
        actor: None,
        action: "refund.unexpected",
        object_type: "refund",
        object_id: report.refund_no.clone(),
        details,
        at: ctx.now(),
    });
    if report.status == wechat_pay::RefundStatus::Success {
        book_unexpected(ctx, tx, report).await?;
    }
    tell_unexpected(ctx, tx, report).await?;
    Ok(Applied::Unexpected)
}

/// Books money that went back without our doing, once for its number. What belongs to no payment of
/// ours is in no account of ours.
async fn book_unexpected(ctx: &Context, tx: &mut Tx, report: &RefundReport) -> Result<()> {
    // An approval, or somebody who keeps it, may be taking the same money.
    tx.lock(Lock::Decisions).await?;
    let refund = refunds::by_refund_no(tx, &report.refund_no).await?;
    let payment = match &refund {
        Some(refund) => payments::by_id(tx, refund.payment_id).await?,
        None => payment_of(tx, report).await?,
    };
    let (Some(payment), Ok(amount)) = (payment, Fen::new(report.amount_fen)) else {
        return Ok(());
    };
    let position = ledger::position(tx, payment.camp_id, payment.id).await?;
    let refund = refund.map(|refund| refund.id);
    let back = position.pay_back(&report.refund_no, refund, amount, ctx.now());
    let Some(back) = back else {
        return Ok(());
    };
    books::post_back(tx, position, &back)?;
    // What has gone back is not proposed any more.
    // The money is gone and booked, whatever stands in the row: the audit names it.
    let open = readable_one(refunds::of_payment(tx, payment.id).await)?;
    if open.is_some_and(|open| open.state.waits_for_decision()) {
        let note = Note::new(WECHAT_PAY, "its money went back", ctx.now());
        end_proposal(tx, payment.id, None, &note).await?;
    }
    Ok(())
}

/// The payment that a report names: an order's second one by WeChat Pay's number, others by the order.
async fn payment_of(tx: &mut Tx, report: &RefundReport) -> Result<Option<payments::Payment>> {
    for number in [&report.transaction_id, &report.order_no]
        .into_iter()
        .flatten()
    {
        if let Some(payment) = payments::by_number(tx, number).await? {
            return Ok(Some(payment));
        }
    }
    Ok(None)
}

async fn tell_unexpected(ctx: &Context, tx: &mut Tx, report: &RefundReport) -> Result<()> {
    let unexpected = RefundUnexpected {
        refund_no: report.refund_no.clone(),
        amount_fen: report.amount_fen,
        status: report.status.to_string(),
    };
    let notice = Notice {
        content: unexpected.into(),
        camp_id: None,
        dedupe_key: format!("{}:{}", report.refund_no, report.status),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}
