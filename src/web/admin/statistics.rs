//! Reports.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{CampId, Timestamp};
use crate::services::Context;
use crate::services::statistics::{self, CampReport, MonthReport, Report};
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{Answer, Envelope, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(report_overview))
        .routes(routes!(report_camps))
}

/// The days whose camps are reported on; either end may be open.
#[derive(Debug, Deserialize)]
struct SpanQuery {
    from: Option<Day>,
    to: Option<Day>,
}

/// The sums of all camps of the report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct TotalsView {
    camps: usize,
    /// Places that were paid for: who was in two camps counts twice.
    members: i64,
    /// What came in.
    paid_fen: i64,
    /// What went back by WeChat Pay.
    refunded_fen: i64,
    /// What went back by another way.
    settled_outside_fen: i64,
    /// What came in and did not go back.
    net_fen: i64,
    /// What the organiser keeps for good.
    kept_fen: i64,
    /// Deposits that were back when it was promised.
    promises_kept: i64,
    /// Deposits that went back and were promised for a day.
    promises: i64,
}

/// How one camp went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct CampReportView {
    #[schema(value_type = i64)]
    camp_id: CampId,
    name: String,
    enrolled: i64,
    /// 参与率: of the enrolled, in percent, who checked in at all; none of none.
    participation_rate: Option<i64>,
    /// 完成率: of the enrolled, in percent, whose days suffice; none of none.
    completion_rate: Option<i64>,
    paid_fen: i64,
    refunded_fen: i64,
    settled_outside_fen: i64,
    net_fen: i64,
    kept_fen: i64,
    /// As of when the days are known.
    #[schema(value_type = Option<String>, format = DateTime)]
    synced_at: Option<Timestamp>,
}

/// The camps that begin in a month.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MonthView {
    #[schema(example = "2026-01")]
    month: String,
    members: i64,
    completion_rate: Option<i64>,
}

/// A report.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReportView {
    totals: TotalsView,
    /// The newest first.
    camps: Vec<CampReportView>,
    /// The oldest first.
    months: Vec<MonthView>,
}

impl From<CampReport> for CampReportView {
    fn from(camp: CampReport) -> Self {
        Self {
            camp_id: camp.camp_id,
            name: camp.name,
            enrolled: camp.enrolled,
            participation_rate: camp.participation.percent(),
            completion_rate: camp.completion.percent(),
            paid_fen: camp.money.paid_fen,
            refunded_fen: camp.money.returned_fen,
            settled_outside_fen: camp.money.settled_outside_fen,
            net_fen: camp.money.net_fen(),
            kept_fen: camp.money.kept_fen,
            synced_at: camp.synced_at,
        }
    }
}

impl From<MonthReport> for MonthView {
    fn from(month: MonthReport) -> Self {
        Self {
            month: month.month.format("%Y-%m").to_string(),
            members: month.members,
            completion_rate: month.completion.percent(),
        }
    }
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            totals: TotalsView {
                camps: report.camps.len(),
                members: report.members,
                paid_fen: report.money.paid_fen,
                refunded_fen: report.money.returned_fen,
                settled_outside_fen: report.money.settled_outside_fen,
                net_fen: report.money.net_fen(),
                kept_fen: report.money.kept_fen,
                promises_kept: report.promises.some,
                promises: report.promises.all,
            },
            camps: report.camps.into_iter().map(Into::into).collect(),
            months: report.months.into_iter().map(Into::into).collect(),
        }
    }
}

async fn read(ctx: &Context, staff: &Staff, query: SpanQuery) -> WebResult<Answer<ReportView>> {
    let (from, to) = span(query.from, query.to)?;
    let report = statistics::report(ctx, &staff.0, from, to).await?;
    Ok(Answer(report.into()))
}

/// The report of the camps that ran on one of some days: their sums, each of them, and each month.
#[utoipa::path(
    get, path = "/api/admin/statistics/overview", tag = "staff", security(("staff" = [])),
    params(
        ("from" = Option<String>, Query, description = "not over before this day"),
        ("to" = Option<String>, Query, description = "not begun after this day")
    ),
    responses(
        (status = 200, body = Envelope<ReportView>),
        (status = 403, description = "forbidden", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn report_overview(
    State(ctx): State<Context>,
    staff: Staff,
    Query(query): Query<SpanQuery>,
) -> WebResult<Answer<ReportView>> {
    read(&ctx, &staff, query).await
}

/// The same report, for the table of camps.
#[utoipa::path(
    get, path = "/api/admin/statistics/camp", tag = "staff", security(("staff" = [])),
    params(
        ("from" = Option<String>, Query, description = "not over before this day"),
        ("to" = Option<String>, Query, description = "not begun after this day")
    ),
    responses(
        (status = 200, body = Envelope<ReportView>),
        (status = 403, description = "forbidden", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn report_camps(
    State(ctx): State<Context>,
    staff: Staff,
    Query(query): Query<SpanQuery>,
) -> WebResult<Answer<ReportView>> {
    read(&ctx, &staff, query).await
}
