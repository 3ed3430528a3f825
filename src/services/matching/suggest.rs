//! Whom a member could be: what the match card and the console show to the person who decides, and
//! which members wait for one.

use crate::domain::matching::{self, MAX_RUNNERS_UP};
use crate::domain::staff::Actor;
use crate::domain::{Action, BindStatus, CampId, MemberId, PlanetUserId};
use crate::services::{Context, Error, Result, require};
use crate::store::members::{self, Member};
use crate::store::payments::Payment;

use super::choose::was_looked_at;
use super::field::{Accounts, Field};

/// As many as the match card shows.
const MAX_SUGGESTIONS: usize = MAX_RUNNERS_UP + 1;

/// An account that a member could be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// The account.
    pub planet_user_id: PlanetUserId,
    /// Its present nickname.
    pub planet_nickname: String,
    /// 0–100.
    pub score: u8,
    /// Why, in Chinese: support first, doubts last.
    pub reasons: Vec<String>,
}

/// A member, what they said of themselves, and whom they could be.
#[derive(Debug, Clone)]
pub struct Question {
    /// The member.
    pub member: Member,
    /// The payment that made them.
    pub payment: Payment,
    /// Best first, at most nine.
    pub suggestions: Vec<Suggestion>,
}

/// The accounts that fit a member best, at most nine, best first. An account that is another
/// member's is among them, low and with the reason, so that a person sees a mistake.
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
    let field = Field::load(&mut conn, member.camp_id).await?;
    let accounts = Accounts::load(&mut conn).await?;
    drop(conn);
    let (member, payment) = field.member(id).cloned().ok_or(Error::NotFound)?;
    let claim = field.claim_of(id).ok_or(Error::NotFound)?;
    let taken = field.taken(Some(id));
    let scored = matching::candidates_for(&claim, &accounts.candidates, &taken, MAX_SUGGESTIONS);
    let suggestion = |scored: matching::Scored| {
        Some(Suggestion {
            planet_user_id: PlanetUserId(scored.user_id.parse().ok()?),
            planet_nickname: accounts.nickname(&scored.user_id).to_owned(),
            score: scored.score,
            reasons: scored.reasons.iter().map(ToString::to_string).collect(),
        })
    };
    Ok(Question {
        member,
        payment,
        suggestions: scored.into_iter().filter_map(suggestion).collect(),
    })
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
    let field = Field::load(&mut conn, camp).await?;
    let mut waiting: Vec<&(Member, Payment)> = field.for_people().collect();
    waiting.sort_by_key(|(member, payment)| {
        let may_settle_itself = payment.bind_status != BindStatus::ManualRequired;
        (was_looked_at(member), may_settle_itself, member.id)
    });
    Ok(waiting
        .into_iter()
        .map(|(member, _)| member.clone())
        .collect())
}
