//! Decisions of people: who a member is, and that they are not who they were taken for.

use serde_json::json;

use crate::domain::matching::Reason;
use crate::domain::member::FULL_CONFIDENCE;
use crate::domain::refund::rests_on_match;
use crate::domain::staff::Actor;
use crate::domain::{
    Action, BindMethod, BindStatus, Machine as _, MatchStatus, MemberId, PlanetUserId,
};
use crate::services::rows::readable;
use crate::services::{
    Context, Duplicate, Error, FieldError, Result, WrongState, evidence, refund, require,
};
use crate::store::audit::Entry;
use crate::store::members::{Identity, Member};
use crate::store::payments::Payment;
use crate::store::planet_users::PlanetUser;
use crate::store::{Lock, Note, Tx, members, payments, planet_users, refunds};

use super::decided;

/// Characters of a remark at most.
const MAX_REMARK_CHARS: usize = 200;

/// Says which planet account a member is. What a person says stands: the machine does not touch
/// it, and only a person can take it back. Saying the same again changes nothing.
///
/// # Errors
/// `Refusal::Duplicate` if another member of the camp is that account,
/// `Refusal::WrongState` once the deposit goes back, [`Error::Invalid`] for an account that
/// neither roster nor sync knows.
pub async fn match_by_hand(
    ctx: &Context,
    actor: &Actor,
    id: MemberId,
    account: PlanetUserId,
    remark: Option<String>,
) -> Result<Member> {
    let remark = checked(remark)?;
    let note = Note::new(actor, remark.unwrap_or_default(), ctx.now());
    let given = (ctx.clone(), actor.clone(), id, account, note);
    ctx.transact(given, |tx, (ctx, actor, id, account, note)| {
        Box::pin(async move {
            let (member, payment) = open_member(tx, actor, *id).await?;
            let user = known(tx, *account).await?;
            refuse_if_anothers(tx, &member, *account).await?;
            if !is_decided(&member, &payment, *account) {
                give(tx, actor, &member, &payment, user, note).await?;
                follow(ctx, tx, &member, Some(*account), note).await?;
            }
            members::by_id(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}

/// Takes back who a member was taken for. The binding waits for a person from then on.
///
/// # Errors
/// `Refusal::WrongState` if the member is not matched, or once the deposit goes back.
pub async fn unmatch(ctx: &Context, actor: &Actor, id: MemberId) -> Result<Member> {
    let note = Note::new(actor, "", ctx.now());
    let given = (ctx.clone(), actor.clone(), id, note);
    ctx.transact(given, |tx, (ctx, actor, id, note)| {
        Box::pin(async move {
            let (member, payment) = open_member(tx, actor, *id).await?;
            if member.match_status != MatchStatus::Matched {
                return Err(WrongState::NotMatched.into());
            }
            undo(tx, actor, &member, &payment, note).await?;
            follow(ctx, tx, &member, None, note).await?;
            members::by_id(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}

/// Brings the refunds up to date that rest on who a member is, in the transaction that has changed it:
/// their own, and those of all who claim the account that they were taken for before or `now`.
pub(super) async fn follow(
    ctx: &Context,
    tx: &mut Tx,
    before: &Member,
    now: Option<PlanetUserId>,
    note: &Note,
) -> Result<()> {
    let mut payments = vec![before.payment_id];
    for account in [before.identity.planet_user_id, now].into_iter().flatten() {
        let claiming = members::claiming(tx, before.camp_id, account).await?;
        payments.extend(
            readable(claiming)
                .into_iter()
                .map(|member| member.payment_id),
        );
    }
    payments.sort_unstable();
    payments.dedup();
    refund::follow(ctx, tx, before.camp_id, &payments, note).await
}

/// Undoes a match, whoever made it, and audits it.
pub(super) async fn undo(
    tx: &mut Tx,
    actor: &Actor,
    member: &Member,
    payment: &Payment,
    note: &Note,
) -> Result<()> {
    take_back(tx, member, payment, note).await?;
    let details = json!({
        "campId": member.camp_id,
        "planetUserId": member.identity.planet_user_id,
    });
    tx.audit(entry(actor, "member.unmatch", member, details, note));
    Ok(())
}

fn checked(remark: Option<String>) -> Result<Option<String>> {
    let remark = remark.map(|remark| remark.trim().to_owned());
    match &remark {
        Some(text) if text.chars().count() > MAX_REMARK_CHARS => {
            let max = MAX_REMARK_CHARS;
            Err(Error::invalid("note", FieldError::TooLong { max }))
        }
        _ => Ok(remark),
    }
}

/// A member whose match may be changed by `actor`: the deposit is here, and no decision to give it
/// back rests on who they are.
pub(super) async fn open_member(
    tx: &mut Tx,
    actor: &Actor,
    id: MemberId,
) -> Result<(Member, Payment)> {
    tx.lock(Lock::Decisions).await?;
    let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    require(tx, actor, Action::MatchMembers, member.camp_id).await?;
    let payment = payments::by_id(tx, member.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    let refund = refunds::of_payment(tx, payment.id).await?;
    if rests_on_match(payment.status, refund.map(|refund| refund.status())) {
        return Err(WrongState::MatchRefunded.into());
    }
    Ok((member, payment))
}

pub(super) async fn known(tx: &mut Tx, account: PlanetUserId) -> Result<PlanetUser> {
    let user = planet_users::find(tx, &account.to_string()).await?;
    user.filter(|user| user.planet_user_id == account)
        .ok_or_else(|| Error::invalid("planetUserId", FieldError::Unknown))
}

pub(super) async fn refuse_if_anothers(
    tx: &mut Tx,
    member: &Member,
    account: PlanetUserId,
) -> Result<()> {
    let holder = members::matched_to(tx, member.camp_id, account).await?;
    match holder.filter(|holder| holder.id != member.id) {
        None => Ok(()),
        Some(holder) => Err(Duplicate::Match {
            nickname: holder.identity.shown_name(),
            member: holder.id.0,
        }
        .into()),
    }
}

pub(super) fn is_decided(member: &Member, payment: &Payment, account: PlanetUserId) -> bool {
    member.match_status == MatchStatus::Matched
        && member.identity.planet_user_id == Some(account)
        && payment.bind_method == Some(BindMethod::Manual)
}

/// Gives the account of `user` to a member, whoever they were taken for before.
pub(super) async fn give(
    tx: &mut Tx,
    actor: &Actor,
    member: &Member,
    payment: &Payment,
    user: PlanetUser,
    note: &Note,
) -> Result<()> {
    let account = user.planet_user_id;
    let details = json!({
        "campId": member.camp_id,
        "from": member.identity.planet_user_id,
        "to": account,
        "note": note.reason,
    });
    let (mut member, mut payment) = (member.clone(), payment.clone());
    if member.match_status == MatchStatus::Matched {
        take_back(tx, &member, &payment, note).await?;
        member.match_status = MatchStatus::Pending;
        payment.bind_status = BindStatus::ManualRequired;
    } else if payment.bind_status == BindStatus::Completed {
        // A claim of the member's own: from now on a person answers for it.
        let change = payment.bind_status.to(BindStatus::ManualRequired)?;
        payments::advance_binding(tx, payment.id, change, None, note);
        payment.bind_status = BindStatus::ManualRequired;
    }
    let identity = Identity {
        planet_user_id: Some(account),
        planet_nickname: user.nickname,
        wechat_nickname: member.identity.wechat_nickname.clone(),
        confidence: FULL_CONFIDENCE,
        reasons: vec![format!("{}人工确认", actor.name)],
        looked_at_by: None,
    };
    decided::matched(tx, &member, &identity, note).await?;
    let change = payment.bind_status.to(BindStatus::Completed)?;
    let method = Some(BindMethod::Manual);
    payments::advance_binding(tx, payment.id, change, method, note);
    tell_other_claimants(tx, &member, account, note).await?;
    tx.audit(entry(actor, "member.match", &member, details, note));
    Ok(())
}

/// Makes a matched member nobody again: the names they typed stay, everything else goes.
async fn take_back(tx: &mut Tx, member: &Member, payment: &Payment, note: &Note) -> Result<()> {
    let typed = payment.claim.nickname.clone().unwrap_or_default();
    let nobody = Identity {
        planet_nickname: typed,
        wechat_nickname: member.identity.wechat_nickname.clone(),
        ..Identity::default()
    };
    let change = member.match_status.to(MatchStatus::Pending)?;
    let said = decided::said("撤销匹配", &member.identity, note);
    members::set_match(tx, member.id, change, &nobody, &said).await?;
    evidence::judge_member(tx, member.id, note.at).await?;
    // Of another account nobody has told them anything yet.
    payments::set_refused(tx, payment.id, None);
    let change = payment.bind_status.to(BindStatus::ManualRequired)?;
    payments::advance_binding(tx, payment.id, change, None, note);
    Ok(())
}

/// The others who claim the account stay what they are, and learn why.
async fn tell_other_claimants(
    tx: &mut Tx,
    member: &Member,
    account: PlanetUserId,
    note: &Note,
) -> Result<()> {
    for other in readable(members::claiming(tx, member.camp_id, account).await?) {
        let mut identity = other.identity;
        if other.id != member.id && identity.add_reason(&Reason::GivenToAnother.to_string()) {
            members::set_identity(tx, other.id, other.match_status, &identity, note.at).await?;
        }
    }
    Ok(())
}

pub(super) fn entry(
    actor: &Actor,
    action: &'static str,
    member: &Member,
    details: serde_json::Value,
    note: &Note,
) -> Entry {
    Entry {
        actor: Some(actor.clone()),
        action,
        object_type: "member",
        object_id: member.id.to_string(),
        details,
        at: note.at,
    }
}
