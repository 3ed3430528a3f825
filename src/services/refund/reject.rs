//! Saying no, and taking the no back.

use serde_json::json;

use crate::domain::message::RefundRejected;
use crate::domain::staff::Actor;
use crate::domain::{Action, RefundFlag, RefundId, RefundKind, RefundStatus, Timestamp};
use crate::services::notify::{Notice, tell_payer};
use crate::store::refunds::{Refund, Submission};
use crate::store::{Lock, Note, StoreError, Tx, appeals, camps, payments, refunds};

use super::approve::{CHUNK, MAX_BATCH, Skipped};
use super::close::reopen_settled;
use super::proposal::{proposed_now, reopen_with, submission};
use super::{
    Context, Error, FieldError, Result, WrongState, already_decided, audit_refund, decision,
    in_one_transaction, load, step, worded,
};

/// The result of rejecting a batch.
#[derive(Debug, Default)]
pub struct Rejected {
    /// Rejected now.
    pub rejected: Vec<RefundId>,
    /// Left out, each with its reason.
    pub skipped: Vec<Skipped>,
}

/// Rejects one refund with a reason.
///
/// # Errors
/// `Refusal::AlreadyDecided` for what does not wait for a decision.
pub async fn reject(ctx: &Context, actor: &Actor, id: RefundId, reason: &str) -> Result<Refund> {
    let reason = worded("reason", reason)?;
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, reason) = (actor.clone(), reason.clone());
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            reject_one(&ctx, tx, &actor, id, &reason).await
        })
    })
    .await
}

/// Rejects each of the given refunds that still waits.
///
/// # Errors
/// [`Error::Invalid`] without a reason or above [`MAX_BATCH`].
pub async fn reject_batch(
    ctx: &Context,
    actor: &Actor,
    ids: &[RefundId],
    reason: &str,
) -> Result<Rejected> {
    let reason = worded("reason", reason)?;
    if ids.len() > MAX_BATCH {
        return Err(Error::invalid(
            "ids",
            FieldError::TooMany { max: MAX_BATCH },
        ));
    }
    let mut done = Rejected::default();
    for chunk in ids.chunks(CHUNK) {
        let (actor, chunk, reason) = (actor.clone(), chunk.to_vec(), reason.clone());
        let decided = in_one_transaction(ctx, move |ctx, tx| {
            let (actor, chunk, reason) = (actor.clone(), chunk.clone(), reason.clone());
            Box::pin(async move {
                tx.lock(Lock::Decisions).await?;
                reject_each(&ctx, tx, &actor, &chunk, &reason).await
            })
        })
        .await?;
        done.rejected.extend(decided.rejected);
        done.skipped.extend(decided.skipped);
    }
    Ok(done)
}

/// Rejects what still waits; the others are skipped before anything is written of them.
async fn reject_each(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    ids: &[RefundId],
    reason: &str,
) -> Result<Rejected> {
    let mut done = Rejected::default();
    for &id in ids {
        match reject_one(ctx, tx, actor, id, reason).await {
            Ok(_) => done.rejected.push(id),
            Err(
                error @ (Error::NotFound
                | Error::Forbidden(_)
                | Error::Refused(_)
                // A row that cannot be read holds up nobody else.
                | Error::Store(StoreError::Inconsistent { .. })),
            ) => {
                done.skipped.push(Skipped { id, error });
            }
            Err(error) => return Err(error),
        }
    }
    Ok(done)
}

async fn reject_one(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    id: RefundId,
    reason: &str,
) -> Result<Refund> {
    let now = ctx.now();
    let refund = load(tx, actor, Action::ReviewRefunds, id).await?;
    if !matches!(
        refund.status(),
        RefundStatus::Pending | RefundStatus::AwaitingSecond
    ) {
        return Err(already_decided(&refund).into());
    }
    if appeals::is_open(tx, refund.payment_id).await? {
        return Err(WrongState::AppealOpen.into());
    }
    let by = decision(actor, now);
    let note = Note::new(actor, reason, now);
    let refund = step(tx, refund, |state| state.reject(Some(by)), &note).await?;
    if refund.proposal.kind == RefundKind::Manual {
        refunds::set_rejected_before(tx, id, Some(reason)).await?;
    }
    let details = json!({ "reason": reason });
    audit_refund(tx, Some(actor), "refund.reject", &refund, details, now);
    tell_rejected(ctx, tx, &refund, reason, now).await?;
    Ok(refund)
}

