//! The clock's jobs: how they went, and running one now.

use axum::extract::State;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::Timestamp;
use crate::jobs::{self, JobReport, Jobs};
use crate::services::Context;
use crate::store::job_runs::JobRunRow;
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Items, Path, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_jobs))
        .routes(routes!(run_job))
}

/// A job and how it last went.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JobView {
    name: &'static str,
    /// Second, minute, hour, day, month, weekday in Asia/Shanghai; null for a job that commits
    /// wake.
    schedule: Option<&'static str>,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_at: Option<Timestamp>,
    last_run: Option<JobRunView>,
}

/// A run of a job.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JobRunView {
    #[schema(value_type = String, format = DateTime)]
    scheduled_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    started_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    finished_at: Option<Timestamp>,
    /// `done`, `failed` or `skipped`; null while it runs.
    outcome: Option<String>,
    /// What it did, in the job's own figures; `error` says why it failed or was skipped.
    #[schema(value_type = Option<Object>)]
    summary: Option<Value>,
}

/// What a run did.
#[derive(Debug, Serialize, ToSchema)]
struct JobDoneView {
    name: String,
    /// In the job's own figures.
    #[schema(value_type = Object)]
    summary: Value,
}

impl From<JobReport> for JobView {
    fn from(report: JobReport) -> Self {
        Self {
            name: report.name,
            schedule: report.schedule,
            next_at: report.next_at,
            last_run: report.last.map(JobRunView::from),
        }
    }
}

impl From<JobRunRow> for JobRunView {
    fn from(run: JobRunRow) -> Self {
        Self {
            scheduled_at: Timestamp::from_micros(run.scheduled_at),
            started_at: Timestamp::from_micros(run.started_at),
            finished_at: run.finished_at.map(Timestamp::from_micros),
            outcome: run.outcome,
            summary: run.summary.map(figures),
        }
    }
}

/// The book keeps figures as JSON, and what went wrong as a text.
fn figures(summary: String) -> Value {
    let kept = serde_json::from_str(&summary).ok().filter(Value::is_object);
    kept.unwrap_or_else(|| json!({"error": summary}))
}

/// Every job and how it last went.
#[utoipa::path(
    get, path = "/api/admin/jobs", tag = "jobs", security(("staff" = [])),
    responses((status = 200, body = Envelope<Items<JobView>>))
)]
async fn list_jobs(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<Items<JobView>>> {
    let reports = jobs::report(&ctx, &actor).await?;
    let items = reports.into_iter().map(JobView::from).collect();
    Ok(Answer(Items { items }))
}

/// Runs a job once, now, and answers when it is done.
#[utoipa::path(
    post, path = "/api/admin/jobs/{name}/run", tag = "jobs", security(("staff" = [])),
    params(("name" = String, Path)),
    responses(
        (status = 200, body = Envelope<JobDoneView>),
        (status = 404, description = "not_found", body = ProblemBody),
        (status = 409, description = "wrong_state: it is running", body = ProblemBody)
    )
)]
async fn run_job(
    State(jobs): State<Jobs>,
    Staff(actor): Staff,
    Path(name): Path<String>,
) -> WebResult<Answer<JobDoneView>> {
    let summary = jobs.run_for(&actor, &name).await?;
    Ok(Answer(JobDoneView { name, summary }))
}
