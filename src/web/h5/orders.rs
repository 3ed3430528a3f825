//! Orders as their payers see them.

use axum::extract::State;
use axum::http::HeaderMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{BindMethod, BindStatus, OrderStatus, Timestamp};
use crate::services::Context;
use crate::services::orders::{self, Asking, OrderView};

use super::super::{Answer, Envelope, Path, ProblemBody, Query, WebResult, WebState};
use super::progress::ProgressRefund;
use super::session::{MaybeSession, platform_of};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(status))
        .routes(routes!(me))
}

/// Where an order stands. Token and member only for the session that ordered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct StatusView {
    order_no: String,
    status: OrderStatus,
    bind_status: BindStatus,
    #[schema(required)]
    bind_method: Option<BindMethod>,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    bind_deadline: Option<Timestamp>,
    #[schema(required)]
    member_id: Option<i64>,
    #[schema(required)]
    access_token: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StatusQuery {
    says_paid: Option<bool>,
}

/// Where an order stands. WeChat Pay is asked once after three seconds without its notification, and
/// again when the payer says that they have paid.
#[utoipa::path(
    get, path = "/api/h5/payments/{orderNo}/status", tag = "member",
    params(
        ("orderNo" = String, Path),
        ("saysPaid" = Option<bool>, Query, description = "true: 我已完成支付")
    ),
    responses(
        (status = 200, body = Envelope<StatusView>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn status(
    State(ctx): State<Context>,
    MaybeSession(session): MaybeSession,
    Path(order_no): Path<String>,
    Query(query): Query<StatusQuery>,
) -> WebResult<Answer<StatusView>> {
    let asking = match query.says_paid {
        Some(true) => Asking::SaysPaid,
        _ => Asking::Looking,
    };
    let OrderView {
        payment,
        access_token,
        ..
    } = orders::status(&ctx, session.as_ref(), &order_no, asking).await?;
    Ok(Answer(StatusView {
        status: payment.status,
        bind_status: payment.bind_status,
        bind_method: payment.bind_method,
        bind_deadline: payment.bind_deadline,
        member_id: access_token.as_ref().and(payment.member_id).map(|id| id.0),
        access_token,
        order_no: payment.order_no,
    }))
}

/// Who the browser is, and what it has ordered.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Me {
    /// `wecom`, `wechat` or `browser`.
    platform: String,
    signed_in: bool,
    orders: Vec<MyOrder>,
}

/// One of a person's orders.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MyOrder {
    order_no: String,
    #[schema(required)]
    camp_id: Option<i64>,
    #[schema(required)]
    member_id: Option<i64>,
    status: OrderStatus,
    bind_status: BindStatus,
    /// Until when it can be paid.
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// Null before it is paid, and once its time is over.
    #[schema(required)]
    access_token: Option<String>,
    /// The way back of a payment that gave no place; a member's is in their progress.
    #[schema(required)]
    refund: Option<ProgressRefund>,
}

/// The orders of this session and of the person it is signed in as.
#[utoipa::path(
    get, path = "/api/h5/me", tag = "member",
    responses((status = 200, body = Envelope<Me>))
)]
async fn me(
    State(ctx): State<Context>,
    MaybeSession(session): MaybeSession,
    headers: HeaderMap,
) -> WebResult<Answer<Me>> {
    let Some(session) = session else {
        return Ok(Answer(Me {
            platform: platform_of(&headers).to_owned(),
            signed_in: false,
            orders: Vec::new(),
        }));
    };
    let orders = orders::of_session(&ctx, &session).await?;
    let signed_in = session.openid.is_some() || session.wecom_userid.is_some();
    Ok(Answer(Me {
        // A sign-in has proved where it was made; until then the browser's name has to do.
        platform: if signed_in {
            session.platform
        } else {
            platform_of(&headers).to_owned()
        },
        signed_in,
        orders: orders.into_iter().map(MyOrder::from).collect(),
    }))
}

impl From<OrderView> for MyOrder {
    fn from(
        OrderView {
            payment,
            access_token,
            way_back,
        }: OrderView,
    ) -> Self {
        Self {
            refund: way_back.map(ProgressRefund::from),
            camp_id: payment.camp_id.map(|id| id.0),
            member_id: payment.member_id.map(|id| id.0),
            status: payment.status,
            bind_status: payment.bind_status,
            expires_at: payment.expires_at,
            access_token,
            order_no: payment.order_no,
        }
    }
}
