//! The phone page at `/`: some people's WeCom side by side, and a control panel. Static files;
//! everything it shows and does goes through the control API.

use axum::{Router, http::header, response::IntoResponse, routing::get};

/// A file of the page: content type and content.
type File = (&'static str, &'static str);

const INDEX: File = ("text/html; charset=utf-8", include_str!("index.html"));
const STYLE: File = ("text/css; charset=utf-8", include_str!("style.css"));
const PHONES: File = ("text/javascript; charset=utf-8", include_str!("phones.js"));
const MESSAGES: File = (
    "text/javascript; charset=utf-8",
    include_str!("messages.js"),
);
const PANEL: File = ("text/javascript; charset=utf-8", include_str!("panel.js"));
const ROBOT: File = ("text/javascript; charset=utf-8", include_str!("robot.js"));
const DOM: File = ("text/javascript; charset=utf-8", include_str!("dom.js"));

/// The page and its parts.
pub(crate) fn router() -> Router {
    let file = |file: File| get(async move || serve(file));
    Router::new()
        .route("/", file(INDEX))
        .route("/phone/style.css", file(STYLE))
        .route("/phone/phones.js", file(PHONES))
        .route("/phone/messages.js", file(MESSAGES))
        .route("/phone/robot.js", file(ROBOT))
        .route("/phone/panel.js", file(PANEL))
        .route("/phone/dom.js", file(DOM))
}

fn serve((content_type, content): File) -> impl IntoResponse {
    // A restarted sandbox may bring a new page: browsers must ask again.
    (
        [
            (header::CONTENT_TYPE, content_type),
            (header::CACHE_CONTROL, "no-cache"),
        ],
        content,
    )
}
