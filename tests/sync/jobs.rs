//! The clock's ticks: once each, whoever runs them, and caught up after a rest.

use std::sync::Arc;
use std::time::Duration;

use campkeeper::bot::WecomChat;
use campkeeper::domain::message::CookieDead;
use campkeeper::domain::staff::Actor;
use campkeeper::domain::{Recipients, Role, Timestamp};
use campkeeper::jobs::{self, Job, Jobs, Queue, Ran, RunError, Trigger};
use campkeeper::services::{Context, Error, LiveContext};
use campkeeper::store::job_runs::{self, Tick};
use campkeeper::store::outbox::{self, NewMessage, Priority};
use campkeeper::store::{StoreError, Tx};
use chrono::TimeDelta;
use futures::FutureExt as _;
use sandbox::{Fault, FaultKind, Platform};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::on_both_engines;
use crate::world::{World, admin, at};

const NIGHTLY: Trigger = Trigger::At("0 0 1 * * *", Queue::Nightly);

/// Leaves a trace each time it runs.
static TRACING: Job = Job {
    name: "tracing",
    trigger: NIGHTLY,
    run: |live, _| async move { leave_trace(&live.snapshot()).await }.boxed(),
};
static FAILING: Job = Job {
    name: "failing",
    trigger: NIGHTLY,
    run: |_, _| async { Err(Error::NotFound) }.boxed(),
};
static PANICKING: Job = Job {
    name: "panicking",
    trigger: NIGHTLY,
    run: |_, _| async { panic!("a bug") }.boxed(),
};
static UNCONFIGURED: Job = Job {
    name: "unconfigured",
    trigger: NIGHTLY,
    run: |_, _| async { Err(Error::NotConfigured("zsxq")) }.boxed(),
};

async fn leave_trace(ctx: &Context) -> Result<Value, Error> {
    tokio::time::sleep(Duration::from_millis(100)).await;
    let now = ctx.now();
    let message = NewMessage {
        content: CookieDead {}.into(),
        to: Recipients::one("nobody"),
        priority: Priority::Notice,
        camp_id: None,
        card_id: None,
        dedupe_key: None,
        send_at: now,
    };
    ctx.db
        .write(move |tx| Box::pin(async move { Ok(outbox::add(tx, &message, now).await?) }))
        .await
        .map(|_| json!({"traces": 1}))
}

async fn write<T: Send + 'static>(
    world: &World,
    work: impl for<'t> FnOnce(&'t mut Tx) -> futures::future::BoxFuture<'t, Result<T, StoreError>>
    + Send
    + 'static,
) -> T {
    world.ctx.db.write(work).await.unwrap()
}

fn tick() -> Timestamp {
    at("04T01:00:00.000").into()
}

async fn run_tick(world: &World, job: &'static Job, owner: &str) -> Ran {
    let never = CancellationToken::new();
    world
        .jobs()
        .run_due(job, tick(), owner, &never)
        .await
        .unwrap()
}

/// Claims a tick as an instance that gave its last sign `ago`.
async fn hold(world: &World, job: &'static str, ago: TimeDelta) {
    let then = world.ctx.wall_now().minus(ago);
    let tick = Tick {
        job,
        scheduled_at: tick(),
        owner: "other".to_owned(),
    };
    let lease_until = then.plus(TimeDelta::minutes(2));
    let won = write(world, move |tx| {
        Box::pin(async move { job_runs::claim(tx, &tick, then, lease_until).await })
    });
    assert!(won.await);
}

async fn outcomes(world: &World) -> Vec<String> {
    world
        .texts("SELECT job || ' ' || COALESCE(outcome, 'running') FROM job_run ORDER BY job, id")
        .await
}

