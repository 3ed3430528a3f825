//! In which order a person is asked who the members of a camp are.

use crate::domain::matching;
use crate::domain::staff::Actor;
use crate::domain::{Action, BindStatus, CampId, MemberId};
use crate::services::{Context, Result, require};
use crate::store::members::Member;
use crate::store::payments::Payment;

use super::camp_members::{Accounts, CampMembers};
use super::choose::was_looked_at;

/// The members of a camp whom a person has not looked at yet: those for whom there is an account
/// to choose first, the one `after` another where that one is passed over.
///
/// # Errors
/// `Error::Forbidden` to who may not match in the camp.
pub async fn next_to_ask(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    after: Option<MemberId>,
) -> Result<Option<MemberId>> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::MatchMembers, camp).await?;
    let members = CampMembers::load(&mut conn, camp).await?;
    let accounts = Accounts::load(&mut conn).await?;
    drop(conn);
    let fresh = members
        .for_people()
        .filter(|(member, _)| !was_looked_at(member));
    let mut fresh: Vec<&(Member, Payment)> = fresh.collect();
    fresh.sort_by_cached_key(|(member, payment)| {
        let has_none = !resembles_any(&members, &accounts, member.id);
        let may_settle_itself = payment.bind_status != BindStatus::ManualRequired;
        (has_none, may_settle_itself, member.id)
    });
    let place = fresh
        .iter()
        .position(|(member, _)| Some(member.id) == after);
    let from = place.map_or(0, |place| place + 1);
    let mut in_turn = fresh.iter().cycle().skip(from);
    Ok(in_turn.next().map(|(member, _)| member.id))
}

fn resembles_any(members: &CampMembers, accounts: &Accounts, id: MemberId) -> bool {
    let taken = members.taken(Some(id));
    let likes = |claim| matching::candidates_for(&claim, &accounts.candidates, &taken, 1);
    members
        .claim_of(id)
        .is_some_and(|claim| !likes(claim).is_empty())
}
