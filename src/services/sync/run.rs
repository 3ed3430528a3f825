//! The life of a run: started once per camp, held under a lease while the planet is read, and
//! ended by one transaction.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;

use crate::catalogue::SyncFault;
use crate::domain::evidence::Suspicion;
use crate::domain::message::{PostsMissing, RankingOdd, Remedy, SyncFailed};
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, CampStatus, Message, SyncId, Timestamp};
use crate::platforms::zsxq::Planet;
use crate::services::by_camp::FailedCamps;
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{
    Context, Error, LiveContext, Refusal, Result, WrongState, evidence, matching, require, roster,
};
use crate::store::audit::Entry;
use crate::store::camps::{self, Camp};
use crate::store::syncs::{self, Counts, Started, SyncRun, SyncState};
use crate::store::{Lock, StoreError, Tx, checkins, payments};

use super::apply;
use super::planet::{self, Reading, Whole};

/// How long a run lives without a sign of its instance, wall time.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// How often the instance gives that sign.
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// How often the job looks whether a run that is in its way has ended, and how many times: a little
/// longer than a lease lasts.
const LOOK_EVERY: Duration = Duration::from_secs(5);
const LOOKS_AT_RUNNING: usize = 26;
/// What is read again before the newest post that is kept: for posts deleted late and runs that
/// failed (zsxq §6).
const OVERLAP: TimeDelta = TimeDelta::hours(48);

/// What a run of the job came to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Camps whose sync is complete.
    pub complete: usize,
    /// Camps whose sync is partial or failed.
    pub incomplete: usize,
    /// Camps that were left out: a sync was running, or the login is over.
    pub skipped: usize,
}

/// A run under way.
struct Run {
    id: SyncId,
    camp: Camp,
    project: i64,
    started_at: Timestamp,
}

/// How a run ended, and what helps if it did not end well.
struct Ended {
    run: SyncRun,
    remedy: Option<Remedy>,
}

/// Starts a sync of a camp and waits up to `wait` for its end; it goes on by itself after that.
///
/// # Errors
/// `sync_running` if one is running; `wrong_state` if the camp has no check-in project; the planet
/// is not configured; `actor` may not sync here.
pub async fn request(
    ctx: &Context,
    actor: &Actor,
    camp_id: CampId,
    wait: Duration,
) -> Result<SyncRun> {
    start(ctx, actor, Action::SyncCheckIns, camp_id, wait).await
}

/// Starts a sync as a part of something else that `actor` may do in the camp, and does not wait.
///
/// # Errors
/// As [`request`].
pub async fn refresh(
    ctx: &Context,
    actor: &Actor,
    action: Action,
    camp_id: CampId,
) -> Result<SyncRun> {
    start(ctx, actor, action, camp_id, Duration::ZERO).await
}

async fn start(
    ctx: &Context,
    actor: &Actor,
    action: Action,
    camp_id: CampId,
    wait: Duration,
) -> Result<SyncRun> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, action, camp_id).await?;
    drop(conn);
    let run = begin(ctx, camp_id, Some(actor.clone())).await?;
    let id = run.id;
    let context = ctx.clone();
    let ending = tokio::spawn(async move { carry_out(&context, run).await });
    // Not in time: the caller asks again by the id.
    if let Ok(Ok(ended)) = tokio::time::timeout(wait, ending).await {
        return ended.map(|ended| ended.run);
    }
    current(ctx, id).await
}

/// Syncs every running camp, every ended one whose refund list has not been built, and those settling
/// ones in which somebody's own last day has ended since they were read, one after the other: the planet is read serially. It takes long: each camp goes by what is configured when
/// its turn comes, and a cookie that is renewed meanwhile serves those that are left.
///
/// # Errors
/// The planet is not configured; [`Error::PartlyDone`]: the others are synced all the same. What
/// goes wrong at the planet is in the summary and in the notices.
pub async fn sync_all(live: &LiveContext) -> Result<Summary> {
    let ctx = live.snapshot();
    ctx.planet()?;
    let mut conn = ctx.db.read().await?;
    let mut due = camps::in_status(&mut conn, CampStatus::Ongoing).await?;
    due.append(camps::in_status(&mut conn, CampStatus::Ended).await?);
    let awaited = evidence::awaited(&mut conn, ctx.now()).await?;
    let mut settling = camps::in_status(&mut conn, CampStatus::Settling).await?;
    settling.good.retain(|camp| awaited.contains(&camp.id));
    due.append(settling);
    drop(conn);
    let mut summary = Summary::default();
    let mut failed = FailedCamps::default();
    let due = failed.take(due);
    // The generation of the settings by which the login is over.
    let mut login_over_by = None;
    for camp in due {
        let generation = live.runtime().generation;
        if login_over_by == Some(generation) || camp.planet_project_id.is_none() {
            summary.skipped += 1;
            continue;
        }
        let ctx = live.snapshot();
        let ended = match begin_patiently(&ctx, camp.id).await {
            Ok(run) => carry_out(&ctx, run).await,
            Err(Error::Refused(_)) => {
                summary.skipped += 1;
                continue;
            }
            Err(error) => Err(error),
        };
        let Some(ended) = failed.unless(camp.id, ended) else {
            continue;
        };
        match ended.run.state {
            SyncState::Complete => summary.complete += 1,
            SyncState::Running | SyncState::Partial | SyncState::Failed => summary.incomplete += 1,
        }
        let login_is_over = ended.remedy == Some(Remedy::UpdateCookie);
        login_over_by = login_is_over.then_some(generation);
    }
    failed.end(summary)
}

