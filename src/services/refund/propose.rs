//! Proposing: the refund list of an ended camp, payments that something is wrong with, and what
//! a person proposes against the judgement.

use std::collections::HashMap;

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::json;

use crate::domain::eligibility::Days;
use crate::domain::message::{ListWaits, NobodyQualifies, RefundListReady, VerdictGiven};
use crate::domain::staff::Actor;
use crate::domain::{
    Action, CampId, CampStatus, Fen, Machine as _, MatchStatus, Message, OrderStatus, PaymentId,
    RefundId, RefundKind, RefundStatus, Timestamp, UserId,
};
use crate::services::by_camp::FailedCamps;
use crate::services::notify::{Notice, tell_deciders, tell_payer};
use crate::services::rows::log;
use crate::store::camps::Camp;
use crate::store::refunds::{Case, Refund, Submission};
use crate::store::{
    Lock, Note, Operator, Rows, StoreError, StoreResult, Tx, audit, camps, outbox, payments,
    refunds,
};

use super::proposal::{Freshness, OPERATOR, insert, refresh, reopen_with, submission};
use super::{
    Context, Duplicate, Error, Refusal, Result, WrongState, audit_refund, authorize,
    in_one_transaction, worded,
};

/// People get one digest of a camp in so long, however often its list changes.
const BETWEEN_DIGESTS: TimeDelta = TimeDelta::minutes(5);

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
    /// Members of whom nothing is known yet as of the end of their own terms.
    pub waiting: i64,
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

/// Builds the refund list of an ended camp, or brings the pending part of it up to date; what was
/// decided stays as it is. Each member is judged by their own terms: who cannot be judged yet waits,
/// and holds up nobody else. An `actor` needs the right to review the camp's refunds; the clock has
/// none to show.
///
/// # Errors
/// [`Refusal::WrongState`] before the end of the camp, and while nobody can be judged.
pub async fn build_list(ctx: &Context, actor: Option<&Actor>, camp: CampId) -> Result<Built> {
    let actor = actor.cloned();
    in_one_transaction(ctx, move |ctx, tx| {
        let actor = actor.clone();
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            build(&ctx, tx, actor.as_ref(), camp).await
        })
    })
    .await
}

/// The counts of one run of the job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Lists {
    /// Camps whose list was built.
    pub built: usize,
    /// Camps that have ended, and of whose members nobody can be judged yet.
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
            Err(Error::Refused(Refusal::WrongState(_))) => {
                lists.waiting += 1;
                let told = tell_list_waits(ctx, &camp).await;
                failed.unless(camp.id, told);
            }
            built => lists.built += usize::from(failed.unless(camp.id, built).is_some()),
        }
    }
    failed.end(lists)
}

