//! The planet (知识星球): a polite, signed, read-only client of its private API.
//!
//! [`Planet`] reads one planet on behalf of one logged-in account: its check-in projects, their
//! rankings and posts, and the roster. All protocol facts come from `reference/zsxq.md`, cited as
//! "(zsxq §n)". The API is unofficial and may change without notice, so whatever the reference
//! calls unconfirmed is probed or tolerated here, and whatever does not fit is a typed error.
//!
//! What this module does not know: camps, members of ours, deposits, the database. It keeps no
//! state over a restart; the budget of calls and the life of the cookie are counted from zero.

mod account;
mod checkin;
mod cookie;
mod envelope;
mod error;
mod members;
mod pace;
mod ranking;
mod settings;
mod signature;
mod time;
mod topics;
mod transport;
mod wire;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::SecretString;

pub use account::{Group, SelfUser};
pub use checkin::{Checkin, CheckinKind, CheckinStatus, Statistics};
pub use error::{CookieCheck, CookieDeath, Error, Failure, PlanetText};
pub use members::{Member, MemberList};
pub use ranking::{CheckedRanking, RankedUser};
pub use settings::{MAX_TRIES, Settings, SettingsError};
pub use time::shanghai_date;
pub use topics::{Post, TopicsReading};

use transport::Transport;

/// A client of one planet with one cookie. Cheap to clone: all clones share the cookie, the queue
/// in which calls wait for each other, and the day's budget.
#[derive(Clone)]
pub struct Planet {
    transport: Arc<Transport>,
    group_id: i64,
}

impl Planet {
    /// A client for these settings. Nothing is sent until the first call.
    ///
    /// `now` is the wall clock (it goes into signatures, so it must be right to seconds);
    /// `random` gives 64 uniformly distributed bits per call, for request ids and jitter.
    ///
    /// # Errors
    /// [`SettingsError`] names the setting that cannot work.
    pub fn new(
        settings: Settings,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Self, SettingsError> {
        let group_id = settings.group_id;
        let transport = Transport::new(settings, Box::new(now), Box::new(random))?;
        Ok(Self {
            transport: Arc::new(transport),
            group_id,
        })
    }

    /// The planet that is read.
    pub fn group_id(&self) -> i64 {
        self.group_id
    }

    /// Replaces the cookie for this client and all its clones, from the next request on (retries
    /// of a call already waiting included), and lifts a pause that failures of the old one caused.
    ///
    /// # Errors
    /// [`SettingsError::Cookie`] when the text holds no usable token; the old cookie then stays.
    pub fn set_cookie(&self, cookie: &SecretString) -> Result<(), SettingsError> {
        self.transport.set_cookie(cookie)
    }

    /// How long the login behind the cookie still lives, by the last `X-Expire-In` the planet
    /// sent (zsxq §1). `None` before the first answer that carried it. No call is made.
    pub fn cookie_expires_in(&self) -> Option<Duration> {
        self.transport.cookie_expires_in()
    }

    /// Requests sent since Shanghai midnight (or since the start), retries included.
    pub fn calls_today(&self) -> u32 {
        self.transport.calls_today()
    }
}

impl fmt::Debug for Planet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Planet")
            .field("group_id", &self.group_id)
            .finish_non_exhaustive()
    }
}
