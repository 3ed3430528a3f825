//! Members as staff see them: lists, one, and whether they are in the group. Who they are is
//! decided in [`super::matching`].

use serde::Serialize;
use serde_json::json;

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, MatchStatus, MemberId};
use crate::store::audit::Entry;
use crate::store::member_lists::{self, ListedMember, MemberEvent, MemberFilter};
use crate::store::{Listing as _, Page, PageRequest, members};

use super::rows::logged;
use super::{Context, Error, Result, reach_of, require};

/// The members that staff want to see.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MemberQuery {
    pub camp_id: Option<CampId>,
    /// Known, asked about, or given up by the machine.
    pub match_status: Option<MatchStatus>,
    /// In the group or not.
    pub joined: Option<bool>,
    /// Whose days suffice, or do not.
    pub eligible: Option<bool>,
    /// Part of a name, an order number, an account of the planet or its 成员编号.
    pub text: Option<String>,
}

/// Reads a page of members, the newest first. Coaches and volunteers see those of their camps.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: MemberQuery,
    page: PageRequest,
) -> Result<Page<ListedMember>> {
    let filter = query.seen_by(actor)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

impl MemberQuery {
    /// The members of it that somebody may see.
    pub(super) fn seen_by(self, actor: &Actor) -> Result<MemberFilter> {
        let reach = reach_of(actor, Action::ViewCamp)?;
        Ok(MemberFilter {
            camp_id: self.camp_id,
            match_status: self.match_status,
            joined: self.joined,
            eligible: self.eligible,
            text: self.text,
            staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        })
    }
}

/// Finds one member.
///
/// # Errors
/// [`Error::NotFound`], or [`Error::Forbidden`] for a member of a camp that is not the actor's.
pub async fn by_id(ctx: &Context, actor: &Actor, id: MemberId) -> Result<ListedMember> {
    let mut conn = ctx.db.read().await?;
    let member = member_lists::one(&mut conn, id).await?;
    let member = member.ok_or(Error::NotFound)?;
    require(&mut conn, actor, Action::ViewCamp, member.camp_id).await?;
    Ok(member)
}

/// Finds one member, and how their match and binding came to be what they are.
///
/// # Errors
/// Those of [`by_id`].
pub async fn with_history(
    ctx: &Context,
    actor: &Actor,
    id: MemberId,
) -> Result<(ListedMember, Vec<MemberEvent>)> {
    let member = by_id(ctx, actor, id).await?;
    let mut conn = ctx.db.read().await?;
    let history = member_lists::history(&mut conn, id).await?;
    Ok((member, history))
}

/// Says whether a member is in the group. Saying the same again changes nothing.
pub async fn set_joined(
    ctx: &Context,
    actor: &Actor,
    id: MemberId,
    joined: bool,
) -> Result<ListedMember> {
    let (actor, now) = (actor.clone(), ctx.now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
                require(tx, &actor, Action::MatchMembers, member.camp_id).await?;
                if member.joined != joined {
                    members::set_joined(tx, id, joined.then_some(now), now).await?;
                    tx.audit(Entry {
                        actor: Some(actor),
                        action: "member.joined",
                        object_type: "member",
                        object_id: id.to_string(),
                        details: json!({"campId": member.camp_id, "joined": joined}),
                        at: now,
                    });
                }
                member_lists::one(tx, id).await?.ok_or(Error::NotFound)
            })
        })
        .await
}