/// Claims the camp for the clock. A run of somebody else is waited for as long as a dead one would
/// hold the camp: after a restart it is our own that was cut off.
async fn begin_patiently(ctx: &Context, camp_id: CampId) -> Result<Run> {
    let mut looks = 0;
    loop {
        match begin(ctx, camp_id, None).await {
            Err(Error::Refused(Refusal::SyncRunning { .. })) if looks < LOOKS_AT_RUNNING => {
                looks += 1;
                tokio::time::sleep(LOOK_EVERY).await;
            }
            other => return other,
        }
    }
}

/// Claims the camp for a run. `actor` is none for the clock.
async fn begin(ctx: &Context, camp_id: CampId, actor: Option<Actor>) -> Result<Run> {
    ctx.planet()?;
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // For who puts the project right: what runs then is given up.
                tx.lock(Lock::Camp(camp_id)).await?;
                let camp = camps::by_id(tx, camp_id).await?.ok_or(Error::NotFound)?;
                if camp.status == CampStatus::Archived {
                    return Err(WrongState::CampArchived.into());
                }
                let project = project_of(&camp)?;
                let by = actor.as_ref().map_or("job", |actor| actor.name.as_str());
                let lease = wall_now.plus(LEASE);
                let id = match syncs::start(tx, camp_id, by, now, wall_now, lease).await? {
                    Started::Now(id) => id,
                    Started::AlreadyRunning(sync_id) => {
                        return Err(Refusal::SyncRunning { sync_id }.into());
                    }
                };
                if actor.is_some() {
                    tx.audit(Entry {
                        actor,
                        action: "checkins.sync",
                        object_type: "camp",
                        object_id: camp_id.to_string(),
                        details: json!({"syncId": id.0}),
                        at: now,
                    });
                }
                Ok(Run {
                    id,
                    camp,
                    project,
                    started_at: now,
                })
            })
        })
        .await
}

fn project_of(camp: &Camp) -> Result<i64> {
    let project = camp.planet_project_id.as_deref().map(str::trim);
    let project = project.filter(|project| !project.is_empty());
    let project = project.ok_or(WrongState::NoPlanetProject)?;
    project
        .parse()
        .map_err(|_| WrongState::PlanetProjectNotANumber.into())
}

/// Reads the planet, applies what it says, and records how it ended.
async fn carry_out(ctx: &Context, run: Run) -> Result<Ended> {
    let planet = ctx.planet()?.clone();
    let since = since(ctx, &run.camp).await?;
    let reading = tokio::select! {
        reading = read(&planet, &run, since) => reading,
        () = lease_lost(ctx, run.id) => {
            let run = current(ctx, run.id).await?;
            return Ok(Ended { run, remedy: Some(Remedy::Retry) });
        }
    };
    let remedy = match reading {
        Reading::Whole(whole) => {
            let remedy = complete(ctx, &run, whole).await?;
            follow(ctx, run.camp.id).await;
            remedy
        }
        Reading::Apart { ranking, fault } => {
            let rows = ranking.iter().map(apply::ranked_row).collect();
            set_apart(ctx, &run, SyncState::Partial, rows, fault).await?;
            Some(planet::remedy_of(fault))
        }
        Reading::Nothing(fault) => {
            set_apart(ctx, &run, SyncState::Failed, Vec::new(), fault).await?;
            Some(planet::remedy_of(fault))
        }
    };
    Ok(Ended {
        run: current(ctx, run.id).await?,
        remedy,
    })
}

async fn read(planet: &Planet, run: &Run, since: Timestamp) -> Reading {
    let since: DateTime<Utc> = since.shanghai().to_utc();
    planet::read(planet, run.project, since).await
}

