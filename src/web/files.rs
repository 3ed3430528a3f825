//! Pictures: posters for everybody, others under addresses that we signed.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use serde::Deserialize;

use crate::domain::{CampId, UploadId};
use crate::services::{Context, camps, uploads};

use super::{Path, Query, WebResult, WebState};

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/files/{id}", get(show))
        .route("/files/camps/{id}/enroll.png", get(show_enroll_qr))
}

#[derive(Debug, Deserialize)]
struct SignatureQuery {
    until: Option<i64>,
    signature: Option<String>,
}

async fn show(
    State(ctx): State<Context>,
    Path(id): Path<UploadId>,
    Query(query): Query<SignatureQuery>,
) -> WebResult<Response> {
    let shown = uploads::open(&ctx, id, query.until.zip(query.signature)).await?;
    let caching = if shown.is_public {
        "public, max-age=86400"
    } else {
        "private, max-age=600"
    };
    let headers = [
        (header::CONTENT_TYPE, shown.content_type),
        (header::CACHE_CONTROL, caching.to_owned()),
    ];
    Ok((headers, shown.bytes).into_response())
}

/// The QR code of a camp's public link; who may not know the camp learns nothing from it.
async fn show_enroll_qr(State(ctx): State<Context>, Path(id): Path<CampId>) -> WebResult<Response> {
    let png = camps::enroll_qr(&ctx, id).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("image/png")),
        (
            header::CACHE_CONTROL,
            HeaderValue::from_static("public, max-age=3600"),
        ),
    ];
    Ok((headers, png).into_response())
}
