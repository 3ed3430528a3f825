//! A deposit that the payer has by another way: settled outside, by a person's word. A rest that
//! they do not get is kept. Another person takes a mistaken word back.

use serde_json::json;

use crate::domain::ledger::Account;
use crate::domain::refund::{ClosedAs, RefundState, Settlement, SettlementWay};
use crate::domain::staff::Actor;
use crate::domain::{
    Action, Fen, OrderStatus, PaymentId, RefundId, RefundKind, RefundStatus, UploadId,
};
use crate::platforms::wechat_pay;
use crate::services::books::{self, Owner};
use crate::services::close_order::pay_failure;
use crate::store::payments::Payment;
use crate::store::refunds::{Case, Refund, Submission};
use crate::store::{Lock, Note, StoreError, Tx, appeals, payments, refunds, uploads};

use super::proposal::{insert, reopen_with, submission};
use super::report::apply_report;
use super::{
    Context, Error, FieldError, Refusal, Result, WrongState, again_if_overtaken, already_decided,
    audit_refund, authorize, bring_order_to, decision, load, require_anywhere, step, worded,
};

/// Pictures of one settlement at most.
const MAX_UPLOADS: usize = 9;

/// How a deposit was settled, as a person says it.
#[derive(Debug, Clone)]
pub struct Closing {
    /// In words; at most 200 characters.
    pub note: String,
    pub way: SettlementWay,
    /// What the payer got; the rest of the deposit is kept.
    pub amount: Fen,
    /// Pictures that show it.
    pub uploads: Vec<UploadId>,
}

impl Closing {
    fn checked(self) -> Result<Self> {
        if self.amount == Fen::ZERO {
            return Err(Error::invalid("amountFen", FieldError::NotPositive));
        }
        if self.uploads.len() > MAX_UPLOADS {
            let max = MAX_UPLOADS;
            return Err(Error::invalid("uploadIds", FieldError::TooMany { max }));
        }
        let note = worded("note", &self.note)?;
        Ok(Self { note, ..self })
    }
}

/// Closes a refund as settled outside. Where its number may have been sent, WeChat Pay is asked
/// about it first, and what it says is applied: only a number that it does not know, or that ended
/// there without money, is settled.
///
/// # Errors
/// `WrongState::NotSettleable` while money may be on its way and once it is back,
/// `Refusal::AlreadyDecided` for what is closed; [`Error::Forbidden`] for a rest, unless an admin
/// keeps it; `WrongState::AppealOpen` for a rest while an objection waits for its answer.
pub async fn close(ctx: &Context, actor: &Actor, id: RefundId, closing: Closing) -> Result<Refund> {
    let closing = closing.checked()?;
    again_if_overtaken(|| async {
        let refund = {
            let mut conn = ctx.db.read().await?;
            load(&mut conn, actor, Action::ReviewRefunds, id).await?
        };
        let refund = rule_out_payment(ctx, refund).await?;
        let given = (ctx.clone(), actor.clone(), refund, closing.clone());
        ctx.transact_once(given, |tx, (ctx, actor, seen, closing)| {
            Box::pin(async move {
                tx.lock(Lock::Decisions).await?;
                let refund = load(tx, actor, Action::ReviewRefunds, seen.id).await?;
                if refund.state != seen.state {
                    let (table, id) = ("refund_record", refund.id.0);
                    return Err(StoreError::Stale { table, id }.into());
                }
                settle(ctx, tx, actor, refund, closing).await
            })
        })
        .await
    })
    .await
}

/// Closes the deposit of an order as settled outside; one that nobody has proposed gets its refund
/// with that. `number`: our order number, or WeChat Pay's of the payment.
///
/// # Errors
/// As [`close`]; `WrongState::OrderNotPaid`.
pub async fn close_payment(
    ctx: &Context,
    actor: &Actor,
    number: &str,
    closing: Closing,
) -> Result<Refund> {
    let closing = closing.checked()?;
    let (payment, known) = {
        let mut conn = ctx.db.read().await?;
        let payment = payments::by_number(&mut conn, number).await?;
        let payment = payment.ok_or(Error::NotFound)?;
        authorize(&mut conn, actor, Action::ReviewRefunds, payment.camp_id).await?;
        let known = refunds::of_payment(&mut conn, payment.id).await?;
        (payment, known)
    };
    if let Some(refund) = known {
        return close(ctx, actor, refund.id, closing).await;
    }
    let given = (ctx.clone(), actor.clone(), payment.id, closing);
    ctx.transact(given, |tx, (ctx, actor, payment, closing)| {
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            let refund = propose_settled(ctx, tx, actor, *payment, closing).await?;
            settle(ctx, tx, actor, refund, closing).await
        })
    })
    .await
}

/// The refund that a payment gets when it is settled outside: its deposit if that is owed, else what
/// its flag asks for, else what a person proposes.
async fn propose_settled(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    payment: PaymentId,
    closing: &Closing,
) -> Result<Refund> {
    let order = payments::by_id(tx, payment).await?;
    let order: Payment = order.ok_or(Error::NotFound)?;
    if order.status != OrderStatus::Paid {
        return Err(WrongState::OrderNotPaid.into());
    }
    if refunds::of_payment(tx, payment).await?.is_some() {
        return Err(StoreError::Conflict.into());
    }
    let case = refunds::case_of_payment(tx, payment).await?;
    let case = case.ok_or(Error::NotFound)?;
    let kind = case.grounds.kind_of_flag().unwrap_or(RefundKind::Deposit);
    let submission = supported(&case, kind, actor, &closing.note)?;
    let note = Note::new(actor, closing.note.clone(), ctx.now());
    let id = insert(ctx, tx, &case, submission, &note).await?;
    refunds::by_id(tx, id).await?.ok_or(Error::NotFound)
}

