//! Two members who claim one planet account. The rightful owner can always pay, whoever typed
//! their id first: both matches become pending, and a person decides. What a person has decided
//! already stands: then only the newcomer waits.

use serde_json::json;

use crate::domain::{BindMethod, CampId, Machine as _, MatchStatus};
use crate::store::members::Member;
use crate::store::{Note, Tx, camps, members, payments};

use super::identity::Judged;
use super::notify::{Notice, tell_deciders};
use super::{Context, Error, Result};

/// Why those wait of whom nobody has said yet who is right.
const CONTESTED: &str = "同一星球账号有多人认领，待人工确认";
/// What the others who claim an account are told once a person has said whose it is.
pub(super) const GIVEN_TO_ANOTHER: &str = "此星球账号已由人工确认给另一位成员";

/// Whose claim it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub(super) camp: CampId,
    pub(super) order_no: &'a str,
}

/// Makes `judged` a doubtful match if anybody else of the camp claims the account, and theirs
/// with it unless a person has confirmed it; the deciders are told.
pub(super) async fn settle(
    ctx: &Context,
    tx: &mut Tx,
    newcomer: Newcomer<'_>,
    judged: &mut Judged,
    note: &Note,
) -> Result<()> {
    let Some(account) = judged.identity.planet_user_id else {
        return Ok(());
    };
    let others = members::claiming(tx, newcomer.camp, account).await?;
    let Some(first) = others.first() else {
        return Ok(());
    };
    let mut is_given = false;
    for other in &others {
        if is_given_by_a_person(tx, other).await? {
            is_given = true;
        } else {
            doubt(tx, other, note).await?;
        }
    }
    let reason = if is_given {
        GIVEN_TO_ANOTHER
    } else {
        CONTESTED
    };
    judged.status = MatchStatus::Pending;
    judged.identity.reasons.push(reason.to_owned());
    let camp = camps::by_id(tx, newcomer.camp).await?;
    let notice = Notice {
        kind: "match_contested",
        camp_id: Some(newcomer.camp),
        card_id: None,
        body: json!({
            "memberId": first.id.0,
            "planetNickname": first.identity.planet_nickname,
            "campName": camp.map(|camp| camp.name),
            "given": is_given,
        }),
        dedupe_key: format!("{}:{account}:{}", newcomer.camp, newcomer.order_no),
    };
    tell_deciders(tx, &ctx.settings, &notice, note.at).await
}

async fn is_given_by_a_person(tx: &mut Tx, member: &Member) -> Result<bool> {
    if member.match_status != MatchStatus::Matched {
        return Ok(false);
    }
    let payment = payments::by_id(tx, member.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    Ok(payment.bind_method == Some(BindMethod::Manual))
}

async fn doubt(tx: &mut Tx, member: &Member, note: &Note) -> Result<()> {
    if member.match_status != MatchStatus::Matched {
        return Ok(());
    }
    let change = member.match_status.to(MatchStatus::Pending)?;
    let mut identity = member.identity.clone();
    identity.reasons.push(CONTESTED.to_owned());
    members::set_match(tx, member.id, change, &identity, note).await?;
    Ok(())
}
