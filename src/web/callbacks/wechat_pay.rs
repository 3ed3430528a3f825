//! Notifications of WeChat Pay: verified over the raw body, applied, and only then answered 2xx;
//! whatever is not durably applied is answered so that it is sent again (wechat-pay-v3 §6).

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::platforms::wechat_pay::{
    MAX_NOTICE_BYTES, NOTICE_FAILURE_BODY, Notice, NoticeError, WechatPay,
};
use crate::services::{Context, Error, confirm_payment, refund};

use super::super::WebState;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route(confirm_payment::NOTIFIED_AT, post(payment))
        .route(refund::NOTIFIED_AT, post(refund))
        .layer(DefaultBodyLimit::max(MAX_NOTICE_BYTES))
}

async fn payment(State(ctx): State<Context>, request: Request) -> Response {
    let (pay, headers, body) = match received(&ctx, request).await {
        Ok(received) => received,
        Err(refused) => return refused,
    };
    match pay.open_payment_notice(&headers, &body) {
        Ok(Notice::Event { resource, .. }) => answer(
            confirm_payment::confirm(&ctx, &resource, Some(&body))
                .await
                .map(drop),
        ),
        Ok(Notice::Unknown { event_type, .. }) => unknown(&event_type),
        Err(error) => refuse(&error),
    }
}

async fn refund(State(ctx): State<Context>, request: Request) -> Response {
    let (pay, headers, body) = match received(&ctx, request).await {
        Ok(received) => received,
        Err(refused) => return refused,
    };
    match pay.open_refund_notice(&headers, &body) {
        Ok(Notice::Event { resource, .. }) => {
            answer(refund::apply_refund_notice(&ctx, &resource).await.map(drop))
        }
        Ok(Notice::Unknown { event_type, .. }) => unknown(&event_type),
        Err(error) => refuse(&error),
    }
}

/// Who has to open a notification, its headers and its body, which is read only if its headers may
/// be WeChat Pay's.
async fn received(
    ctx: &Context,
    request: Request,
) -> Result<(&WechatPay, HeaderMap, Bytes), Response> {
    let pay = ctx.clients.pay.as_ref();
    let pay = pay.ok_or_else(|| failure(StatusCode::SERVICE_UNAVAILABLE))?;
    let headers = request.headers().clone();
    pay.precheck_notice(&headers).map_err(|e| refuse(&e))?;
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|rejection| {
        tracing::warn!("a notification was refused: its body cannot be read");
        failure(rejection.status())
    })?;
    Ok((pay, headers, body))
}

/// 204 once it is applied; 5xx while a later attempt may succeed.
fn answer(applied: Result<(), Error>) -> Response {
    match applied {
        Ok(()) => StatusCode::NO_CONTENT.into_response(),
        Err(Error::Invalid(what)) => {
            tracing::error!(?what, "a signed notification that is not for us");
            failure(StatusCode::BAD_REQUEST)
        }
        Err(error) => {
            tracing::error!(%error, "a notification could not be applied");
            failure(StatusCode::INTERNAL_SERVER_ERROR)
        }
    }
}

/// A kind we do not know is acknowledged, or it comes back fifteen times.
fn unknown(event_type: &str) -> Response {
    tracing::warn!(event_type, "a notification of an unknown kind");
    StatusCode::NO_CONTENT.into_response()
}

fn refuse(error: &NoticeError) -> Response {
    if error.is_probe() {
        tracing::debug!("WeChat Pay probed whether signatures are verified");
    } else {
        tracing::warn!(%error, "a notification was refused");
    }
    failure(StatusCode::from_u16(error.reply_status()).unwrap_or(StatusCode::BAD_REQUEST))
}

fn failure(status: StatusCode) -> Response {
    (
        status,
        [(header::CONTENT_TYPE, "application/json")],
        NOTICE_FAILURE_BODY,
    )
        .into_response()
}