pub(super) async fn build(
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
    let mut built = Built {
        unreadable: unreadable(&bad),
        ..Built::default()
    };
    let operator = actor.map_or_else(|| OPERATOR.into(), Operator::from);
    let note = Note::new(operator, "refund list", ctx.now());
    let existing = refunds::of_camp(tx, camp_id).await?;
    let mut existing: HashMap<PaymentId, StoreResult<Refund>> = existing.into_iter().collect();
    for case in &cases {
        let refund = match existing.remove(&case.payment_id).transpose() {
            Ok(refund) => refund,
            Err(error @ StoreError::Inconsistent { .. }) => {
                built.unreadable += unreadable(&[error]);
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        match bring_up_to_date(ctx, tx, case, refund, &mut built, &note).await {
            // The books of one payment cannot be read: the audit names it.
            Err(Error::Store(error @ StoreError::Inconsistent { .. })) => {
                built.unreadable += unreadable(&[error]);
            }
            done => done?,
        }
    }
    let is_first = camp.status == CampStatus::Ended;
    if is_first {
        refuse_unless_judged(&cases, &built)?;
        let change = camp.status.to(CampStatus::Settling)?;
        camps::advance(tx, camp_id, change, &note).await?;
    }
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
    if built.says_something_new() {
        tell_list_ready(ctx, tx, &camp).await?;
    }
    if built.not_eligible > 0 && built.not_eligible == count(cases.len()) {
        tell_nobody_qualifies(ctx, tx, &camp, built.not_eligible).await?;
    }
    Ok(built)
}

/// Counts rows that fit no state, and names each in the log.
fn unreadable(bad: &[StoreError]) -> i64 {
    log(bad);
    count(bad.len())
}

/// A list of which nobody is known yet is none: the camp stays where it is.
fn refuse_unless_judged(cases: &[Case], built: &Built) -> Result<()> {
    let is_any_judged = cases.iter().any(|case| case.grounds.is_judged());
    if is_any_judged || built.waiting == 0 {
        Ok(())
    } else {
        Err(WrongState::NoFinalSync.into())
    }
}

fn count(of: usize) -> i64 {
    i64::try_from(of).unwrap_or(i64::MAX)
}

async fn bring_up_to_date(
    ctx: &Context,
    tx: &mut Tx,
    case: &Case,
    refund: Option<Refund>,
    built: &mut Built,
    note: &Note,
) -> Result<()> {
    give_verdict(ctx, tx, case, note).await?;
    let pending = match refund {
        None if case.order_status == OrderStatus::Paid && !case.grounds.went_back() => {
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
        Some(refund) if refund.leaves_deposit_open() && !case.grounds.went_back() => {
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
            let counter = if case.grounds.is_judged() {
                &mut built.not_eligible
            } else {
                &mut built.waiting
            };
            *counter += 1;
            Ok(())
        }
    }
}

const fn is_open(status: RefundStatus) -> bool {
    matches!(status, RefundStatus::Pending | RefundStatus::AwaitingSecond)
}

/// Keeps since when a member is told that their days do not suffice: their time to object is counted
/// from it. Once they do suffice, it begins anew.
async fn give_verdict(ctx: &Context, tx: &mut Tx, case: &Case, note: &Note) -> Result<()> {
    let claimant = case.grounds.claimant.as_ref();
    let is_known = claimant.is_some_and(|it| it.match_status == MatchStatus::Matched);
    if !is_known || !case.grounds.is_judged() {
        return Ok(());
    }
    match (case.grounds.judgement().is_eligible(), case.refused_at) {
        (false, None) => {
            payments::set_refused(tx, case.payment_id, Some(note.at));
            tell_verdict(ctx, tx, case, note.at).await?;
        }
        (true, Some(_)) => payments::set_refused(tx, case.payment_id, None),
        _ => {}
    }
    Ok(())
}

/// Tells a member that their days do not suffice, and until when they can object.
async fn tell_verdict(ctx: &Context, tx: &mut Tx, case: &Case, now: Timestamp) -> Result<()> {
    let Some(terms) = &case.grounds.terms else {
        return Ok(());
    };
    let hours = TimeDelta::hours(ctx.settings.promise.appeal_hours.into());
    let verdict = VerdictGiven {
        camp_name: case.camp_name.clone(),
        days: Days::of(case.grounds.checked_in_days(), terms),
        until: now.plus(hours),
    };
    let notice = Notice {
        content: verdict.into(),
        camp_id: case.camp_id,
        dedupe_key: format!("{}:{}", case.order_no, now.micros()),
    };
    tell_payer(
        tx,
        &ctx.settings,
        case.wecom_userid.as_deref(),
        &notice,
        now,
    )
    .await
}

/// Has the digest of a camp sent, which is drawn by how things stand then. One that is still to be
/// sent is enough, and one that was sent just now is not followed by another at once: matching thirty
/// members is one matter.
pub(super) async fn tell_list_ready(ctx: &Context, tx: &mut Tx, camp: &Camp) -> Result<()> {
    let ready = Message::from(RefundListReady {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
    });
    let mut send_at = ctx.now();
    if let Some(last) = outbox::last_of_camp(tx, ready.kind(), camp.id).await? {
        if last.is_pending {
            return Ok(());
        }
        send_at = send_at.max(last.send_at.plus(BETWEEN_DIGESTS));
    }
    let notice = Notice {
        content: ready,
        camp_id: Some(camp.id),
        dedupe_key: format!("{}:{}", camp.id, send_at.micros()),
    };
    tell_deciders(tx, &ctx.settings, &notice, send_at).await
}

/// Nobody gets anything back: that may be so, and more likely the project is not the right one. Told
/// once.
async fn tell_nobody_qualifies(
    ctx: &Context,
    tx: &mut Tx,
    camp: &Camp,
    members: i64,
) -> Result<()> {
    let nobody = NobodyQualifies {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        members,
    };
    let notice = Notice {
        content: nobody.into(),
        camp_id: Some(camp.id),
        dedupe_key: camp.id.to_string(),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Tells once that a camp has ended and that its list cannot be built, since nobody can be judged.
async fn tell_list_waits(ctx: &Context, camp: &Camp) -> Result<()> {
    let waits = ListWaits {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        has_project: camp.planet_project_id.is_some(),
    };
    let notice = Notice {
        content: waits.into(),
        camp_id: Some(camp.id),
        dedupe_key: camp.id.to_string(),
    };
    let given = (ctx.clone(), notice);
    ctx.transact(given, |tx, (ctx, notice)| {
        Box::pin(tell_deciders(tx, &ctx.settings, notice, ctx.now()))
    })
    .await
}

/// Brings the refunds of some members of a settling camp up to date in the transaction that changed
/// what they rest on: a match made by hand brings its proposal in the same breath, and settles whose
/// account it is for the others who claim it. Before the list is built there is nothing to do.
pub(in crate::services) async fn follow(
    ctx: &Context,
    tx: &mut Tx,
    camp_id: CampId,
    payments: &[PaymentId],
    note: &Note,
) -> Result<()> {
    let camp = camps::by_id(tx, camp_id).await?;
    let Some(camp) = camp.filter(|camp| camp.status == CampStatus::Settling) else {
        return Ok(());
    };
    let cases = refunds::cases_of_payments(tx, payments).await?;
    let mut built = Built::default();
    // One that cannot be read is named when the whole list is built.
    for case in cases.values() {
        match refunds::of_payment(tx, case.payment_id).await {
            Ok(refund) => match bring_up_to_date(ctx, tx, case, refund, &mut built, note).await {
                Err(Error::Store(StoreError::Inconsistent { .. })) => {}
                done => done?,
            },
            Err(StoreError::Inconsistent { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    if built.says_something_new() {
        tell_list_ready(ctx, tx, &camp).await?;
    }
    Ok(())
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
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            propose_manually(&ctx, tx, &actor, &order_no, reason).await
        })
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
    propose_case(ctx, tx, actor, &case, &reason).await
}

/// Proposes what is left of a paid order against the judgement, for who may. What stands against it
/// is said before anything is written.
pub(super) async fn propose_case(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    case: &Case,
    reason: &str,
) -> Result<Refund> {
    if case.order_status != OrderStatus::Paid {
        return Err(WrongState::OrderNotPaid.into());
    }
    let proposal = case.grounds.propose(RefundKind::Manual);
    let proposal = proposal.ok_or(WrongState::NothingToRefund)?;
    let submission = Submission {
        proposed_by: Some(actor.user_id),
        ..submission(case, proposal.because(reason))
    };
    let note = Note::new(actor, reason, ctx.now());
    match refunds::of_payment(tx, case.payment_id).await? {
        None => insert(ctx, tx, case, submission, &note).await.map(drop)?,
        Some(refund) if refund.status() == RefundStatus::Rejected => {
            reopen_with(tx, refund, submission, &note).await?;
        }
        Some(refund) => {
            let refund_no = refund.refund_no.to_string();
            return Err(Duplicate::Refund { refund_no }.into());
        }
    }
    let refund = refunds::of_payment(tx, case.payment_id).await?;
    let refund = refund.ok_or(Error::NotFound)?;
    let details = json!({ "reason": refund.proposal.reason });
    audit_refund(tx, Some(actor), "refund.propose", &refund, details, note.at);
    Ok(refund)
}

/// Proposes the refund of a payment whose member was right to object, in the transaction that says
/// so; the right of `actor` was asked there. What waits for a decision already is left to wait.
/// Another person decides about it.
pub(in crate::services) async fn propose_appealed(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    payment: PaymentId,
    reason: &str,
) -> Result<()> {
    let waiting = refunds::of_payment(tx, payment).await?;
    if waiting.is_some_and(|refund| is_open(refund.status())) {
        return Ok(());
    }
    let case = refunds::case_of_payment(tx, payment).await?;
    let case = case.ok_or(Error::NotFound)?;
    propose_case(ctx, tx, actor, &case, reason).await.map(drop)
}

/// True of a manual proposal that this person made, and so may not approve.
pub(super) fn is_own_proposal(refund: &Refund, user: UserId) -> bool {
    refund.proposal.kind == RefundKind::Manual && refund.proposed_by == Some(user)
}
