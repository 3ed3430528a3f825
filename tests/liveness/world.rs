//! One seed's world: the services in process, the stand-ins, and a clock that a story moves on.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::domain::staff::{Actor, Channel};
use campkeeper::domain::{CampId, Clock as _, Role, Timestamp, UserId};
use campkeeper::services::{Clients, Context, Settings};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use sandbox::wechat_pay as peer;
use sandbox::zsxq::{NewProject, NewUser, TOKEN};
use sandbox::{Sandbox, SandboxConfig};

use crate::clock::TestClock;
use crate::context::{self, context};
use crate::mistakes::Spoilt;
use crate::pay_client::pay_client;
use crate::planet_client::planet_client;
use crate::rows::{self, Rows};
use crate::support::TestDb;

/// Midnight of 2026-01-01 in Shanghai.
const BEGIN: i64 = 1_767_196_800_000_000;
/// A closed port: what the stand-in tells, the story hands in itself, or loses.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9";

/// A camp of the story.
pub(crate) struct Camp {
    pub(crate) id: CampId,
    pub(crate) project: i64,
    pub(crate) start: NaiveDate,
    pub(crate) end: NaiveDate,
}

/// Somebody who may pay.
pub(crate) struct Person {
    pub(crate) openid: String,
    pub(crate) account: i64,
    pub(crate) number: i64,
    pub(crate) nickname: String,
    /// How many of a hundred days they check in.
    pub(crate) diligence: u32,
}

pub(crate) struct World {
    pub(crate) rng: StdRng,
    pub(crate) ctx: Context,
    pub(crate) sandbox: Sandbox,
    pub(crate) db: TestDb,
    pub(crate) camps: Vec<Camp>,
    pub(crate) people: Vec<Person>,
    pub(crate) spoilt: Vec<Spoilt>,
    /// What has happened, for whoever has to understand a failure.
    pub(crate) story: Vec<String>,
    clock: Arc<TestClock>,
    wall: Arc<TestClock>,
    _files: tempfile::TempDir,
}

impl World {
    /// One or two camps that enrol for two days and run for three, and their people.
    pub(crate) async fn begin(seed: u64, db: TestDb) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let pay = sandbox.wechat_pay();
        pay.set_pacing(peer::Pacing {
            refund_takes: Some(Duration::ZERO),
            ..peer::Pacing::default()
        });
        let (clock, wall) = (TestClock::at(BEGIN), TestClock::at(BEGIN));
        let files = tempfile::tempdir().unwrap();
        let clients = Clients {
            pay: Some(pay_client(&sandbox, Duration::from_secs(10))),
            planet: Some(planet_client(&sandbox, TOKEN)),
            ..Clients::default()
        };
        let ctx = Context {
            clients: clients.into(),
            ..context(&db, clock.clone(), wall.clone(), settings(), &files).await
        };
        let camps = rng.random_range(1..=2);
        let mut world = Self {
            rng,
            ctx,
            sandbox,
            db,
            camps: Vec::new(),
            people: Vec::new(),
            spoilt: Vec::new(),
            story: Vec::new(),
            clock,
            wall,
            _files: files,
        };
        world.pass(TimeDelta::zero());
        world.db.add(staff()).await;
        for id in 1..=camps {
            world.add_camp(id).await;
        }
        for number in 1..=world.rng.random_range(2..=5) {
            world.add_person(number);
        }
        world
    }

    async fn add_camp(&mut self, id: i64) {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let first = 3 + u32::try_from(id).unwrap();
        let (start, end) = (day(first), day(first + 2));
        let project = self.sandbox.zsxq().add_project(NewProject {
            title: format!("营{id}"),
            checkin_days: 3,
            created_at: at(BEGIN),
            expires_at: None,
        });
        let terms = [3, 2, self.rng.random_range(0..=1)];
        let camp = rows::camp(id, &format!("营{id}"))
            .terms(([&start.to_string(), &end.to_string()], terms))
            .planet_project_id(project.to_string())
            .status("enrolling");
        self.db.add((camp, rows::lead(id, 3, "coach"))).await;
        self.camps.push(Camp {
            id: CampId(id),
            project,
            start,
            end,
        });
    }

    fn add_person(&mut self, number: i64) {
        let nickname = format!("会员{number}");
        let account = self.sandbox.zsxq().add_user(NewUser {
            name: nickname.clone(),
            number: Some(100 + number),
            ..NewUser::default()
        });
        self.people.push(Person {
            openid: format!("o-person-{number}"),
            account,
            number: 100 + number,
            nickname,
            diligence: self.rng.random_range(20..=100),
        });
    }

    /// Time passes for people, leases and the stand-ins alike.
    pub(crate) fn pass(&self, delta: TimeDelta) {
        self.clock.advance(delta);
        self.wall.advance(delta);
        let now = self.now().micros();
        self.sandbox.clock().set(at(now));
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn today(&self) -> NaiveDate {
        self.now().shanghai_day()
    }

    /// True once in `of` times.
    pub(crate) fn one_in(&mut self, of: u32) -> bool {
        self.rng.random_range(0..of) == 0
    }

    pub(crate) fn tell(&mut self, line: impl Into<String>) {
        let line = format!("{} {}", self.now().shanghai(), line.into());
        self.story.push(line);
    }
}

fn at(micros: i64) -> DateTime<Utc> {
    DateTime::from_timestamp_micros(micros).unwrap()
}

fn actor(id: i64, name: &str, role: Role) -> Actor {
    Actor {
        user_id: UserId(id),
        name: name.to_owned(),
        role,
        channel: Channel::Console,
        ip: None,
    }
}

pub(crate) fn admin() -> Actor {
    actor(1, "王管理", Role::Admin)
}

pub(crate) fn other_admin() -> Actor {
    actor(2, "李管理", Role::Admin)
}

fn settings() -> Settings {
    Settings {
        public_url: NOWHERE.to_owned(),
        recipients: vec!["WangGuanLi".to_owned()],
        ..context::settings()
    }
}

fn staff() -> impl Rows {
    [
        rows::staff(1, "wang", "admin", "王管理").wecom_userid("wang"),
        rows::staff(2, "li", "admin", "李管理").wecom_userid("li"),
        rows::staff(3, "zhao", "coach", "赵教练").wecom_userid("zhao"),
        rows::staff(6, "zhou", "super_admin", "周总").wecom_userid("zhou"),
    ]
}
