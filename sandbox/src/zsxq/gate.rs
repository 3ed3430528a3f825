//! The gate in front of every call: signature, token, pacing (zsxq §1, §2, §5).

use std::time::{Duration, Instant};

use aws_lc_rs::digest;
use axum::body::to_bytes;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Query, Request};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::community::Community;
use super::wire::served;
use super::{CookieDeath, Zsxq};
use crate::faults::{self, Platform};

/// Largest request body, bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// Calls that a network has pushed together by this much do not count as too fast.
const PACING_TOLERANCE: Duration = Duration::from_millis(50);
/// Request ids remembered to find one that is used twice.
const REMEMBERED_REQUESTS: usize = 200_000;

/// A request as it came over the wire.
pub(super) struct Call {
    method: Method,
    /// Path and query as sent, the base path included.
    target: String,
    uri: Uri,
    headers: HeaderMap,
    pub(super) body: Bytes,
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = StatusCode;

    async fn from_request(request: Request, state: &S) -> Result<Self, StatusCode> {
        let (mut parts, body) = request.into_parts();
        let Ok(OriginalUri(original)) = OriginalUri::from_request_parts(&mut parts, state).await;
        let body = to_bytes(body, BODY_LIMIT)
            .await
            .map_err(|_too_large_or_cut| StatusCode::PAYLOAD_TOO_LARGE)?;
        let target = original
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_owned();
        Ok(Self {
            method: parts.method,
            target,
            uri: parts.uri,
            headers: parts.headers,
            body,
        })
    }
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.uri.path())
    }

    fn as_fault_request(&self) -> faults::Request<'_> {
        faults::Request {
            platform: Platform::Zsxq,
            method: self.method.as_str(),
            path: self.uri.path(),
        }
    }

    /// The decoded query.
    pub(super) fn params(&self) -> Params {
        Params(
            Query::try_from_uri(&self.uri)
                .map(|Query(pairs)| pairs)
                .unwrap_or_default(),
        )
    }

    /// The token, from the cookie or from a bare `authorization`.
    fn token(&self) -> Option<&str> {
        if let Some(token) = self.header("authorization") {
            return Some(token);
        }
        self.header("cookie")?
            .split(';')
            .filter_map(|cookie| cookie.trim().split_once('='))
            .find(|(name, _)| *name == "zsxq_access_token")
            .map(|(_, token)| token)
    }
}

/// Decoded query parameters.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A refused call: usually HTTP 200 with a code in the body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    http: u16,
    code: i64,
    error: String,
    /// The rule of the reference that the caller broke.
    broken_rule: Option<&'static str>,
}

impl Failure {
    pub(super) fn new(code: i64, error: &str) -> Self {
        Self {
            http: 200,
            code,
            error: error.to_owned(),
            broken_rule: None,
        }
    }

    /// A failure that a correct caller never provokes.
    pub(super) fn breaking(rule: &'static str, code: i64, error: &str) -> Self {
        Self {
            broken_rule: Some(rule),
            ..Self::new(code, error)
        }
    }
}

