//! Settings while the product runs: the super admin reads and changes them, never the secrets.

use std::collections::BTreeMap;

use axum::extract::State;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::LiveContext;
use crate::services::configuration::Configuration;
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Json, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(get_config, put_config))
        .routes(routes!(get_overview))
}

/// The tree of the configuration file, with its own key names.
#[derive(Debug, Serialize, ToSchema)]
#[schema(value_type = Object, example = json!({"zsxq": {"group_id": "1", "cookie": {"set": true}}}))]
struct ConfigTree(BTreeMap<String, Value>);

/// What is to be known beside the values.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ConfigOverview {
    /// How browsers and platforms reach us.
    #[schema(example = "https://camp.example.com")]
    public_url: String,
    /// By key (`zsxq.cookie`), where its value comes from: `default`, `file`, `stored` or
    /// `environment`, which wins over what is stored.
    origins: BTreeMap<String, &'static str>,
}

/// The configuration as it holds; of a secret only `{"set": true}`.
#[utoipa::path(
    get, path = "/api/admin/config", tag = "config", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<ConfigTree>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn get_config(
    State(configuration): State<Configuration>,
    Staff(actor): Staff,
) -> WebResult<Answer<ConfigTree>> {
    Ok(Answer(ConfigTree(configuration.tree(&actor).await?)))
}

/// Stores values over the file's, all or none, for every running instance. What is left out, and a
/// secret that is sent as it was read, stays; `null` forgets what is stored.
#[utoipa::path(
    put, path = "/api/admin/config", tag = "config", security(("staff" = [])),
    request_body(content = Object, example = json!({"zsxq": {"cookie": "…"}})),
    responses(
        (status = 200, description = "as it is now", body = Envelope<ConfigTree>),
        (status = 403, description = "forbidden", body = ProblemBody),
        (status = 422, description = "invalid_input; fields by key", body = ProblemBody)
    )
)]
async fn put_config(
    State(configuration): State<Configuration>,
    State(live): State<LiveContext>,
    Staff(actor): Staff,
    Json(tree): Json<Map<String, Value>>,
) -> WebResult<Answer<ConfigTree>> {
    configuration.put(&actor, &tree).await?;
    configuration.wait_until_followed(&live).await?;
    Ok(Answer(ConfigTree(configuration.tree(&actor).await?)))
}

/// Where the values come from, and the address that platforms are told.
#[utoipa::path(
    get, path = "/api/admin/config/overview", tag = "config", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<ConfigOverview>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn get_overview(
    State(configuration): State<Configuration>,
    State(live): State<LiveContext>,
    Staff(actor): Staff,
) -> WebResult<Answer<ConfigOverview>> {
    let overview = configuration.overview(&actor, &live).await?;
    let origins = overview.origins.into_iter();
    Ok(Answer(ConfigOverview {
        public_url: overview.public_url,
        origins: origins
            .map(|(key, origin)| (key, origin.as_str()))
            .collect(),
    }))
}
