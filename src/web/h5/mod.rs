//! The member API. One file per resource; each answers its routes, and they are added here.

use utoipa_axum::router::OpenApiRouter;

use super::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
}
