//! Check-ins: the list, syncs and figures.

use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request, State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::calendar::DayState;
use crate::domain::evidence::Suspicion;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{
    CampId, CheckInSource, FieldError, MatchStatus, MemberId, PlanetUserId, SyncId, Timestamp,
};
use crate::services::imports::MAX_FILE_BYTES;
use crate::services::sync::{
    self, CampCalendar, CheckInQuery, MemberDays, Stats, SyncRun, SyncState,
};
use crate::services::{Context, evidence};
use crate::store::PageRequest;
use crate::store::checkin_lists::ListedCheckIn;
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::multipart::{OVERHEAD_BYTES, file_of};
use crate::web::{
    Answer, Envelope, Json, Page, Path, Problem, ProblemBody, Query, WebResult, WebState,
};

use super::roster::{FileForm, ImportQuery, ImportView};

/// The longest that a caller may wait for a sync (contract).
const MAX_WAIT_SECONDS: u32 = 60;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_checkins))
        .routes(routes!(sync_camp))
        .routes(routes!(read_sync))
        .routes(routes!(confirm_sync))
        .routes(routes!(read_stats))
        .routes(routes!(read_calendar))
        .merge(import_routes())
}

fn import_routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(import_checkins))
        .layer(DefaultBodyLimit::max(MAX_FILE_BYTES + OVERHEAD_BYTES))
}

/// The check-ins that a list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    camp_id: Option<CampId>,
    q: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
}

impl TryFrom<ListQuery> for CheckInQuery {
    type Error = Problem;

    fn try_from(query: ListQuery) -> WebResult<Self> {
        let (from, to) = span(query.from, query.to)?;
        Ok(Self {
            camp: query.camp_id,
            text: query.q,
            from,
            to,
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct WaitInput {
    wait_seconds: Option<u64>,
}

/// A check-in: the first one of an account on a day.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CheckInView {
    camp_id: i64,
    camp_name: String,
    /// The member who is known to be that account.
    member_id: Option<i64>,
    /// By which people read of whoever checked in.
    name: String,
    #[schema(value_type = String)]
    planet_user_id: PlanetUserId,
    planet_nickname: Option<String>,
    /// The member's days that count, without grace.
    total_days: Option<i64>,
    /// Of the camp's days, in percent.
    rate: Option<i64>,
    eligible: Option<bool>,
    #[schema(example = "2026-01-03")]
    date: String,
    /// None where only the day is known.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
    /// The beginning of the post, at most 40 characters.
    #[schema(example = "今天写了三百字")]
    summary: Option<String>,
    /// `post` or `import`.
    #[schema(value_type = String, example = "post")]
    source: CheckInSource,
}

/// A sync of one camp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SyncView {
    #[schema(value_type = i64)]
    sync_id: SyncId,
    #[schema(value_type = String, example = "complete")]
    state: SyncState,
    /// Accounts in the planet's ranking.
    members: i64,
    new_checkins: i64,
    newly_eligible: i64,
    /// Accounts in the ranking that no member claims.
    unknown_users: i64,
    /// Why it is not complete, or what is missing all the same.
    error: Option<String>,
    /// What was odd about its ranking: `empty` or `shrunken`.
    #[schema(value_type = Option<String>, example = "shrunken")]
    suspicion: Option<Suspicion>,
    /// Its ranking decides nothing before a person confirms it.
    waits_for_confirmation: bool,
}

/// Why an odd ranking is right.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct ConfirmBody {
    reason: String,
}

/// A camp's check-ins in figures.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CheckInStats {
    daily: Vec<DayView>,
    distribution: Vec<DaysView>,
    /// Days per member, to two decimals.
    average: f64,
    eligible: i64,
    total: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    synced_at: Option<Timestamp>,
    /// Whether the newest sync is the one that decides.
    complete: bool,
}

/// The calendar of a camp.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CalendarView {
    camp_name: String,
    /// Every day that counts for anybody, in order.
    #[schema(value_type = Vec<String>)]
    days: Vec<NaiveDate>,
    /// All members, in the order in which they paid.
    items: Vec<MemberDaysView>,
    /// The moment of the ranking that decides.
    #[schema(value_type = Option<String>, format = DateTime)]
    synced_at: Option<Timestamp>,
    /// The moment up to which the posts were read, which the days are.
    #[schema(value_type = Option<String>, format = DateTime)]
    posts_read_at: Option<Timestamp>,
}

