//! The planet's check-in project of a camp, made for it when it is published.
//!
//! Reserve → call → record. If no answer comes, there may be a project: the reservation stays with
//! what was asked for, and the next attempt looks for that before it asks again, so that no second
//! project is made behind anybody's back.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::domain::staff::{Action, Actor};
use crate::domain::{CampId, CampStatus, Machine as _, Timestamp};
use crate::platforms::zsxq::{self, Checkin, NewProject};
use crate::store::camps;
use crate::store::{Tx, camp_projects};

use super::super::{Context, Error, Refusal, Result, WrongState, require_anywhere};
use super::edit::form_of;
use super::introduction::plain_lines;
use super::life::{publish, refuse_unless_timely};
use super::{entry, found, note};

/// The field that staff fill in where no project is made for them.
const FIELD: &str = "planetProjectId";
/// A request is left alone so long: it may still be on its way.
const QUIET: TimeDelta = TimeDelta::minutes(2);

/// The project that the planet is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Wanted {
    title: String,
    text: String,
    days: u32,
    /// The first moment after the camp.
    over_at: Timestamp,
}

/// An attempt that nobody else makes at the same time.
struct Reservation {
    wanted: Wanted,
    at: Timestamp,
    /// An earlier attempt asked for it, and no answer came.
    unanswered: Option<Wanted>,
}

/// Publishes a camp and has its project made first, if it has none yet.
///
/// # Errors
/// Those of [`publish`](super::publish); that the planet is not set up, refuses, or did not
/// answer, after which publishing again goes on where this attempt ended.
pub async fn publish_with_project(ctx: &Context, actor: &Actor, id: CampId) -> Result<()> {
    require_anywhere(actor, Action::ManageCamps)?;
    if let Some(reservation) = reserve(ctx, id).await? {
        let project = make(ctx, id, reservation).await?;
        record(ctx, actor, id, project).await?;
    }
    publish(ctx, actor, id).await
}

/// A running project of the planet, and whether a camp has it.
#[derive(Debug, Clone)]
pub struct PlanetProject {
    /// As the planet tells it.
    pub project: Checkin,
    /// Whether a camp of ours names it.
    pub is_used: bool,
}

/// Asks the planet for its running projects, newest first, for whoever chooses one for a camp.
///
/// # Errors
/// [`Error::Forbidden`]; that the planet is not set up, refuses, or did not answer.
pub async fn planet_projects(ctx: &Context, actor: &Actor) -> Result<Vec<PlanetProject>> {
    require_anywhere(actor, Action::ManageCamps)?;
    let ongoing = ctx.planet()?.ongoing_checkins().await.map_err(failure)?;
    let mut conn = ctx.db.read().await?;
    let mut projects = Vec::with_capacity(ongoing.len());
    for project in ongoing {
        let number = project.checkin_id.to_string();
        let is_used = camp_projects::is_used(&mut conn, &number).await?;
        projects.push(PlanetProject { project, is_used });
    }
    Ok(projects)
}

/// Reserves the making, unless the camp has its project.
async fn reserve(ctx: &Context, id: CampId) -> Result<Option<Reservation>> {
    let (today, wall_now) = (ctx.today(), ctx.wall_now());
    let promise = ctx.settings.promise;
    let is_configured = ctx.planet().map(drop);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                let camp = found(tx, id).await?;
                if camp.planet_project_id.is_some() {
                    return Ok(None);
                }
                let mut missing = form_of(tx, &camp).await?.missing();
                missing.remove(FIELD);
                if !missing.is_empty() {
                    return Err(Refusal::Incomplete(missing).into());
                }
                if camp.status != CampStatus::Draft {
                    let status = camp.status;
                    return Err(WrongState::CampNotADraft { status }.into());
                }
                refuse_unless_timely(&camp, today, &promise)?;
                is_configured?;
                let wanted = wanted(&camp)?;
                let unanswered = match camp_projects::asked(tx, id).await? {
                    Some(asked) => Some(read(&asked)?),
                    None => None,
                };
                // What was asked for first stays on record until it is known what became of it.
                let kept = written(unanswered.as_ref().unwrap_or(&wanted))?;
                let quiet_since = wall_now.minus(QUIET);
                if !camp_projects::claim(tx, id, &kept, wall_now, quiet_since).await? {
                    return Err(WrongState::ProjectUnderWay.into());
                }
                Ok(Some(Reservation {
                    wanted,
                    at: wall_now,
                    unanswered,
                }))
            })
        })
        .await
}

