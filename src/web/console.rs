//! `/admin/…`, where cards and texts lead staff. The console is still to be built: until then its
//! addresses say how the same thing is done in the chat, over the API or on the command line.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;

use super::WebState;
use super::plain_page::plain_page;

/// Its first line is the title; then a lead and what people come for, a section each with the first
/// segment of its address as the id.
const HELP: &str = include_str!("../../message-templates/console.html");
const SECTION: &str = "<section";

pub(super) fn routes() -> Router<WebState> {
    Router::new()
        .route("/admin", get(|| async { page("") }))
        .route("/admin/", get(|| async { page("") }))
        .route(
            "/admin/{*path}",
            get(|Path(path): Path<String>| async move { page(&path) }),
        )
}

/// What was asked for comes first.
fn page(path: &str) -> Response {
    let wanted = path.split('/').next().unwrap_or_default();
    let wanted = format!(" id=\"{wanted}\"");
    let (lead, sections) = HELP.split_once(SECTION).unwrap_or((HELP, ""));
    let mut sections: Vec<&str> = sections.split(SECTION).collect();
    sections.sort_by_key(|section| !section.starts_with(&wanted));
    let sections = sections.join(SECTION);
    plain_page(StatusCode::OK, &format!("{lead}{SECTION}{sections}"))
}
