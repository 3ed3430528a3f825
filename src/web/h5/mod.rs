//! The member API. One file per resource; each answers its routes, and they are added here.

mod appeals;
mod camps;
mod orders;
mod payments;
mod progress;
mod session;
mod settlements;

use utoipa_axum::router::OpenApiRouter;

use super::WebState;

pub(super) use session::COOKIE as MEMBER_COOKIE;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .merge(appeals::routes())
        .merge(camps::routes())
        .merge(orders::routes())
        .merge(payments::routes())
        .merge(progress::routes())
        .merge(session::routes())
        .merge(settlements::routes())
}
