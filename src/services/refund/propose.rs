//! Proposing: the refund list of an ended camp, payments that something is wrong with, and what
//! a person proposes against the judgement.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::json;

use crate::domain::message::RefundListReady;
use crate::domain::refund::{Proposal, RefundState};
use crate::domain::staff::Actor;
use crate::domain::{
    Action, CampId, CampStatus, Fen, Machine as _, OrderStatus, PaymentId, RefundId, RefundKind,
    RefundNo, RefundStatus, UserId,
};
use crate::services::by_camp::FailedCamps;
use crate::services::notify::{Notice, tell_deciders};
use crate::services::rows::log;
use crate::store::camps::Camp;
use crate::store::refunds::{Case, NewRefund, Refund, Submission};
use crate::store::{
    Note, Operator, Rows, StoreError, StoreResult, Tx, audit, camps, payments, refunds,
};

use super::{
    Context, Duplicate, Error, Refusal, Result, WrongState, audit_refund, authorize,
    in_one_transaction, step, worded,
};

/// The operator of what happens by itself.
const OPERATOR: &str = "refund_list";

/// A count and a sum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    pub count: i64,
    pub sum_fen: Fen,
}

impl Tally {
    fn add(&mut self, amount: Fen) -> Result<()> {
        self.count += 1;
        self.sum_fen = self
            .sum_fen
            .checked_add(amount)
            .map_err(|error| Error::Invariant(error.to_string()))?;
        Ok(())
    }
}

/// The result of building a list, and what now waits for a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Built {
    /// New proposals.
    pub added: i64,
    /// Pending ones whose facts had changed.
    pub refreshed: i64,
    /// Pending ones whose facts support them no more.
    pub withdrawn: i64,
    /// Pending, and clear.
    pub clear: Tally,
    /// Pending, and to be looked at.
    pub to_look_at: Tally,
    /// Members whose days do not suffice.
    pub not_eligible: i64,
    /// Rows that fit no state, left as they are: a person has to mend them.
    pub unreadable: i64,
}

impl Built {
    /// Names a camp among those that failed while a row of it cannot be read: the rest of its list
    /// stands, but somebody has to be told.
    fn complete(self) -> Result<Self> {
        match self.unreadable {
            0 => Ok(self),
            count => Err(Error::Invariant(format!("{count} rows cannot be read"))),
        }
    }

    const fn says_something_new(&self) -> bool {
        self.added + self.refreshed + self.withdrawn > 0
    }
}

/// The result of comparing a proposal with the facts of this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Freshness {
    /// It still holds.
    Same,
    /// It was shown anew.
    Refreshed,
    /// The facts support it no more.
    Withdrawn,
}

/// Builds the refund list of an ended camp, or brings the pending part of it up to date; what was
/// decided stays as it is. An `actor` needs the right to review the camp's refunds; the clock has
/// none to show.
///
/// # Errors
/// [`Refusal::WrongState`] before the end of the camp, and until a complete sync has started after
/// its last day.
pub async fn build_list(ctx: &Context, actor: Option<&Actor>, camp: CampId) -> Result<Built> {
    let actor = actor.cloned();
    in_one_transaction(ctx, move |ctx, tx| {
        let actor = actor.clone();
        Box::pin(async move { build(&ctx, tx, actor.as_ref(), camp).await })
    })
    .await
}

/// The counts of one run of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lists {
    /// Camps whose list was built.
    pub built: usize,
    /// Camps that have ended, but not been synced as a whole since.
    pub waiting: usize,
}

/// Builds the lists of ended camps that their sync has not already built, and brings those of
/// settling ones up to date: who has been matched since is owed their deposit too.
///
/// # Errors
/// [`Error::PartlyDone`]: the lists of the others are built all the same.
pub async fn build_due_lists(ctx: &Context) -> Result<Lists> {
    let due = {
        let mut conn = ctx.db.read().await?;
        let mut due = camps::in_status(&mut conn, CampStatus::Ended).await?;
        due.append(camps::in_status(&mut conn, CampStatus::Settling).await?);
        due
    };
    let mut lists = Lists::default();
    let mut failed = FailedCamps::default();
    for camp in failed.take(due) {
        let built = build_list(ctx, None, camp.id).await;
        match built.and_then(Built::complete) {
            Err(Error::Refused(Refusal::WrongState(_))) => lists.waiting += 1,
            built => lists.built += usize::from(failed.unless(camp.id, built).is_some()),
        }
    }
    failed.end(lists)
}

