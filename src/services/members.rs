//! Members as staff see them: lists, one, and whether they are in the group. Who they are is
//! decided in [`super::matching`].

use serde::Serialize;
use serde_json::json;

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, FieldError, MatchStatus, MemberId, Timestamp};
use crate::store::audit::Entry;
use crate::store::member_lists::{self, ListedMember, MemberEvent, MemberFilter};
use crate::store::{Listing as _, Page, PageRequest, StoreError, Tx, members};

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

/// Members that share a transaction: few enough that others get their turn.
const CHUNK: usize = 50;
/// Members that one request may name.
const MAX_BATCH: usize = 2000;

/// The result of saying of many whether they are in the group.
#[derive(Debug, Default)]
pub struct Marked {
    /// Of whom it is so now.
    pub marked: usize,
    /// Left out, each with its reason.
    pub skipped: Vec<(MemberId, Error)>,
}

/// Says whether a member is in the group. Saying the same again changes nothing.
pub async fn set_joined(
    ctx: &Context,
    actor: &Actor,
    id: MemberId,
    joined: bool,
) -> Result<ListedMember> {
    let given = (actor.clone(), id, joined, ctx.now());
    ctx.transact(given, |tx, (actor, id, joined, now)| {
        Box::pin(async move {
            say_joined(tx, actor, *id, *joined, *now).await?;
            member_lists::one(tx, *id).await?.ok_or(Error::NotFound)
        })
    })
    .await
}

/// Says of many whether they are in the group; each that `actor` may not say it of is left out.
///
/// # Errors
/// [`Error::Invalid`] for more than 2,000.
pub async fn set_all_joined(
    ctx: &Context,
    actor: &Actor,
    ids: &[MemberId],
    joined: bool,
) -> Result<Marked> {
    if ids.len() > MAX_BATCH {
        let max = MAX_BATCH;
        return Err(Error::invalid("ids", FieldError::TooMany { max }));
    }
    let mut all = Marked::default();
    for chunk in ids.chunks(CHUNK) {
        let given = (actor.clone(), chunk.to_vec(), joined, ctx.now());
        let part = ctx.transact(given, |tx, (actor, ids, joined, now)| {
            Box::pin(async move {
                let mut done = Marked::default();
                for &id in ids {
                    match say_joined(tx, actor, id, *joined, *now).await {
                        Ok(()) => done.marked += 1,
                        Err(
                            error @ (Error::NotFound
                            | Error::Forbidden(_)
                            | Error::Store(StoreError::Inconsistent { .. })),
                        ) => done.skipped.push((id, error)),
                        Err(error) => return Err(error),
                    }
                }
                Ok(done)
            })
        });
        let part = part.await?;
        all.marked += part.marked;
        all.skipped.extend(part.skipped);
    }
    Ok(all)
}

async fn say_joined(
    tx: &mut Tx,
    actor: &Actor,
    id: MemberId,
    joined: bool,
    now: Timestamp,
) -> Result<()> {
    let member = members::by_id(tx, id).await?.ok_or(Error::NotFound)?;
    require(tx, actor, Action::MatchMembers, member.camp_id).await?;
    let is_known = member.joined || member.joined_said_at.is_some();
    if member.joined != joined || !is_known {
        members::set_joined(tx, id, joined.then_some(now), now).await?;
        tx.audit(Entry {
            actor: Some(actor.clone()),
            action: "member.joined",
            object_type: "member",
            object_id: id.to_string(),
            details: json!({"campId": member.camp_id, "joined": joined}),
            at: now,
        });
    }
    Ok(())
}
