//! Two members who claim one planet account. The rightful owner can always pay, whoever typed
//! their id first: both matches become pending, and a person decides. What a person has decided
//! already stands, and so does a match by which a deposit goes back: then only the newcomer waits.

use crate::domain::matching::{Reason, mask_nickname};
use crate::domain::message::MatchContested;
use crate::domain::refund::rests_on_match;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{
    BindMethod, CampId, Machine as _, MatchStatus, MemberId, RefundStatus, Timestamp,
};
use crate::store::members::Member;
use crate::store::payments::{Payment, PlanetClaim};
use crate::store::planet_users::Named;
use crate::store::{
    Conn, Lock, Note, StoreError, Tx, camps, members, payments, planet_users, refunds,
};

use super::identity::{self, Judged};
use super::matching::said;
use super::notify::{Notice, tell_deciders};
use super::rows::{self, readable};
use super::{Context, Error, Refusal, Result};

/// The operator of a doubt: nobody has decided it.
const OPERATOR: &str = "system";

/// Whose claim it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Newcomer<'a> {
    pub(super) camp: CampId,
    pub(super) order_no: &'a str,
}

/// The status of a claim that stands whoever comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ClaimStatus {
    /// A person has decided it.
    Confirmed,
    /// The account has written the member's code into a check-in.
    Proved,
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
    let claiming = members::claiming(tx, newcomer.camp, account).await?;
    if readable(claiming).is_empty() {
        return Ok(());
    }
    tx.lock(Lock::Decisions).await?;
    let others = readable(members::claiming(tx, newcomer.camp, account).await?);
    let Some(first) = others.first() else {
        return Ok(());
    };
    let mut stands = None;
    for other in &others {
        match claim_status(tx, other).await? {
            Some(why) => stands = Some(why),
            None => {
                doubt(tx, other, Reason::ClaimedByMany, note.at).await?;
            }
        }
    }
    let reason = stands.map_or(Reason::ClaimedByMany, ClaimStatus::reason);
    judged.status = MatchStatus::Pending;
    judged.identity.reasons.push(reason.to_string());
    let camp_name = camps::name(tx, Some(newcomer.camp)).await?;
    // By the name that the planet has for the account: those who claim it may call it anything.
    let user = planet_users::find(tx, &account.to_string()).await?;
    let user = user.filter(|user| user.planet_user_id == account);
    let contested = MatchContested {
        member_id: first.id,
        planet_nickname: user.map(|user| shown_nickname(&user.nickname, Some(account))),
        account,
        camp_name,
        given: matches!(stands, Some(ClaimStatus::Confirmed | ClaimStatus::Proved)),
        refunding: stands == Some(ClaimStatus::Refunding),
    };
    let notice = Notice {
        content: contested.into(),
        camp_id: Some(newcomer.camp),
        dedupe_key: format!("{}:{account}:{}", newcomer.camp, newcomer.order_no),
    };
    tell_deciders(tx, &ctx.settings, &notice, note.at).await
}

/// Refuses a claim of an account that another member of the camp names, so that its holder says once
/// more that they mean it. They learn no more of the other than that there is one.
///
/// # Errors
/// [`Refusal::Claimed`] with the account's nickname, masked.
pub(super) async fn refuse_claimed(
    conn: &mut Conn,
    camp: CampId,
    claim: &PlanetClaim,
    own: Option<MemberId>,
) -> Result<()> {
    let Some(typed) = &claim.planet_id else {
        return Ok(());
    };
    let account = identity::judge(conn, claim).await?.identity.planet_user_id;
    let naming = members::naming(conn, camp, account, typed).await?;
    if naming.iter().all(|id| Some(*id) == own) {
        return Ok(());
    }
    let nickname = match planet_users::named(conn, typed).await? {
        Named::Account(user) => user.nickname,
        Named::Unseen(row) => row.nickname,
        Named::Nobody => claim.nickname.clone().unwrap_or_default(),
    };
    let masked_nickname = mask_nickname(&nickname);
    Err(Refusal::Claimed { masked_nickname }.into())
}

impl ClaimStatus {
    /// Why another member is not the account.
    pub(super) const fn reason(self) -> Reason {
        match self {
            Self::Confirmed => Reason::GivenToAnother,
            Self::Proved => Reason::ProvedByAnother,
            Self::Refunding => Reason::PaidToAnother,
        }
    }
}

/// The order of a member with where its refund stands; none if a row of them fits no state, which
/// holds up only itself.
pub(super) async fn readable_order(
    tx: &mut Tx,
    member: &Member,
) -> Result<Option<(Payment, Option<RefundStatus>)>> {
    let read = async {
        let payment = payments::by_id(tx, member.payment_id).await?;
        let refund = refunds::of_payment(tx, member.payment_id).await?;
        Ok((payment, refund.map(|refund| refund.status())))
    };
    match read.await {
        Ok((payment, refund)) => Ok(Some((payment.ok_or(Error::NotFound)?, refund))),
        Err(bad @ StoreError::Inconsistent { .. }) => {
            rows::log(&[bad]);
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Says why the match of a member stands whoever comes; none if it does not.
pub(super) async fn claim_status(tx: &mut Tx, member: &Member) -> Result<Option<ClaimStatus>> {
    if member.match_status != MatchStatus::Matched {
        return Ok(None);
    }
    let Some((payment, refund)) = readable_order(tx, member).await? else {
        // Nobody can tell what rests on it: it is not for a machine to doubt.
        return Ok(Some(ClaimStatus::Confirmed));
    };
    Ok(if rests_on_match(payment.status, refund) {
        Some(ClaimStatus::Refunding)
    } else if payment.bind_method == Some(BindMethod::Manual) {
        Some(ClaimStatus::Confirmed)
    } else if members::proofs(tx, member.id).await? == member.identity.planet_user_id.as_slice() {
        Some(ClaimStatus::Proved)
    } else {
        None
    })
}

/// Makes a match pending for a reason, in words and with its row in the log; gives the member as
/// they are now.
pub(super) async fn doubt(
    tx: &mut Tx,
    member: &Member,
    reason: Reason,
    now: Timestamp,
) -> Result<Member> {
    let mut doubted = member.clone();
    if member.match_status != MatchStatus::Matched {
        return Ok(doubted);
    }
    let change = member.match_status.to(MatchStatus::Pending)?;
    let why = reason.to_string();
    doubted.match_status = MatchStatus::Pending;
    doubted.identity.add_reason(&why);
    let said = said("存疑", &doubted.identity, &Note::new(OPERATOR, why, now));
    members::set_match(tx, member.id, change, &doubted.identity, &said).await?;
    // Their time to object begins when it is sure whose days they are.
    payments::set_refused(tx, member.payment_id, None);
    Ok(doubted)
}
