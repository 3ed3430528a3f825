//! The planet's roster: importing the back office's export.

use axum::extract::{DefaultBodyLimit, Request, State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::PlanetUserId;
use crate::domain::table::RowChange;
use crate::services::imports::{Fault, MAX_FILE_BYTES, Mode, Report};
use crate::services::{Context, roster};
use crate::web::auth::Staff;
use crate::web::multipart::{OVERHEAD_BYTES, file_of};
use crate::web::{Answer, Envelope, ProblemBody, Query, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(import_roster))
        .layer(DefaultBodyLimit::max(MAX_FILE_BYTES + OVERHEAD_BYTES))
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ImportQuery {
    #[serde(default)]
    dry_run: bool,
}

impl ImportQuery {
    pub(super) const fn mode(&self) -> Mode {
        if self.dry_run {
            Mode::DryRun
        } else {
            Mode::Write
        }
    }
}

/// The form that is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, for the OpenAPI document")]
pub(super) struct FileForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// What an import did, or with `dryRun` would do.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ImportView {
    /// Rows that nothing was known of.
    added: usize,
    /// Rows that say something new.
    changed: usize,
    /// Rows that say what is known.
    unchanged: usize,
    /// Rows that were left out; the others are in.
    errors: Vec<RowErrorView>,
    /// With `dryRun`: what changes, line by line; the first 1,000.
    changes: Vec<RowChangeView>,
}

/// A row that says something new.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RowChangeView {
    /// As the spreadsheet counts it.
    row: usize,
    #[schema(value_type = Option<String>)]
    planet_user_id: Option<PlanetUserId>,
    member_number: Option<u32>,
    /// What was known; `null` where nothing was.
    before: Option<Vec<String>>,
    after: Vec<String>,
}

/// A row that was left out.
#[derive(Debug, Serialize, ToSchema)]
struct RowErrorView {
    /// As the spreadsheet counts it; 1 is the headings.
    row: usize,
    message: String,
}

impl From<Report> for ImportView {
    fn from(report: Report) -> Self {
        let error = |fault: Fault| RowErrorView {
            row: fault.row,
            message: fault.message,
        };
        let change = |change: RowChange| RowChangeView {
            row: change.row,
            planet_user_id: change.account,
            member_number: change.member_number,
            before: change.before,
            after: change.after,
        };
        Self {
            added: report.added,
            changed: report.changed,
            unchanged: report.unchanged,
            errors: report.errors.into_iter().map(error).collect(),
            changes: report.changes.into_iter().map(change).collect(),
        }
    }
}

/// Imports the member export of the planet's back office, or a table with the columns
/// `planet_user_id, member_number, planet_nickname, wechat_nickname`: CSV or xlsx, at most 20 MiB.
#[utoipa::path(
    post, path = "/api/admin/roster/import", tag = "staff", security(("staff" = [])),
    params(("dryRun" = Option<bool>, Query, description = "only say what it would do")),
    request_body(content = FileForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<ImportView>),
        (status = 413, description = "too_large", body = ProblemBody),
        (status = 415, description = "unsupported_media_type", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody),
        (status = 503, description = "busy", body = ProblemBody)
    )
)]
async fn import_roster(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ImportQuery>,
    request: Request,
) -> WebResult<Answer<ImportView>> {
    roster::may_import(&actor)?;
    let file = file_of(&ctx, request, MAX_FILE_BYTES).await?;
    let report = roster::import(&ctx, Some(&actor), file.bytes, query.mode()).await?;
    Ok(Answer(report.into()))
}
