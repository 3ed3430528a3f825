//! Browsers on their way to WeCom and back, of members and of staff.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Redirect, Response};

use crate::services::sign_in::Returned;

/// What the browser's name says it is (wecom-bots-h5 §4.3): WeCom names WeChat too.
pub(super) fn platform_of(headers: &HeaderMap) -> &'static str {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    if agent.contains("wxwork/") {
        "wecom"
    } else if agent.contains("micromessenger/") {
        "wechat"
    } else {
        "browser"
    }
}

/// Reads what came back, whatever it is: a query that is none of WeCom's is for the person who
/// brought it no mistake of theirs.
pub(super) fn returned(uri: &Uri, browser: Option<String>) -> Returned {
    let query = uri.query().unwrap_or_default();
    let first = |name: &str| {
        let mut pairs = form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    };
    Returned {
        code: first("code"),
        state: first("state"),
        browser,
    }
}

/// 302, as the contract says; axum's own redirects are 303 and 307. None may be kept: each is for one
/// browser at one moment.
pub(super) fn found(url: &str, cookie: Option<HeaderValue>) -> Response {
    let mut response = Redirect::to(url).into_response();
    *response.status_mut() = StatusCode::FOUND;
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(cookie) = cookie {
        headers.insert(header::SET_COOKIE, cookie);
    }
    response
}
