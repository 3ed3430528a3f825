//! What becomes of a payment that no rule decides: a person accepts it as the deposit that it was
//! meant to be, or keeps it because nobody can be found to give it back to.

use serde_json::json;

use crate::domain::ledger::Account;
use crate::domain::refund::Decision;
use crate::domain::staff::Actor;
use crate::domain::{Action, CampStatus, Fen, MatchStatus, OrderStatus};
use crate::store::audit::Entry;
use crate::store::payments::{Payment, Person};
use crate::store::{Lock, Note, Tx, appeals, camps, ledger, members, payments};

use super::books::{self, Owner};
use super::{
    Context, Duplicate, Error, Refusal, Result, WrongState, confirm_payment, identity, refund,
    require_anywhere,
};

/// Makes a flagged payment the deposit of its payer: they become a member, and what was proposed
/// because of its flag ends. `number`: our order number, or WeChat Pay's of the payment.
///
/// # Errors
/// `WrongState::NotFlagged` for what is no such payment; `Refusal::AlreadyEnrolled` where the payer
/// has a place in the camp, `Duplicate::Match` where the account has.
pub async fn accept(ctx: &Context, actor: &Actor, number: &str, reason: &str) -> Result<()> {
    require_anywhere(actor, Action::JudgePayments)?;
    let note = Note::new(actor, refund::worded("reason", reason)?, ctx.now());
    let given = (ctx.clone(), actor.clone(), number.to_owned(), note);
    ctx.transact(given, |tx, (ctx, actor, number, note)| {
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            let payment = payments::by_number(tx, number).await?;
            let payment = payment.ok_or(Error::NotFound)?;
            let Some(flag) = payment.flag.filter(|_| may_be_accepted(&payment)) else {
                return Err(WrongState::NotFlagged.into());
            };
            refuse_without_place(ctx, tx, &payment).await?;
            // What was kept of it meanwhile is here again.
            books::take_back(tx, owner(&payment), &[Account::Kept], note.at).await?;
            let free = position_free(tx, &payment).await?;
            if free == Fen::ZERO {
                return Err(WrongState::NotFlagged.into());
            }
            refund::end_proposal(tx, payment.id, None, note).await?;
            payments::hold_place_again(tx, payment.id);
            payments::clear_flag(tx, payment.id, flag, note.at);
            confirm_payment::enroll(ctx, tx, &payment, note.at, note).await?;
            let cause = format!("accept:{}", payment.order_no);
            books::take(tx, owner(&payment), &cause, free, Account::Held, note.at).await?;
            audit(tx, actor, "payment.accept", &payment, note);
            Ok(())
        })
    })
    .await
}

/// Keeps what is here of a payment, for who cannot be identified. What waits for a decision about it
/// is rejected with that. `number` as in [`accept`].
///
/// # Errors
/// `WrongState::NothingToKeep`; `WrongState::Identified` for who is known; `Refusal::AlreadyDecided` while a refund of it is on its way.
pub async fn keep(ctx: &Context, actor: &Actor, number: &str, reason: &str) -> Result<()> {
    require_anywhere(actor, Action::JudgePayments)?;
    let note = Note::new(actor, refund::worded("reason", reason)?, ctx.now());
    let given = (ctx.clone(), actor.clone(), number.to_owned(), note);
    ctx.transact(given, |tx, (_ctx, actor, number, note)| {
        Box::pin(async move {
            tx.lock(Lock::Decisions).await?;
            let payment = payments::by_number(tx, number).await?;
            let payment = payment.ok_or(Error::NotFound)?;
            refuse_identified(tx, &payment).await?;
            if appeals::is_open(tx, payment.id).await? {
                return Err(WrongState::AppealOpen.into());
            }
            let by = Decision {
                by: actor.user_id,
                name: actor.name.clone(),
                at: note.at,
            };
            refund::end_proposal(tx, payment.id, Some(by), note).await?;
            let free = position_free(tx, &payment).await?;
            if free == Fen::ZERO {
                return Err(WrongState::NothingToKeep.into());
            }
            let cause = format!("keep:{}", payment.order_no);
            books::take(tx, owner(&payment), &cause, free, Account::Kept, note.at).await?;
            payments::release(tx, payment.id, note.at);
            audit(tx, actor, "payment.keep", &payment, note);
            Ok(())
        })
    })
    .await
}

/// Refuses to keep the deposit of somebody who is known: their days decide about it.
async fn refuse_identified(tx: &mut Tx, payment: &Payment) -> Result<()> {
    let Some(id) = payment.member_id else {
        return Ok(());
    };
    let member = members::by_id(tx, id).await?;
    match member.map(|member| member.match_status) {
        Some(MatchStatus::Matched) => Err(WrongState::Identified.into()),
        _ => Ok(()),
    }
}

fn may_be_accepted(payment: &Payment) -> bool {
    payment.status == OrderStatus::Paid && payment.member_id.is_none() && payment.camp_id.is_some()
}

/// Refuses where the camp takes nobody in any more, and where the payer or the account that they
/// name has its place.
async fn refuse_without_place(ctx: &Context, tx: &mut Tx, payment: &Payment) -> Result<()> {
    let camp = payment.camp_id.ok_or(Error::NotFound)?;
    let status = camps::by_id(tx, camp).await?.map(|camp| camp.status);
    let is_open = matches!(
        status,
        Some(
            CampStatus::Enrolling | CampStatus::Ongoing | CampStatus::Ended | CampStatus::Settling
        )
    );
    if !is_open {
        return Err(Refusal::CampNotEnrolling.into());
    }
    let payer = Person {
        openid_macs: confirm_payment::macs_of(ctx, payment.payer.as_ref())?,
        ..Person::default()
    };
    if let Some(earlier) = payments::place_of(tx, camp, &payer).await? {
        return Err(Refusal::AlreadyEnrolled {
            order_no: earlier.order_no,
            bind_status: earlier.bind_status,
        }
        .into());
    }
    let judged = identity::judge(tx, &payment.claim).await?;
    let Some(account) = judged.identity.planet_user_id else {
        return Ok(());
    };
    match members::matched_to(tx, camp, account).await? {
        Some(holder) => Err(Duplicate::Match {
            nickname: holder.identity.shown_name(),
            member: holder.id.0,
        }
        .into()),
        None => Ok(()),
    }
}

const fn owner(payment: &Payment) -> Owner {
    Owner {
        camp: payment.camp_id,
        id: payment.id,
        refund: None,
    }
}

async fn position_free(tx: &mut Tx, payment: &Payment) -> Result<Fen> {
    let position = ledger::position(tx, payment.camp_id, payment.id).await?;
    Ok(position.free())
}

fn audit(tx: &mut Tx, actor: &Actor, action: &'static str, payment: &Payment, note: &Note) {
    tx.audit(Entry {
        actor: Some(actor.clone()),
        action,
        object_type: "payment",
        object_id: payment.order_no.clone(),
        details: json!({ "reason": note.reason, "flag": payment.flag }),
        at: note.at,
    });
}
