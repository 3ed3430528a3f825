//! One proposal: made, shown anew when its facts have changed, and ended when its payment was
//! decided otherwise.

use crate::domain::ledger::Account;
use crate::domain::refund::{Decision, Grounds, Proposal, RefundState};
use crate::domain::{PaymentId, RefundId, RefundNo, RefundStatus};
use crate::services::books::{self, Owner};
use crate::store::refunds::{Case, NewRefund, Refund, Submission};
use crate::store::{Note, Tx, payments, refunds};

use super::{Context, Result, already_decided, step};

/// The operator of what happens by itself.
pub(super) const OPERATOR: &str = "refund_list";

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

pub(super) async fn insert(
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
    // First, so that books which cannot be read hold up nothing but this one.
    let owner = Owner {
        camp: case.camp_id,
        id: case.payment_id,
        refund: None,
    };
    take_back_kept(tx, owner, note).await?;
    Ok(refunds::insert(tx, &refund, note).await?)
}

pub(super) fn submission(case: &Case, proposal: Proposal) -> Submission {
    Submission {
        provenance: case.grounds.provenance(proposal.kind),
        proposal,
        eligible: case.grounds.judgement().is_eligible(),
        proposed_by: None,
    }
}

/// Compares an undecided refund with the facts of this moment. If they have changed it is shown
/// anew, pending; if they support it no more it is taken back. Answers what it proposes now.
pub(super) async fn refresh(
    tx: &mut Tx,
    refund: Refund,
    case: &Case,
    note: &Note,
) -> Result<(Freshness, Option<Proposal>)> {
    match proposed_now(&refund, &case.grounds) {
        Some(proposal) if proposal == refund.proposal => {
            let provenance = case.grounds.provenance(proposal.kind);
            if provenance != refund.provenance {
                refunds::set_provenance(tx, &refund, &provenance).await?;
            }
            Ok((Freshness::Same, Some(proposal)))
        }
        Some(proposal) => {
            let submission = Submission {
                proposed_by: refund.proposed_by,
                ..submission(case, proposal.clone())
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

/// The proposal that the facts of this moment support in the place of a refund's; none if they do not.
pub(super) fn proposed_now(refund: &Refund, grounds: &Grounds) -> Option<Proposal> {
    let proposal = grounds.propose(refund.proposal.kind)?;
    Some(proposal.because(&refund.proposal.reason))
}

/// A rejected refund becomes pending with another proposal. What was kept of it is here again.
pub(super) async fn reopen_with(
    tx: &mut Tx,
    refund: Refund,
    submission: Submission,
    note: &Note,
) -> Result<()> {
    take_back_kept(tx, Owner::of(&refund), note).await?;
    let refund = step(tx, refund, RefundState::reopen, note).await?;
    refunds::set_proposal(tx, &refund, &submission, note.at).await?;
    Ok(())
}

/// The system's own rejection, which no person's name stands under.
async fn withdraw_unsupported(tx: &mut Tx, refund: Refund, note: &Note) -> Result<Refund> {
    let note = Note::new(OPERATOR, "the facts have changed", note.at);
    step(tx, refund, |state| state.reject(None), &note).await
}

/// Brings back what was kept of a payment that is proposed again, and its place with it.
async fn take_back_kept(tx: &mut Tx, owner: Owner, note: &Note) -> Result<()> {
    if books::take_back(tx, owner, &[Account::Kept], note.at).await? > 0 {
        payments::hold_place_again(tx, owner.id);
    }
    Ok(())
}

/// Ends what waits for a decision about a payment, since the payment itself was decided. Without
/// `by` it counts as taken back, and not as a no.
///
/// # Errors
/// `Refusal::AlreadyDecided` for a refund that is on its way, or closed.
pub(in crate::services) async fn end_proposal(
    tx: &mut Tx,
    payment: PaymentId,
    by: Option<Decision>,
    note: &Note,
) -> Result<()> {
    let Some(refund) = refunds::of_payment(tx, payment).await? else {
        return Ok(());
    };
    match refund.status() {
        RefundStatus::Rejected => Ok(()),
        RefundStatus::Pending | RefundStatus::AwaitingSecond => {
            step(tx, refund, |state| state.reject(by), note)
                .await
                .map(drop)
        }
        _ => Err(already_decided(&refund).into()),
    }
}