/// From when on posts are to be read: 48 hours before the newest one that is kept, or before the
/// last reading of all of them, and never from before the camp. What a partial reading has left
/// says nothing about the posts before it. Where somebody's own terms begin before the camp's, all is
/// read from their first day on, each time: their posts decide about them.
async fn since(ctx: &Context, camp: &Camp) -> Result<Timestamp> {
    let mut conn = ctx.db.read().await?;
    let newest = checkins::newest_post_at(&mut conn, camp.id).await?;
    let read_at = match camp.posts_sync {
        Some(id) => syncs::by_id(&mut conn, id).await?.map(|run| run.started_at),
        None => None,
    };
    let earliest = payments::earliest_start(&mut conn, camp.id).await?;
    if let Some(earliest) = earliest.filter(|earliest| *earliest < camp.terms.start_date) {
        return Ok(Timestamp::start_of_day(earliest));
    }
    let start = Timestamp::start_of_day(camp.terms.start_date);
    let known = newest.zip(read_at);
    Ok(known.map_or(start, |(newest, read_at)| {
        newest.min(read_at).minus(OVERLAP).max(start)
    }))
}

/// Gives the sign of life for as long as the run is ours; returns when it no longer is.
async fn lease_lost(ctx: &Context, id: SyncId) {
    loop {
        tokio::time::sleep(SIGN_EVERY).await;
        let until = ctx.wall_now().plus(LEASE);
        let held = ctx
            .db
            .write(move |tx| Box::pin(async move { syncs::extend(tx, id, until).await }))
            .await;
        match held {
            Ok(true) => {}
            Ok(false) => return,
            // The lease outlasts several of these; the end of the run finds out.
            Err(error) => tracing::warn!(%error, sync.id = id.0, "the lease was not extended"),
        }
    }
}

/// What is written of a whole reading.
struct Written {
    id: SyncId,
    camp_id: CampId,
    started_at: Timestamp,
    whole: Whole,
}

/// Writes a whole ranking, which decides unless it is odd; answers what helps where something is
/// missing all the same.
async fn complete(ctx: &Context, run: &Run, whole: Whole) -> Result<Option<Remedy>> {
    let (id, camp_id) = (run.id, run.camp.id);
    let written = Written {
        id,
        camp_id,
        started_at: run.started_at,
        whole,
    };
    let applied = ctx.transact((ctx.clone(), written), |tx, (ctx, written)| {
        Box::pin(write(tx, ctx, written))
    });
    match applied.await {
        Ok(remedy) => Ok(remedy),
        Err(error) => {
            let fault = SyncFault::NotSaved;
            set_apart(ctx, run, SyncState::Failed, Vec::new(), fault).await?;
            Err(error)
        }
    }
}

async fn write(tx: &mut Tx, ctx: &Context, written: &Written) -> Result<Option<Remedy>> {
    let Written {
        id,
        camp_id,
        started_at,
        whole,
    } = written;
    let now = ctx.now();
    // An approval rests on the days and matches that are written here.
    tx.lock(Lock::Decisions).await?;
    let run = syncs::by_id(tx, *id).await?;
    if run.is_none_or(|run| run.state != SyncState::Running) {
        // Given up in the meantime: whoever did that has recorded it.
        return Ok(None);
    }
    let camp = camps::by_id(tx, *camp_id).await?.ok_or(Error::NotFound)?;
    if let Some(suspicion) = apply::suspicion(tx, &camp, whole, *started_at).await? {
        ask_to_confirm(tx, ctx, &camp, written, suspicion).await?;
        return Ok(Some(planet::remedy_of(suspicion.into())));
    }
    let counts = apply::complete(ctx, tx, *id, *camp_id, whole, now).await?;
    let missing = whole.shortcoming(&ctx.settings.catalogue);
    let (fault, remedy) = missing.unzip();
    let fault = fault.map(|fault| ctx.settings.catalogue.say(&fault));
    syncs::finish(tx, *id, SyncState::Complete, counts, fault.as_deref(), now).await?;
    if let Some((reason, remedy)) = fault.zip(remedy) {
        let missing = PostsMissing {
            camp_id: camp.id,
            camp_name: camp.name.clone(),
            reason,
            remedy,
        };
        tell_once_a_day(tx, ctx, &camp, missing.into(), *started_at).await?;
    }
    tracing::info!(
        sync.id = id.0,
        camp.id = camp_id.0,
        members = counts.members,
        new_checkins = counts.new_checkins,
        newly_eligible = counts.newly_eligible,
        unknown_users = counts.unknown_users,
        "a sync is complete"
    );
    Ok(remedy)
}

