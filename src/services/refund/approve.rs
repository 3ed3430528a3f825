//! Approving, alone and by the list. An approval refers to a frozen proposal: if the facts have
//! changed since it was shown, it is refused and the proposal shown anew.

use std::collections::{HashMap, HashSet};

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::ledger::Position;
use crate::domain::refund::{self as rules, Appealed, Change, REFUNDABLE_FOR, RefundState};
use crate::domain::staff::Actor;
use crate::domain::{
    Action, CampId, Fen, OrderStatus, PaymentId, RefundFlag, RefundId, RefundStatus, Role,
    Timestamp, UserId,
};
use crate::store::refunds::{Case, CommittedAmount, Refund};
use crate::store::{
    Conn, Lock, Note, Signal, StoreError, StoreResult, Tx, appeals, camps, ledger, refunds,
};

use super::account::check_account;
use super::changed::changes;
use super::proposal::{proposed_now, refresh};
use super::propose::is_own_proposal;
use super::{
    Context, Error, FieldError, Refusal, Result, WrongState, already_decided, audit_refund,
    authorize, decision, in_one_transaction, step,
};

/// Refunds that one request may name.
pub const MAX_BATCH: usize = 2000;
/// Refunds that share a transaction: enough to be quick, few enough that others get their turn.
pub(super) const CHUNK: usize = 50;

/// Why a proposal is shown anew.
const CHANGED: &str = "the facts have changed";

/// A refund that somebody picked, and the proposal they were shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picked {
    pub id: RefundId,
    /// The proposal they saw; `None`: whatever stands now.
    pub hash: Option<String>,
}

/// A refund of a batch that was left out.
#[derive(Debug)]
pub struct Skipped {
    pub id: RefundId,
    pub error: Error,
}

/// The result of approving a batch.
#[derive(Debug, Default)]
pub struct Batch {
    /// Approved, or waiting for the second approver.
    pub approved: Vec<RefundId>,
    pub sum_fen: Fen,
    /// Until when all of it can still be withdrawn.
    pub undo_until: Option<Timestamp>,
    /// Left out, each with its reason.
    pub skipped: Vec<Skipped>,
}

/// The result that approving a batch would have.
#[derive(Debug, Default)]
pub struct DryRun {
    /// Would be approved.
    pub approvable: Vec<RefundId>,
    pub sum_fen: Fen,
    /// Would be left out, each with its reason. A payment too old for WeChat Pay is among them.
    pub skipped: Vec<Skipped>,
}

/// Refunds that somebody picked, with all that an approval of them rests on, read together.
struct Facts {
    refunds: HashMap<RefundId, StoreResult<Refund>>,
    cases: HashMap<PaymentId, Case>,
    committed: Vec<CommittedAmount>,
    positions: HashMap<PaymentId, StoreResult<Position>>,
    /// Payments of which an objection was accepted, each with who did so.
    accepted: HashSet<(PaymentId, UserId)>,
    /// Camps in which the one who picked them may review.
    allowed: HashSet<Option<CampId>>,
}

/// The result of checking whether something may be approved, by this person and now.
enum ApprovalCheck {
    /// Nothing stands against it.
    Ready(Box<Refund>),
    /// The proposal is no longer the one that was shown.
    Changed(Box<Changed>),
    /// It cannot be approved by this person or now.
    Refused(Error),
}

/// A refund of which something has changed since it was shown.
struct Changed {
    refund: Refund,
    case: Case,
    changes: Vec<Change>,
}

/// Approves one refund. Where a second approver is needed, the first approval leaves it waiting.
///
/// # Errors
/// [`Refusal::ProposalChanged`], [`Refusal::AlreadyDecided`], [`Refusal::NeedsSecondApprover`],
/// [`Refusal::WrongState`].
pub async fn approve(
    ctx: &Context,
    actor: &Actor,
    id: RefundId,
    shown_hash: Option<&str>,
) -> Result<Refund> {
    let picked = Picked {
        id,
        hash: shown_hash.map(str::to_owned),
    };
    let actor = actor.clone();
    // A refusal is no error of the transaction: showing a proposal anew has to be kept.
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, picked) = (actor.clone(), picked.clone());
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            let mut facts = Facts::of(tx, std::slice::from_ref(&picked)).await?;
            decide(&ctx, tx, &actor, &mut facts, &picked).await
        })
    })
    .await?
}

