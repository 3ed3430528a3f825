//! How often one person or one address may call: signed-in staff and members are counted by who
//! they are, everybody else by address (design §8). Webhooks, which have signatures, and static files are
//! not counted.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governor::clock::{Clock as _, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::domain::UserId;
use crate::services::session;
use crate::store::sessions::Session;

use super::WebState;
use super::auth;
use super::caller::{CallerAddress, block_of};
use super::error::Problem;
use super::h5::MEMBER_COOKIE;

/// Callers remembered before those who have been quiet are forgotten.
const MAX_QUIET_CALLERS: usize = 10_000;

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Caller {
    Staff(UserId),
    /// An address, or the /64 of one.
    Address(Option<IpAddr>),
    /// A session of the member pages.
    Session(Vec<u8>),
}

impl Caller {
    fn of(address: Option<CallerAddress>) -> Self {
        let address = address.and_then(|address| address.0);
        Self::Address(address.map(block_of))
    }
}

type Counter = RateLimiter<
    Caller,
    DashMapStateStore<Caller>,
    MonotonicClock,
    NoOpMiddleware<std::time::Instant>,
>;

/// “是你吗？” per session and minute (contract): nobody shall read the roster with it.
const IDENTIFICATIONS_OF_A_SESSION: u32 = 10;
/// Per address and minute: anybody can have any number of sessions, and a whole camp may sit behind
/// one address.
const IDENTIFICATIONS_OF_AN_ADDRESS: u32 = 30;

/// Counts the questions whose answer says something of who is in the roster or has paid.
#[derive(Default)]
pub(super) struct Identifications {
    of_sessions: RateLimit,
    of_addresses: RateLimit,
}

impl Identifications {
    /// Counts a question by its session, by its address where it has none, and by its address
    /// together with all others of there.
    pub(super) fn check(
        &self,
        session: Option<&Session>,
        address: CallerAddress,
    ) -> Result<(), Problem> {
        let place = Caller::of(Some(address));
        let caller = match session {
            Some(session) => &Caller::Session(session.id_hash.clone()),
            None => &place,
        };
        self.of_sessions
            .check(IDENTIFICATIONS_OF_A_SESSION, caller)?;
        self.of_addresses
            .check(IDENTIFICATIONS_OF_AN_ADDRESS, &place)
    }
}

/// Counts all callers by the limit that holds at the moment; another one begins anew.
#[derive(Default)]
pub(super) struct RateLimit(ArcSwapOption<(NonZeroU32, Counter)>);

impl RateLimit {
    /// Counts a request of which each caller has so many a minute; 0: no limit.
    fn check(&self, per_minute: u32, caller: &Caller) -> Result<(), Problem> {
        let Some(per_minute) = NonZeroU32::new(per_minute) else {
            return Ok(());
        };
        let limit = self.of(per_minute);
        let (_, counter) = &*limit;
        if counter.len() > MAX_QUIET_CALLERS {
            counter.retain_recent();
        }
        counter
            .check_key(caller)
            .map_err(|not_yet| Problem::rate_limited(not_yet.wait_time_from(MonotonicClock.now())))
    }
}

impl RateLimit {
    fn of(&self, per_minute: NonZeroU32) -> Arc<(NonZeroU32, Counter)> {
        if let Some(limit) = self.0.load_full().filter(|limit| limit.0 == per_minute) {
            return limit;
        }
        let quota = Quota::per_minute(per_minute);
        let counter = RateLimiter::dashmap_with_clock(quota, MonotonicClock);
        let limit = Arc::new((per_minute, counter));
        self.0.store(Some(Arc::clone(&limit)));
        limit
    }
}

/// Counts a request, and answers 429 for one too many.
pub(super) async fn count(State(state): State<WebState>, request: Request, next: Next) -> Response {
    if is_counted(request.uri().path()) {
        let address = request.extensions().get::<CallerAddress>().copied();
        let caller = caller_of(&state, request.headers(), address).await;
        let per_minute = state.live.runtime().settings.requests_per_minute;
        if let Err(problem) = state.rate_limit.check(per_minute, &caller) {
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
    if let Some(user) = auth::claimed_user(&state.context(), headers) {
        return Caller::Staff(user);
    }
    if let Some(session) = signed_in_member(state, headers).await {
        return Caller::Session(session.id_hash);
    }
    Caller::of(address)
}

/// The session of a member whom a platform has named: anybody can have any number of others.
async fn signed_in_member(state: &WebState, headers: &HeaderMap) -> Option<Session> {
    let ctx = state.context();
    let cookie = MEMBER_COOKIE.read(&ctx, headers)?;
    // A database that does not answer is the handler's to report.
    let session = session::load(&ctx, &cookie).await.ok()??;
    session.is_signed_in().then_some(session)
}

fn is_counted(path: &str) -> bool {
    let is_free = |prefix: &&str| path.starts_with(*prefix);
    // The picture of a camp's code is drawn each time.
    let is_drawn = path.starts_with("/files/camps/");
    is_drawn || path.starts_with("/api/") && !["/api/webhook/", "/api/docs/"].iter().any(is_free)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_caller_has_a_count_of_their_own() {
        let limit = RateLimit::default();
        let one = Caller::Address(Some("203.0.113.9".parse().unwrap()));
        let other = Caller::Staff(UserId(1));
        assert!(limit.check(2, &one).is_ok());
        assert!(limit.check(2, &one).is_ok());
        assert_eq!(limit.check(2, &one).unwrap_err().status().as_u16(), 429);
        assert!(limit.check(2, &other).is_ok());
        assert!((0..1000).all(|_| limit.check(0, &one).is_ok()));
        assert!(limit.check(3, &one).is_ok(), "another limit begins anew");
    }

    #[test]
    fn a_64_is_one_caller_and_no_session_gets_past_its_address() {
        let address =
            |host: u16| CallerAddress(Some(format!("2001:db8::{host:x}").parse().unwrap()));
        let session = |id: u8| Session {
            id_hash: vec![id],
            platform: "browser".to_owned(),
            openid: None,
            wecom_userid: None,
            expires_at: crate::domain::Timestamp::from_micros(0),
        };
        let identifications = Identifications::default();
        let asked = (0..150).filter(|host| {
            let session = session(*host as u8);
            identifications
                .check(Some(&session), address(*host))
                .is_ok()
        });
        assert_eq!(asked.count(), IDENTIFICATIONS_OF_AN_ADDRESS as usize);
        let other = CallerAddress(Some("2001:db8:0:1::".parse().unwrap()));
        let of_one = (0..20).filter(|_| identifications.check(Some(&session(200)), other).is_ok());
        assert_eq!(of_one.count(), IDENTIFICATIONS_OF_A_SESSION as usize);
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
            ("/files/camps/1/enroll.png", true),
        ] {
            assert_eq!(is_counted(path), counted, "{path}");
        }
    }
}