impl Zsxq {
    /// Admits the call and lets `act` answer it; its query may hold the parameters in `known` and
    /// no other. Broken rules are noted.
    pub(super) fn respond(
        &self,
        call: &Call,
        known: &[&str],
        act: impl FnOnce(&mut Community, DateTime<Utc>) -> Result<Value, Failure>,
    ) -> Response {
        self.note_habits(call, known);
        let answer = self.admit(call).and_then(|()| {
            let now = self.world().clock.now();
            act(&mut self.community(), now)
        });
        let (status, body) = match answer {
            Ok(data) => (200, json!({"succeeded": true, "resp_data": data})),
            Err(failure) => {
                if let Some(rule) = failure.broken_rule {
                    self.note(
                        &call.name(),
                        rule,
                        format!("{} {}", failure.code, call.target),
                    );
                }
                let body = json!({
                    "succeeded": false, "code": failure.code, "info": "", "resp_data": {},
                    "error": failure.error,
                });
                (failure.http, body)
            }
        };
        Response::builder()
            .status(status)
            .header(header::CONTENT_TYPE, "application/json; charset=UTF-8")
            .header(header::SERVER, "openresty")
            .header("X-Expire-In", self.seconds_left().to_string())
            .body(served(&body).into())
            .unwrap_or_else(|_bad_header| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }

    fn admit(&self, call: &Call) -> Result<(), Failure> {
        let request = call.as_fault_request();
        if let Some((code, message)) = self.world().faults.take_api_error(request) {
            let code = code.parse().unwrap_or(500);
            let usual = if code == 1059 {
                "内部错误"
            } else {
                "服务器错误"
            };
            return Err(Failure::new(
                code,
                if message.is_empty() { usual } else { &message },
            ));
        }
        self.check_signature(call)?;
        if self.world().faults.take_expired_token(request) {
            return Err(dead(CookieDeath::InBody));
        }
        self.check_token(call)
    }

    /// `SHA1(url + " " + timestamp + " " + request id)` over the URL exactly as sent (§1.1).
    fn check_signature(&self, call: &Call) -> Result<(), Failure> {
        let header = |name| call.header(name).unwrap_or_default();
        let url = format!("http://{}{}", header("host"), call.target);
        let expected = signature(&url, header("x-timestamp"), header("x-request-id"));
        let is_time = header("x-timestamp").parse::<u64>().is_ok();
        if is_time && !header("x-request-id").is_empty() && header("x-signature") == expected {
            return Ok(());
        }
        let rule = "X-Signature covers the URL as sent, the time and the request id";
        if self.lets_unsigned_pass() {
            self.note(&call.name(), rule, "unsigned or wrongly signed, let pass");
            return Ok(());
        }
        Err(Failure::breaking(rule, 1059, "内部错误"))
    }

    fn check_token(&self, call: &Call) -> Result<(), Failure> {
        let token = call.token().unwrap_or_default().to_owned();
        if self.is_former_token(&token) {
            return Err(dead(CookieDeath::InBody));
        }
        if !self.is_token(&token) {
            let rule = "the token is sent as a cookie or as a bare authorization";
            return Err(Failure {
                broken_rule: Some(rule),
                ..dead(CookieDeath::InBody)
            });
        }
        match self.cookie_death() {
            Some(death) => Err(dead(death)),
            None => Ok(()),
        }
    }

    /// Notes what a polite client does not do, though the planet may let it pass.
    fn note_habits(&self, call: &Call, known: &[&str]) {
        for (name, _) in call.params().0 {
            if !known.contains(&name.as_str()) {
                self.note(&call.name(), "only documented query parameters", name);
            }
        }
        if call.header("x-version").is_none_or(str::is_empty) {
            self.note(&call.name(), "X-Version on every request", "none");
        }
        let mut habits = self.habits();
        let user_agent = call.header("user-agent").unwrap_or_default().to_owned();
        let first = habits.user_agent.get_or_insert_with(|| user_agent.clone());
        if user_agent.is_empty() || *first != user_agent {
            self.note(&call.name(), "one constant User-Agent", user_agent);
        }
        if habits.request_ids.len() >= REMEMBERED_REQUESTS {
            habits.request_ids.clear();
        }
        let request_id = call.header("x-request-id").unwrap_or_default().to_owned();
        if !habits.request_ids.insert(request_id.clone()) {
            self.note(&call.name(), "a new X-Request-Id per request", request_id);
        }
        let came = Instant::now();
        let since = habits
            .last_call
            .replace(came)
            .map(|last| came.duration_since(last));
        if let (Some(gap), Some(since)) = (habits.least_gap, since)
            && since.saturating_add(PACING_TOLERANCE) < gap
        {
            self.note(
                &call.name(),
                "calls are far enough apart",
                format!("{since:?} < {gap:?}"),
            );
        }
    }
}

/// How a dead cookie shows.
fn dead(death: CookieDeath) -> Failure {
    match death {
        CookieDeath::InBody => Failure::new(401, "请先登录"),
        CookieDeath::HttpStatus => Failure {
            http: 401,
            ..Failure::new(401, "请先登录")
        },
        CookieDeath::KickedOut => Failure::new(1009, "您的账号已在其他设备登录"),
    }
}

fn signature(url: &str, timestamp: &str, request_id: &str) -> String {
    let text = format!("{url} {timestamp} {request_id}");
    let digest = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes());
    digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn golden_signatures() {
        let cases = [
            (
                "https://api.zsxq.com/v2/groups/88000000000011/checkins/7700000001/ranking_list?type=accumulated&index=0",
                "ff0c7c42ad510492633e3634fb859667e53ad183",
            ),
            (
                "https://api.zsxq.com/v2/groups/88000000000011/checkins/7700000001/topics?scope=all&count=20&end_time=2026-01-03T21%3A04%3A05.122%2B0800",
                "264a32df665e53d3db8dd64b861fe943b8f8af9a",
            ),
        ];
        for (url, expected) in cases {
            let made = signature(url, "1767225600", "11111111-2222-4333-8444-555555555555");
            assert_eq!(made, expected);
        }
    }
}
