//! The runner: carries approved refunds to WeChat Pay, each under its one number.
//!
//! Lease (one transaction) → call (none open) → record (one transaction). What a call that was not
//! answered did is unknown, not failed: the refund stays under way, and WeChat Pay is asked about
//! its number before the same number is sent again. A runner that died is followed by another one
//! when its lease has run out.

use std::collections::HashSet;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::eligibility::days_shown;
use crate::domain::refund::{FailureReason, Proposal, RefundState};
use crate::domain::{OrderStatus, RefundId, RefundKind, RefundStatus};
use crate::platforms::wechat_pay::{self, NextStep, WechatPay};
use crate::store::refunds::{Case, Refund};
use crate::store::{Lock, Note, StoreError, Tx, refunds};

use super::report::{Applied, apply_report};
use super::stuck::{
    OPERATOR, escalate_mismatch, escalate_order_mismatch, quarantine_unreadable, record_failure,
    record_unknown,
};
use super::{Context, Result, bring_order_to, in_one_transaction, keep, step};

/// The length of a lease: three calls of 30 s (query, refund, query) and their pauses, with room.
const LEASE_FOR: TimeDelta = TimeDelta::minutes(3);
/// Due refunds that are looked through for payers nobody is busy with.
const LOOK_AT: i64 = 64;
/// Calls under way at once: even if all of them are answered wrong, WeChat Pay's 6 wrong answers
/// a second are kept (wechat-pay-v3 §7.2).
const MAX_AT_ONCE: usize = 6;
/// Between two calls: at most 50 a second (design §6).
const CALL_SPACING: Duration = Duration::from_millis(20);
/// After a call that went wrong.
const STUMBLE_SPACING: Duration = Duration::from_millis(200);
/// Calls in a row that went wrong before the rest waits for the next run.
const BREAK_AFTER: usize = 5;
/// Rounds of one run.
const MAX_ROUNDS: usize = 10_000;
/// The path to which WeChat Pay reports the end of a refund (design §5.1).
pub const NOTIFIED_AT: &str = "/api/webhook/wechat/refund";

/// The counts of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// The money went back.
    pub succeeded: usize,
    /// WeChat Pay is at it.
    pub under_way: usize,
    /// Not known; asked about later.
    pub unknown: usize,
    /// Failed; tried again later.
    pub failed: usize,
    /// Needs a person.
    pub manual_required: usize,
    /// Left alone before any call, and told to people: the books do not fit.
    pub set_aside: usize,
    /// Too many calls in a row went wrong; the rest waits for the next run.
    pub stopped_early: bool,
}

/// The end of one round of calls about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Is(RefundStatus),
    Unknown,
}

impl Ending {
    /// True if WeChat Pay may count it among the calls that fail, of which it allows six a second
    /// (wechat-pay-v3 §7.2).
    const fn went_wrong(self) -> bool {
        matches!(
            self,
            Self::Unknown | Self::Is(RefundStatus::Failed | RefundStatus::ManualRequired)
        )
    }
}

/// A refund that this run holds until its lease runs out.
struct Lease {
    refund: Refund,
    /// Nothing can have been sent under its number yet, so that there is nothing to ask about.
    is_fresh: bool,
    case: Case,
}

/// Due refunds that were looked at.
#[derive(Default)]
struct Looked {
    leases: Vec<Lease>,
    /// Those that could not be leased, and are due no more.
    set_aside: usize,
}

/// The pace of the calls: one slot after another, later ones after a call that went wrong.
struct Pace(Mutex<Instant>);

impl Pace {
    fn new() -> Self {
        Self(Mutex::new(Instant::now()))
    }

    async fn slot(&self) {
        let at = {
            let mut next = self.0.lock().await;
            let at = (*next).max(Instant::now());
            *next = at + CALL_SPACING;
            at
        };
        tokio::time::sleep_until(at).await;
    }

    async fn stumbled(&self) {
        let mut next = self.0.lock().await;
        *next = (*next).max(Instant::now() + STUMBLE_SPACING);
    }
}

/// Carries out every refund that is due: approved ones whose undo window has closed, failed ones
/// whose time has come, and those under way that WeChat Pay is to be asked about.
///
/// # Errors
/// [`super::Error::NotConfigured`] without WeChat Pay; else those of the store. What was leased
/// then is taken up again when its lease has run out.
pub async fn run_due(ctx: &Context) -> Result<Summary> {
    let pay = ctx.pay()?;
    let pace = Pace::new();
    let mut summary = Summary::default();
    let (mut width, mut stumbles) = (1, 0);
    for _ in 0..MAX_ROUNDS {
        if ctx.stop.is_cancelled() {
            break;
        }
        let Looked { leases, set_aside } = lease_due(ctx, width).await?;
        summary.set_aside += set_aside;
        if leases.is_empty() && set_aside == 0 {
            break;
        }
        let endings = join_all(leases.iter().map(|lease| carry_out(ctx, pay, &pace, lease))).await;
        let mut went_wrong = 0;
        for ending in endings {
            let ending = ending?;
            summary.count(ending);
            went_wrong += usize::from(ending.went_wrong());
        }
        if went_wrong == 0 {
            (width, stumbles) = ((width * 2).min(MAX_AT_ONCE), 0);
        } else {
            (width, stumbles) = (1, stumbles + went_wrong);
        }
        if stumbles >= BREAK_AFTER {
            tracing::warn!(stumbles, "refund calls go wrong; the rest waits");
            summary.stopped_early = true;
            break;
        }
    }
    Ok(summary)
}

