//! Refunds: proposed from frozen facts, decided by people, carried out exactly once.
//!
//! Every verb here is one transaction that writes state, log, audit and outbox together, guarded
//! by what it saw; who comes second learns who was first. Only [`run_due`] calls WeChat Pay, and
//! never with a transaction open. It does not know cards or requests.

mod account;
mod approve;
mod changed;
mod choose;
mod close;
mod hold;
mod lease;
mod list;
mod outcome;
mod proposal;
mod propose;
mod reject;
mod report;
mod retry;
pub mod review;
mod send;
mod stuck;
mod undo;
mod waive_posts;
mod what_if;

use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::domain::refund::{Change, Decision, Difference, Moved, RefundState};
use crate::domain::shown_name::shown_name;
use crate::domain::staff::Actor;
use crate::domain::{
    Action, BadMove, CampId, Machine as _, OrderStatus, PaymentId, RefundId, Timestamp,
};
use crate::store::refunds::Refund;
use crate::store::{Conn, Note, Tx, audit, payments, refunds};

use super::books;
use super::rows::readable_one;
use super::transact::again_if_overtaken;
use super::{
    Context, Duplicate, Error, FieldError, Refusal, Result, WrongState, require, require_anywhere,
};

pub use approve::{
    Batch, DryRun, MAX_BATCH, Picked, Skipped, approve, approve_batch, dry_run, show_anew,
};
pub use choose::{Chosen, choose};
pub use close::{Closing, close, close_payment};
pub(super) use list::seen_by;
pub use list::{Detail, Evidence, Failure, Outcomes, one, outcomes, page};
pub use outcome::{PaymentOutcome, outcome_of_payment};
pub(super) use proposal::end_proposal;
pub use propose::{
    Built, Lists, Tally, build_due_lists, build_list, propose_flagged, propose_manual,
};
pub(super) use propose::{follow, propose_appealed};
pub use reject::{Rejected, reject, reject_batch, reopen};
pub use report::{Applied, apply_gateway_refund, apply_refund_notice};
pub use retry::{Failures, Retried, failures, retry, retry_all, retry_batch};
pub use review::clear_of;
pub use send::{NOTIFIED_AT, Summary, run_due};
pub use undo::undo;
pub use waive_posts::waive_posts;
pub use what_if::{Flip, GoodwillProposals, OtherRules, WhatIf, propose_goodwill, what_if};

/// Characters of a reason or a note at most.
const MAX_REASON_CHARS: usize = 200;

/// Runs `work` in one transaction, again if somebody else was first: it then sees what they did.
async fn in_one_transaction<T, F>(ctx: &Context, work: F) -> Result<T>
where
    T: Send + 'static,
    F: for<'t> Fn(Context, &'t mut Tx) -> BoxFuture<'t, Result<T>> + Clone + Send + 'static,
{
    again_if_overtaken(|| {
        let (context, work) = (ctx.clone(), work.clone());
        ctx.db.write(move |tx| work(context, tx))
    })
    .await
}

/// One refund, and the right of `actor` to do `action` with it.
async fn load(conn: &mut Conn, actor: &Actor, action: Action, id: RefundId) -> Result<Refund> {
    let refund = refunds::by_id(conn, id).await?.ok_or(Error::NotFound)?;
    authorize(conn, actor, action, refund.camp_id).await?;
    Ok(refund)
}

/// Checks the right of `actor` in a camp; what belongs to no camp is for those who have it in all.
async fn authorize(
    conn: &mut Conn,
    actor: &Actor,
    action: Action,
    camp: Option<CampId>,
) -> Result<()> {
    match camp {
        Some(camp) => require(conn, actor, action, camp).await,
        None => require_anywhere(actor, action),
    }
}

/// Moves a refund, its money in the books with it, and answers how it stands then.
async fn step(
    tx: &mut Tx,
    refund: Refund,
    change: impl FnOnce(RefundState) -> std::result::Result<Moved, BadMove> + Send,
    note: &Note,
) -> Result<Refund> {
    let moved = change(refund.state.clone())?;
    refunds::advance(tx, &refund, &moved, note).await?;
    books::follow_refund(tx, &refund, moved.state(), note.at).await?;
    Ok(Refund {
        state: moved.into_state(),
        ..refund
    })
}

