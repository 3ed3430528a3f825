//! Ordering, paying and binding.

use std::net::{IpAddr, Ipv4Addr};

use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::SET_COOKIE;
use axum::response::{AppendHeaders, IntoResponse, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::{BindMethod, BindStatus, CampId, PayChannel, Timestamp};
use crate::platforms::wechat_pay::PayParams;
use crate::services::enroll::{self, Ordered, Orderer};
use crate::services::session::{self, NewSession};
use crate::services::{Context, Error, Refusal, bind, file_links, identity, orders};
use crate::store::payments::PlanetClaim;
use crate::store::sessions::Session;

use super::super::{
    Answer, CallerAddress, Envelope, Json, Path, Problem, ProblemBody, WebResult, WebState,
};
use super::session::{AccessToken, MaybeSession, platform_of, set_cookie};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(order))
        .routes(routes!(pay_means))
        .routes(routes!(bind_order))
        .routes(routes!(group_code))
        .routes(routes!(join_group))
}

/// An order for a camp. Planet fields are both given or both absent.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct OrderInput {
    camp_id: i64,
    channel: PayChannel,
    planet_user_id: Option<String>,
    planet_nickname: Option<String>,
    wechat_nickname: Option<String>,
    /// Of a personal link.
    ticket: Option<String>,
    /// Goes on although the answer was `claimed`.
    #[serde(default)]
    confirm_claim: bool,
}

/// What the page needs to have an order paid.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct OrderedView {
    order_no: String,
    channel: PayChannel,
    amount_fen: i64,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pay_params: Option<JsapiParams>,
    #[serde(skip_serializing_if = "Option::is_none")]
    code_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h5_url: Option<String>,
}

/// What the page hands to `getBrandWCPayRequest`.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JsapiParams {
    app_id: String,
    /// Text: iOS takes no number here.
    time_stamp: String,
    nonce_str: String,
    package: String,
    sign_type: String,
    pay_sign: String,
}

impl From<PayParams> for JsapiParams {
    fn from(params: PayParams) -> Self {
        Self {
            app_id: params.app_id,
            time_stamp: params.time_stamp,
            nonce_str: params.nonce_str,
            package: params.package,
            sign_type: params.sign_type,
            pay_sign: params.pay_sign,
        }
    }
}

impl From<Ordered> for OrderedView {
    fn from(ordered: Ordered) -> Self {
        Self {
            order_no: ordered.order_no,
            channel: ordered.channel,
            amount_fen: ordered.amount.get(),
            expires_at: ordered.expires_at,
            pay_params: ordered.pay_params.map(JsapiParams::from),
            code_url: ordered.code_url,
            h5_url: ordered.h5_url,
        }
    }
}

/// Orders a place in a camp; the unpaid order of the same session and channel comes back.
#[utoipa::path(
    post, path = "/api/h5/payments", tag = "member", request_body = OrderInput,
    responses(
        (status = 200, body = Envelope<OrderedView>),
        (status = 401, description = "unauthenticated: jsapi without a sign-in", body = ProblemBody),
        (status = 409, description = "already_enrolled · claimed", body = ProblemBody),
        (status = 422, description = "camp_not_enrolling · invalid_input", body = ProblemBody),
        (status = 429, description = "rate_limited", body = ProblemBody)
    )
)]
async fn order(
    State(state): State<WebState>,
    MaybeSession(present): MaybeSession,
    caller: CallerAddress,
    headers: HeaderMap,
    Json(input): Json<OrderInput>,
) -> WebResult<Response> {
    let ctx = state.context();
    let camp_id = CampId(input.camp_id);
    let request = enroll::Request {
        camp_id,
        channel: input.channel,
        claim: identity::claim_of_link(
            &ctx,
            camp_id,
            input.ticket.as_deref(),
            PlanetClaim {
                planet_id: input.planet_user_id,
                nickname: input.planet_nickname,
                wechat_nickname: input.wechat_nickname,
                signed: None,
            },
        )?,
        confirms_claim: input.confirm_claim,
        ip: caller.0.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    };
    let Some(session) = present else {
        return order_of_new(&state, caller, platform_of(&headers), request).await;
    };
    let ordered = enroll::order(&ctx, Orderer::Known(&session), request).await;
    let ordered = ordered.map_err(|error| refused(&state, Some(&session), caller, error))?;
    Ok(Answer(OrderedView::from(ordered)).into_response())
}

/// The first order of a browser, and the cookie that it is known by: only if the order stands, or
/// anybody could have as many sessions as they have slips to make.
async fn order_of_new(
    state: &WebState,
    caller: CallerAddress,
    platform: &str,
    request: enroll::Request,
) -> WebResult<Response> {
    let ctx = &state.context();
    let fresh = NewSession::of(ctx, platform);
    let answer = match enroll::order(ctx, Orderer::New(&fresh.session), request).await {
        Ok(ordered) => Answer(OrderedView::from(ordered)).into_response(),
        Err(error) => {
            let problem = refused(state, None, caller, error);
            // WeChat Pay may not have answered: asking again with the cookie goes on with the order.
            if session::load(ctx, &fresh.cookie).await?.is_none() {
                return Err(problem);
            }
            problem.into_response()
        }
    };
    let cookie = (SET_COOKIE, set_cookie(ctx, &fresh)?);
    Ok((AppendHeaders([cookie]), answer).into_response())
}