/// Tells the payer of a deposit why it does not go back, and whoever was told that they were right to
/// object that somebody else has said no.
async fn tell_rejected(
    ctx: &Context,
    tx: &mut Tx,
    refund: &Refund,
    reason: &str,
    now: Timestamp,
) -> Result<()> {
    let proposal = &refund.proposal;
    if proposal.kind != RefundKind::Deposit && !proposal.flags.contains(&RefundFlag::Appealed) {
        return Ok(());
    }
    let payment = payments::by_id(tx, refund.payment_id).await?;
    let Some(payer) = payment.and_then(|payment| payment.wecom_userid) else {
        return Ok(());
    };
    let rejected = RefundRejected {
        camp_name: camps::name(tx, refund.camp_id).await?,
        amount: proposal.amount_fen,
        reason: reason.to_owned(),
    };
    let notice = Notice {
        content: rejected.into(),
        camp_id: refund.camp_id,
        dedupe_key: format!("{}:{}", refund.refund_no, now.micros()),
    };
    tell_payer(tx, &ctx.settings, Some(&payer), &notice, now).await
}

/// Makes a refund that was rejected, or settled outside by somebody else, pending again, with the
/// facts of this moment. Only a settlement takes a reason to be taken back.
///
/// # Errors
/// `Refusal::WrongState` for everything else, and where the facts support a rejected one no more.
pub async fn reopen(
    ctx: &Context,
    actor: &Actor,
    id: RefundId,
    reason: Option<&str>,
) -> Result<Refund> {
    let reason = reason.map(|reason| worded("reason", reason)).transpose()?;
    let actor = actor.clone();
    in_one_transaction(ctx, move |ctx, tx| {
        let (actor, reason) = (actor.clone(), reason.clone());
        Box::pin(async move {
            // What is kept of it may be moving at this moment.
            tx.lock(Lock::Decisions).await?;
            let refund = load(tx, &actor, Action::ReviewRefunds, id).await?;
            match (refund.status(), reason.as_deref()) {
                (RefundStatus::Rejected, reason) => {
                    let reason = reason.unwrap_or("reopened");
                    reopen_rejected(&ctx, tx, &actor, refund, reason).await?;
                }
                (RefundStatus::Closed, Some(reason)) => {
                    reopen_settled(&ctx, tx, &actor, refund, reason).await?;
                }
                (RefundStatus::Closed, None) => {
                    return Err(Error::invalid("reason", FieldError::Missing));
                }
                (status, _) => return Err(WrongState::NotRejected { status }.into()),
            }
            let refund = refunds::by_id(tx, id).await?.ok_or(Error::NotFound)?;
            let details = json!({ "reason": reason });
            audit_refund(
                tx,
                Some(&actor),
                "refund.reopen",
                &refund,
                details,
                ctx.now(),
            );
            Ok(refund)
        })
    })
    .await
}

async fn reopen_rejected(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    refund: Refund,
    reason: &str,
) -> Result<()> {
    if refund.proposal.kind == RefundKind::Manual {
        refunds::set_rejected_before(tx, refund.id, None).await?;
    }
    let case = refunds::case_of_payment(tx, refund.payment_id).await?;
    let case = case.ok_or(Error::NotFound)?;
    let proposal = proposed_now(&refund, &case.grounds).ok_or(WrongState::NotEligible)?;
    let submission = Submission {
        proposed_by: refund.proposed_by,
        ..submission(&case, proposal)
    };
    let note = Note::new(actor, reason, ctx.now());
    reopen_with(tx, refund, submission, &note).await
}