/// Writes what changes of a refund while its status stays, and answers how it stands then.
async fn keep(tx: &mut Tx, refund: Refund, state: RefundState, now: Timestamp) -> Result<Refund> {
    refunds::keep(tx, &refund, &state, now).await?;
    books::follow_refund(tx, &refund, &state, now).await?;
    Ok(Refund { state, ..refund })
}

/// Brings an order to where its refund has it: paid, refunding or refunded.
async fn bring_order_to(
    tx: &mut Tx,
    payment: PaymentId,
    target: OrderStatus,
    note: &Note,
) -> Result<()> {
    let order = payments::by_id(tx, payment).await?;
    let mut status = order.ok_or(Error::NotFound)?.status;
    while status != target {
        let next = match (status, target) {
            // A refund that was given up and then succeeded after all passes through both.
            (OrderStatus::Paid, OrderStatus::Refunded) => OrderStatus::Refunding,
            (_, target) => target,
        };
        let change = status
            .to(next)
            .map_err(|bad| Error::Invariant(format!("payment {payment}: {bad}")))?;
        payments::advance_order(tx, payment, change, note).await?;
        status = next;
    }
    Ok(())
}

/// The name by which people read of the member of a refund: the account's, where the rest of the case
/// cannot be read.
async fn name_of(conn: &mut Conn, refund: &Refund) -> Result<String> {
    let case = readable_one(refunds::case_of_payment(conn, refund.payment_id).await)?;
    let nicknames = case.map(|case| (case.planet_nickname, case.wechat_nickname));
    let (planet, wechat) = nicknames.unwrap_or_default();
    let account = refund.proposal.planet_user_id;
    Ok(shown_name(&[&planet, &wechat], None, account))
}

fn decision(actor: &Actor, at: Timestamp) -> Decision {
    Decision {
        by: actor.user_id,
        name: actor.name.clone(),
        at,
    }
}

/// The refusal for the person who comes second, with the name of the first. What the system took
/// back has changed instead.
fn already_decided(refund: &Refund) -> Refusal {
    let decision = refund.state.decision();
    decision.map_or_else(not_owed, |decision| Refusal::AlreadyDecided {
        by: decision.name.clone(),
        at: decision.at,
        status: refund.status().to_string(),
    })
}

fn not_owed() -> Refusal {
    let difference = Difference::NotOwed;
    let changes = vec![Change {
        difference,
        by: None,
    }];
    Refusal::ProposalChanged { changes }
}

fn audit_refund(
    tx: &mut Tx,
    actor: Option<&Actor>,
    action: &'static str,
    refund: &Refund,
    more: Value,
    at: Timestamp,
) {
    let details = json!({
        "refundNo": refund.refund_no,
        "orderNo": refund.order_no,
        "campId": refund.camp_id,
        "amountFen": refund.proposal.amount_fen,
        "proposalHash": refund.proposal_hash,
        "more": more,
    });
    tx.audit(audit::Entry {
        actor: actor.cloned(),
        action,
        object_type: "refund",
        object_id: refund.id.to_string(),
        details,
        at,
    });
}

/// Looks whether a reason can be recorded, before somebody is asked whether they mean it.
///
/// # Errors
/// [`Error::Invalid`] for an empty or a long one.
pub fn check_reason(reason: &str) -> Result<()> {
    worded("reason", reason).map(drop)
}

/// A reason or a note as a person typed it.
pub(super) fn worded(field: &'static str, text: &str) -> Result<String> {
    let text = text.trim();
    if text.is_empty() {
        return Err(Error::invalid(field, FieldError::Missing));
    }
    if text.chars().count() > MAX_REASON_CHARS {
        let max = MAX_REASON_CHARS;
        return Err(Error::invalid(field, FieldError::TooLong { max }));
    }
    Ok(text.to_owned())
}
