//! The one worker: builds, signs and sends requests one after another, at the planet's pace, and
//! tries again where that is worth while (zsxq §1, §2, §5). It knows paths and envelopes, not
//! what is in them; another transport (the vendor's own CLI login, zsxq §1.2) would take its
//! place behind [`Transport::get`] and [`Transport::post_once`].

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use reqwest::Url;
use reqwest::header::HeaderValue;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::Value;
use tokio::time::Instant;

use crate::platforms::measured::{self, Outcome, Platform};

use super::cookie::Cookie;
use super::error::{CookieCheck, Error, Failure, FailureClass};
use super::pace::Pace;
use super::settings::{MAX_TRIES, Settings, SettingsError};
use super::time::shanghai_date;
use super::{envelope, signature};

/// Version of the web client that is imitated (zsxq §1).
const WEB_CLIENT_VERSION: &str = "2.96.0";
const WEB_ORIGIN: &str = "https://wx.zsxq.com";
const WEB_REFERER: &str = "https://wx.zsxq.com/";

/// The largest answers, 200 members or 20 long posts with pictures, stay under 1 MB.
const MAX_BODY_BYTES: usize = 8 * 1024 * 1024;

/// So many 1059 in a row make us doubt the cookie (zsxq §2).
const SIGNATURE_FAILURES_TO_CHECK: u32 = 3;

/// The call that shows whether a cookie works (zsxq §4.1).
pub(super) const SELF_CALL: &str = "users/self";
pub(super) const SELF_PATH: &str = "/v3/users/self";

type Now = Box<dyn Fn() -> DateTime<Utc> + Send + Sync>;
type Random = Box<dyn Fn() -> u64 + Send + Sync>;

pub(super) struct Transport {
    base: String,
    http: ArcSwap<reqwest::Client>,
    /// For connections anew.
    connecting: Connecting,
    /// Stands for the browser's device: the same for a planet at every start.
    device_id: String,
    rest_ms: u64,
    jitter_ms: u64,
    backoff_ms: [u64; MAX_TRIES],
    calls_per_day: u32,
    now: Now,
    random: Random,
    cookie: Mutex<Cookie>,
    line: Arc<Line>,
}

/// The one line in which all requests wait, under whatever settings they are made.
#[derive(Default)]
pub(super) struct Line {
    pace: Mutex<Pace>,
    /// Held from the wait before a request to the end of its answer.
    turn: tokio::sync::Mutex<()>,
}

impl Transport {
    /// A transport whose requests wait in `line`.
    pub(super) fn new(
        settings: Settings,
        now: Now,
        random: Random,
        line: Arc<Line>,
    ) -> Result<Self, SettingsError> {
        if settings.group_id <= 0 {
            return Err(SettingsError::GroupId);
        }
        let connecting = Connecting {
            user_agent: user_agent(&settings.user_agent)?,
            connect_timeout: Duration::from_millis(settings.connect_timeout_ms),
            request_timeout: Duration::from_millis(settings.request_timeout_ms),
        };
        let http = connecting.client().map_err(SettingsError::HttpClient)?;
        Ok(Self {
            base: settings.base()?,
            http: ArcSwap::from_pointee(http),
            connecting,
            device_id: device_id(settings.group_id),
            rest_ms: settings.min_interval_ms,
            jitter_ms: settings.jitter_ms,
            backoff_ms: settings.backoff_ms,
            calls_per_day: settings.calls_per_day,
            now,
            random,
            cookie: Mutex::new(Cookie::parse(&settings.cookie)?),
            line,
        })
    }

    /// The line, for a transport that takes this one's place, without the pause that failures have
    /// caused: their reason may be what is replaced.
    pub(super) fn hand_over(&self) -> Arc<Line> {
        self.pace().lift_pause();
        Arc::clone(&self.line)
    }

    pub(super) fn cookie_expires_in(&self) -> Option<Duration> {
        let now = (self.now)();
        self.cookie().expires_in(now)
    }

    pub(super) fn calls_today(&self) -> u32 {
        self.pace().calls_on(shanghai_date((self.now)()))
    }

