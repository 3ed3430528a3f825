//! Security headers of every response.

use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;

use super::WebState;

/// What pages may load: only what is ours, WeChat's JS-SDK, and pictures of the planet's accounts.
const PAGES: &str = "default-src 'self'; script-src 'self' https://res.wx.qq.com; \
     style-src 'self' 'unsafe-inline'; img-src 'self' data: https:; connect-src 'self'; \
     object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'";
/// Data and files load nothing at all.
const NOTHING: &str = "default-src 'none'; frame-ancestors 'none'; sandbox";
/// Pages that we tell errors by, at addresses of data and files: nothing but their own style.
const PLAIN_PAGE: &str = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; \
     base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The API reader brings its own scripts and styles.
const API_READER: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'";

const FIXED: [(HeaderName, HeaderValue); 3] = [
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("strict-origin-when-cross-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
];

/// A year: whoever has come once by https never comes otherwise.
const HTTPS_ONLY: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// Adds them.
pub(super) async fn add(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let is_https = state
        .live
        .runtime()
        .settings
        .public_url
        .starts_with("https://");
    let policy = policy_of(request.uri().path());
    let mut response = next.run(request).await;
    let policy = if policy == NOTHING && is_page(&response) {
        PLAIN_PAGE
    } else {
        policy
    };
    let headers = response.headers_mut();
    for (name, value) in FIXED {
        headers.insert(name, value);
    }
    if is_https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY);
    }
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(policy),
    );
    response
}

fn is_page(response: &Response) -> bool {
    let content_type = response.headers().get(header::CONTENT_TYPE);
    content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"))
}

fn policy_of(path: &str) -> &'static str {
    if path.starts_with("/api/docs") {
        API_READER
    } else if path.starts_with("/api/") || path.starts_with("/files/") {
        NOTHING
    } else {
        PAGES
    }
}