/// A refusal. `claimed` tells of somebody else's account, so it is counted like “是你吗？”; an order
/// that stands, or a binding, is not: a whole camp may enrol from one address.
fn refused(
    state: &WebState,
    session: Option<&Session>,
    caller: CallerAddress,
    error: Error,
) -> Problem {
    if matches!(error, Error::Refused(Refusal::Claimed { .. }))
        && let Err(too_many) = state.identifications.check(session, caller)
    {
        return too_many;
    }
    error.into()
}

/// What the page needs to have its unpaid order paid, again.
#[utoipa::path(
    get, path = "/api/h5/payments/{orderNo}/params", tag = "member",
    params(("orderNo" = String, Path)),
    responses(
        (status = 200, body = Envelope<OrderedView>),
        (status = 403, description = "not_your_order", body = ProblemBody)
    )
)]
async fn pay_means(
    State(ctx): State<Context>,
    MaybeSession(session): MaybeSession,
    Path(order_no): Path<String>,
) -> WebResult<Answer<OrderedView>> {
    let session = session.ok_or(crate::services::Error::from(Refusal::NotYourOrder))?;
    Ok(Answer(
        enroll::pay_means(&ctx, &session, &order_no).await?.into(),
    ))
}

/// Who the payer of an order is.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct BindInput {
    order_no: String,
    planet_user_id: String,
    planet_nickname: String,
    wechat_nickname: Option<String>,
    /// Goes on although the answer was `claimed`.
    #[serde(default)]
    confirm_claim: bool,
}

/// A bound order and the group to join.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct BoundView {
    order_no: String,
    member_id: i64,
    bind_status: BindStatus,
    #[schema(required)]
    bind_method: Option<BindMethod>,
    /// Signed, good for ten minutes.
    group_qr_url: String,
}

/// Binds a paid order within seven days.
#[utoipa::path(
    post, path = "/api/h5/payments/bind", tag = "member", security(("access_token" = [])),
    request_body = BindInput,
    responses(
        (status = 200, body = Envelope<BoundView>),
        (status = 403, description = "not_your_order", body = ProblemBody),
        (status = 409, description = "already_bound · claimed", body = ProblemBody),
        (status = 410, description = "bind_expired", body = ProblemBody),
        (status = 429, description = "rate_limited", body = ProblemBody)
    )
)]
async fn bind_order(
    State(state): State<WebState>,
    AccessToken(token): AccessToken,
    MaybeSession(session): MaybeSession,
    caller: CallerAddress,
    Json(input): Json<BindInput>,
) -> WebResult<Answer<BoundView>> {
    let ctx = state.context();
    let request = bind::Request {
        order_no: input.order_no,
        claim: PlanetClaim {
            planet_id: Some(input.planet_user_id),
            nickname: Some(input.planet_nickname),
            wechat_nickname: input.wechat_nickname,
            signed: None,
        },
        confirms_claim: input.confirm_claim,
    };
    let bound = bind::bind(&ctx, &token, request).await;
    let bound = bound.map_err(|error| refused(&state, session.as_ref(), caller, error))?;
    let group = orders::group(&ctx, &token, &bound.payment.order_no).await?;
    Ok(Answer(BoundView {
        member_id: bound.member_id.0,
        bind_status: bound.payment.bind_status,
        bind_method: bound.payment.bind_method,
        group_qr_url: file_links::signed_path(&ctx, group.code),
        order_no: bound.payment.order_no,
    }))
}

/// The group of a camp.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct GroupView {
    camp_name: String,
    /// Signed, good for ten minutes.
    group_qr_url: String,
    joined: bool,
}

/// The code of the group, once bound.
#[utoipa::path(
    get, path = "/api/h5/payments/{orderNo}/qrcode", tag = "member",
    security(("access_token" = [])), params(("orderNo" = String, Path)),
    responses(
        (status = 200, body = Envelope<GroupView>),
        (status = 403, description = "not_bound · not_your_order", body = ProblemBody)
    )
)]
async fn group_code(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Path(order_no): Path<String>,
) -> WebResult<Answer<GroupView>> {
    let group = orders::group(&ctx, &token, &order_no).await?;
    Ok(Answer(GroupView {
        group_qr_url: file_links::signed_path(&ctx, group.code),
        camp_name: group.camp.name,
        joined: group.joined,
    }))
}

/// That a member is in the group.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JoinedView {
    order_no: String,
    joined: bool,
}

/// Notes that the member is in the group, by their own word.
#[utoipa::path(
    post, path = "/api/h5/payments/{orderNo}/joined", tag = "member",
    security(("access_token" = [])), params(("orderNo" = String, Path)),
    responses(
        (status = 200, body = Envelope<JoinedView>),
        (status = 403, description = "not_bound · not_your_order", body = ProblemBody)
    )
)]
async fn join_group(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Path(order_no): Path<String>,
) -> WebResult<Answer<JoinedView>> {
    orders::join(&ctx, &token, &order_no).await?;
    Ok(Answer(JoinedView {
        order_no,
        joined: true,
    }))
}
