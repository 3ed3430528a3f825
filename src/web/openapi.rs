//! The OpenAPI document, generated from the handlers, and its vendored reader.

use axum::Router;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};
use utoipa_axum::router::OpenApiRouter;
use utoipa_swagger_ui::SwaggerUi;

use super::error::ProblemBody;
use super::{WebState, admin, h5, health};

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Campkeeper",
        description = "Deposits of training camps: paid, checked in, refunded exactly once. \
                       Amounts are fen, dates are days in Asia/Shanghai, times carry +08:00.",
        license(name = "MIT OR Apache-2.0")
    ),
    components(schemas(ProblemBody)),
    modifiers(&Doors),
    tags(
        (name = "member", description = "The member pages"),
        (name = "staff", description = "Signing in, and the admin console"),
        (name = "system", description = "Is it well?")
    )
)]
struct Document;

/// How callers say who they are.
struct Doors;

impl Modify for Doors {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let access_token = ApiKey::Header(ApiKeyValue::new("X-Access-Token"));
        let session = ApiKey::Cookie(ApiKeyValue::new("ck_session"));
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("staff", SecurityScheme::Http(bearer));
        components.add_security_scheme("access_token", SecurityScheme::ApiKey(access_token));
        components.add_security_scheme("session", SecurityScheme::ApiKey(session));
    }
}

fn documented() -> OpenApiRouter<WebState> {
    OpenApiRouter::with_openapi(Document::openapi())
        .merge(health::routes())
        .merge(h5::routes())
        .merge(admin::routes())
}

/// The whole document, as `/api/openapi.json` answers it.
#[must_use]
pub fn document() -> utoipa::openapi::OpenApi {
    documented().into_openapi()
}

/// The documented routes, the document itself and its reader.
pub(super) fn routes() -> Router<WebState> {
    let (router, document) = documented().split_for_parts();
    router.merge(SwaggerUi::new("/api/docs").url("/api/openapi.json", document))
}
