//! The merchant account: whether refunds go out.

use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::Timestamp;
use crate::services::Context;
use crate::services::merchant::{self, MerchantState};
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(get_merchant))
        .routes(routes!(probe_merchant))
}

/// Whether refunds go out.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MerchantView {
    /// Nothing goes out: the merchant account cannot refund.
    held: bool,
    /// WeChat Pay's code in small letters.
    #[schema(example = "not_enough")]
    reason: Option<String>,
    #[schema(value_type = Option<String>, format = DateTime)]
    since: Option<Timestamp>,
    /// Refunds that wait behind the hold.
    waiting: i64,
    /// What the account needs for them.
    needed_fen: i64,
    #[schema(value_type = Option<String>, format = DateTime)]
    next_probe_at: Option<Timestamp>,
}

impl From<MerchantState> for MerchantView {
    fn from(state: MerchantState) -> Self {
        let hold = state.hold.as_ref();
        Self {
            held: hold.is_some(),
            reason: hold.map(|hold| hold.reason.word()),
            since: hold.map(|hold| hold.since),
            waiting: state.waiting.count,
            needed_fen: state.waiting.sum.get(),
            next_probe_at: hold.map(|hold| hold.next_probe_at),
        }
    }
}

/// Whether refunds go out, and what waits if they do not.
#[utoipa::path(
    get, path = "/api/admin/merchant", tag = "staff", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<MerchantView>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn get_merchant(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<MerchantView>> {
    Ok(Answer(merchant::state(&ctx, &actor).await?.into()))
}

/// Has the merchant account tried again now, as after a top-up: one refund goes out, and if it
/// passes, the rest follow. Nothing happens where nothing is held.
#[utoipa::path(
    post, path = "/api/admin/merchant/probe", tag = "staff", security(("staff" = [])),
    responses(
        (status = 200, body = Envelope<MerchantView>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn probe_merchant(
    State(ctx): State<Context>,
    Staff(actor): Staff,
) -> WebResult<Answer<MerchantView>> {
    Ok(Answer(merchant::probe(&ctx, &actor).await?.into()))
}
