//! What platforms tell us. One file per platform; each answers its routes, and they are added
//! here. Answers are what the platform expects, not our envelope, and nothing is counted by the
//! rate limit below `/api/webhook/`, since everything there is signed.

mod wechat_pay;
mod wecom;

use axum::Router;

use super::WebState;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .merge(wechat_pay::routes())
        .merge(wecom::routes())
}
