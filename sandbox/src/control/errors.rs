//! How the control API says no: a status, and `{"error": "…"}` whoever it was that refused.

use axum::{
    Json,
    body::to_bytes,
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde_json::{Value, json};

/// Longest text of a refusal that is passed on.
const MOST_BYTES: usize = 64 * 1024;

/// A refusal.
pub(crate) type Refused = (StatusCode, Json<Value>);

/// What a handler gives back.
pub(crate) type Outcome<T> = Result<Json<T>, Refused>;

/// A refusal with its reason.
pub(crate) fn refused(status: StatusCode, reason: impl Into<String>) -> Refused {
    (status, Json(json!({"error": reason.into()})))
}

/// Nothing is served here.
pub(super) async fn unknown_path() -> Refused {
    refused(StatusCode::NOT_FOUND, "the control API has no such path")
}

/// Middleware: gives refusals of the framework (a body that does not fit, a wrong method) the shape
/// that our own have.
pub(super) async fn in_one_shape(response: Response) -> Response {
    let status = response.status();
    let is_refusal = status.is_client_error() || status.is_server_error();
    let kind = response.headers().get(header::CONTENT_TYPE);
    if !is_refusal || kind.is_some_and(|kind| kind == "application/json") {
        return response;
    }
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MOST_BYTES).await.unwrap_or_default();
    let reason = match String::from_utf8_lossy(&bytes) {
        text if text.is_empty() => status.canonical_reason().unwrap_or_default().to_owned(),
        text => text.into_owned(),
    };
    let mut answer = refused(status, reason).into_response();
    if let Some(allowed) = parts.headers.get(header::ALLOW) {
        answer.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    answer
}
