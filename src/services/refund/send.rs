//! The runner: carries approved refunds to WeChat Pay, each under its one number.
//!
//! Lease (one transaction) → call (none open) → record (one transaction). What a call that was not
//! answered did is unknown, not failed: the refund stays under way, and WeChat Pay is asked about
//! its number before the same number is sent again. A runner that died is followed by another one
//! when its lease has run out. What the merchant account cannot do holds all refunds back
//! (`hold.rs`); how many calls may be under way is counted in the database, for all instances.

use std::time::Duration;

use chrono::TimeDelta;
use futures::future::join_all;
use serde::Serialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::domain::eligibility::days_shown;
use crate::domain::refund::{AttemptOutcome, FailureReason, Proposal};
use crate::domain::{RefundKind, RefundStatus};
use crate::platforms::wechat_pay::{self, NextStep, PaidBy, Trouble, WechatPay};
use crate::store::attempts::{self, Answered, AttemptId, NewAttempt};
use crate::store::merchant;
use crate::store::refunds::Refund;

use super::lease::{Earlier, Lease, MAX_AT_ONCE, lease_due};
use super::report::{Applied, apply_report};
use super::stuck::{escalate_mismatch, held_run, hold_back, record_failure, record_unknown};
use super::{Context, Error, Result, hold, in_one_transaction};

/// How long wrong answers are kept.
const WRONG_ANSWERS_KEPT_FOR: TimeDelta = TimeDelta::minutes(1);
/// A call takes no longer than its time limit, with room.
const CALL_TAKES: TimeDelta = TimeDelta::seconds(60);
/// Between two calls: at most 50 a second (design §6).
const CALL_SPACING: Duration = Duration::from_millis(20);
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
    /// Wait for the merchant account.
    pub held_back: usize,
    /// What was learnt could not be written down: its row, or one beside it, cannot be read, or the
    /// database is gone. Asked about again.
    pub unrecorded: usize,
    /// Left alone before any call, and told to people: the books do not fit.
    pub set_aside: usize,
    /// Too many calls are under way or went wrong, in all instances; the rest waits for the next
    /// run.
    pub stopped_early: bool,
}

/// The end of one round of calls about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ending {
    Is(RefundStatus),
    Unknown,
    HeldBack,
}

impl Ending {
    /// True if the next ones may fare no better, so that they go out one by one.
    const fn went_wrong(self) -> bool {
        matches!(
            self,
            Self::Unknown
                | Self::HeldBack
                | Self::Is(RefundStatus::Failed | RefundStatus::ManualRequired)
        )
    }
}

/// The pace of the calls: one slot after another.
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
}

/// Carries out every refund that is due: approved ones whose undo window has closed, failed ones
/// whose time has come, and those under way that WeChat Pay is to be asked about.
///
/// # Errors
/// [`Error::NotConfigured`] without WeChat Pay; [`Error::PartlyDone`] if one could not be recorded,
/// which is taken up again when its lease has run out; else those of the store.
pub async fn run_due(ctx: &Context) -> Result<Summary> {
    let pay = ctx.pay()?;
    let pace = Pace::new();
    let mut summary = Summary::default();
    let mut width = 1;
    for _ in 0..MAX_ROUNDS {
        if ctx.stop.is_cancelled() {
            break;
        }
        let looked = lease_due(ctx, width).await?;
        summary.set_aside += looked.set_aside;
        summary.stopped_early = looked.is_full;
        if looked.leases.is_empty() && looked.set_aside == 0 {
            break;
        }
        let calls = looked.leases.iter();
        let endings = join_all(calls.map(|lease| carry_out(ctx, pay, &pace, lease))).await;
        let mut went_wrong = false;
        for ending in endings {
            match ending {
                Ok(ending) => {
                    summary.count(ending);
                    went_wrong |= ending.went_wrong();
                }
                // The others go on.
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a refund could not be recorded");
                    summary.unrecorded += 1;
                    went_wrong = true;
                }
            }
        }
        width = if went_wrong {
            1
        } else {
            (width * 2).min(MAX_AT_ONCE)
        };
    }
    match summary.unrecorded {
        0 => Ok(summary),
        _ => Err(Error::PartlyDone(json!(summary))),
    }
}

impl Summary {
    const fn count(&mut self, ending: Ending) {
        let counter = match ending {
            Ending::Is(RefundStatus::Success) => &mut self.succeeded,
            Ending::Is(RefundStatus::Failed) => &mut self.failed,
            Ending::Is(RefundStatus::ManualRequired) => &mut self.manual_required,
            Ending::Is(_) => &mut self.under_way,
            Ending::Unknown => &mut self.unknown,
            Ending::HeldBack => &mut self.held_back,
        };
        *counter += 1;
    }
}

