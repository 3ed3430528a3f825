//! The pages of members and of staff, embedded in the binary. It also builds without them and then
//! says how to build them.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::sync::{Mutex, PoisonError};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use flate2::Compression;
use flate2::read::GzEncoder;
use rust_embed::{Embed, EmbeddedFile};

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

/// The staff console as Vite has built it.
#[derive(Embed)]
#[folder = "h5/admin/dist"]
#[allow_missing = true]
struct ConsolePages;

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/", get(|| async { Redirect::temporary("/h5/") }))
        .merge(under::<MemberPages>("/h5"))
        .merge(under::<ConsolePages>("/admin"))
}

/// One bundle, every address below its prefix.
fn under<Pages: Embed>(prefix: &'static str) -> Router<WebState> {
    let home = format!("{prefix}/");
    let rest = format!("{prefix}/{{*path}}");
    let redirect = home.clone();
    Router::new()
        .route(
            prefix,
            get(|| async move { Redirect::temporary(&redirect) }),
        )
        .route(
            &home,
            get(|headers: HeaderMap| async move { index::<Pages>(&headers) }),
        )
        .route(
            &rest,
            get(|Path(path): Path<String>, headers: HeaderMap| async move {
                page::<Pages>(&path, &headers)
            }),
        )
}

fn page<Pages: Embed>(path: &str, headers: &HeaderMap) -> Response {
    if let Some(file) = Pages::get(path) {
        return serve(path, file, headers);
    }
    let name = path.rsplit('/').next().unwrap_or_default();
    if name.contains('.') && path != INDEX {
        return plain_page(StatusCode::NOT_FOUND, NO_FILE);
    }
    // Addresses without a dot are the pages' own; the script at the index knows them.
    index::<Pages>(headers)
}

fn index<Pages: Embed>(headers: &HeaderMap) -> Response {
    match Pages::get(INDEX) {
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
    let content_type = content_type(path);
    let rest = [
        (header::CONTENT_TYPE, content_type),
        (header::VARY, "accept-encoding"),
    ];
    if is_text(content_type) && takes_gzip(headers) {
        let gzip = [(header::CONTENT_ENCODING, "gzip")];
        return (common, rest, gzip, Body::from(gzipped(&file))).into_response();
    }
    (common, rest, Body::from(file.data)).into_response()
}

/// The file gzipped, once: packed anew for every reader, each who does not read would hold the
/// state of a packer.
fn gzipped(file: &EmbeddedFile) -> Bytes {
    static PACKED: Mutex<BTreeMap<[u8; 32], Bytes>> = Mutex::new(BTreeMap::new());
    let mut packed = PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    let one = packed.entry(file.metadata.sha256_hash());
    one.or_insert_with(|| {
        let mut bytes = Vec::new();
        let mut packer = GzEncoder::new(&*file.data, Compression::best());
        match packer.read_to_end(&mut bytes) {
            Ok(_) => bytes.into(),
            // Reading from memory does not fail.
            Err(_) => Bytes::new(),
        }
    })
    .clone()
}

fn is_text(content_type: &str) -> bool {
    content_type.starts_with("text/")
        || ["application/json", "image/svg+xml"].contains(&content_type)
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let taken = headers.get_all(header::ACCEPT_ENCODING);
    let mut taken = taken.iter().filter_map(|value| value.to_str().ok());
    taken.any(|value| {
        value.split(',').any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let is_refused = ["q=0", "q=0.0", "q=0.00", "q=0.000"].contains(&weight.trim());
            name.trim().eq_ignore_ascii_case("gzip") && !is_refused
        })
    })
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
        Some("webp") => "image/webp",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_for_who_takes_it() {
        for (accepted, is_taken) in [
            ("gzip, deflate, br", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("br, gzip;q=0", false),
            ("identity", false),
            ("", false),
        ] {
            let value = HeaderValue::from_static(accepted);
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, value)]);
            assert_eq!(takes_gzip(&headers), is_taken, "{accepted}");
        }
    }
}
