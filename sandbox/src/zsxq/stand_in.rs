//! The stand-in itself: its state, and what tests may do to it.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use rand::Rng;
use serde::{Deserialize, Serialize};

use super::community::{Community, GROUP_ID, NewPost, NewProject, NewUser, PlanetUser};
use super::times;
use crate::error::SandboxError;
use crate::faults::Platform;
use crate::lock::lock;
use crate::world::World;

/// The token of the first login; sent as `zsxq_access_token` or as a bare `authorization`.
pub const TOKEN: &str = "0A1B2C3D-0000-4000-8000-0123456789AB_00112233445566FF";
/// The named fault of the module's description.
const NAMED_FAULTS: [&str; 1] = ["check_in_between_pages"];
/// How long a token lives.
const TOKEN_DAYS: i64 = 30;

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct Zsxq {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    community: Mutex<Community>,
    habits: Mutex<Habits>,
    setup: Mutex<Setup>,
}

/// What is known of the caller.
#[derive(Default)]
pub(super) struct Habits {
    pub(super) user_agent: Option<String>,
    pub(super) request_ids: HashSet<String>,
    pub(super) last_call: Option<Instant>,
    /// Calls closer together are noted; `None`: nobody looks.
    pub(super) least_gap: Option<Duration>,
}

pub(super) struct Setup {
    /// The token of the newest login.
    token: String,
    /// Those before it.
    former_tokens: Vec<String>,
    pub(super) expires_at: DateTime<Utc>,
    pub(super) cookie_death: Option<CookieDeath>,
    pub(super) unsigned_refused_percent: u8,
    pub(super) ignores_end_time: bool,
    pub(super) numbers_shown: bool,
}

/// How a dead cookie shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CookieDeath {
    /// Code 401 in HTTP 200.
    InBody,
    /// Code 401 in HTTP 401.
    HttpStatus,
    /// Code 1009: kicked out by another login.
    KickedOut,
}

