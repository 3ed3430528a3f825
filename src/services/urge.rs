//! Urging: the group of a camp is reminded of who has not checked in today. The data are fresh, the
//! one who asks sees first what will be said, and a camp is urged at most once an hour.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::message::{Message, Urging};
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, CampStatus, SyncId, Timestamp};
use crate::store::camps::{self, Camp};
use crate::store::{Conn, Lock, Tx, audit, outbox};

use super::notify::{Notice, tell_group};
use super::{Context, Error, Refusal, Result, WrongState, presence, require, sync};

/// Check-ins that are older are read anew first.
const READ_ANEW_AFTER: TimeDelta = TimeDelta::minutes(10);
/// What is older is no ground for urging anybody.
const FRESH_FOR: TimeDelta = TimeDelta::minutes(30);
/// Between two urgings of a camp.
const ONCE_IN: TimeDelta = TimeDelta::hours(1);

/// What an urging would say.
#[derive(Debug, Clone)]
pub struct Draft {
    pub camp: Camp,
    /// As of when the posts were read.
    pub as_of: Timestamp,
    /// Members who have not checked in today.
    pub missing: i64,
    /// Members who have.
    pub came: i64,
    /// Members of whom no account is known: they are not counted as missing.
    pub unknown: i64,
}

/// Has the check-ins of a camp read anew, unless they are young, for somebody who may urge there;
/// answers the run that is to be waited for.
///
/// # Errors
/// The camp does not run, has no group robot or was urged within the hour; the planet is not
/// configured.
pub async fn prepare(ctx: &Context, actor: &Actor, id: CampId) -> Result<Option<SyncId>> {
    let mut conn = ctx.db.read().await?;
    let camp = urgeable(&mut conn, ctx, actor, id).await?;
    let read_at = presence::of_camp(&mut conn, &camp, ctx.today())
        .await?
        .as_of;
    drop(conn);
    let is_young = |at: Timestamp| at >= ctx.now().minus(READ_ANEW_AFTER);
    if read_at.is_some_and(is_young) {
        return Ok(None);
    }
    match sync::refresh(ctx, actor, Action::Urge, id).await {
        Ok(run) => Ok(Some(run.id)),
        // The one that runs is as good.
        Err(Error::Refused(Refusal::SyncRunning { sync_id })) => Ok(Some(sync_id)),
        Err(error) => Err(error),
    }
}

/// Draws up what an urging would say now.
///
/// # Errors
/// As [`prepare`]; today's check-ins could not be read.
pub async fn draft(ctx: &Context, actor: &Actor, id: CampId) -> Result<Draft> {
    let mut conn = ctx.db.read().await?;
    let camp = urgeable(&mut conn, ctx, actor, id).await?;
    let presence = presence::of_camp(&mut conn, &camp, ctx.today()).await?;
    let as_of = presence.known_at().filter(|at| is_fresh(*at, ctx.now()));
    Ok(Draft {
        as_of: as_of.ok_or(WrongState::CheckInsNotFresh)?,
        missing: i64::try_from(presence.absent.len()).unwrap_or(i64::MAX),
        came: presence.came,
        unknown: presence.unknown,
        camp,
    })
}

/// What was shown to the one who urges, and goes out.
#[derive(Debug, Clone, Copy)]
pub struct Shown {
    pub camp_id: CampId,
    pub missing: i64,
    pub as_of: Timestamp,
}

/// Urges the group of a camp in the words that were shown. Of two who do so at once one learns of
/// the other.
///
/// # Errors
/// As [`prepare`]; what was shown is too old.
pub async fn send(ctx: &Context, actor: &Actor, shown: Shown) -> Result<()> {
    ctx.transact((ctx.clone(), actor.clone(), shown), |tx, given| {
        let (ctx, actor, shown) = given.clone();
        Box::pin(async move { write(tx, &ctx, &actor, shown).await })
    })
    .await
}

async fn write(tx: &mut Tx, ctx: &Context, actor: &Actor, shown: Shown) -> Result<()> {
    let now = ctx.now();
    tx.lock(Lock::Camp(shown.camp_id)).await?;
    let camp = urgeable(tx, ctx, actor, shown.camp_id).await?;
    if !is_fresh(shown.as_of, now) {
        return Err(WrongState::CheckInsNotFresh.into());
    }
    let urging = Urging {
        camp_name: camp.name,
        missing: shown.missing,
        as_of: shown.as_of,
    };
    let notice = Notice {
        content: urging.into(),
        camp_id: Some(camp.id),
        dedupe_key: format!("{}:{}", camp.id, now.micros()),
    };
    tell_group(tx, &notice, now).await?;
    tx.audit(audit::Entry {
        actor: Some(actor.clone()),
        action: "camp.urge",
        object_type: "camp",
        object_id: camp.id.to_string(),
        details: json!({"missing": shown.missing, "asOf": shown.as_of}),
        at: now,
    });
    Ok(())
}

/// A check-in of yesterday evening says nothing about today, however young it is.
fn is_fresh(as_of: Timestamp, now: Timestamp) -> bool {
    as_of >= now.minus(FRESH_FOR) && presence::is_of_day(as_of, now.shanghai_day())
}

/// The camp, if somebody may urge it now.
async fn urgeable(conn: &mut Conn, ctx: &Context, actor: &Actor, id: CampId) -> Result<Camp> {
    let camp = camps::by_id(conn, id).await?.ok_or(Error::NotFound)?;
    require(conn, actor, Action::Urge, id).await?;
    if camp.status != CampStatus::Ongoing {
        let status = camp.status;
        return Err(WrongState::CampNotOngoing { status }.into());
    }
    if !camps::has_group_robot(conn, id).await? {
        return Err(WrongState::NoGroupRobot.into());
    }
    let last = outbox::last_of_camp(conn, Message::URGING, id).await?;
    let since = ctx.now().minus(ONCE_IN);
    match last.filter(|last| last.send_at > since) {
        Some(last) => Err(WrongState::UrgedLately { at: last.send_at }.into()),
        None => Ok(camp),
    }
}
