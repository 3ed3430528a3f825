//! Whom a member could be: what the match card and the console show to the person who decides, and
//! which members wait for one.

use std::cmp::Reverse;
use std::collections::HashSet;

use crate::domain::matching::{self, Decision, MAX_RUNNERS_UP, Reason, Scored, Verdict};
use crate::domain::staff::Actor;
use crate::domain::{Action, BindStatus, CampId, MemberId, PlanetUserId};
use crate::services::{Context, Error, Result, require};
use crate::store::members::{self, Member};
use crate::store::payments::Payment;
use crate::store::{Conn, camps, syncs};

use super::camp_members::{Accounts, CampMembers};
use super::choose::was_looked_at;

/// As many as the match card shows.
pub(super) const MAX_SUGGESTIONS: usize = MAX_RUNNERS_UP + 1;
/// The most that an account is worth which others claim too.
const CONTESTED_SCORE: u8 = Decision::MATCHED_FROM - 1;

/// An account that a member could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The account.
    pub planet_user_id: PlanetUserId,
    /// Its present nickname.
    pub planet_nickname: String,
    /// 0–100.
    pub score: u8,
    /// Reasons in Chinese: support first, doubts last.
    pub reasons: Vec<String>,
    /// More speaks against it than that there is no id beside the name.
    pub is_doubtful: bool,
}

/// A member, what they said of themselves, and whom they could be.
#[derive(Debug, Clone)]
pub struct Question {
    /// The member.
    pub member: Member,
    /// The payment that made them.
    pub payment: Payment,
    /// Best first, at most nine; where none resembles, the accounts of the camp's check-ins that
    /// nobody claims.
    pub suggestions: Vec<Suggestion>,
    /// No account resembles the member.
    pub none_resembles: bool,
}

/// The accounts that fit a member best, at most nine, best first. An account that is another
/// member's is among them, low and with the reason, so that a person sees a mistake; one that
/// others claim too says so.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Forbidden`] to who may not match in the member's camp.
pub async fn candidates(ctx: &Context, actor: &Actor, id: MemberId) -> Result<Vec<Suggestion>> {
    Ok(question(ctx, actor, id).await?.suggestions)
}

/// The same, with what the member said.
///
/// # Errors
/// Those of [`candidates`].
pub async fn question(ctx: &Context, actor: &Actor, id: MemberId) -> Result<Question> {
    let mut conn = ctx.db.read().await?;
    let member = members::by_id(&mut conn, id).await?;
    let member = member.ok_or(Error::NotFound)?;
    require(&mut conn, actor, Action::MatchMembers, member.camp_id).await?;
    let members = CampMembers::load(&mut conn, member.camp_id).await?;
    let accounts = Accounts::load(&mut conn).await?;
    let (member, payment) = members.member(id).cloned().ok_or(Error::NotFound)?;
    let mut suggestions = suggestions(&members, &accounts, id).ok_or(Error::NotFound)?;
    let none_resembles = suggestions.is_empty();
    if none_resembles {
        suggestions = unclaimed(&mut conn, member.camp_id, &members, &accounts).await?;
    }
    Ok(Question {
        member,
        payment,
        suggestions,
        none_resembles,
    })
}

/// Weighs what a member claims twice: among all claims of the camp, so that a contest shows, and
/// against every account, so that even a faint likeness does.
fn suggestions(
    members: &CampMembers,
    accounts: &Accounts,
    id: MemberId,
) -> Option<Vec<Suggestion>> {
    let claim = members.claim_of(id)?;
    let (candidates, taken) = (&accounts.candidates, members.taken(Some(id)));
    let verdicts = matching::assign(&members.claims(Some(id)), candidates, &taken);
    let (own, others): (Vec<Verdict>, Vec<Verdict>) = verdicts
        .into_iter()
        .partition(|verdict| verdict.claim == claim.key);
    let faint = matching::candidates_for(&claim, candidates, &taken, MAX_SUGGESTIONS);
    let mut seen = HashSet::new();
    let mut found: Vec<Scored> = own
        .into_iter()
        .flat_map(by_account)
        .chain(faint)
        .filter(|scored| seen.insert(scored.user_id.clone()))
        .map(|scored| contested(scored, members, id, &others))
        .collect();
    found.sort_by_key(|scored| Reverse(scored.score));
    found.truncate(MAX_SUGGESTIONS);
    let suggestion = |scored: Scored| {
        Some(Suggestion {
            planet_user_id: PlanetUserId(scored.user_id.parse().ok()?),
            planet_nickname: accounts.nickname(&scored.user_id).to_owned(),
            score: scored.score,
            reasons: scored.reasons.iter().map(ToString::to_string).collect(),
            is_doubtful: scored.reasons.iter().any(is_doubt),
        })
    };
    Some(found.into_iter().filter_map(suggestion).collect())
}

