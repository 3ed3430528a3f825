//! Pages that need no script: what people read where the built pages are missing.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse as _, Response};

const SHELL: &str = include_str!("plain_page.html");

/// A page of ours, whose first line is its title: nothing is escaped.
pub(super) fn plain_page(status: StatusCode, text: &str) -> Response {
    let (title, body) = text.split_once('\n').unwrap_or((text, ""));
    let page = SHELL.replace("{{title}}", title).replace("{{body}}", body);
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    (status, headers, page).into_response()
}