/// Approves exactly the given list, each if its own proposal still holds.
///
/// # Errors
/// [`Error::Invalid`] above [`MAX_BATCH`]; what stands against single ones is in the answer.
pub async fn approve_batch(ctx: &Context, actor: &Actor, picked: &[Picked]) -> Result<Batch> {
    check_size(picked.len())?;
    let mut batch = Batch::default();
    for chunk in picked.chunks(CHUNK) {
        let (actor, chunk) = (actor.clone(), chunk.to_vec());
        let decided = in_one_transaction(ctx, move |ctx, tx| {
            let (actor, chunk) = (actor.clone(), chunk.clone());
            Box::pin(async move {
                tx.lock(Lock::Decisions).await?;
                let mut facts = Facts::of(tx, &chunk).await?;
                let mut decided = Vec::with_capacity(chunk.len());
                for picked in &chunk {
                    let outcome = decide(&ctx, tx, &actor, &mut facts, picked).await?;
                    decided.push((picked.id, outcome));
                }
                Ok(decided)
            })
        })
        .await?;
        for (id, outcome) in decided {
            batch.add(id, outcome)?;
        }
    }
    Ok(batch)
}

impl Batch {
    fn add(&mut self, id: RefundId, outcome: Result<Refund>) -> Result<()> {
        match outcome {
            Ok(refund) => {
                self.sum_fen = added(self.sum_fen, &refund)?;
                self.approved.push(id);
                let undo_until = refund.state.undo_until();
                self.undo_until = match (self.undo_until, undo_until) {
                    (Some(earlier), Some(this)) => Some(earlier.min(this)),
                    (earlier, this) => earlier.or(this),
                };
            }
            Err(error) => self.skipped.push(Skipped { id, error }),
        }
        Ok(())
    }
}

/// Tells what approving the given list would do now; writes nothing.
///
/// # Errors
/// As [`approve_batch`].
pub async fn dry_run(ctx: &Context, actor: &Actor, picked: &[Picked]) -> Result<DryRun> {
    check_size(picked.len())?;
    let mut conn = ctx.db.read().await?;
    let mut facts = Facts::of(&mut conn, picked).await?;
    let mut dry = DryRun::default();
    for picked in picked {
        match check(ctx, &mut conn, actor, &mut facts, picked).await? {
            ApprovalCheck::Ready(refund) => {
                dry.sum_fen = added(dry.sum_fen, &refund)?;
                dry.approvable.push(refund.id);
            }
            ApprovalCheck::Changed(changed) => dry.skipped.push(Skipped {
                id: picked.id,
                error: changed.refusal().into(),
            }),
            ApprovalCheck::Refused(error) => dry.skipped.push(Skipped {
                id: picked.id,
                error,
            }),
        }
    }
    Ok(dry)
}

/// Shows those of the given refunds anew that have changed and still wait, for somebody who was told so
/// by a dry run: what they look at next is as the facts are.
///
/// # Errors
/// As [`approve_batch`].
pub async fn show_anew(ctx: &Context, actor: &Actor, picked: &[Picked]) -> Result<()> {
    check_size(picked.len())?;
    for chunk in picked.chunks(CHUNK) {
        let (actor, chunk) = (actor.clone(), chunk.to_vec());
        in_one_transaction(ctx, move |ctx, tx| {
            let (actor, chunk) = (actor.clone(), chunk.clone());
            Box::pin(async move {
                tx.lock(Lock::Decisions).await?;
                let mut facts = Facts::of(tx, &chunk).await?;
                let note = Note::new(&actor, CHANGED, ctx.now());
                for picked in &chunk {
                    let checked = check(&ctx, tx, &actor, &mut facts, picked).await?;
                    if let ApprovalCheck::Changed(changed) = checked {
                        let Changed { refund, case, .. } = *changed;
                        refresh(tx, refund, &case, &note).await?;
                    }
                }
                Ok(())
            })
        })
        .await?;
    }
    Ok(())
}

pub(super) fn check_size(picked: usize) -> Result<()> {
    if picked > MAX_BATCH {
        return Err(Error::invalid(
            "ids",
            FieldError::TooMany { max: MAX_BATCH },
        ));
    }
    Ok(())
}

fn added(sum: Fen, refund: &Refund) -> Result<Fen> {
    let sum = sum.checked_add(refund.proposal.amount_fen);
    sum.map_err(|error| Error::Invariant(error.to_string()))
}

impl Changed {
    fn refusal(self) -> Refusal {
        Refusal::ProposalChanged {
            changes: self.changes,
        }
    }
}

impl Facts {
    async fn of(conn: &mut Conn, picked: &[Picked]) -> Result<Self> {
        let ids: Vec<RefundId> = picked.iter().map(|picked| picked.id).collect();
        let refunds = refunds::by_ids(conn, &ids).await?;
        let readable = refunds.values().flatten();
        let payments: Vec<PaymentId> = readable.map(|refund| refund.payment_id).collect();
        Ok(Self {
            cases: refunds::cases_of_payments(conn, &payments).await?,
            committed: refunds::committed_amounts(conn, &payments).await?,
            positions: ledger::positions(conn, &payments).await?,
            accepted: appeals::accepted_by(conn, &payments).await?,
            refunds,
            allowed: HashSet::new(),
        })
    }

