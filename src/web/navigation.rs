//! A browser that goes to an address itself, as people do who tap a link: what it shows is what they
//! read. An error is a page for them, and an object for programs.

use axum::extract::Request;
use axum::http::{Method, StatusCode, header};
use axum::response::Response;
use minijinja::HtmlEscape;

use crate::catalogue::Catalogue;

use super::error::Problem;
use super::plain_page::plain_page;

const PAGE: &str = include_str!("../../message-templates/page_error.html");
/// For what may be otherwise in a moment.
const PASSING: &str = include_str!("../../message-templates/page_error_passing.html");
/// Where members and staff find their way again.
const MEMBER_HOME: &str = "/h5/";
const STAFF_HOME: &str = "/admin/";
const STAFF_PATHS: &[&str] = &["/admin", "/api/admin/", "/api/auth/"];

/// Somebody's way to an address in a browser.
#[derive(Debug, Clone, Copy)]
pub(super) struct Navigation {
    home: &'static str,
}

impl Navigation {
    /// Whether a request is one: scripts and pictures ask for other things than pages.
    pub(super) fn of(request: &Request) -> Option<Self> {
        let accepted = request.headers().get_all(header::ACCEPT).iter();
        let mut accepted = accepted
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(|kind| kind.split(';').next());
        let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
        if !is_read || !accepted.any(|kind| kind.trim().eq_ignore_ascii_case("text/html")) {
            return None;
        }
        let path = request.uri().path();
        let is_staff = STAFF_PATHS.iter().any(|prefix| path.starts_with(prefix));
        let home = if is_staff { STAFF_HOME } else { MEMBER_HOME };
        Some(Self { home })
    }

    /// The page for a problem: what it is, and a way on.
    pub(super) fn page(self, problem: &Problem, catalogue: &Catalogue) -> Response {
        let status = problem.status();
        let is_passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
        let page = if is_passing { PASSING } else { PAGE };
        let message = HtmlEscape(&problem.sentence(catalogue)).to_string();
        let text = page
            .replace("{{message}}", &message)
            .replace("{{home}}", self.home);
        plain_page(status, &text)
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;

    use super::*;

    fn home(method: &str, path: &str, accept: Option<&str>) -> Option<&'static str> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(accept) = accept {
            request = request.header("accept", accept);
        }
        let request = request.body(Body::empty()).unwrap();
        Navigation::of(&request).map(|navigation| navigation.home)
    }

    #[test]
    fn who_asks_for_a_page_is_a_browser_on_its_way() {
        let browser = Some("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8");
        assert_eq!(home("GET", "/files/1", browser), Some(MEMBER_HOME));
        assert_eq!(home("GET", "/api/admin/logs", browser), Some(STAFF_HOME));
        assert_eq!(home("POST", "/api/h5/payments", browser), None);
        for other in [
            None,
            Some("*/*"),
            Some("application/json"),
            Some("image/webp,*/*"),
        ] {
            assert_eq!(home("GET", "/files/1", other), None, "{other:?}");
        }
    }
}
