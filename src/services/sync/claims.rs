//! Claims that the planet's data confirm: a member who typed an id and a nickname, and the planet
//! now knows that account by that name.

use std::collections::{HashMap, HashSet};

use crate::domain::matching::{self, Identified, Reason};
use crate::domain::member::FULL_CONFIDENCE;
use crate::domain::{Machine as _, MatchStatus, MemberId, PlanetUserId};
use crate::services::{Result, identity};
use crate::store::members::{self, Identity, Member};
use crate::store::syncs::Entrant;
use crate::store::{Conn, Note, Tx, planet_users};

/// Confirms the pending claims of bound members whose id and nickname agree with the planet, unless
/// anybody else in the camp claims the same account: then a person decides. `members` are brought
/// up to date.
pub(super) async fn confirm(
    tx: &mut Tx,
    members: &mut [Member],
    entrants: &[Entrant],
    note: &Note,
) -> Result<()> {
    let entrants: HashMap<MemberId, &Entrant> = entrants
        .iter()
        .filter(|entrant| entrant.is_bound)
        .map(|entrant| (entrant.member_id, entrant))
        .collect();
    let mut agreed: HashMap<MemberId, PlanetUserId> = HashMap::new();
    for member in members.iter() {
        if member.match_status == MatchStatus::Pending
            && let Some(entrant) = entrants.get(&member.id)
            && let Some(account) = account_agreed(tx, entrant).await?
        {
            agreed.insert(member.id, account);
        }
    }
    let mut claimants: HashMap<PlanetUserId, HashSet<MemberId>> = HashMap::new();
    for member in members.iter() {
        let claimed = agreed.get(&member.id).copied();
        for account in claimed.into_iter().chain(member.identity.planet_user_id) {
            claimants.entry(account).or_default().insert(member.id);
        }
    }
    for member in members.iter_mut() {
        let Some(account) = agreed.get(&member.id).copied() else {
            continue;
        };
        if claimants.get(&account).is_some_and(|ids| ids.len() > 1) {
            continue;
        }
        let change = member.match_status.to(MatchStatus::Matched)?;
        let identity = Identity {
            planet_user_id: Some(account),
            confidence: FULL_CONFIDENCE,
            reasons: vec![Reason::PlanetAgrees.to_string()],
            looked_at_by: None,
            ..member.identity.clone()
        };
        members::set_match(tx, member.id, change, &identity, note).await?;
        member.match_status = MatchStatus::Matched;
        member.identity = identity;
    }
    Ok(())
}

/// The account that a claim's id and nickname agree on.
async fn account_agreed(conn: &mut Conn, entrant: &Entrant) -> Result<Option<PlanetUserId>> {
    let (Some(typed), Some(nickname)) = (&entrant.claimed_planet_id, &entrant.claimed_nickname)
    else {
        return Ok(None);
    };
    let Some(user) = planet_users::find(conn, typed).await? else {
        return Ok(None);
    };
    let candidates = [identity::as_candidate(conn, &user).await?];
    Ok(match matching::identify(typed, nickname, &candidates) {
        Identified::Agreed(_) => Some(user.planet_user_id),
        Identified::NumberOnly(_) | Identified::Nobody => None,
    })
}
