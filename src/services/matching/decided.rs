//! What every decision writes, whoever made it: the match with its log, and the days that the
//! account has already checked in.

use crate::domain::eligibility::Judgement;
use crate::domain::{Machine as _, MatchStatus, Timestamp};
use crate::services::Result;
use crate::store::members::{Identity, Member};
use crate::store::payments::Payment;
use crate::store::{Note, Tx, members};

/// Writes that `member` is the account of `identity`, and what the deciding sync says of it.
pub(super) async fn matched(
    tx: &mut Tx,
    member: &Member,
    payment: &Payment,
    identity: &Identity,
    note: &Note,
) -> Result<()> {
    let change = member.match_status.to(MatchStatus::Matched)?;
    let said = said("认定为", identity, note);
    members::set_match(tx, member.id, change, identity, &said).await?;
    set_days(tx, member, payment, identity, note.at).await
}

/// The note of a decision with whom it is about, so that a history tells which account it was.
pub(super) fn said(verb: &str, identity: &Identity, note: &Note) -> Note {
    let account = identity.planet_user_id;
    let account = account.map_or_else(String::new, |account| format!("（{account}）"));
    let who = format!("{verb}“{}”{account}", identity.planet_nickname);
    Note {
        reason: [who.as_str(), note.reason.as_str()]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join("，"),
        ..note.clone()
    }
}

/// Gives a member the days of their account in the deciding sync, so that nobody has to wait for
/// the next one; none without an account.
pub(super) async fn set_days(
    tx: &mut Tx,
    member: &Member,
    payment: &Payment,
    identity: &Identity,
    now: Timestamp,
) -> Result<()> {
    let ranked = match identity.planet_user_id {
        Some(account) => members::ranked_days(tx, member.camp_id, account).await?,
        None => None,
    };
    let days = ranked.unwrap_or(0);
    let eligible = payment
        .terms
        .as_ref()
        .is_some_and(|terms| Judgement::of(days, terms).is_eligible());
    members::set_days(tx, member.id, days, eligible, now).await?;
    Ok(())
}