    /// One call: `path_and_query` under the base address, percent-encoded by the caller; `call`
    /// is its name in errors and logs. Up to [`MAX_TRIES`] requests, each signed anew.
    pub(super) async fn get<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path_and_query: &str,
    ) -> Result<T, Error> {
        let url = self.url(call, path_and_query)?;
        let mut signature_failures = 0;
        let mut refused_before = false;
        let mut cookie = CookieCheck::NotMade;
        let mut last = Failure::Connection;
        for (try_idx, &backoff_ms) in self.backoff_ms.iter().enumerate() {
            let failure = match self.try_once(&url, None).await? {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            match failure.class() {
                FailureClass::Retry => {}
                FailureClass::RetryOnce if !refused_before => refused_before = true,
                _ => return Err(failure.into_error(call)),
            }
            tracing::debug!(call, tries = try_idx + 1, %failure, "the planet failed a request");
            self.pause(backoff_ms);
            signature_failures = if failure.is_signature_failure() {
                signature_failures + 1
            } else {
                0
            };
            if signature_failures == SIGNATURE_FAILURES_TO_CHECK && call != SELF_CALL {
                cookie = self.check_cookie().await?;
            }
            last = failure;
        }
        Err(Error::Unavailable {
            call,
            tries: MAX_TRIES,
            last,
            cookie,
        })
    }

    /// One call that changes something: sent once, since a second one could do it twice.
    pub(super) async fn post_once<T: DeserializeOwned>(
        &self,
        call: &'static str,
        path_and_query: &str,
        body: &Value,
    ) -> Result<T, Error> {
        let url = self.url(call, path_and_query)?;
        self.try_once(&url, Some(body))
            .await?
            .map_err(|failure| failure.into_error_of_change(call))
    }

    /// Asks once whether the cookie works, before a series of 1059 is blamed on the rate.
    async fn check_cookie(&self) -> Result<CookieCheck, Error> {
        let url = self.url(SELF_CALL, SELF_PATH)?;
        match self.try_once::<IgnoredAny>(&url, None).await? {
            Ok(_) => Ok(CookieCheck::Alive),
            Err(failure) => match failure.class() {
                FailureClass::CookieDead(death) => Err(Error::CookieDead(death)),
                _ => Ok(CookieCheck::Unknown),
            },
        }
    }

    /// One request in its turn. The outer error ends the call, the inner one is this try's.
    /// With a body it is a POST, else a GET.
    async fn try_once<T: DeserializeOwned>(
        &self,
        url: &Url,
        body: Option<&Value>,
    ) -> Result<Result<T, Failure>, Error> {
        let _turn = self.line.turn.lock().await;
        // A timer that is over already would still cost a tick.
        if let Some(moment) = self.not_before().filter(|&moment| moment > Instant::now()) {
            tokio::time::sleep_until(moment).await;
        }
        if !self
            .pace()
            .spend(shanghai_date((self.now)()), self.calls_per_day)
        {
            return Err(Error::BudgetSpent {
                calls_per_day: self.calls_per_day,
            });
        }
        // Once before, in case the caller gives up half-way, and once after the answer.
        self.rest();
        let began = Instant::now();
        let answer = self.send(url, body).await;
        self.rest();
        let read = answer.and_then(|(status, body)| envelope::read(status, &body));
        let outcome = read.as_ref().err().map_or(Outcome::Ok, Failure::outcome);
        measured::count_call(Platform::Zsxq, outcome, began.elapsed());
        if read.as_ref().is_err_and(Failure::is_misdirected) {
            self.connect_anew();
        }
        Ok(read)
    }

    /// Leaves the connections there are: the next request makes one of its own.
    fn connect_anew(&self) {
        match self.connecting.client() {
            Ok(http) => self.http.store(Arc::new(http)),
            // It was made in the same way before; the next try has the old connections.
            Err(error) => tracing::warn!(%error, "no new connection to the planet can be made"),
        }
    }

    async fn send(&self, url: &Url, body: Option<&Value>) -> Result<(u16, Vec<u8>), Failure> {
        let cookie = self.cookie().header();
        let mut cookie = HeaderValue::from_str(&cookie).map_err(|_| Failure::Connection)?;
        cookie.set_sensitive(true);
        let timestamp = (self.now)().timestamp().to_string();
        let request_id = self.request_id();
        let http = self.http.load_full();
        let request = match body {
            Some(body) => http.post(url.clone()).json(body),
            None => http.get(url.clone()),
        };
        let mut response = request
            .header("Accept", "application/json, text/plain, */*")
            .header("Cookie", cookie)
            .header("Origin", WEB_ORIGIN)
            .header("Referer", WEB_REFERER)
            .header("X-Aduid", &self.device_id)
            .header("X-Request-Id", &request_id)
            .header(
                "X-Signature",
                signature::sign(url.as_str(), &timestamp, &request_id),
            )
            .header("X-Timestamp", &timestamp)
            .header("X-Version", WEB_CLIENT_VERSION)
            .send()
            .await
            .map_err(|error| broken(&error))?;
        self.note_life(&response);
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len().saturating_add(chunk.len()) > MAX_BODY_BYTES {
                return Err(Failure::TooLarge);
            }
            body.extend_from_slice(&chunk);
        }
        Ok((response.status().as_u16(), body))
    }

    fn note_life(&self, response: &reqwest::Response) {
        let header = response
            .headers()
            .get("X-Expire-In")
            .and_then(|value| value.to_str().ok());
        if let Some(seconds) = header.and_then(|text| text.trim().parse::<u64>().ok()) {
            let now = (self.now)();
            self.cookie().note_life(seconds, now);
        }
    }

    fn url(&self, call: &'static str, path_and_query: &str) -> Result<Url, Error> {
        Url::parse(&format!("{}{path_and_query}", self.base)).map_err(|_| Error::Protocol {
            call,
            what: "its address",
        })
    }

    fn request_id(&self) -> String {
        let bits = (u128::from((self.random)()) << 64) | u128::from((self.random)());
        uuid::Builder::from_random_bytes(bits.to_be_bytes())
            .into_uuid()
            .to_string()
    }

    fn jittered(&self, wait_ms: u64) -> Duration {
        let jitter_ms = match self.jitter_ms.checked_add(1) {
            Some(width) => (self.random)() % width,
            None => (self.random)(),
        };
        Duration::from_millis(wait_ms.saturating_add(jitter_ms))
    }

    fn rest(&self) {
        let rest = self.jittered(self.rest_ms);
        self.pace().rest(Instant::now(), rest);
    }

    fn pause(&self, backoff_ms: u64) {
        let pause = self.jittered(backoff_ms);
        self.pace().pause(Instant::now(), pause);
    }

    fn not_before(&self) -> Option<Instant> {
        self.pace().not_before()
    }

    /// What lies under these locks stays usable even if a thread died with them: plain numbers.
    fn pace(&self) -> MutexGuard<'_, Pace> {
        let pace = self.line.pace.lock();
        pace.unwrap_or_else(PoisonError::into_inner)
    }

    fn cookie(&self) -> MutexGuard<'_, Cookie> {
        self.cookie.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What every client of this transport is made with.