impl Zsxq {
    pub(crate) fn new(world: World) -> Result<Self, SandboxError> {
        world.faults.register(Platform::Zsxq, &NAMED_FAULTS);
        // People of the planet were there before the oldest camp that anybody seeds.
        let founded = world.clock.now() - TimeDelta::days(400);
        let setup = Setup {
            token: TOKEN.to_owned(),
            former_tokens: Vec::new(),
            expires_at: world.clock.wall_now() + TimeDelta::days(TOKEN_DAYS),
            cookie_death: None,
            unsigned_refused_percent: 100,
            ignores_end_time: false,
            numbers_shown: true,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                world,
                community: Mutex::new(Community::new(founded)),
                habits: Mutex::default(),
                setup: Mutex::new(setup),
            }),
        })
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        format!(
            "[zsxq]\napi_base = \"{}/zsxq\"\ngroup_id = \"{GROUP_ID}\"\ncookie = \"{TOKEN}\"\n",
            self.world().base_url()
        )
    }

    /// Adds a person who has been on the planet for a year; answers their `user_id`.
    pub fn add_user(&self, user: NewUser) -> i64 {
        let joined = self.world().clock.now() - TimeDelta::days(365);
        self.community().add_user(user, joined)
    }

    /// Adds a check-in project; answers its `checkin_id`.
    pub fn add_project(&self, project: NewProject) -> i64 {
        self.community().add_project(project)
    }

    /// Lets a member join a project without posting; false if either is unknown.
    pub fn join(&self, checkin_id: i64, user_id: i64, at: DateTime<Utc>) -> bool {
        self.community().join(checkin_id, user_id, at)
    }

    /// A check-in at a given moment, visible from then on; answers its `topic_id`, `None` if
    /// project or person is unknown. Several a day, even in one millisecond, are fine.
    pub fn post(&self, checkin_id: i64, user_id: i64, at: DateTime<Utc>) -> Option<i64> {
        self.post_all(
            checkin_id,
            [NewPost {
                user_id,
                at,
                text: None,
            }],
        )
        .into_iter()
        .next()
    }

    /// Many check-ins at once; answers the ids of those whose author is known.
    pub fn post_all(&self, checkin_id: i64, posts: impl IntoIterator<Item = NewPost>) -> Vec<i64> {
        self.community().post(checkin_id, posts)
    }

    /// Adds `people` members, numbered on, who all check in on each of `days` days from the
    /// project's first day on, in the morning, some seconds apart. Answers their ids.
    pub fn seed(&self, checkin_id: i64, people: u32, days: u32) -> Vec<i64> {
        let mut community = self.community();
        let Some(first_day) = community
            .project(checkin_id)
            .map(|project| project.created_at)
        else {
            return Vec::new();
        };
        let mut number = community
            .users()
            .filter_map(|user| user.number)
            .max()
            .unwrap_or(0);
        let joined = first_day - TimeDelta::days(30);
        let mut ids = Vec::new();
        for _ in 0..people {
            number = number.saturating_add(1);
            let name = format!("成员{number}");
            let user = NewUser {
                name,
                number: Some(number),
                ..NewUser::default()
            };
            ids.push(community.add_user(user, joined));
        }
        let morning = times::start_of(times::shanghai_day(first_day)) + TimeDelta::hours(9);
        let posts = (0..i64::from(days)).flat_map(|day| {
            let of_day = morning + TimeDelta::days(day);
            (0_i64..).zip(&ids).map(move |(turn, user_id)| NewPost {
                user_id: *user_id,
                at: of_day + TimeDelta::seconds(turn % 36_000),
                text: None,
            })
        });
        community.post(checkin_id, posts);
        ids
    }

    /// Deletes a post; false if there is none.
    pub fn delete_post(&self, topic_id: i64) -> bool {
        self.community().delete_post(topic_id)
    }

    /// Switches a project off, as an admin does; false if there is none.
    pub fn close_project(&self, checkin_id: i64) -> bool {
        self.community()
            .project(checkin_id)
            .map(|project| project.is_closed = true)
            .is_some()
    }

    /// Everybody on the planet, by id.
    pub fn users(&self) -> Vec<PlanetUser> {
        self.community().users().cloned().collect()
    }

    /// The account signs in anew: from now on this token works, and none before it.
    pub fn set_token(&self, token: &str) {
        let mut setup = self.setup();
        let former = std::mem::replace(&mut setup.token, token.to_owned());
        setup.former_tokens.push(former);
    }

    /// Kills the cookie in one of the ways it can die, or brings it back to life.
    pub fn set_cookie_death(&self, death: Option<CookieDeath>) {
        self.setup().cookie_death = death;
    }

    /// What `X-Expire-In` counts down from now on, seconds.
    pub fn set_expires_in(&self, seconds: u32) {
        let expires_at = self.world().clock.wall_now() + TimeDelta::seconds(i64::from(seconds));
        self.setup().expires_at = expires_at;
    }

    /// Notes calls that are closer together than this; `None` stops looking.
    pub fn watch_pacing(&self, least_gap: Option<Duration>) {
        self.habits().least_gap = least_gap;
    }

    /// How many of 100 wrongly signed calls get 1059; 100 (the default) is strict.
    pub fn set_unsigned_refused_percent(&self, percent: u8) {
        self.setup().unsigned_refused_percent = percent;
    }

    /// Whether the posts ignore `end_time`, which is not confirmed for that path.
    pub fn set_ignores_end_time(&self, ignores: bool) {
        self.setup().ignores_end_time = ignores;
    }

    /// Whether the planet shows member numbers.
    pub fn set_numbers_shown(&self, shown: bool) {
        self.setup().numbers_shown = shown;
    }

    pub(super) fn lets_unsigned_pass(&self) -> bool {
        rand::rng().random_range(0..100) >= self.setup().unsigned_refused_percent
    }

    pub(super) fn is_token(&self, token: &str) -> bool {
        self.setup().token == token
    }

    pub(super) fn is_former_token(&self, token: &str) -> bool {
        let setup = self.setup();
        setup.former_tokens.iter().any(|former| former == token)
    }

    pub(super) fn cookie_death(&self) -> Option<CookieDeath> {
        let now = self.world().clock.wall_now();
        let setup = self.setup();
        let has_expired = now >= setup.expires_at;
        setup
            .cookie_death
            .or_else(|| has_expired.then_some(CookieDeath::InBody))
    }

    pub(super) fn seconds_left(&self) -> i64 {
        let left = self
            .setup()
            .expires_at
            .signed_duration_since(self.world().clock.wall_now());
        left.num_seconds().max(0)
    }

    pub(super) fn ignores_end_time(&self) -> bool {
        self.setup().ignores_end_time
    }

    pub(super) fn numbers_shown(&self) -> bool {
        self.setup().numbers_shown
    }

    pub(super) fn note(&self, request: &str, rule: &str, detail: impl Into<String>) {
        self.world()
            .violations
            .record(Platform::Zsxq, request, rule, detail);
    }

    pub(super) fn world(&self) -> &World {
        &self.inner.world
    }

    pub(super) fn community(&self) -> MutexGuard<'_, Community> {
        lock(&self.inner.community)
    }

    pub(super) fn habits(&self) -> MutexGuard<'_, Habits> {
        lock(&self.inner.habits)
    }

    pub(super) fn setup(&self) -> MutexGuard<'_, Setup> {
        lock(&self.inner.setup)
    }
}
