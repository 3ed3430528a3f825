//! Decisions on the match card: one of the accounts it shows, or none of them. Unlike
//! [`super::match_by_hand`] it corrects nobody: who comes second learns who was first.

use serde_json::json;

use crate::domain::matching::Reason;
use crate::domain::staff::Actor;
use crate::domain::{BindStatus, Machine as _, MatchStatus, MemberId, PlanetUserId};
use crate::services::{Context, Error, Refusal, Result, WrongState, evidence};
use crate::store::members::Member;
use crate::store::payments::Payment;
use crate::store::{Note, Operator, Tx, members, payments};

use super::{by_hand, decided};

/// A person's choice for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Choice {
    /// The member is this account.
    Account(PlanetUserId),
    /// The member is none of those that were shown.
    NoneOfThese,
}

/// Says whether somebody has looked at the accounts that fit a member, and took none.
#[must_use]
pub const fn was_looked_at(member: &Member) -> bool {
    member.identity.looked_at_by.is_some()
}

/// Writes what a person chose for a member whom nobody has matched yet. The same choice of the
/// same person once more changes nothing.
///
/// # Errors
/// [`Refusal::AlreadyDecided`] if somebody else was first; those of [`super::match_by_hand`].
pub async fn choose(ctx: &Context, actor: &Actor, id: MemberId, choice: Choice) -> Result<Member> {
    let note = Note::new(actor, "", ctx.now());
    let given = (ctx.clone(), actor.clone(), id, choice, note);
    // If somebody else was first, the next look says who.
    ctx.transact(given, |tx, (ctx, actor, id, choice, note)| {
        Box::pin(async move {
            let (member, payment) = by_hand::open_member(tx, actor, *id).await?;
            if member.match_status == MatchStatus::Matched {
                refuse_unless_same(tx, actor, &member, &payment, *choice).await?;
            } else {
                apply(tx, actor, &member, &payment, *choice, note).await?;
                let account = match choice {
                    Choice::Account(account) => Some(*account),
                    Choice::NoneOfThese => None,
                };
                by_hand::follow(ctx, tx, &member, account, note).await?;
            }
            members::by_id(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}

/// Takes back a match to `account`. It is gone already: nothing changes.
///
/// # Errors
/// [`Refusal::WrongState`] if the member is another account by now, or once the deposit goes back.
pub async fn withdraw(
    ctx: &Context,
    actor: &Actor,
    id: MemberId,
    account: PlanetUserId,
) -> Result<Member> {
    let note = Note::new(actor, "", ctx.now());
    let given = (ctx.clone(), actor.clone(), id, account, note);
    ctx.transact(given, |tx, (ctx, actor, id, account, note)| {
        Box::pin(async move {
            let (member, payment) = by_hand::open_member(tx, actor, *id).await?;
            let is_matched = member.match_status == MatchStatus::Matched;
            if is_matched && member.identity.planet_user_id != Some(*account) {
                return Err(WrongState::MatchChanged.into());
            }
            if is_matched {
                by_hand::undo(tx, actor, &member, &payment, note).await?;
                by_hand::follow(ctx, tx, &member, None, note).await?;
            }
            members::by_id(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}

async fn refuse_unless_same(
    tx: &mut Tx,
    actor: &Actor,
    member: &Member,
    payment: &Payment,
    choice: Choice,
) -> Result<()> {
    let (by, at) = members::last_move(tx, member.id)
        .await?
        .unwrap_or_else(|| (Operator::from("system"), member.created_at));
    let is_same = matches!(choice, Choice::Account(account)
        if by_hand::is_decided(member, payment, account));
    if is_same && by.staff == Some(actor.user_id) {
        return Ok(());
    }
    let by = decided::called(&by).to_owned();
    let status = member.match_status.to_string();
    Err(Refusal::AlreadyDecided { by, at, status }.into())
}

async fn apply(
    tx: &mut Tx,
    actor: &Actor,
    member: &Member,
    payment: &Payment,
    choice: Choice,
    note: &Note,
) -> Result<()> {
    match choice {
        Choice::Account(account) => {
            let user = by_hand::known(tx, account).await?;
            by_hand::refuse_if_anothers(tx, member, account).await?;
            by_hand::give(tx, actor, member, payment, user, note).await
        }
        Choice::NoneOfThese => leave_to_people(tx, actor, member, payment, note).await,
    }
}

/// Keeps that a person took none of the accounts: from then on the machine leaves the member alone,
/// and what they claim stands in nobody's way. Who may still bind by themselves stays as they are.
async fn leave_to_people(
    tx: &mut Tx,
    actor: &Actor,
    member: &Member,
    payment: &Payment,
    note: &Note,
) -> Result<()> {
    let mut identity = member.identity.clone();
    if identity.looked_at_by == Some(actor.user_id) {
        return Ok(());
    }
    identity.looked_at_by = Some(actor.user_id);
    identity.add_reason(&format!("{}{}", actor.name, Reason::NoneOfThese));
    identity.planet_user_id = None;
    let binds_by_themselves = payment.bind_status == BindStatus::Pending;
    if member.match_status == MatchStatus::Pending && !binds_by_themselves {
        let change = member.match_status.to(MatchStatus::Failed)?;
        let note = Note {
            reason: Reason::NoneOfThese.to_string(),
            ..note.clone()
        };
        members::set_match(tx, member.id, change, &identity, &note).await?;
    } else {
        members::set_identity(tx, member.id, member.match_status, &identity, note.at).await?;
    }
    evidence::judge_member(tx, member.id, note.at).await?;
    if !binds_by_themselves && payment.bind_status != BindStatus::ManualRequired {
        let change = payment.bind_status.to(BindStatus::ManualRequired)?;
        payments::advance_binding(tx, payment.id, change, None, note);
    }
    let details = json!({"campId": member.camp_id});
    tx.audit(by_hand::entry(
        actor,
        "member.none_of_these",
        member,
        details,
        note,
    ));
    Ok(())
}