/// Sends one refund, or asks about it where its number may have been sent before. The same number
/// with the same content is one refund at WeChat Pay however often it is sent (wechat-pay-v3 §7.2);
/// which error leads where is the table of §11.
async fn carry_out(ctx: &Context, pay: &WechatPay, pace: &Pace, lease: &Lease) -> Result<Ending> {
    let refund = &lease.refund;
    if lease.earlier != Earlier::None {
        match ask(ctx, pay, pace, refund).await? {
            Asked::Known(answer) => return conclude(ctx, refund, &answer, None).await,
            Asked::NeverHeardOf => {}
            Asked::Untold(error)
                if lease.earlier == Earlier::Refused && error.trouble() == Trouble::Merchant =>
            {
                return end_held_back(ctx, refund, Some(&error), None).await;
            }
            Asked::Untold(error) => return end_untold(ctx, refund, &error, None).await,
        }
    }
    let request = request_of(ctx, lease);
    let attempt = match begin_attempt(ctx, pay, lease, &request).await? {
        Begun::Sending(attempt) => attempt,
        Begun::Held => return end_held_back(ctx, refund, None, None).await,
        Begun::Lost => return Ok(Ending::Unknown),
        Begun::Unwritable(error) => return end_failed(ctx, refund, &error, true, None).await,
    };
    pace.slot().await;
    let error = match pay.refund(&request).await {
        Ok(answer) => {
            let answered = accepted(ctx, attempt, &answer);
            return conclude(ctx, refund, &answer, Some(answered)).await;
        }
        Err(error) => error,
    };
    note_wrong_answer(ctx, refund, &error).await?;
    let answered = Some(refused(ctx, attempt, &error));
    match (error.trouble(), error.next_step()) {
        // It says nothing about money: it is asked for, and sent again if it is not there.
        (Trouble::Unknown, _) => end_unknown(ctx, refund, None, answered).await,
        (Trouble::Merchant, _) => end_held_back(ctx, refund, Some(&error), answered).await,
        // The refusal may come from a try of ours that went through after all.
        (Trouble::Refund, NextStep::QueryFirst | NextStep::NewNumber) => {
            match ask(ctx, pay, pace, refund).await? {
                Asked::Known(answer) => conclude(ctx, refund, &answer, answered).await,
                Asked::NeverHeardOf => end_failed(ctx, refund, &error, true, answered).await,
                Asked::Untold(error) => end_untold(ctx, refund, &error, answered).await,
            }
        }
        (Trouble::Refund, step) => {
            let may_repeat = step != NextStep::GiveUp;
            end_failed(ctx, refund, &error, may_repeat, answered).await
        }
    }
}

/// What WeChat Pay tells of a number.
enum Asked {
    Known(Box<wechat_pay::GatewayRefund>),
    /// The same number may be sent (wechat-pay-v3 §11, RESOURCE_NOT_EXISTS).
    NeverHeardOf,
    Untold(wechat_pay::Error),
}

async fn ask(ctx: &Context, pay: &WechatPay, pace: &Pace, refund: &Refund) -> Result<Asked> {
    pace.slot().await;
    match pay.query_refund(refund.refund_no.as_str()).await {
        Ok(Some(answer)) => Ok(Asked::Known(answer.into())),
        Ok(None) => Ok(Asked::NeverHeardOf),
        Err(error) => {
            note_wrong_answer(ctx, refund, &error).await?;
            Ok(Asked::Untold(error))
        }
    }
}

/// The beginning of a call that asks for a refund.
enum Begun {
    /// It is written down.
    Sending(AttemptId),
    /// All refunds are held, and this one does not probe.
    Held,
    /// The lease ran out, and another runner has the refund.
    Lost,
    /// No request can be made of it.
    Unwritable(wechat_pay::Error),
}

/// Writes a call down before it goes out, unless it must not.
async fn begin_attempt(
    ctx: &Context,
    pay: &WechatPay,
    lease: &Lease,
    request: &wechat_pay::NewRefund,
) -> Result<Begun> {
    let request_hash = match request.body_hash() {
        Ok(hash) => hash,
        Err(error) => return Ok(Begun::Unwritable(error)),
    };
    let attempt = NewAttempt {
        refund_id: lease.refund.id,
        request_hash,
        mch_id: pay.mch_id().to_owned(),
        app_id: pay.app_id().to_owned(),
        sent_at: ctx.wall_now(),
    };
    let (held, until) = (lease.refund.clone(), lease.until);
    in_one_transaction(ctx, move |ctx, tx| {
        let (held, attempt) = (held.clone(), attempt.clone());
        Box::pin(async move {
            // Who settles it by hand waits for the lease to end: none of our calls may outlive it.
            let is_late = ctx.wall_now().plus(CALL_TAKES) > until;
            if is_late || held_run(tx, &held).await?.is_none() {
                return Ok(Begun::Lost);
            }
            if !hold::admit(&ctx, tx, held.id, until).await? {
                return Ok(Begun::Held);
            }
            Ok(Begun::Sending(attempts::open(tx, &attempt).await?))
        })
    })
    .await
}

