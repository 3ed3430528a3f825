//! The staff API. One file per resource; each answers its routes, and they are added here.

mod session;
mod users;

use utoipa_axum::router::OpenApiRouter;

use super::WebState;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .merge(session::routes())
        .merge(users::routes())
}