/// The accounts that have checked in with a camp and that no member has or claims, most days first.
async fn unclaimed(
    conn: &mut Conn,
    camp: CampId,
    members: &CampMembers,
    accounts: &Accounts,
) -> Result<Vec<Suggestion>> {
    let camp = camps::by_id(conn, camp).await?.ok_or(Error::NotFound)?;
    let Some(sync) = camp.current_sync else {
        return Ok(Vec::new());
    };
    let claimed = members.claimed();
    let ranked = syncs::ranking(conn, sync).await?.into_iter();
    let free = ranked.filter(|row| row.checked_in_days > 0 && !claimed.contains(&row.account));
    let known = free.filter(|row| accounts.knows(row.account));
    let suggestion = |row: syncs::RankedRow| Suggestion {
        planet_user_id: row.account,
        planet_nickname: row.nickname,
        score: 0,
        reasons: vec![Reason::Unclaimed.to_string()],
        is_doubtful: true,
    };
    Ok(known.take(MAX_SUGGESTIONS).map(suggestion).collect())
}

/// All accounts of a verdict, the best first.
fn by_account(verdict: Verdict) -> impl Iterator<Item = Scored> {
    let (score, reasons) = (verdict.score, verdict.reasons);
    let best = verdict.best.map(|user_id| Scored {
        user_id,
        score,
        reasons,
    });
    best.into_iter().chain(verdict.runners_up)
}

/// The same account with word of those whom the points alone do not show as rivals: who says to be
/// it, by whatever name, and for whom no other account comes before it.
fn contested(
    mut scored: Scored,
    members: &CampMembers,
    id: MemberId,
    others: &[Verdict],
) -> Scored {
    let is_said = |reason: &Reason| matches!(reason, Reason::Contested(_));
    let Ok(account) = scored.user_id.parse().map(PlanetUserId) else {
        return scored;
    };
    if scored.reasons.iter().any(is_said) {
        return scored;
    }
    let leads_here = |verdict: &&Verdict| {
        verdict.best.as_ref() == Some(&scored.user_id) && verdict.score >= Decision::REVIEW_FROM
    };
    let led = others.iter().filter(leads_here);
    let led = led.filter_map(|verdict| verdict.claim.parse().map(MemberId).ok());
    let rivals: HashSet<MemberId> = members.claiming(account, id).chain(led).collect();
    if !rivals.is_empty() {
        let rivals = u16::try_from(rivals.len()).unwrap_or(u16::MAX);
        scored.reasons.push(Reason::Contested(rivals));
        scored.score = scored.score.min(CONTESTED_SCORE);
    }
    scored
}

/// Says whether a person should look twice. That a name has no id beside it is what they are asked for.
fn is_doubt(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::IdOfAnother
            | Reason::Contested(_)
            | Reason::BetterNamedElsewhere
            | Reason::TooClose
            | Reason::ListLooksShifted
            | Reason::Taken
    )
}

/// The members of a camp who wait for a person: those that nobody has looked at first, and of
/// these the ones that the machine gave up before unconfirmed claims, which a sync may still
/// confirm.
///
/// # Errors
/// [`Error::Forbidden`] to who may not match in the camp.
pub async fn waiting(ctx: &Context, actor: &Actor, camp: CampId) -> Result<Vec<Member>> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::MatchMembers, camp).await?;
    let members = CampMembers::load(&mut conn, camp).await?;
    let mut waiting: Vec<&(Member, Payment)> = members.for_people().collect();
    waiting.sort_by_key(|(member, payment)| {
        let may_settle_itself = payment.bind_status != BindStatus::ManualRequired;
        (was_looked_at(member), may_settle_itself, member.id)
    });
    Ok(waiting
        .into_iter()
        .map(|(member, _)| member.clone())
        .collect())
}