on_both_engines! {
    async fn a_tick_belongs_to_one_instance(db) {
        let world = World::start(db).await;
        let instances = (0..8).map(|number| {
            let jobs = world.jobs();
            tokio::spawn(async move {
                let owner = format!("instance {number}");
                jobs.run_due(&TRACING, tick(), &owner, &CancellationToken::new()).await
            })
        });
        let mut done = 0;
        for instance in instances.collect::<Vec<_>>() {
            match instance.await.unwrap().unwrap() {
                Ran::Done(summary) => {
                    assert_eq!(summary, json!({"traces": 1}));
                    done += 1;
                }
                Ran::NotOurs => {}
                other => panic!("{other:?}"),
            }
        }
        assert_eq!(done, 1);
        assert!(matches!(run_tick(&world, &TRACING, "late").await, Ran::NotOurs));
        assert_eq!(world.count("notification_message").await, 1);
        assert_eq!(outcomes(&world).await, ["tracing done"]);
    }

    async fn the_tick_of_a_dead_instance_is_taken_over_when_its_lease_ends(db) {
        let world = World::start(db).await;
        hold(&world, "tracing", TimeDelta::minutes(1)).await;
        assert!(matches!(run_tick(&world, &TRACING, "us").await, Ran::NotOurs));
        world.execute("DELETE FROM job_run").await;
        hold(&world, "tracing", TimeDelta::minutes(3)).await;

        assert!(matches!(run_tick(&world, &TRACING, "us").await, Ran::Done(_)));

        assert_eq!(world.texts("SELECT owner FROM job_run").await, ["us"]);
        assert_eq!(world.count("notification_message").await, 1);
    }

    async fn what_goes_wrong_is_recorded_and_waits_for_the_next_tick(db) {
        let world = World::start(db).await;
        let failed = run_tick(&world, &FAILING, "us").await;
        assert!(matches!(failed, Ran::Failed(Error::NotFound)), "{failed:?}");
        let panicked = run_tick(&world, &PANICKING, "us").await;
        assert!(matches!(panicked, Ran::Failed(Error::Invariant(_))), "{panicked:?}");
        let skipped = run_tick(&world, &UNCONFIGURED, "us").await;
        assert!(matches!(skipped, Ran::Skipped("zsxq")), "{skipped:?}");
        for job in [&FAILING, &PANICKING, &UNCONFIGURED] {
            assert!(matches!(run_tick(&world, job, "us").await, Ran::NotOurs));
        }
        assert_eq!(
            outcomes(&world).await,
            ["failing failed", "panicking failed", "unconfigured skipped"]
        );
    }

    async fn a_person_runs_a_job_beside_its_ticks_but_not_twice_at_once(db) {
        let world = World::start(db).await;
        let jobs = world.jobs();
        let alive = json!({"cookie": "alive"});
        assert_eq!(jobs.run_once("check-cookie").await.unwrap(), alive);
        assert_eq!(jobs.run_once("check-cookie").await.unwrap(), alive);
        hold(&world, "check-cookie", TimeDelta::zero()).await;
        let refused = jobs.run_once("check-cookie").await;
        assert!(matches!(refused, Err(RunError::AlreadyRunning)), "{refused:?}");
        let unknown = jobs.run_once("no-such-job").await;
        assert!(matches!(unknown, Err(RunError::Unknown)), "{unknown:?}");

        let boss = Actor { role: Role::SuperAdmin, ..admin() };
        let refused = jobs.run_for(&admin(), "expire-bindings").await;
        assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
        let done = jobs.run_for(&boss, "expire-bindings").await.unwrap();
        assert_eq!(done, json!({"expired": 0}));
        assert_eq!(world.texts("SELECT action FROM operation_log").await, ["job.run"]);
        let reports = jobs::report(&world.ctx, &boss).await.unwrap();
        let cookie = reports.iter().find(|job| job.name == "check-cookie").unwrap();
        assert_eq!(cookie.next_at.unwrap().rfc3339(), "2026-01-04T12:30:00+08:00");
        assert!(cookie.last.is_some());
    }

    async fn what_was_missed_is_caught_up_once_and_a_moved_clock_is_noticed(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 3, 2);
        let syncs = "job_run WHERE job = 'sync-checkins' AND outcome = 'done'";
        for _ in 0..2 {
            let clockwork = Clockwork::start(&world).await;
            world.until_count(syncs, 1).await;
            clockwork.stop().await;
        }
        assert_eq!(world.count("sync_run").await, 1);
        let scheduled = "SELECT CAST(scheduled_at AS TEXT) FROM job_run WHERE job = 'sync-checkins'";
        assert_eq!(world.texts(scheduled).await, [tick().micros().to_string()]);

        let clockwork = Clockwork::start(&world).await;
        // Three days at once: the newest tick stands for all of them.
        world.sandbox.clock().set(at("07T12:00:00.000"));
        world.until_count(syncs, 2).await;
        clockwork.stop().await;
        assert_eq!(world.count("sync_run").await, 2);
        assert_eq!(world.count("job_run WHERE outcome IS NULL").await, 0);
    }

    async fn a_stop_lets_a_running_job_reach_its_end(db) {
        let world = World::start(db).await;
        let slow = FaultKind::LateAnswer { ms: 1_000 };
        world.sandbox.faults().add(Fault::new(Platform::Zsxq, "/v2/groups", slow));
        let clockwork = Clockwork::start(&world).await;
        world.until_count("sync_run WHERE state = 'running'", 1).await;

        clockwork.stop().await;

        assert_eq!(world.count("sync_run WHERE state = 'complete'").await, 1);
        let recorded = "job_run WHERE job = 'sync-checkins' AND outcome = 'done'";
        assert_eq!(world.count(recorded).await, 1);
        // What comes later in the night was not begun any more.
        assert_eq!(world.count("job_run WHERE job = 'expire-bindings'").await, 0);
    }
}

struct Clockwork {
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Clockwork {
    async fn start(world: &World) -> Self {
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        world.jobs().start(&stop, &tasks).await.unwrap();
        Self { stop, tasks }
    }

    async fn stop(self) {
        self.stop.cancel();
        self.tasks.close();
        tokio::time::timeout(Duration::from_secs(10), self.tasks.wait())
            .await
            .expect("the clockwork ends");
    }
}

impl World {
    fn jobs(&self) -> Jobs {
        let live = LiveContext::from(self.ctx.clone());
        let chat = WecomChat::new(live.clone()).unwrap();
        Jobs::new(live, Arc::new(chat))
    }

    /// Waits until so many rows are there.
    async fn until_count(&self, from: &str, rows: i64) {
        for _ in 0..400 {
            if self.count(from).await == rows {
                return;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        panic!("{from}: {} rows, not {rows}", self.count(from).await);
    }
}
