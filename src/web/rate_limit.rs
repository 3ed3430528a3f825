//! How often one person or one address may call: signed-in staff and members are counted by who
//! they are, everybody else by address (design §8). Webhooks, which have signatures, and static files are
//! not counted.

use std::net::IpAddr;
use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use axum_extra::extract::CookieJar;
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::UserId;
use crate::services::session;
use crate::store::sessions::Session;

use super::WebState;
use super::auth;
use super::caller::CallerAddress;
use super::error::Problem;
use super::h5::MEMBER_COOKIE;

/// Callers remembered before those who have been quiet are forgotten.
const MAX_QUIET_CALLERS: usize = 10_000;

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Staff(UserId),
    Address(Option<IpAddr>),
    /// A session of the member pages.
    Session(Vec<u8>),
}

type Counter = RateLimiter<
    Caller,
    DashMapStateStore<Caller>,
    MonotonicClock,
    NoOpMiddleware<std::time::Instant>,
>;

/// The counter of all callers; none: no limit.
pub(super) struct RateLimit(Option<Counter>);

impl RateLimit {
    /// So many requests a minute for each caller; 0: no limit.
    pub(super) fn per_minute(requests: u32) -> Self {
        Self(NonZeroU32::new(requests).map(|requests| {
            RateLimiter::dashmap_with_clock(Quota::per_minute(requests), MonotonicClock)
        }))
    }

    /// Counts a question of the member pages by its session, or by address where it has none.
    pub(super) fn check_member(
        &self,
        session: Option<&Session>,
        address: Option<IpAddr>,
    ) -> Result<(), Problem> {
        self.check(&match session {
            Some(session) => Caller::Session(session.id_hash.clone()),
            None => Caller::Address(address),
        })
    }

    fn check(&self, caller: &Caller) -> Result<(), Problem> {
        let Some(counter) = &self.0 else {
            return Ok(());
        };
        if counter.len() > MAX_QUIET_CALLERS {
            counter.retain_recent();
        }
        counter
            .check_key(caller)
            .map_err(|not_yet| Problem::rate_limited(not_yet.wait_time_from(MonotonicClock.now())))
    }
}

/// Counts a request, and answers 429 for one too many.
pub(super) async fn count(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if is_counted(request.uri().path()) {
        let address = request.extensions().get::<CallerAddress>().copied();
        let caller = caller_of(&state, request.headers(), address).await;
        if let Err(problem) = state.rate_limit.check(&caller) {
            return problem.into_response();
        }
    }
    next.run(request).await
}

async fn caller_of(
    state: &WebState,
    headers: &HeaderMap,
    address: Option<CallerAddress>,
) -> Caller {
    if let Some(user) = auth::claimed_user(&state.ctx, headers) {
        return Caller::Staff(user);
    }
    if let Some(session) = signed_in_member(state, headers).await {
        return Caller::Session(session.id_hash);
    }
    Caller::Address(address.and_then(|address| address.0))
}

/// The session of a member whom a platform has named: anybody can have any number of others.
async fn signed_in_member(state: &WebState, headers: &HeaderMap) -> Option<Session> {
    let jar = CookieJar::from_headers(headers);
    let cookie = jar.get(MEMBER_COOKIE)?;
    // A database that does not answer is the handler's to report.
    let session = session::load(&state.ctx, cookie.value()).await.ok()??;
    let is_named = session.openid_mac.is_some() || session.wecom_userid.is_some();
    is_named.then_some(session)
}

fn is_counted(path: &str) -> bool {
    let is_free = |prefix: &&str| path.starts_with(*prefix);
    path.starts_with("/api/") && !["/api/webhook/", "/api/docs/"].iter().any(is_free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_count_of_their_own() {
        let limit = RateLimit::per_minute(2);
        let one = Caller::Address(Some("203.0.113.9".parse().unwrap()));
        let other = Caller::Staff(UserId(1));
        assert!(limit.check(&one).is_ok());
        assert!(limit.check(&one).is_ok());
        assert_eq!(limit.check(&one).unwrap_err().status().as_u16(), 429);
        assert!(limit.check(&other).is_ok());
        let free = RateLimit::per_minute(0);
        assert!((0..1000).all(|_| free.check(&one).is_ok()));
    }

    #[test]
    fn signed_webhooks_and_files_are_not_counted() {
        for (path, counted) in [
            ("/api/health", true),
            ("/api/none", true),
            ("/api/webhook/wechat/payment", false),
            ("/api/docs/swagger-ui-bundle.js", false),
            ("/h5/assets/index.js", false),
            ("/files/1", false),
        ] {
            assert_eq!(is_counted(path), counted, "{path}");
        }
    }
}
