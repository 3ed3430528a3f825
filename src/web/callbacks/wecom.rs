//! The callback of the WeCom application: verified, kept, and answered at once; the bot works it
//! off afterwards (wecom-app §1). What is refused is answered 4xx with an empty body, leaves one
//! line in the log, and is stored nowhere.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{FromRequest as _, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use wecom::callback::{self, Freshness, OpenError, Query, Verified};
use wecom::crypto::Keys;
use wecom::event::Inbound;

use crate::services::Context;
use crate::services::inbox::{self, WECOM_APP, WECOM_CALLED_AT};

use super::super::WebState;

/// Callbacks older than a day are refused (contract, Meanings).
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

pub(super) fn routes() -> Router<WebState> {
    Router::new().route(WECOM_CALLED_AT, get(echo).post(receive))
}

/// Answers the console when an administrator saves the address: the plain echo, nothing else.
async fn echo(State(ctx): State<Context>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let echoed = keys(&ctx).and_then(|keys| {
        let query = Query::parse(&query).map_err(|error| refused(&error.into()))?;
        callback::verify_url(keys, &query, freshness(&ctx)).map_err(|error| refused(&error))
    });
    match echoed {
        Ok(plain) => plain.into_response(),
        Err(status) => status.into_response(),
    }
}

/// 200 and an empty body once it is kept, or was kept before; 5xx if it could not be, so that
/// WeCom sends it again.
async fn receive(
    State(ctx): State<Context>,
    RawQuery(query): RawQuery,
    request: Request,
) -> StatusCode {
    let inbound = match accept(&ctx, &query.unwrap_or_default(), request).await {
        Ok(inbound) => inbound,
        Err(status) => return status,
    };
    // What was verified, and not the envelope: the keys may change before it is worked off.
    let payload = inbound.fields().xml().as_bytes();
    match inbox::keep(&ctx, WECOM_APP, inbound.dedupe_key(), payload).await {
        Ok(()) => StatusCode::OK,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a callback could not be kept"
            );
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Verifies and opens a callback. Its body is read only if its query may be WeCom's.
async fn accept(
    ctx: &Context,
    query: &str,
    request: Request,
) -> Result<Verified<Inbound>, StatusCode> {
    let keys = keys(ctx)?;
    let query = Query::parse(query).map_err(|error| refused(&error.into()))?;
    let freshness = freshness(ctx);
    freshness.precheck(&query).map_err(|e| refused(&e))?;
    let body = Bytes::from_request(request, &()).await;
    let body = body.map_err(|rejection| {
        tracing::warn!("a callback of WeCom was refused: its body cannot be read");
        rejection.status()
    })?;
    callback::open(keys, &query, &body, freshness).map_err(|error| refused(&error))
}

fn keys(ctx: &Context) -> Result<&Keys, StatusCode> {
    let keys = ctx.clients.wecom_callback.as_ref();
    keys.ok_or(StatusCode::NOT_FOUND)
}

fn freshness(ctx: &Context) -> Freshness {
    Freshness::within(ctx.wall_now().secs(), MAX_AGE)
}

fn refused(error: &OpenError) -> StatusCode {
    tracing::warn!(%error, "a callback of WeCom was refused");
    match error {
        OpenError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        OpenError::Crypto(_) | OpenError::Stale { .. } => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}