fn accepted(ctx: &Context, attempt: AttemptId, answer: &wechat_pay::GatewayRefund) -> Answered {
    Answered {
        attempt,
        outcome: AttemptOutcome::Accepted,
        error_code: None,
        request_id: answer.request_id.clone(),
        at: ctx.wall_now(),
    }
}

fn refused(ctx: &Context, attempt: AttemptId, error: &wechat_pay::Error) -> Answered {
    Answered {
        attempt,
        outcome: match error.trouble() {
            Trouble::Refund => AttemptOutcome::Refused,
            Trouble::Merchant => AttemptOutcome::HeldUp,
            Trouble::Unknown => AttemptOutcome::Unknown,
        },
        error_code: error.code().map(str::to_owned),
        request_id: error.request_id().map(str::to_owned),
        at: ctx.wall_now(),
    }
}

/// Applies what WeChat Pay answered about a refund. That it answered only means that it knows the
/// refund; whether the money is back is in the status (wechat-pay-v3 §7.1).
async fn conclude(
    ctx: &Context,
    refund: &Refund,
    answer: &wechat_pay::GatewayRefund,
    answered: Option<Answered>,
) -> Result<Ending> {
    Ok(match apply_report(ctx, answer.into(), answered).await? {
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
    answered: Option<Answered>,
) -> Result<Ending> {
    record_unknown(ctx, refund, blocked, answered).await?;
    Ok(Ending::Unknown)
}

/// Ends a query that told nothing. Wrong keys or rights may keep us from asking: what was sent
/// stays unknown all the same.
async fn end_untold(
    ctx: &Context,
    refund: &Refund,
    error: &wechat_pay::Error,
    answered: Option<Answered>,
) -> Result<Ending> {
    let is_blocked = error.next_step() == NextStep::MendFirst;
    let blocked = is_blocked.then(|| FailureReason::of_code(error.code()));
    end_unknown(ctx, refund, blocked, answered).await
}

async fn end_held_back(
    ctx: &Context,
    refund: &Refund,
    met: Option<&wechat_pay::Error>,
    answered: Option<Answered>,
) -> Result<Ending> {
    let met = met.map(|error| FailureReason::of_code(error.code()));
    hold_back(ctx, refund, met, answered).await?;
    Ok(Ending::HeldBack)
}

async fn end_failed(
    ctx: &Context,
    refund: &Refund,
    error: &wechat_pay::Error,
    may_repeat: bool,
    answered: Option<Answered>,
) -> Result<Ending> {
    let reason = FailureReason::of_code(error.code());
    let written = record_failure(ctx, refund, reason, may_repeat, answered).await?;
    Ok(written.map_or(Ending::Unknown, Ending::Is))
}

/// Logs a call that gave no result, and counts it for all instances.
async fn note_wrong_answer(
    ctx: &Context,
    refund: &Refund,
    error: &wechat_pay::Error,
) -> Result<()> {
    tracing::warn!(
        refund.id = refund.id.0,
        amount_fen = refund.proposal.amount_fen.get(),
        attempts = refund.state.attempts(),
        request_id = error.request_id(),
        error = error as &dyn std::error::Error,
        "a refund call did not succeed"
    );
    let at = ctx.wall_now();
    let forget_before = at.minus(WRONG_ANSWERS_KEPT_FOR);
    let counted = ctx.db.write(move |tx| {
        Box::pin(async move {
            merchant::add_wrong_answer(tx, at, forget_before);
            Ok(())
        })
    });
    counted.await
}

fn request_of(ctx: &Context, lease: &Lease) -> wechat_pay::NewRefund {
    let refund = &lease.refund;
    let number = refund.order_no.clone();
    let payment = if lease.case.transaction_id.as_ref() == Some(&number) {
        PaidBy::Transaction(number)
    } else {
        PaidBy::Order(number)
    };
    wechat_pay::NewRefund {
        payment,
        out_refund_no: refund.refund_no.to_string(),
        reason: Some(reason_shown(&refund.proposal)),
        refund_fen: refund.proposal.amount_fen.get(),
        total_fen: lease.case.grounds.paid.get(),
        notify_url: Some(format!("{}{NOTIFIED_AT}", ctx.settings.public_url)),
        funds_account: ctx.settings.funds_account,
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
        (RefundKind::UnknownOrder | RefundKind::OtherAppid, _) => "订单异常，退回".to_owned(),
    }
}
