//! The WeCom phone page at `/`.

use axum::Router;

/// The page and its parts.
pub(crate) fn router() -> Router {
    Router::new()
}