async fn build(
    ctx: &Context,
    tx: &mut Tx,
    actor: Option<&Actor>,
    camp_id: CampId,
) -> Result<Built> {
    let camp = camps::by_id(tx, camp_id).await?.ok_or(Error::NotFound)?;
    if let Some(actor) = actor {
        authorize(tx, actor, Action::ReviewRefunds, Some(camp_id)).await?;
    }
    if !matches!(camp.status, CampStatus::Ended | CampStatus::Settling) {
        return Err(WrongState::CampNotSettling {
            status: camp.status,
        }
        .into());
    }
    let Rows { good: cases, bad } = refunds::cases_of_camp(tx, camp_id).await?;
    if cases
        .iter()
        .any(|case| case.grounds.judging_sync().is_none())
    {
        return Err(WrongState::NoFinalSync.into());
    }
    let operator = actor.map_or_else(|| OPERATOR.into(), Operator::from);
    let note = Note::new(operator, "refund list", ctx.now());
    let existing = refunds::of_camp(tx, camp_id).await?;
    let mut existing: HashMap<PaymentId, StoreResult<Refund>> = existing.into_iter().collect();
    let mut built = Built {
        unreadable: unreadable(&bad),
        ..Built::default()
    };
    for case in &cases {
        let refund = match existing.remove(&case.payment_id).transpose() {
            Ok(refund) => refund,
            Err(error @ StoreError::Inconsistent { .. }) => {
                built.unreadable += unreadable(&[error]);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        bring_up_to_date(ctx, tx, case, refund, &mut built, &note).await?;
    }
    if camp.status == CampStatus::Ended {
        let change = camp.status.to(CampStatus::Settling)?;
        camps::advance(tx, camp_id, change, &note).await?;
    }
    let is_first = camp.status == CampStatus::Ended;
    if actor.is_some() || is_first || built.says_something_new() {
        tx.audit(audit::Entry {
            actor: actor.cloned(),
            action: "refund.list",
            object_type: "camp",
            object_id: camp_id.to_string(),
            details: json!(built),
            at: note.at,
        });
    }
    tell_list_ready(ctx, tx, &camp, &built).await?;
    Ok(built)
}

/// Counts rows that fit no state, and names each in the log.
fn unreadable(bad: &[StoreError]) -> i64 {
    log(bad);
    i64::try_from(bad.len()).unwrap_or(i64::MAX)
}

async fn bring_up_to_date(
    ctx: &Context,
    tx: &mut Tx,
    case: &Case,
    refund: Option<Refund>,
    built: &mut Built,
    note: &Note,
) -> Result<()> {
    let pending = match refund {
        None if case.order_status == OrderStatus::Paid => {
            let proposal = case.grounds.propose(RefundKind::Deposit);
            if let Some(proposal) = &proposal {
                insert(ctx, tx, case, submission(case, proposal.clone()), note).await?;
                built.added += 1;
            }
            proposal
        }
        Some(refund) if is_open(refund.status()) => {
            let (freshness, proposal) = refresh(tx, refund, case, note).await?;
            built.refreshed += i64::from(freshness == Freshness::Refreshed);
            built.withdrawn += i64::from(freshness == Freshness::Withdrawn);
            proposal
        }
        Some(refund) if refund.leaves_deposit_open() => {
            let proposal = case.grounds.propose(RefundKind::Deposit);
            if let Some(proposal) = &proposal {
                reopen_with(tx, refund, submission(case, proposal.clone()), note).await?;
                built.added += 1;
            }
            proposal
        }
        Some(_) | None => return Ok(()),
    };
    match pending {
        Some(proposal) if proposal.is_clear() => built.clear.add(proposal.amount_fen),
        Some(proposal) => built.to_look_at.add(proposal.amount_fen),
        None => {
            built.not_eligible += 1;
            Ok(())
        }
    }
}

const fn is_open(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Pending | RefundStatus::AwaitingSecond)
}

/// Compares an undecided refund with the facts of this moment. If they have changed it is shown
/// anew, pending; if they support it no more it is taken back. Answers what it proposes now.
pub(super) async fn refresh(
    tx: &mut Tx,
    refund: Refund,
    case: &Case,
    note: &Note,
) -> Result<(Freshness, Option<Proposal>)> {
    let now_proposed = case.grounds.propose(refund.proposal.kind);
    match now_proposed {
        Some(proposal) if proposal.hash()? == refund.proposal_hash => {
            Ok((Freshness::Same, Some(proposal)))
        }
        Some(proposal) => {
            let submission = Submission {
                proposal: proposal.clone(),
                eligible: case.grounds.judgement().is_eligible(),
                reason: refund.reason.clone(),
                proposed_by: refund.proposed_by,
            };
            let mut refund = refund;
            if refund.status() == RefundStatus::AwaitingSecond {
                refund = withdraw_unsupported(tx, refund, note).await?;
                refund = step(tx, refund, RefundState::reopen, note).await?;
            }
            refunds::set_proposal(tx, &refund, &submission, note.at).await?;
            Ok((Freshness::Refreshed, Some(proposal)))
        }
        None => {
            withdraw_unsupported(tx, refund, note).await?;
            Ok((Freshness::Withdrawn, None))
        }
    }
}

/// The system's own rejection, which no person's name stands under.
async fn withdraw_unsupported(tx: &mut Tx, refund: Refund, note: &Note) -> Result<Refund> {
    let note = Note::new(OPERATOR, "the facts have changed", note.at);
    step(tx, refund, |state| state.reject(None), &note).await
}

/// A rejected refund becomes pending with another proposal.
pub(super) async fn reopen_with(
    tx: &mut Tx,
    refund: Refund,
    submission: Submission,
    note: &Note,
) -> Result<()> {
    let refund = step(tx, refund, RefundState::reopen, note).await?;
    refunds::set_proposal(tx, &refund, &submission, note.at).await?;
    Ok(())
}

pub(super) fn submission(case: &Case, proposal: Proposal) -> Submission {
    Submission {
        proposal,
        eligible: case.grounds.judgement().is_eligible(),
        reason: String::new(),
        proposed_by: None,
    }
}

async fn insert(
    ctx: &Context,
    tx: &mut Tx,
    case: &Case,
    submission: Submission,
    note: &Note,
) -> Result<RefundId> {
    let refund = NewRefund {
        refund_no: RefundNo::new(ctx.new_uuid()),
        camp_id: case.camp_id,
        member_id: case.member_id,
        payment_id: case.payment_id,
        order_no: case.order_no.clone(),
        submission,
    };
    Ok(refunds::insert(tx, &refund, note).await?)
}

async fn tell_list_ready(ctx: &Context, tx: &mut Tx, camp: &Camp, built: &Built) -> Result<()> {
    if !built.says_something_new() {
        return Ok(());
    }
    let ready = RefundListReady {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
    };
    let notice = Notice {
        content: ready.into(),
        camp_id: Some(camp.id),
        dedupe_key: format!("{}:{}", camp.id, ctx.now().micros()),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Proposes to give back a payment that something is wrong with (its flag), inside the transaction
/// that records it. `None` for a payment without a flag, for one that made a member all the same,
/// and for one that has been proposed before.
pub async fn propose_flagged(
    ctx: &Context,
    tx: &mut Tx,
    payment: PaymentId,
    note: &Note,
) -> Result<Option<RefundId>> {
    let case = refunds::case_of_payment(tx, payment).await?;
    let case = case.ok_or(Error::NotFound)?;
    let kind = case.grounds.kind_of_flag();
    let Some(proposal) = kind.and_then(|kind| case.grounds.propose(kind)) else {
        return Ok(None);
    };
    if refunds::of_payment(tx, payment).await?.is_some() {
        return Ok(None);
    }
    let id = insert(ctx, tx, &case, submission(&case, proposal), note).await?;
    let refund = refunds::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    audit_refund(tx, None, "refund.propose", &refund, json!(null), note.at);
    Ok(Some(id))
}

/// Proposes the refund of a paid order against the judgement, with a reason. Somebody else, or the
/// super admin, approves it.
///
/// # Errors
/// [`Refusal::Duplicate`] if a refund of the order is open or done, [`Refusal::WrongState`] if the
/// order is not paid.
pub async fn propose_manual(
    ctx: &Context,
    actor: &Actor,
    order_no: &str,
    reason: &str,
) -> Result<Refund> {
    let reason = worded("reason", reason)?;
    let (actor, order_no) = (actor.clone(), order_no.to_owned());
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, order_no, reason) = (actor.clone(), order_no.clone(), reason.clone());
        Box::pin(async move { propose_manually(&ctx, tx, &actor, &order_no, reason).await })
    })
    .await
}

