//! The pages, embedded in the binary. It also builds without them and then says how to build them.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};
use tower_http::compression::CompressionLayer;

use super::WebState;
use super::plain_page::plain_page;

const INDEX: &str = "index.html";
/// Vite names these by their content.
const HASHED: &str = "assets/";
const NOT_BUILT: &str = include_str!("../../message-templates/pages_not_built.html");
const NO_FILE: &str = include_str!("../../message-templates/page_not_found.html");

/// The member pages as Vite has built them.
#[derive(Embed)]
#[folder = "h5/member/dist"]
#[allow_missing = true]
struct MemberPages;

pub(super) fn routes() -> Router<WebState> {
    let home = get(|| async { Redirect::temporary("/h5/") });
    Router::new()
        .route("/", home.clone())
        .route("/h5", home)
        .route(
            "/h5/",
            get(|headers: HeaderMap| async move { index(&headers) }),
        )
        .route(
            "/h5/{*path}",
            get(
                |Path(path): Path<String>, headers: HeaderMap| async move { page(&path, &headers) },
            ),
        )
        .layer(CompressionLayer::new().gzip(true))
}

fn page(path: &str, headers: &HeaderMap) -> Response {
    if let Some(file) = MemberPages::get(path) {
        return serve(path, file, headers);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.contains('.') && path != INDEX {
        return plain_page(StatusCode::NOT_FOUND, NO_FILE);
    }
    // Addresses without a dot are the pages' own; the script at the index knows them.
    index(headers)
}

fn index(headers: &HeaderMap) -> Response {
    match MemberPages::get(INDEX) {
        Some(file) => serve(INDEX, file, headers),
        None => plain_page(StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT),
    }
}

fn serve(path: &str, file: EmbeddedFile, headers: &HeaderMap) -> Response {
    let tag = entity_tag(&file);
    let caching = if path.starts_with(HASHED) {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let known = headers.get(header::IF_NONE_MATCH);
    let common = [
        (header::CACHE_CONTROL, caching.to_owned()),
        (header::ETAG, tag.clone()),
    ];
    if known.is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (StatusCode::NOT_MODIFIED, common).into_response();
    }
    let content_type = [(header::CONTENT_TYPE, content_type(path))];
    (common, content_type, Body::from(file.data)).into_response()
}

fn entity_tag(file: &EmbeddedFile) -> String {
    let hash = file.metadata.sha256_hash();
    let head: String = hash
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    // Weak: the gzipped body stands for the same page.
    format!("W/\"{head}\"")
}

fn content_type(path: &str) -> &'static str {
    match path.rsplit('.').next() {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