impl Summary {
    const fn count(&mut self, ending: Ending) {
        let counter = match ending {
            Ending::Is(RefundStatus::Success) => &mut self.succeeded,
            Ending::Is(RefundStatus::Failed) => &mut self.failed,
            Ending::Is(RefundStatus::ManualRequired) => &mut self.manual_required,
            Ending::Is(_) => &mut self.under_way,
            Ending::Unknown => &mut self.unknown,
        };
        *counter += 1;
    }
}

/// Leases up to `width` due refunds of payers whom no other runner is busy with. Runners choose one
/// after the other: what one holds, the next one sees, on PostgreSQL too. One whose books do not
/// fit moves no money, and does not stay due: it would keep the others from their turn.
async fn lease_due(ctx: &Context, width: usize) -> Result<Looked> {
    in_one_transaction(ctx, move |ctx, tx| {
        Box::pin(async move {
            tx.lock(Lock::RefundClaims).await?;
            let (now, wall_now) = (ctx.now(), ctx.wall_now());
            let held = refunds::held_payers(tx, wall_now).await?;
            let mut busy: HashSet<Vec<u8>> = held.into_iter().collect();
            let mut looked = Looked::default();
            for due in refunds::due(tx, now, wall_now, LOOK_AT).await? {
                if looked.leases.len() >= width {
                    break;
                }
                let refund = match due {
                    Ok(refund) => refund,
                    Err(StoreError::Inconsistent { id, what, .. }) => {
                        tracing::error!(refund.id = id, what, "a due refund cannot be read");
                        quarantine_unreadable(&ctx, tx, RefundId(id), what).await?;
                        looked.set_aside += 1;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                let Some(case) = case_of(tx, &refund).await? else {
                    escalate_order_mismatch(&ctx, tx, refund).await?;
                    looked.set_aside += 1;
                    continue;
                };
                if let Some(payer) = &case.openid_mac
                    && !busy.insert(payer.clone())
                {
                    continue;
                }
                looked.leases.push(lease(&ctx, tx, refund, case).await?);
            }
            Ok(looked)
        })
    })
    .await
}

/// Reads what a due refund rests on; none if that cannot be told, or if its order is where no
/// refund of it can be.
async fn case_of(tx: &mut Tx, refund: &Refund) -> Result<Option<Case>> {
    let case = match refunds::case_of_payment(tx, refund.payment_id).await {
        Err(StoreError::Inconsistent { table, id, what }) => {
            tracing::error!(table, id, what, "the order of a due refund cannot be read");
            None
        }
        read => read?,
    };
    let fits = |case: &Case| {
        matches!(
            case.order_status,
            OrderStatus::Paid | OrderStatus::Refunding
        )
    };
    let case = case.filter(fits);
    if case.is_none() {
        tracing::error!(
            refund.id = refund.id.0,
            "the order of a due refund does not fit it"
        );
    }
    Ok(case)
}

async fn lease(ctx: &Context, tx: &mut Tx, refund: Refund, case: Case) -> Result<Lease> {
    let (now, lease_until) = (ctx.now(), ctx.wall_now().plus(LEASE_FOR));
    if let RefundState::Processing(run) = refund.state.clone() {
        let refund = keep(tx, refund, run.leased(lease_until), now).await?;
        return Ok(Lease {
            refund,
            is_fresh: false,
            case,
        });
    }
    let earlier = refund.state.attempts();
    let note = Note::new(OPERATOR, format!("try {}", earlier + 1), now);
    bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
    let refund = step(tx, refund, |state| state.send(now, lease_until), &note).await?;
    Ok(Lease {
        refund,
        is_fresh: earlier == 0,
        case,
    })
}

/// Sends one refund, or asks about it where its number may have been sent before. The same number
/// with the same content is one refund at WeChat Pay however often it is sent (wechat-pay-v3 §7.2);
/// which error leads where is the table of §11.
async fn carry_out(ctx: &Context, pay: &WechatPay, pace: &Pace, lease: &Lease) -> Result<Ending> {
    if !lease.is_fresh
        && let Some(ending) = query(ctx, pay, pace, &lease.refund).await?
    {
        return Ok(ending);
    }
    pace.slot().await;
    let error = match pay.refund(&request_of(ctx, lease)).await {
        Ok(answer) => return conclude(ctx, &lease.refund, &answer).await,
        Err(error) => error,
    };
    pace.stumbled().await;
    log_failure(&lease.refund, &error);
    match error.next_step() {
        // Neither says anything about money: it is asked for, and sent again if it is not there.
        NextStep::Repeat | NextStep::QueryOrRepeat => end_unknown(ctx, &lease.refund, None).await,
        // The refusal may come from a try of ours that went through after all.
        NextStep::QueryFirst | NextStep::NewNumber => {
            match query(ctx, pay, pace, &lease.refund).await? {
                Some(ending) => Ok(ending),
                None => end_failed(ctx, &lease.refund, &error, true).await,
            }
        }
        NextStep::RepeatAfterTopUp | NextStep::MendFirst => {
            end_failed(ctx, &lease.refund, &error, true).await
        }
        NextStep::GiveUp => end_failed(ctx, &lease.refund, &error, false).await,
    }
}

/// Asks WeChat Pay about the number; `None`: it has never heard of it, so that the same number may
/// be sent (wechat-pay-v3 §11, RESOURCE_NOT_EXISTS).
async fn query(
    ctx: &Context,
    pay: &WechatPay,
    pace: &Pace,
    refund: &Refund,
) -> Result<Option<Ending>> {
    pace.slot().await;
    match pay.query_refund(refund.refund_no.as_str()).await {
        Ok(Some(answer)) => conclude(ctx, refund, &answer).await.map(Some),
        Ok(None) => Ok(None),
        Err(error) => {
            pace.stumbled().await;
            log_failure(refund, &error);
            // Wrong keys or rights keep us from asking. What was sent stays unknown all the same.
            let is_blocked = error.next_step() == NextStep::MendFirst;
            let blocked = is_blocked.then(|| FailureReason::of_code(error.code()));
            end_unknown(ctx, refund, blocked).await.map(Some)
        }
    }
}

/// Applies what WeChat Pay answered about a refund. That it answered only means that it knows the
/// refund; whether the money is back is in the status (wechat-pay-v3 §7.1).
async fn conclude(
    ctx: &Context,
    refund: &Refund,
    answer: &wechat_pay::GatewayRefund,
) -> Result<Ending> {
    Ok(match apply_report(ctx, answer.into()).await? {
        Applied::Now(status) => Ending::Is(status),
        // Somebody else was told the same in the meantime.
        Applied::Before => Ending::Unknown,
        // Asking again would tell the same: people have to look.
        Applied::Unexpected => escalate_mismatch(ctx, refund)
            .await?
            .map_or(Ending::Unknown, Ending::Is),
    })
}

async fn end_unknown(
    ctx: &Context,
    refund: &Refund,
    blocked: Option<FailureReason>,
) -> Result<Ending> {
    record_unknown(ctx, refund, blocked).await?;
    Ok(Ending::Unknown)
}

async fn end_failed(
    ctx: &Context,
    refund: &Refund,
    error: &wechat_pay::Error,
    may_repeat: bool,
) -> Result<Ending> {
    let reason = FailureReason::of_code(error.code());
    let written = record_failure(ctx, refund, reason, may_repeat).await?;
    Ok(written.map_or(Ending::Unknown, Ending::Is))
}

fn log_failure(refund: &Refund, error: &wechat_pay::Error) {
    tracing::warn!(
        refund.id = refund.id.0,
        amount_fen = refund.proposal.amount_fen.get(),
        attempts = refund.state.attempts(),
        request_id = error.request_id(),
        error = error as &dyn std::error::Error,
        "a refund call did not succeed"
    );
}

fn request_of(ctx: &Context, lease: &Lease) -> wechat_pay::NewRefund {
    let refund = &lease.refund;
    wechat_pay::NewRefund {
        out_trade_no: refund.order_no.clone(),
        out_refund_no: refund.refund_no.to_string(),
        reason: Some(reason_shown(&refund.proposal)),
        refund_fen: refund.proposal.amount_fen.get(),
        total_fen: lease.case.grounds.paid.get(),
        notify_url: Some(format!("{}{NOTIFIED_AT}", ctx.settings.public_url)),
    }
}

/// The reason that the payer reads in WeChat Pay's own notice; the client cuts it to 80 bytes.
fn reason_shown(proposal: &Proposal) -> String {
    match (proposal.kind, &proposal.terms) {
        (RefundKind::Deposit, Some(terms)) => {
            let days = days_shown(proposal.checked_in_days, terms);
            format!("训练营打卡{days}天，押金退回")
        }
        (RefundKind::Deposit | RefundKind::Manual, _) => "训练营押金退回".to_owned(),
        (RefundKind::Duplicate, _) => "重复支付，退回".to_owned(),
        (RefundKind::WrongAmount, _) => "支付金额有误，退回".to_owned(),
        (RefundKind::Late, _) => "超时支付，退回".to_owned(),
        (RefundKind::UnknownOrder, _) => "订单异常，退回".to_owned(),
    }
}