/// Keeps an odd ranking apart until a person confirms it, and asks those who decide about the camp.
async fn ask_to_confirm(
    tx: &mut Tx,
    ctx: &Context,
    camp: &Camp,
    written: &Written,
    suspicion: Suspicion,
) -> Result<()> {
    let (id, now) = (written.id, ctx.now());
    let rows: Vec<_> = written
        .whole
        .ranking
        .iter()
        .map(apply::ranked_row)
        .collect();
    let before = match camp.current_sync {
        Some(id) => syncs::ranking(tx, id).await?.len(),
        None => 0,
    };
    let counts = Counts {
        members: i64::try_from(rows.len()).unwrap_or(i64::MAX),
        ..Counts::default()
    };
    let reason = ctx.settings.catalogue.say(&SyncFault::from(suspicion));
    syncs::finish(tx, id, SyncState::Partial, counts, Some(&reason), now).await?;
    syncs::suspect(tx, id, suspicion).await?;
    syncs::add_ranking(tx, id, &rows).await?;
    syncs::prune_rankings(tx, camp.id, id).await?;
    let odd = RankingOdd {
        sync_id: id,
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        suspicion,
        before,
        now: rows.len(),
        started_at: written.started_at,
    };
    tracing::warn!(sync.id = id.0, camp.id = camp.id.0, %suspicion, "a ranking is odd");
    // Each has a card of its own: who reads again sees the one before decided.
    let notice = Notice {
        content: odd.into(),
        camp_id: Some(camp.id),
        dedupe_key: format!("{}:{id}", camp.id),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

/// Does what a new deciding ranking makes possible. It stands whatever comes of that: the next sync
/// and the night's jobs try again.
pub(super) async fn follow(ctx: &Context, camp_id: CampId) {
    match_members(ctx, camp_id).await;
    evidence::build_list_if_over(ctx, camp_id).await;
}

/// Matches the members of the camp with what the run has learnt of the planet. The sync stands
/// whatever comes of it: the next one and the night's match try again.
async fn match_members(ctx: &Context, camp_id: CampId) {
    let matched = async {
        roster::link_seen(ctx).await?;
        matching::match_camp(ctx, camp_id).await
    };
    match matched.await {
        Ok(done) => tracing::info!(
            camp.id = camp_id.0,
            confirmed = done.confirmed,
            matched = done.matched,
            for_people = done.for_people,
            "members are matched"
        ),
        Err(error) => tracing::error!(camp.id = camp_id.0, %error, "no members were matched"),
    }
}

/// Ends a run that decides nothing, and tells those who decide about the camp, once a day.
async fn set_apart(
    ctx: &Context,
    run: &Run,
    state: SyncState,
    rows: Vec<syncs::RankedRow>,
    fault: SyncFault,
) -> Result<()> {
    let (context, id, camp, now) = (ctx.clone(), run.id, run.camp.clone(), ctx.now());
    let started_at = run.started_at;
    let ended: Result<()> = ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let counts = Counts {
                    members: i64::try_from(rows.len()).unwrap_or(i64::MAX),
                    ..Counts::default()
                };
                let reason = context.settings.catalogue.say(&fault);
                syncs::finish(tx, id, state, counts, Some(&reason), now).await?;
                syncs::add_ranking(tx, id, &rows).await?;
                syncs::prune_rankings(tx, camp.id, id).await?;
                tell(tx, &context, &camp, fault, started_at).await
            })
        })
        .await;
    match ended {
        // Declared dead in the meantime: whoever did that has recorded it.
        Err(Error::Store(StoreError::Stale { .. })) => Ok(()),
        other => other,
    }
}

async fn tell(
    tx: &mut Tx,
    ctx: &Context,
    camp: &Camp,
    fault: SyncFault,
    started_at: Timestamp,
) -> Result<()> {
    let failed = SyncFailed {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        reason: ctx.settings.catalogue.say(&fault),
        remedy: planet::remedy_of(fault),
        started_at,
    };
    tell_once_a_day(tx, ctx, camp, failed.into(), started_at).await
}

async fn tell_once_a_day(
    tx: &mut Tx,
    ctx: &Context,
    camp: &Camp,
    content: Message,
    started_at: Timestamp,
) -> Result<()> {
    let notice = Notice {
        content,
        camp_id: Some(camp.id),
        dedupe_key: format!("{}:{}", camp.id, started_at.shanghai_day()),
    };
    tell_deciders(tx, &ctx.settings, &notice, ctx.now()).await
}

async fn current(ctx: &Context, id: SyncId) -> Result<SyncRun> {
    let mut conn = ctx.db.read().await?;
    let run = syncs::by_id(&mut conn, id).await?;
    run.ok_or_else(|| Error::Invariant(format!("sync run {id} is gone")))
}
