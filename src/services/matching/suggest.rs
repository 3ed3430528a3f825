//! Whom a member could be: what the match card and the console show to the person who decides.

use crate::domain::matching::{self, MAX_RUNNERS_UP};
use crate::domain::staff::Actor;
use crate::domain::{Action, MemberId, PlanetUserId};
use crate::services::{Context, Error, Result, require};
use crate::store::members;

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

/// The accounts that fit a member best, at most nine, best first. An account that is another
/// member's is among them, low and with the reason, so that a person sees a mistake.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Forbidden`] to who may not match in the member's camp.
pub async fn candidates(ctx: &Context, actor: &Actor, id: MemberId) -> Result<Vec<Suggestion>> {
    let mut conn = ctx.db.read().await?;
    let member = members::by_id(&mut conn, id).await?;
    let member = member.ok_or(Error::NotFound)?;
    require(&mut conn, actor, Action::MatchMembers, member.camp_id).await?;
    let field = Field::load(&mut conn, member.camp_id).await?;
    let accounts = Accounts::load(&mut conn).await?;
    drop(conn);
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
    Ok(scored.into_iter().filter_map(suggestion).collect())
}