/// What the facts support of a kind, else what a person may always propose.
fn supported(case: &Case, kind: RefundKind, actor: &Actor, reason: &str) -> Result<Submission> {
    if kind != RefundKind::Manual
        && let Some(proposal) = case.grounds.propose(kind)
    {
        return Ok(submission(case, proposal));
    }
    let proposal = case.grounds.propose(RefundKind::Manual);
    let proposal = proposal.ok_or(WrongState::NothingToRefund)?;
    let proposal = proposal.because(reason);
    Ok(Submission {
        proposed_by: Some(actor.user_id),
        ..submission(case, proposal)
    })
}

/// Makes sure that nothing pays under a refund's number, and answers the refund as it is then.
async fn rule_out_payment(ctx: &Context, refund: Refund) -> Result<Refund> {
    match &refund.state {
        RefundState::Closed { .. } => return Err(already_decided(&refund).into()),
        RefundState::Success { .. } => return Err(not_settleable(&refund)),
        // A runner may be sending it at this very moment.
        RefundState::Processing(run) if run.lease_until.is_some_and(|at| at > ctx.wall_now()) => {
            return Err(not_settleable(&refund));
        }
        _ => {}
    }
    let was_sent = refunds::was_sent(&mut ctx.db.read().await?, refund.id).await?;
    if !was_sent {
        return Ok(refund);
    }
    let answer = ctx.pay()?.query_refund(refund.refund_no.as_str()).await;
    let Some(answer) = answer.map_err(pay_failure)? else {
        return Ok(refund);
    };
    apply_report(ctx, (&answer).into(), None).await?;
    let told = refunds::by_id(&mut ctx.db.read().await?, refund.id).await?;
    let told = told.ok_or(Error::NotFound)?;
    match answer.status {
        wechat_pay::RefundStatus::Closed | wechat_pay::RefundStatus::Abnormal => Ok(told),
        _ => Err(not_settleable(&told)),
    }
}

fn not_settleable(refund: &Refund) -> Error {
    let status = refund.status();
    WrongState::NotSettleable { status }.into()
}

/// Writes a settlement: the state, the order, the money, the pictures.
async fn settle(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    refund: Refund,
    closing: &Closing,
) -> Result<Refund> {
    let now = ctx.now();
    let note = Note::new(actor, closing.note.clone(), now);
    let settlement = Settlement {
        by: decision(actor, now),
        way: closing.way,
        amount: closing.amount,
    };
    let refund = step(tx, refund, |state| state.settle(settlement), &note).await?;
    let order = payments::by_id(tx, refund.payment_id).await?;
    if order.is_some_and(|order| order.status == OrderStatus::Refunding) {
        bring_order_to(tx, refund.payment_id, OrderStatus::Paid, &note).await?;
    }
    if !refund.eligible {
        payments::release(tx, refund.payment_id, now);
    }
    let kept = post_settlement(ctx, tx, actor, &refund, closing.amount).await?;
    for upload in &closing.uploads {
        if uploads::by_id(tx, *upload).await?.is_none() {
            return Err(Error::invalid("uploadIds", FieldError::Unknown));
        }
        refunds::add_evidence(tx, refund.id, *upload);
    }
    let details = json!({
        "note": closing.note,
        "way": closing.way,
        "settledFen": closing.amount,
        "keptFen": kept,
        "uploadIds": closing.uploads,
    });
    audit_refund(tx, Some(actor), "refund.close", &refund, details, now);
    Ok(refund)
}

/// Moves what the payer has got, and a rest to what is kept. Answers the rest.
async fn post_settlement(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    refund: &Refund,
    amount: Fen,
) -> Result<Fen> {
    let free = books::position_of(tx, refund).await?.free();
    let Ok(rest) = free.checked_sub(amount) else {
        let max = free.get();
        return Err(Error::invalid("amountFen", FieldError::TooBig { max }));
    };
    let (owner, number) = (Owner::of(refund), &refund.refund_no);
    let moves = [
        (format!("settle:{number}"), amount, Account::SettledOutside),
        (format!("keep:{number}"), rest, Account::Kept),
    ];
    if rest > Fen::ZERO {
        require_anywhere(actor, Action::JudgePayments)?;
        if appeals::is_open(tx, refund.payment_id).await? {
            return Err(WrongState::AppealOpen.into());
        }
    }
    for (cause, fen, to) in moves {
        if fen > Fen::ZERO {
            books::take(tx, owner, &cause, fen, to, ctx.now()).await?;
        }
    }
    Ok(rest)
}

/// Takes a mistaken settlement back: the money is here again, and the refund waits for a decision
/// with the facts of this moment. Not for the person who settled it.
pub(super) async fn reopen_settled(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    refund: Refund,
    reason: &str,
) -> Result<()> {
    let RefundState::Closed {
        closed_as: ClosedAs::SettledOutside(settlement),
        ..
    } = &refund.state
    else {
        let status = RefundStatus::Closed;
        return Err(WrongState::NotRejected { status }.into());
    };
    require_anywhere(actor, Action::JudgePayments)?;
    if settlement.by.by == actor.user_id {
        return Err(Refusal::NeedsSecondApprover.into());
    }
    let note = Note::new(actor, reason, ctx.now());
    let from = [Account::SettledOutside, Account::Kept];
    books::take_back(tx, Owner::of(&refund), &from, note.at).await?;
    let case = refunds::case_of_payment(tx, refund.payment_id).await?;
    let case = case.ok_or(Error::NotFound)?;
    let submission = supported(&case, refund.proposal.kind, actor, reason)?;
    reopen_with(tx, refund, submission, &note).await
}