/// A member's row of the calendar.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberDaysView {
    #[schema(value_type = i64)]
    member_id: MemberId,
    name: String,
    #[schema(value_type = Option<String>)]
    planet_user_id: Option<PlanetUserId>,
    #[schema(value_type = String, example = "matched")]
    match_status: MatchStatus,
    checked_in_days: i64,
    required_days: i64,
    grace_days: i64,
    /// Of the days of their order, in percent.
    rate: i64,
    eligible: bool,
    /// One character for each of `days`: `x` checked in, `-` missed, `o` open today, `?` not synced,
    /// `.` yet to come, a blank for a day that is not theirs.
    #[schema(example = "xx-x?o..")]
    cells: String,
}

impl CalendarView {
    fn new(calendar: CampCalendar) -> Self {
        let days = calendar.days;
        let row = |member: MemberDays| {
            let terms = member.terms;
            let before = days.iter().take_while(|day| **day < terms.start_date);
            let mut cells = " ".repeat(before.count());
            cells.extend(member.days.iter().map(|day| cell(day.state)));
            cells.push_str(&" ".repeat(days.len().saturating_sub(cells.len())));
            MemberDaysView {
                rate: member.checked_in_days.saturating_mul(100) / terms.total_days.max(1),
                member_id: member.id,
                name: member.name,
                planet_user_id: member.account,
                match_status: member.match_status,
                checked_in_days: member.checked_in_days,
                required_days: terms.required_days,
                grace_days: terms.grace_days,
                eligible: member.eligible,
                cells,
            }
        };
        let items = calendar.members.into_iter().map(row).collect();
        Self {
            camp_name: calendar.camp_name,
            items,
            days,
            synced_at: calendar.ranked_at,
            posts_read_at: calendar.posts_read_at,
        }
    }
}

/// A day in one character: 31,000 of them are sent at once.
const fn cell(state: DayState) -> char {
    match state {
        DayState::CheckedIn => 'x',
        DayState::Missed => '-',
        DayState::Open => 'o',
        DayState::NotSynced => '?',
        DayState::Future => '.',
    }
}

/// Accounts that checked in on a day.
#[derive(Debug, Serialize, ToSchema)]
struct DayView {
    #[schema(value_type = String, format = Date)]
    date: NaiveDate,
    count: i64,
}

/// Members with the same number of days.
#[derive(Debug, Serialize, ToSchema)]
struct DaysView {
    days: i64,
    members: i64,
}

impl From<ListedCheckIn> for CheckInView {
    fn from(row: ListedCheckIn) -> Self {
        let account = PlanetUserId(row.planet_user_id);
        let nickname = row.planet_nickname.as_deref();
        Self {
            rate: row.rate(),
            name: row.shown_name(),
            camp_id: row.camp_id,
            camp_name: row.camp_name,
            total_days: row.checked_in_days,
            eligible: row.eligible,
            member_id: row.member_id,
            planet_user_id: account,
            planet_nickname: nickname.map(|name| shown_nickname(name, Some(account))),
            date: row.day,
            at: row.checked_in_at.map(Timestamp::from_micros),
            summary: row.summary,
            source: row.source,
        }
    }
}

impl From<SyncRun> for SyncView {
    fn from(run: SyncRun) -> Self {
        Self {
            waits_for_confirmation: run.waits_for_confirmation(),
            suspicion: run.suspicion,
            sync_id: run.id,
            state: run.state,
            members: run.counts.members,
            new_checkins: run.counts.new_checkins,
            newly_eligible: run.counts.newly_eligible,
            unknown_users: run.counts.unknown_users,
            error: run.error,
        }
    }
}

impl From<Stats> for CheckInStats {
    fn from(stats: Stats) -> Self {
        let day = |day: sync::DayCount| DayView {
            date: day.date,
            count: day.count,
        };
        let days = |days: sync::DaysCount| DaysView {
            days: days.days,
            members: days.members,
        };
        Self {
            daily: stats.daily.into_iter().map(day).collect(),
            distribution: stats.distribution.into_iter().map(days).collect(),
            average: stats.average,
            eligible: stats.eligible,
            total: stats.total,
            synced_at: stats.synced_at,
            complete: stats.complete,
        }
    }
}

