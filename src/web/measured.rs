//! Counts requests for Prometheus. Whatever callers make up becomes one word: the number of series is
//! that of our routes.

use std::time::Duration;

use ::metrics::{counter, histogram};
use axum::extract::Request;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

/// The route of a path that is none of ours.
const UNMATCHED: &str = "unmatched";
/// A method that nobody has registered.
const OTHER_METHOD: &str = "OTHER";

/// Counts a request that was answered. `route` is the pattern that its path has matched.
pub(super) fn count_request(
    method: &Method,
    route: Option<&str>,
    status: StatusCode,
    took: Duration,
) {
    let (method, route) = (method_word(method), route.unwrap_or(UNMATCHED).to_owned());
    let status = status.as_str().to_owned();
    histogram!(
        "campkeeper_http_request_duration_seconds",
        "method" => method, "route" => route.clone()
    )
    .record(took.as_secs_f64());
    counter!(
        "campkeeper_http_requests_total",
        "method" => method, "route" => route, "status" => status
    )
    .increment(1);
}

/// Counts what a platform has told us, by how we answered.
pub(super) async fn count_callback(
    platform: &'static str,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request).await;
    let status = response.status();
    let outcome = if status.is_success() {
        "accepted"
    } else if status.is_client_error() {
        "refused"
    } else {
        "failed"
    };
    counter!("campkeeper_callbacks_total", "platform" => platform, "outcome" => outcome)
        .increment(1);
    response
}

/// A caller may write any word in the place of the method.
fn method_word(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER_METHOD,
    }
}