async fn propose_manually(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    order_no: &str,
    reason: String,
) -> Result<Refund> {
    let order = payments::by_order_no(tx, order_no).await?;
    let order = order.ok_or(Error::NotFound)?;
    authorize(tx, actor, Action::ProposeRefund, order.camp_id).await?;
    if order.status != OrderStatus::Paid {
        return Err(WrongState::OrderNotPaid.into());
    }
    let case = refunds::case_of_payment(tx, order.id).await?;
    let case = case.ok_or(Error::NotFound)?;
    let proposal = case.grounds.propose(RefundKind::Manual);
    let proposal = proposal.ok_or(WrongState::NothingToRefund)?;
    let submission = Submission {
        reason,
        proposed_by: Some(actor.user_id),
        ..submission(&case, proposal)
    };
    let note = Note::new(actor, submission.reason.clone(), ctx.now());
    match refunds::of_payment(tx, order.id).await? {
        None => insert(ctx, tx, &case, submission, &note).await.map(drop)?,
        Some(refund) if refund.status() == RefundStatus::Rejected => {
            reopen_with(tx, refund, submission, &note).await?;
        }
        Some(refund) => {
            let refund_no = refund.refund_no.to_string();
            return Err(Duplicate::Refund { refund_no }.into());
        }
    }
    let refund = refunds::of_payment(tx, order.id).await?;
    let refund = refund.ok_or(Error::NotFound)?;
    let details = json!({ "reason": refund.reason });
    audit_refund(tx, Some(actor), "refund.propose", &refund, details, note.at);
    Ok(refund)
}

/// True of a manual proposal that this person made, and so may not approve.
pub(super) fn is_own_proposal(refund: &Refund, user: UserId) -> bool {
    refund.proposal.kind == RefundKind::Manual && refund.proposed_by == Some(user)
}
