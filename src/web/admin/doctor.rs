//! Whether the installation works, part by part, and what to do where it does not.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::LiveContext;
use crate::services::configuration::Configuration;
use crate::services::doctor::{self, Report, Scope, State as Health};
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Path, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(get_doctor))
        .routes(routes!(test_platform))
}

/// The installation, part by part.
#[derive(Debug, Serialize, ToSchema)]
struct DoctorView {
    /// Nothing fails.
    ok: bool,
    /// In the order that they are to be mended in.
    checks: Vec<CheckView>,
}

/// A part of the installation.
#[derive(Debug, Serialize, ToSchema)]
struct CheckView {
    #[schema(example = "trusted_ip")]
    name: &'static str,
    /// For people.
    #[schema(example = "企业可信 IP")]
    title: String,
    /// `ok`, `warn` (do something soon), `fail`, or `off` (not in use, or not looked at).
    #[schema(example = "fail")]
    state: &'static str,
    #[schema(example = "本机的出口地址 203.0.113.9 不在企业可信 IP 里")]
    message: String,
    /// What to do about it.
    remedy: Option<String>,
}

/// A platform, tried.
#[derive(Debug, Serialize, ToSchema)]
struct TestView {
    /// All of it works.
    ok: bool,
    checks: Vec<TriedView>,
}

/// A part of a platform, tried.
#[derive(Debug, Serialize, ToSchema)]
struct TriedView {
    name: &'static str,
    /// For people.
    title: String,
    ok: bool,
    message: String,
    /// What to do about it.
    remedy: Option<String>,
}

impl From<Report> for DoctorView {
    fn from(report: Report) -> Self {
        let checks = report.checks.iter();
        let checks = checks.map(|checked| {
            let (title, message, remedy) = checked.told(&report.catalogue);
            CheckView {
                name: checked.part.as_str(),
                title,
                state: checked.state.as_str(),
                message,
                remedy,
            }
        });
        Self {
            checks: checks.collect(),
            ok: report.is_ok(),
        }
    }
}

impl From<Report> for TestView {
    fn from(report: Report) -> Self {
        let checks = report.checks.iter();
        let checks: Vec<TriedView> = checks
            .map(|checked| {
                let (title, message, remedy) = checked.told(&report.catalogue);
                TriedView {
                    name: checked.part.as_str(),
                    title,
                    ok: matches!(checked.state, Health::Ok | Health::Warn),
                    message,
                    remedy,
                }
            })
            .collect();
        Self {
            ok: checks.iter().all(|tried| tried.ok),
            checks,
        }
    }
}

/// Looks at the whole installation; it takes ten seconds at most.
#[utoipa::path(
    get, path = "/api/admin/doctor", tag = "config", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<DoctorView>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn get_doctor(
    State(live): State<LiveContext>,
    State(configuration): State<Configuration>,
    Staff(actor): Staff,
) -> WebResult<Answer<DoctorView>> {
    let report = doctor::examine_for(&live, &configuration, &actor, Scope::Whole).await?;
    Ok(Answer(report.into()))
}

/// Tries a platform with the settings that are stored.
#[utoipa::path(
    post, path = "/api/admin/config/test/{platform}", tag = "config", security(("staff" = [])),
    params(("platform" = String, Path, description = "wecom, wechat-pay or zsxq")),
    responses(
        (status = 200, body = Envelope<TestView>),
        (status = 403, description = "forbidden", body = ProblemBody),
        (status = 422, description = "invalid_input: there is no such platform", body = ProblemBody)
    )
)]
async fn test_platform(
    State(live): State<LiveContext>,
    State(configuration): State<Configuration>,
    Staff(actor): Staff,
    Path(platform): Path<String>,
) -> WebResult<Answer<TestView>> {
    let report = doctor::examine_platform_for(&live, &configuration, &actor, &platform).await?;
    Ok(Answer(report.into()))
}