    /// A refund, if `actor` may review it.
    async fn find(&mut self, conn: &mut Conn, actor: &Actor, id: RefundId) -> Result<Refund> {
        let refund = match self.refunds.get(&id).ok_or(Error::NotFound)? {
            Ok(refund) => refund.clone(),
            // Says which row it is and what does not fit; read again, since it is said once.
            Err(_) => refunds::by_id(conn, id).await?.ok_or(Error::NotFound)?,
        };
        if !self.allowed.contains(&refund.camp_id) {
            authorize(conn, actor, Action::ReviewRefunds, refund.camp_id).await?;
            self.allowed.insert(refund.camp_id);
        }
        Ok(refund)
    }

    /// The money of its payment that is here and free.
    fn free(&self, refund: &Refund) -> Option<Fen> {
        match self.positions.get(&refund.payment_id) {
            Some(Ok(position)) => Some(position.free()),
            // Its books contradict each other: it is refused, and the audit names it.
            Some(Err(_)) => None,
            // A payment without transfers has nothing to give.
            None => Some(Fen::ZERO),
        }
    }

    /// What a refund rests on.
    async fn case(&self, conn: &mut Conn, payment: PaymentId) -> StoreResult<Option<Case>> {
        match self.cases.get(&payment) {
            Some(case) => Ok(Some(case.clone())),
            // Read alone it says which row it is and what does not fit.
            None => refunds::case_of_payment(conn, payment).await,
        }
    }

    /// The sum that is committed to the other refunds of its payment.
    fn committed_beside(&self, refund: &Refund) -> Result<Fen> {
        let others = self
            .committed
            .iter()
            .filter(|other| other.payment_id == refund.payment_id && other.refund_id != refund.id);
        Fen::sum(others.map(|other| other.amount_fen))
            .map_err(|error| Error::Invariant(error.to_string()))
    }
}

/// Approves one refund inside a transaction. The outer error undoes the transaction, the inner
/// one does not.
async fn decide(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    facts: &mut Facts,
    picked: &Picked,
) -> Result<Result<Refund>> {
    match check(ctx, tx, actor, facts, picked).await? {
        ApprovalCheck::Refused(error) => Ok(Err(error)),
        ApprovalCheck::Changed(changed) => {
            let note = Note::new(actor, CHANGED, ctx.now());
            refresh(tx, changed.refund.clone(), &changed.case, &note).await?;
            // Here and below: the list may name it twice.
            let anew = refunds::by_id(tx, picked.id).await?;
            facts
                .refunds
                .extend(anew.map(|refund| (refund.id, Ok(refund))));
            Ok(Err(changed.refusal().into()))
        }
        ApprovalCheck::Ready(refund) => {
            let granted = grant(ctx, tx, actor, *refund).await?;
            facts.refunds.insert(granted.id, Ok(granted.clone()));
            Ok(Ok(granted))
        }
    }
}

async fn grant(ctx: &Context, tx: &mut Tx, actor: &Actor, refund: Refund) -> Result<Refund> {
    let now = ctx.now();
    let settings = &ctx.settings;
    let is_first = refund.status() == RefundStatus::Pending;
    let amount = refund.proposal.amount_fen;
    let needs_another =
        is_first && rules::needs_second_approver(amount, settings.second_approver_over_fen);
    let (by, note) = (decision(actor, now), Note::new(actor, "approved", now));
    let refund = if needs_another {
        step(tx, refund, |state| state.approve_first(by), &note).await?
    } else {
        let undo_window = TimeDelta::seconds(i64::from(settings.undo_seconds));
        let undo_until = now.plus(undo_window);
        step(tx, refund, |state| state.approve(by, undo_until), &note).await?
    };
    let details = json!({ "status": refund.status() });
    audit_refund(tx, Some(actor), "refund.approve", &refund, details, now);
    if !needs_another {
        tx.wake(Signal::Refunds);
    }
    Ok(refund)
}

