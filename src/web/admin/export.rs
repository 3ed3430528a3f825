//! Lists and the report as spreadsheets.

use axum::body::Body;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::Context;
use crate::services::export::{self, ExportFile};
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{ProblemBody, Query, WebResult, WebState};

use super::{checkins, members, payments, refund_bodies};

const XLSX: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(export_members))
        .routes(routes!(export_checkins))
        .routes(routes!(export_refunds))
        .routes(routes!(export_payments))
        .routes(routes!(export_report))
}

/// The days whose camps are reported on; either end may be open.
#[derive(Debug, Deserialize)]
struct SpanQuery {
    from: Option<Day>,
    to: Option<Day>,
}

/// Sends a file that is whole, piece by piece.
fn download(what: ExportFile, file: std::fs::File) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", what.name());
    let headers = [
        (header::CONTENT_TYPE, XLSX.to_owned()),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    let file = tokio::fs::File::from_std(file);
    (headers, Body::from_stream(ReaderStream::new(file))).into_response()
}

/// The list of members as a spreadsheet.
#[utoipa::path(
    get, path = "/api/admin/export/members.xlsx", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query), ("matchStatus" = Option<String>, Query),
        ("joined" = Option<bool>, Query), ("eligible" = Option<bool>, Query),
        ("q" = Option<String>, Query)
    ),
    responses(
        (status = 200, description = "a workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn export_members(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<members::ListQuery>,
) -> WebResult<Response> {
    let file = export::members(&ctx, &actor, query.into()).await?;
    Ok(download(ExportFile::Members, file))
}

/// The list of check-ins as a spreadsheet.
#[utoipa::path(
    get, path = "/api/admin/export/checkins.xlsx", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query), ("q" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query)
    ),
    responses(
        (status = 200, description = "a workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn export_checkins(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<checkins::ListQuery>,
) -> WebResult<Response> {
    let file = export::check_ins(&ctx, &actor, query.try_into()?).await?;
    Ok(download(ExportFile::CheckIns, file))
}

/// The list of refunds as a spreadsheet.
#[utoipa::path(
    get, path = "/api/admin/export/refunds.xlsx", tag = "staff", security(("staff" = [])),
    params(
        ("status" = Option<String>, Query), ("campId" = Option<i64>, Query),
        ("minConfidence" = Option<i64>, Query), ("q" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query)
    ),
    responses(
        (status = 200, description = "a workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn export_refunds(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<refund_bodies::ListQuery>,
) -> WebResult<Response> {
    let file = export::refunds(&ctx, &actor, query.filter()?).await?;
    Ok(download(ExportFile::Refunds, file))
}

/// The list of payments as a spreadsheet.
#[utoipa::path(
    get, path = "/api/admin/export/payments.xlsx", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query), ("status" = Option<String>, Query),
        ("flag" = Option<String>, Query), ("q" = Option<String>, Query),
        ("from" = Option<String>, Query), ("to" = Option<String>, Query)
    ),
    responses(
        (status = 200, description = "a workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn export_payments(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<payments::ListQuery>,
) -> WebResult<Response> {
    let file = export::payments(&ctx, &actor, query.try_into()?).await?;
    Ok(download(ExportFile::Payments, file))
}

/// The report of the camps as a spreadsheet.
#[utoipa::path(
    get, path = "/api/admin/export/report.xlsx", tag = "staff", security(("staff" = [])),
    params(("from" = Option<String>, Query), ("to" = Option<String>, Query)),
    responses(
        (status = 200, description = "a workbook", content_type = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", body = Vec<u8>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn export_report(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<SpanQuery>,
) -> WebResult<Response> {
    let (from, to) = span(query.from, query.to)?;
    let file = export::report(&ctx, &actor, from, to).await?;
    Ok(download(ExportFile::Report, file))
}
