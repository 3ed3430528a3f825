//! `Idempotency-Key`: a request of staff that was sent again gets the first answer, and does nothing.
//!
//! The work of such a request goes on when whoever asked has gone: its answer is what they come back
//! for.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequest as _, FromRequestParts as _, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::domain::FieldError;
use crate::services::repeats::{self, Begun, FIELD, FirstTime, KeptAnswer, KeyedRequest};
use crate::services::{Context, with_causes};

use super::auth::Staff;
use super::error::Problem;
use super::{WebResult, WebState, envelope, extract};

/// The routes that take a key.
const ROUTES: &str = "/api/admin/";

/// Answers a request with a key once, and then again.
pub(super) async fn once(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || !request.headers().contains_key(FIELD) {
        return next.run(request).await;
    }
    let route = request.extensions().get::<MatchedPath>();
    if !route.is_some_and(|route| route.as_str().starts_with(ROUTES)) {
        return next.run(request).await;
    }
    let answered = answer(state, request, next).await;
    answered.unwrap_or_else(Problem::into_response)
}

async fn answer(state: WebState, request: Request, next: Next) -> WebResult<Response> {
    let (mut parts, body) = request.into_parts();
    let Staff(actor) = Staff::from_request_parts(&mut parts, &state).await?;
    let key = parts.headers.get(FIELD).and_then(|key| key.to_str().ok());
    let key = key.ok_or_else(|| Problem::invalid(FIELD, FieldError::Malformed))?;
    let key = key.trim().to_owned();
    if is_form(&parts.headers) {
        // A file is received only into memory that was reserved for it, and what it changes is the
        // same the second time.
        return Err(Problem::invalid(FIELD, FieldError::NotWithFiles));
    }
    let read = Request::from_parts(parts.clone(), body);
    let body = Bytes::from_request(read, &()).await;
    let body = body.map_err(extract::unread)?;
    let ctx = state.context();
    let keyed = KeyedRequest {
        user: actor.user_id,
        route: format!("{} {}", parts.method, parts.uri.path()),
        key,
        content: content(&parts, &body),
    };
    match repeats::begin(&ctx, keyed).await? {
        Begun::Again(kept) => Ok(again(kept)),
        Begun::First(first) => {
            let request = Request::from_parts(parts, Body::from(body));
            let work = tokio::spawn(async move {
                let response = next.run(request).await;
                let is_sent_away = response.headers().contains_key(header::RETRY_AFTER);
                let written = envelope::written(&response, &ctx.settings.catalogue);
                keep(&ctx, first, is_sent_away, written).await;
                response
            });
            work.await.map_err(|error| Problem::internal(&error))
        }
    }
}

fn is_form(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE);
    content_type.is_some_and(|value| value.as_bytes().starts_with(b"multipart/"))
}

/// All that may differ under one key. The byte between cannot be in a query.
fn content(parts: &Parts, body: &[u8]) -> Vec<u8> {
    let query = parts.uri.query().unwrap_or_default();
    [query.as_bytes(), &[0], body].concat()
}

/// Keeps the answer for whoever asks again. Who is told to come again has had nothing done.
async fn keep(
    ctx: &Context,
    first: FirstTime,
    is_sent_away: bool,
    written: Option<(StatusCode, String)>,
) {
    let kept = match written {
        _ if is_sent_away => repeats::release(ctx, first).await,
        Some((status, object)) => {
            let status = status.as_u16();
            repeats::keep(ctx, first, KeptAnswer { status, object }).await
        }
        // No route of these answers without the envelope; who asks again is told to look.
        None => return,
    };
    if let Err(error) = kept {
        tracing::error!(error = %with_causes(&error), "an answer was not kept for who asks again");
    }
}

fn again(kept: KeptAnswer) -> Response {
    let status = StatusCode::from_u16(kept.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    envelope::unsealed(status, kept.object)
}
