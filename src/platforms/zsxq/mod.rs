//! The planet (知识星球): a polite, signed client of its private API.
//!
//! [`Planet`] reads one planet on behalf of one logged-in account: its check-in projects, their
//! rankings and posts, and the roster. The one thing that it changes is to make a project. All protocol facts come from `reference/zsxq.md`, cited as
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
#[cfg(any(test, fuzzing))]
pub mod hostile;
mod members;
mod pace;
mod projects;
mod ranking;
mod settings;
mod signature;
mod time;
mod topics;
mod transport;
mod wire;

#[cfg(test)]
mod fake_planet;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

pub use account::{Group, SelfUser};
pub use checkin::{Checkin, CheckinKind, CheckinStatus, Statistics};
pub use error::{CookieCheck, CookieDeath, Error, Failure, PlanetText};
pub use members::{Member, MemberList};
pub use projects::NewProject;
pub use ranking::{CheckedRanking, RankedUser};
pub use settings::{MAX_TRIES, Settings, SettingsError};
pub use time::shanghai_date;
pub use topics::{Post, TopicsReading};

use transport::{Line, Transport};

/// A client of one planet with one cookie. Cheap to clone: all clones share the cookie, the line in
/// which calls wait for each other, and the day's budget. One under other settings is made by
/// [`Planet::succeeded_by`]: two that were made apart would not know of each other's calls.
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
        Self::in_line(settings, now, random, Arc::default())
    }

    /// A client under other settings whose calls wait in the same line as those that this one still
    /// makes, within one budget. A pause that failures have caused is lifted.
    ///
    /// # Errors
    /// As [`Planet::new`].
    pub fn succeeded_by(
        &self,
        settings: Settings,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Self, SettingsError> {
        Self::in_line(settings, now, random, self.transport.hand_over())
    }

    fn in_line(
        settings: Settings,
        now: impl Fn() -> DateTime<Utc> + Send + Sync + 'static,
        random: impl Fn() -> u64 + Send + Sync + 'static,
        line: Arc<Line>,
    ) -> Result<Self, SettingsError> {
        let group_id = settings.group_id;
        let transport = Transport::new(settings, Box::new(now), Box::new(random), line)?;
        Ok(Self {
            transport: Arc::new(transport),
            group_id,
        })
    }

    /// The planet that is read.
    pub fn group_id(&self) -> i64 {
        self.group_id
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use proptest::prelude::*;
    use proptest::test_runner::{Config, TestRunner};
    use serde_json::{Map, Value, json};

    use super::fake_planet::{FakePlanet, PROJECT, Reply, at};

    const WORDS: [&str; 22] = [
        "user",
        "uid",
        "user_id",
        "name",
        "avatar_url",
        "group",
        "group_id",
        "owner",
        "admin_ids",
        "checkin",
        "checkin_id",
        "validity",
        "statistics",
        "checkined_count",
        "ranking_list",
        "rankings",
        "checkined_days",
        "topics",
        "topic_id",
        "talk",
        "create_time",
        "members",
    ];

    /// JSON made of the planet's own field names, in any order and with any contents.
    fn planet_like() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            (1_i64..30).prop_map(Value::from),
            Just(json!("2026-01-03T21:04:05.123+0800")),
            ".{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 120, 8, |inner| {
            let word = proptest::sample::select(WORDS.as_slice()).prop_map(str::to_owned);
            let object = proptest::collection::vec((word, inner.clone()), 0..8)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>()));
            prop_oneof![2 => object, 1 => proptest::collection::vec(inner, 0..4).prop_map(Value::from)]
        })
    }

    fn answers() -> impl Strategy<Value = (u16, Vec<u8>)> {
        let body = prop_oneof![
            1 => any::<Vec<u8>>(),
            4 => planet_like()
                .prop_map(|data| json!({"succeeded": true, "resp_data": data}).to_string().into()),
            1 => planet_like()
                .prop_map(|data| json!({"succeeded": false, "code": data}).to_string().into()),
            1 => Just(format!(r#"{{"succeeded":true,"resp_data":{}"#, "[".repeat(50_000)).into()),
        ];
        (prop_oneof![6 => Just(200_u16), 1 => 200_u16..600], body)
    }

    #[test]
    fn no_answer_makes_a_call_panic_or_go_on_for_ever() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let answer = std::sync::Arc::new(Mutex::new((200, Vec::new())));
        let served = std::sync::Arc::clone(&answer);
        let planet = runtime.block_on(async move {
            let script = move |_: &_, _| {
                let (status, body) = served.lock().unwrap().clone();
                Reply::raw(status, body)
            };
            FakePlanet::start(script).await.planet()
        });
        let mut runner = TestRunner::new(Config::with_cases(48));
        let outcome = runner.run(&answers(), |hostile| {
            *answer.lock().unwrap() = hostile;
            runtime.block_on(async {
                let _ = planet.self_user().await;
                let _ = planet.group().await;
                let _ = planet.checkin(PROJECT).await;
                let _ = planet.statistics(PROJECT).await;
                let _ = planet.checked_ranking(PROJECT).await;
                let _ = planet.topics(PROJECT, at(0)).await;
                let _ = planet.members().await;
                let _ = planet.member(PROJECT).await;
            });
            Ok(())
        });
        outcome.unwrap();
        assert!(planet.calls_today() >= 48 * 8);
    }
}