fn wanted(camp: &camps::Camp) -> Result<Wanted> {
    let terms = &camp.terms;
    let rules = plain_lines(&camp.introduction_html);
    Ok(Wanted {
        title: camp.name.clone(),
        text: if rules.is_empty() {
            let (from, to, days) = (terms.start_date, terms.end_date, terms.required_days);
            format!("{from} 至 {to}，打卡满 {days} 天退还押金")
        } else {
            rules
        },
        days: u32::try_from(terms.total_days)
            .map_err(|_| Error::Invariant("a camp of so many days".to_owned()))?,
        over_at: terms.over_at(),
    })
}

/// Finds the project that an earlier attempt may have left, or has one made.
async fn make(ctx: &Context, id: CampId, reservation: Reservation) -> Result<String> {
    let planet = ctx.planet()?;
    if let Some(unanswered) = &reservation.unanswered {
        // If it cannot be looked for, the reservation stays.
        let ongoing = planet.ongoing_checkins().await.map_err(failure)?;
        if let Some(left) = left_behind(ctx, unanswered, ongoing).await? {
            return Ok(left);
        }
        renew(ctx, id, &reservation).await?;
    }
    let new = NewProject {
        title: reservation.wanted.title,
        text: reservation.wanted.text,
        checkin_days: reservation.wanted.days,
        expires_at: last_moment(reservation.wanted.over_at),
    };
    match planet.create_checkin(&new).await {
        Ok(project) => Ok(project.to_string()),
        Err(error) => {
            if !matches!(error, zsxq::Error::OutcomeUnknown { .. }) {
                release(ctx, id, reservation.at).await?;
            }
            Err(failure(error))
        }
    }
}

/// The planet's day ends a millisecond before the next one (zsxq §4.2).
fn last_moment(over_at: Timestamp) -> chrono::DateTime<chrono::Utc> {
    over_at
        .minus(TimeDelta::milliseconds(1))
        .shanghai()
        .to_utc()
}

/// The project that was made although no answer came.
async fn left_behind(
    ctx: &Context,
    asked: &Wanted,
    ongoing: Vec<Checkin>,
) -> Result<Option<String>> {
    let mut conn = ctx.db.read().await?;
    let mut left = Vec::new();
    for project in ongoing {
        let is_it = project.title == asked.title
            && project.checkin_days == Some(asked.days)
            && project.expires_at == Some(last_moment(asked.over_at));
        let number = project.checkin_id.to_string();
        if is_it && !camp_projects::is_used(&mut conn, &number).await? {
            left.push(number);
        }
    }
    match left.len() {
        0 => Ok(None),
        1 => Ok(left.pop()),
        _ => Err(WrongState::ProjectNotUnique.into()),
    }
}

/// From now on it is this attempt's project that may be there: the earlier one's is not.
async fn renew(ctx: &Context, id: CampId, reservation: &Reservation) -> Result<()> {
    let (kept, at) = (written(&reservation.wanted)?, reservation.at);
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                if camp_projects::renew(tx, id, &kept, at).await? {
                    Ok(())
                } else {
                    Err(WrongState::ProjectTakenOver.into())
                }
            })
        })
        .await
}

async fn release(ctx: &Context, id: CampId, reserved_at: Timestamp) -> Result<()> {
    ctx.db
        .write(move |tx| {
            Box::pin(async move { Ok(camp_projects::release(tx, id, reserved_at).await?) })
        })
        .await
}

async fn record(ctx: &Context, actor: &Actor, id: CampId, project: String) -> Result<()> {
    let made = note(ctx, actor, "the planet's project was made");
    let audit = entry(ctx, actor, "camp.create_planet_project", id);
    ctx.db
        .write(move |tx: &mut Tx| {
            Box::pin(async move {
                if !camp_projects::record(tx, id, &project, made.at).await? {
                    return Err(WrongState::ProjectNotNeeded { project }.into());
                }
                let camp = found(tx, id).await?;
                let fitting = form_of(tx, &camp).await?.unpublished_status();
                if fitting != camp.status {
                    camps::advance(tx, id, camp.status.to(fitting)?, &made).await?;
                }
                tx.audit(crate::store::audit::Entry {
                    details: json!({"planetProjectId": project}),
                    ..audit
                });
                Ok(())
            })
        })
        .await
}

fn written(wanted: &Wanted) -> Result<String> {
    serde_json::to_string(wanted).map_err(|error| Error::Invariant(error.to_string()))
}

fn read(asked: &str) -> Result<Wanted> {
    serde_json::from_str(asked).map_err(|error| Error::Invariant(error.to_string()))
}

/// A failure of the planet as doors show it.
fn failure(error: zsxq::Error) -> Error {
    let (platform, what) = ("zsxq", error.to_string());
    if error.is_transient() || matches!(error, zsxq::Error::OutcomeUnknown { .. }) {
        Error::PlatformUnavailable { platform, what }
    } else {
        Error::Platform { platform, what }
    }
}
