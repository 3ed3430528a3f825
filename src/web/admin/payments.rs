//! Payments.

use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::shown_name::visible;
use crate::domain::{
    BindMethod, BindStatus, CampId, MemberId, OrderFlag, OrderStatus, PayChannel, PaymentId,
    Timestamp,
};
use crate::services::Context;
use crate::services::judge_payment;
use crate::services::payments::{self, PaymentQuery};
use crate::store::PageRequest;
use crate::store::payment_lists::ListedPayment;
use crate::web::auth::Staff;
use crate::web::day::{Day, span};
use crate::web::{
    Answer, Envelope, Json, Nothing, Page, Path, Problem, ProblemBody, Query, WebResult, WebState,
};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(list_payments))
        .routes(routes!(accept_payment))
        .routes(routes!(keep_payment))
}

/// A payment. Who paid is named by the member, never by openid.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct PaymentView {
    #[schema(value_type = i64)]
    id: PaymentId,
    order_no: String,
    #[schema(value_type = Option<i64>)]
    camp_id: Option<CampId>,
    #[schema(value_type = Option<i64>)]
    member_id: Option<MemberId>,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    #[schema(value_type = Option<String>, example = "jsapi")]
    channel: Option<PayChannel>,
    #[schema(value_type = String, example = "paid")]
    status: OrderStatus,
    #[schema(value_type = Option<String>, example = "duplicate")]
    flag: Option<OrderFlag>,
    amount_fen: i64,
    paid_fen: Option<i64>,
    #[schema(value_type = Option<String>, format = DateTime)]
    paid_at: Option<Timestamp>,
    transaction_id: Option<String>,
    #[schema(value_type = String, example = "completed")]
    bind_status: BindStatus,
    #[schema(value_type = Option<String>, example = "user_fill")]
    bind_method: Option<BindMethod>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
}

/// The payments that a list is narrowed to.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListQuery {
    camp_id: Option<CampId>,
    status: Option<OrderStatus>,
    flag: Option<OrderFlag>,
    q: Option<String>,
    from: Option<Day>,
    to: Option<Day>,
}

impl TryFrom<ListQuery> for PaymentQuery {
    type Error = Problem;

    fn try_from(query: ListQuery) -> WebResult<Self> {
        let (from, to) = span(query.from, query.to)?;
        Ok(Self {
            camp_id: query.camp_id,
            status: query.status,
            flag: query.flag,
            text: query.q,
            from,
            to,
        })
    }
}

impl From<ListedPayment> for PaymentView {
    fn from(payment: ListedPayment) -> Self {
        Self {
            id: payment.id,
            order_no: payment.order_no,
            camp_id: payment.camp_id,
            member_id: payment.member_id,
            planet_nickname: payment.planet_nickname.as_deref().map(visible),
            wechat_nickname: payment.wechat_nickname.as_deref().map(visible),
            channel: payment.channel,
            status: payment.status,
            flag: payment.flag,
            amount_fen: payment.amount_fen,
            paid_fen: payment.paid_fen,
            paid_at: payment.paid_at,
            transaction_id: payment.transaction_id,
            bind_status: payment.bind_status,
            bind_method: payment.bind_method,
            created_at: payment.created_at,
        }
    }
}

/// Why a person decides so about a payment.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct JudgeBody {
    /// At most 200 characters.
    reason: String,
}

/// Accepts a flagged payment as the deposit of its payer.
#[utoipa::path(
    post, path = "/api/admin/payments/{orderNo}/accept", tag = "staff", security(("staff" = [])),
    params(("orderNo" = String, Path, description = "or WeChat Pay's number of the payment")),
    request_body = JudgeBody,
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 409, description = "wrong_state, already_enrolled, duplicate, already_decided", body = ProblemBody),
        (status = 422, description = "invalid_input, camp_not_enrolling", body = ProblemBody)
    )
)]
async fn accept_payment(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(number): Path<String>,
    Json(body): Json<JudgeBody>,
) -> WebResult<Answer<Nothing>> {
    judge_payment::accept(&ctx, &actor, &number, &body.reason).await?;
    Ok(Answer(Nothing))
}

/// Keeps what is here of a payment, for who cannot be identified.
#[utoipa::path(
    post, path = "/api/admin/payments/{orderNo}/keep", tag = "staff", security(("staff" = [])),
    params(("orderNo" = String, Path, description = "or WeChat Pay's number of the payment")),
    request_body = JudgeBody,
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 409, description = "wrong_state, already_decided", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn keep_payment(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Path(number): Path<String>,
    Json(body): Json<JudgeBody>,
) -> WebResult<Answer<Nothing>> {
    judge_payment::keep(&ctx, &actor, &number, &body.reason).await?;
    Ok(Answer(Nothing))
}

/// Payments, newest first.
#[utoipa::path(
    get, path = "/api/admin/payments", tag = "staff", security(("staff" = [])),
    params(
        ("campId" = Option<i64>, Query),
        ("status" = Option<String>, Query, description = "created|paid|refunding|refunded|closed"),
        ("flag" = Option<String>, Query, description = "duplicate|wrong_amount|late|unknown_order|other_appid"),
        ("q" = Option<String>, Query, description = "part of a name, or a whole number: of an order, or WeChat Pay's"),
        ("from" = Option<String>, Query, description = "paid on this day or later"),
        ("to" = Option<String>, Query, description = "paid on this day or earlier"),
        ("page" = Option<i64>, Query), ("size" = Option<i64>, Query)
    ),
    responses(
        (status = 200, body = Envelope<Page<PaymentView>>),
        (status = 403, description = "forbidden", body = ProblemBody)
    )
)]
async fn list_payments(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    Query(query): Query<ListQuery>,
    page: PageRequest,
) -> WebResult<Answer<Page<PaymentView>>> {
    let page = payments::list(&ctx, &actor, query.try_into()?, page).await?;
    Ok(Answer(page.into()))
}