/// Checks whether `actor` may approve what they picked, now. The outer error is one of the store.
async fn check(
    ctx: &Context,
    conn: &mut Conn,
    actor: &Actor,
    facts: &mut Facts,
    picked: &Picked,
) -> Result<ApprovalCheck> {
    let refund = match facts.find(conn, actor, picked.id).await {
        Ok(refund) => refund,
        Err(
            error @ (Error::NotFound
            | Error::Forbidden(_)
            | Error::Store(StoreError::Inconsistent { .. })),
        ) => return Ok(ApprovalCheck::Refused(error)),
        Err(error) => return Err(error),
    };
    let is_withdrawn = refund.was_withdrawn_by_system();
    if !is_withdrawn && let Some(refusal) = check_approver(conn, actor, facts, &refund).await? {
        return Ok(ApprovalCheck::Refused(refusal.into()));
    }
    let case = match facts.case(conn, refund.payment_id).await {
        Ok(Some(case)) => case,
        Ok(None) => return Ok(ApprovalCheck::Refused(Error::NotFound)),
        Err(error @ StoreError::Inconsistent { .. }) => {
            return Ok(ApprovalCheck::Refused(error.into()));
        }
        Err(error) => return Err(error.into()),
    };
    if is_withdrawn {
        // Nobody has decided it: whoever comes with what was shown learns what has changed since.
        let changes = changes(conn, picked.hash.as_deref(), &refund, &case).await?;
        let refusal = Refusal::ProposalChanged { changes };
        return Ok(ApprovalCheck::Refused(refusal.into()));
    }
    if case.grounds.appealed == Appealed::Open {
        return Ok(ApprovalCheck::Refused(WrongState::AppealOpen.into()));
    }
    let holds = proposed_now(&refund, &case.grounds).as_ref() == Some(&refund.proposal);
    let was_shown = picked
        .hash
        .as_ref()
        .is_none_or(|hash| *hash == refund.proposal_hash);
    if !holds || !was_shown {
        let changes = changes(conn, picked.hash.as_deref(), &refund, &case).await?;
        let changed = Changed {
            refund,
            case,
            changes,
        };
        return Ok(ApprovalCheck::Changed(Box::new(changed)));
    }
    let committed = facts.committed_beside(&refund)?;
    if let Some(refusal) = check_money(ctx, &refund, &case, committed) {
        return Ok(ApprovalCheck::Refused(refusal.into()));
    }
    if facts
        .free(&refund)
        .is_none_or(|free| free < refund.proposal.amount_fen)
    {
        return Ok(ApprovalCheck::Refused(WrongState::NothingToRefund.into()));
    }
    if let Some(refusal) = check_account(conn, &refund).await? {
        return Ok(ApprovalCheck::Refused(refusal.into()));
    }
    Ok(ApprovalCheck::Ready(Box::new(refund)))
}

/// The refusal of a person who cannot approve it.
async fn check_approver(
    conn: &mut Conn,
    actor: &Actor,
    facts: &Facts,
    refund: &Refund,
) -> Result<Option<Refusal>> {
    match &refund.state {
        RefundState::Pending => {}
        RefundState::AwaitingSecond { first } => {
            if first.by == actor.user_id || both_lead(conn, refund, first.by, actor).await? {
                return Ok(Some(Refusal::NeedsSecondApprover));
            }
        }
        _ => return Ok(Some(already_decided(refund))),
    }
    // Who finds that a member is right to object never lets the money go as well, whatever refund of
    // it that is.
    let found_right = facts.accepted.contains(&(refund.payment_id, actor.user_id));
    let is_appealed = refund.proposal.flags.contains(&RefundFlag::Appealed);
    let own =
        is_own_proposal(refund, actor.user_id) && (is_appealed || actor.role != Role::SuperAdmin);
    Ok((own || found_right).then_some(Refusal::NeedsSecondApprover))
}

/// True if both approvers are staff of the camp itself: one of the two must come from outside.
async fn both_lead(
    conn: &mut Conn,
    refund: &Refund,
    first: UserId,
    second: &Actor,
) -> Result<bool> {
    let Some(camp) = refund.camp_id else {
        return Ok(false);
    };
    Ok(camps::is_staffed_by(conn, camp, first).await?
        && camps::is_staffed_by(conn, camp, second.user_id).await?)
}

/// The refusal of money that cannot go back now.
fn check_money(ctx: &Context, refund: &Refund, case: &Case, committed: Fen) -> Option<Refusal> {
    if case.order_status != OrderStatus::Paid {
        return Some(WrongState::OrderNotPaid.into());
    }
    let too_old = case
        .paid_at
        .is_none_or(|paid_at| paid_at.plus(REFUNDABLE_FOR) <= ctx.now());
    if too_old {
        return Some(WrongState::PaidTooLongAgo.into());
    }
    let within = rules::check_within_paid(case.grounds.paid, committed, refund.proposal.amount_fen);
    within.err().map(|exceeds| {
        WrongState::ExceedsPaid {
            paid_fen: exceeds.paid,
            committed_fen: exceeds.committed,
        }
        .into()
    })
}