struct Connecting {
    user_agent: HeaderValue,
    connect_timeout: Duration,
    request_timeout: Duration,
}

impl Connecting {
    fn client(&self) -> Result<reqwest::Client, reqwest::Error> {
        reqwest::Client::builder()
            .user_agent(self.user_agent.clone())
            .connect_timeout(self.connect_timeout)
            .timeout(self.request_timeout)
            // A redirect would carry the cookie elsewhere, under a signature for another address.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
    }
}

fn user_agent(text: &str) -> Result<HeaderValue, SettingsError> {
    let visible = !text.is_empty() && text.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
    if !visible {
        return Err(SettingsError::UserAgent);
    }
    HeaderValue::from_str(text).map_err(|_| SettingsError::UserAgent)
}

/// A UUID made from the planet's number: a browser keeps one for years.
fn device_id(group_id: i64) -> String {
    let sum = digest(&SHA256, format!("campkeeper device {group_id}").as_bytes());
    let bytes = sum
        .as_ref()
        .first_chunk::<16>()
        .copied()
        .unwrap_or_default();
    uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string()
}

/// The texts of these errors hold addresses, never secrets; still only their kind is kept.
fn broken(error: &reqwest::Error) -> Failure {
    if error.is_timeout() {
        Failure::Timeout
    } else {
        Failure::Connection
    }
}

#[cfg(test)]
mod tests;
