//! Two members who claim one planet account. The rightful owner can always pay, whoever typed
//! their id first: both matches become pending, and a person decides. What a person has decided
//! already stands, and so does a match by which a deposit goes back: then only the newcomer waits.

use crate::domain::message::MatchContested;
use crate::domain::refund::rests_on_match;
use crate::domain::{BindMethod, CampId, Machine as _, MatchStatus};
use crate::store::members::Member;
use crate::store::{Lock, Note, Tx, camps, members, payments, planet_users, refunds};

use super::identity::Judged;
use super::matching::said;
use super::notify::{Notice, tell_deciders};
use super::{Context, Error, Result};

/// Why those wait of whom nobody has said yet who is right.
const CONTESTED: &str = "同一星球账号有多人认领，待人工确认";
/// What the others who claim an account are told once a person has said whose it is.
pub(super) const GIVEN_TO_ANOTHER: &str = "此星球账号已由人工确认给另一位成员";
/// What a newcomer is told whose account has brought somebody else their deposit back.
const PAID_TO_ANOTHER: &str = "此星球账号的押金已批准退给另一位成员";
/// The operator of a doubt: nobody has decided it.
const OPERATOR: &str = "system";

/// Whose claim it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub(super) camp: CampId,
    pub(super) order_no: &'a str,
}

/// Why a match stands whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// A person has decided it.
    Given,
    /// By this match the deposit goes back, or went: nobody could mend it any more.
    Refunding,
}

/// Makes `judged` a doubtful match if anybody else of the camp claims the account, and theirs
/// with it unless it stands; the deciders are told. Whether a match stands rests on refunds, so
/// where there is anybody, it is looked at under [`Lock::Decisions`]; where there is nobody, and a
/// thousand people pay at once, none of them waits for another.
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
    if members::claiming(tx, newcomer.camp, account)
        .await?
        .is_empty()
    {
        return Ok(());
    }
    tx.lock(Lock::Decisions).await?;
    let others = members::claiming(tx, newcomer.camp, account).await?;
    let Some(first) = others.first() else {
        return Ok(());
    };
    let mut stands = None;
    for other in &others {
        match standing(tx, other).await? {
            Some(why) => stands = Some(why),
            None => doubt(tx, other, note).await?,
        }
    }
    let reason = match stands {
        Some(Standing::Given) => GIVEN_TO_ANOTHER,
        Some(Standing::Refunding) => PAID_TO_ANOTHER,
        None => CONTESTED,
    };
    judged.status = MatchStatus::Pending;
    judged.identity.reasons.push(reason.to_owned());
    let camp = camps::by_id(tx, newcomer.camp).await?;
    // By the name that the planet has for the account: those who claim it may call it anything.
    let user = planet_users::find(tx, &account.to_string()).await?;
    let user = user.filter(|user| user.planet_user_id == account);
    let contested = MatchContested {
        member_id: first.id,
        planet_nickname: user.map(|user| user.nickname),
        account,
        camp_name: camp.map(|camp| camp.name),
        given: stands == Some(Standing::Given),
        refunding: stands == Some(Standing::Refunding),
    };
    let notice = Notice {
        content: contested.into(),
        camp_id: Some(newcomer.camp),
        dedupe_key: format!("{}:{account}:{}", newcomer.camp, newcomer.order_no),
    };
    tell_deciders(tx, &ctx.settings, &notice, note.at).await
}

async fn standing(tx: &mut Tx, member: &Member) -> Result<Option<Standing>> {
    if member.match_status != MatchStatus::Matched {
        return Ok(None);
    }
    let payment = payments::by_id(tx, member.payment_id).await?;
    let payment = payment.ok_or(Error::NotFound)?;
    let refund = refunds::of_payment(tx, payment.id).await?;
    let refund = refund.map(|refund| refund.status());
    Ok(if rests_on_match(payment.status, refund) {
        Some(Standing::Refunding)
    } else if payment.bind_method == Some(BindMethod::Manual) {
        Some(Standing::Given)
    } else {
        None
    })
}

async fn doubt(tx: &mut Tx, member: &Member, note: &Note) -> Result<()> {
    if member.match_status != MatchStatus::Matched {
        return Ok(());
    }
    let change = member.match_status.to(MatchStatus::Pending)?;
    let mut identity = member.identity.clone();
    identity.reasons.push(CONTESTED.to_owned());
    let said = said("存疑", &identity, &Note::new(OPERATOR, CONTESTED, note.at));
    members::set_match(tx, member.id, change, &identity, &said).await?;
    Ok(())
}