/// Check-ins, newest first.
#[utoipa::path(
    get, path = "/api/admin/checkins", tag = "check-ins", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query), ("q" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses((status = 200, body = Envelope<Page<CheckInView>>))
)]
async fn list_checkins(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<CheckInView>>> {
    let page = sync::list(&ctx, &actor, query.try_into()?, page).await?;
    Ok(Answer(page.into()))
}

/// Starts a sync of a camp and waits a while for its end.
#[utoipa::path(
    post, path = "/api/admin/checkins/sync/{campId}", tag = "check-ins",
    security(("staff" = [])),
    params(("campId" = i64, Path), ("waitSeconds" = Option<u64>, Query, maximum = 60)),
    responses(
        (status = 200, body = Envelope<SyncView>),
        (status = 409, description = "sync_running; data.syncId · wrong_state", body = ProblemBody),
        (status = 503, description = "not_configured", body = ProblemBody)
    )
)]
async fn sync_camp(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp_id): Path<CampId>,
    Query(input): Query<WaitInput>,
) -> WebResult<Answer<SyncView>> {
    let wait_seconds = input.wait_seconds.unwrap_or(0);
    if wait_seconds > u64::from(MAX_WAIT_SECONDS) {
        let (min, max) = (0, i64::from(MAX_WAIT_SECONDS));
        return Err(Problem::invalid(
            "waitSeconds",
            FieldError::OutOfRange { min, max },
        ));
    }
    let wait = Duration::from_secs(wait_seconds);
    let run = sync::request(&ctx, &actor, camp_id, wait).await?;
    Ok(Answer(run.into()))
}

/// A sync, as it stands.
#[utoipa::path(
    get, path = "/api/admin/checkins/syncs/{syncId}", tag = "check-ins",
    security(("staff" = [])), params(("syncId" = i64, Path)),
    responses((status = 200, body = Envelope<SyncView>))
)]
async fn read_sync(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<SyncId>,
) -> WebResult<Answer<SyncView>> {
    Ok(Answer(sync::poll(&ctx, &actor, id).await?.into()))
}

/// Confirms an empty or shrunken ranking: from then on it decides.
#[utoipa::path(
    post, path = "/api/admin/checkins/syncs/{syncId}/confirm", tag = "check-ins",
    security(("staff" = [])), params(("syncId" = i64, Path)), request_body = ConfirmBody,
    responses(
        (status = 200, body = Envelope<SyncView>),
        (status = 409, description = "already_decided · wrong_state", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn confirm_sync(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(id): Path<SyncId>,
    Json(body): Json<ConfirmBody>,
) -> WebResult<Answer<SyncView>> {
    Ok(Answer(
        sync::confirm(&ctx, &actor, id, &body.reason).await?.into(),
    ))
}

/// Imports check-ins where the planet cannot be read: a table with the columns
/// `planet_user_id, planet_nickname, date, time`, or with `checkin_days` in place of dates; CSV or
/// xlsx, at most 20 MiB.
#[utoipa::path(
    post, path = "/api/admin/checkins/import/{campId}", tag = "check-ins",
    security(("staff" = [])),
    params(
        ("campId" = i64, Path),
        ("dryRun" = Option<bool>, Query, description = "only say what it would do")
    ),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<ImportView>),
        (status = 409, description = "wrong_state", body = ProblemBody),
        (status = 413, description = "too_large", body = ProblemBody),
        (status = 415, description = "unsupported_media_type", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody),
        (status = 503, description = "busy", body = ProblemBody)
    )
)]
async fn import_checkins(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp_id): Path<CampId>,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> WebResult<Answer<ImportView>> {
    evidence::may_import(&ctx, &actor, camp_id).await?;
    let file = file_of(&ctx, request, MAX_FILE_BYTES).await?;
    let report = evidence::import(&ctx, &actor, camp_id, file.bytes, query.mode()).await?;
    Ok(Answer(report.into()))
}

/// A camp's check-ins in figures.
#[utoipa::path(
    get, path = "/api/admin/checkins/stats/{campId}", tag = "check-ins",
    security(("staff" = [])), params(("campId" = i64, Path)),
    responses((status = 200, body = Envelope<CheckInStats>))
)]
async fn read_stats(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp_id): Path<CampId>,
) -> WebResult<Answer<CheckInStats>> {
    Ok(Answer(sync::stats(&ctx, &actor, camp_id).await?.into()))
}

/// The calendar of a camp: every member and every day.
#[utoipa::path(
    get, path = "/api/admin/checkins/calendar/{campId}", tag = "check-ins",
    security(("staff" = [])), params(("campId" = i64, Path)),
    responses(
        (status = 200, body = Envelope<CalendarView>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn read_calendar(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(camp_id): Path<CampId>,
) -> WebResult<Answer<CalendarView>> {
    let calendar = sync::camp_calendar(&ctx, &actor, camp_id).await?;
    Ok(Answer(CalendarView::new(calendar)))
}
