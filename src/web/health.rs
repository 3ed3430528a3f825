//! Whether we are well: for load balancers and for people.

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::catalogue::ErrorKind;
use crate::domain::Timestamp;
use crate::services::Context;
use crate::services::health::{self, Health};

use super::WebState;
use super::envelope::{Answer, Envelope};
use super::error::Problem;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(get_health))
}

/// How we are.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HealthView {
    /// `ok`, or `unavailable` while the database does not answer.
    #[schema(example = "ok")]
    status: &'static str,
    /// `sqlite` or `postgres`.
    database: &'static str,
    /// The version of this binary.
    version: &'static str,
    /// When check-ins were last synced completely.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_sync_at: Option<Timestamp>,
    /// Notices to staff of the last week that reached nobody: the recipients are to be mended.
    undelivered_notices: Option<i64>,
}

/// Whether the service and its database answer.
#[utoipa::path(
    get, path = "/api/health", tag = "system",
    responses(
        (status = 200, body = Envelope<HealthView>),
        (status = 503, description = "database_unavailable; data as with 200", body = super::error::ProblemBody)
    )
)]
async fn get_health(State(ctx): State<Context>) -> Response {
    let view = |status, last_sync_at, undelivered_notices| HealthView {
        status,
        database: health::database(&ctx),
        version: env!("CARGO_PKG_VERSION"),
        last_sync_at,
        undelivered_notices,
    };
    match health::check(&ctx).await {
        Ok(health) => {
            let Health {
                last_sync_at,
                undelivered,
            } = health;
            Answer(view("ok", last_sync_at, Some(undelivered))).into_response()
        }
        Err(error) => {
            tracing::error!(error = %error, "the database did not answer a health check");
            Problem::from(ErrorKind::DatabaseUnavailable)
                .with_data(json!(view("unavailable", None, None)))
                .into_response()
        }
    }
}
