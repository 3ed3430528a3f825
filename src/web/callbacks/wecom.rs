//! The callback of the WeCom application: verified, kept, and answered at once; the bot works it
//! off afterwards (wecom-app §1). What is refused is answered 4xx with an empty body, leaves one
//! line in the log, and is stored nowhere.

use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use wecom::callback::{self, Envelope, Freshness, OpenError, Query};
use wecom::crypto::Keys;

use crate::services::inbox::{self, WECOM_APP};

use super::super::WebState;

/// Callbacks older than a day are refused (contract, Meanings).
const MAX_AGE: Duration = Duration::from_secs(24 * 3600);

pub(super) fn routes() -> Router<WebState> {
    Router::new().route("/api/webhook/wecom/app", get(echo).post(receive))
}

/// Answers the console when an administrator saves the address: the plain echo, nothing else.
async fn echo(State(state): State<WebState>, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let echoed = keys(&state).and_then(|keys| {
        let query = Query::parse(&query).map_err(|error| refused(&error.into()))?;
        callback::verify_url(keys, &query, freshness(&state)).map_err(|error| refused(&error))
    });
    match echoed {
        Ok(plain) => plain.into_response(),
        Err(status) => status.into_response(),
    }
}

/// 200 and an empty body once it is kept, or was kept before; 5xx if it could not be, so that
/// WeCom sends it again.
async fn receive(
    State(state): State<WebState>,
    RawQuery(query): RawQuery,
    body: Result<Bytes, BytesRejection>,
) -> StatusCode {
    let (dedupe_key, payload) = match accept(&state, &query.unwrap_or_default(), body) {
        Ok(accepted) => accepted,
        Err(status) => return status,
    };
    match inbox::keep(&state.ctx, WECOM_APP, dedupe_key, &payload).await {
        Ok(true) => StatusCode::OK,
        Ok(false) => {
            tracing::debug!("a callback that had been kept before");
            StatusCode::OK
        }
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a callback could not be kept"
            );
            StatusCode::INTERNAL_SERVER_ERROR
        }
    }
}

/// Verifies a callback: its dedupe key, and the envelope to be kept. It is kept sealed as it
/// came, so that the worker verifies it again.
fn accept(
    state: &WebState,
    query: &str,
    body: Result<Bytes, BytesRejection>,
) -> Result<(String, Vec<u8>), StatusCode> {
    let keys = keys(state)?;
    let body = body.map_err(|rejection| {
        tracing::warn!("a callback of WeCom was refused: its body cannot be read");
        rejection.status()
    })?;
    let opened = Query::parse(query)
        .map_err(OpenError::from)
        .and_then(|query| {
            let envelope = Envelope::from_xml(&query, &body)?;
            let inbound = callback::reopen(keys, &envelope, freshness(state))?;
            Ok((inbound.dedupe_key(), envelope))
        });
    let (dedupe_key, envelope) = opened.map_err(|error| refused(&error))?;
    let payload = serde_json::to_vec(&envelope).map_err(|_| StatusCode::BAD_REQUEST)?;
    Ok((dedupe_key, payload))
}

fn keys(state: &WebState) -> Result<&Keys, StatusCode> {
    state
        .settings
        .wecom_callback
        .as_ref()
        .ok_or(StatusCode::NOT_FOUND)
}

fn freshness(state: &WebState) -> Freshness {
    Freshness::within(state.ctx.wall_now().secs(), MAX_AGE)
}

fn refused(error: &OpenError) -> StatusCode {
    tracing::warn!(%error, "a callback of WeCom was refused");
    match error {
        OpenError::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        OpenError::Crypto(_) | OpenError::Stale { .. } => StatusCode::FORBIDDEN,
        _ => StatusCode::BAD_REQUEST,
    }
}
