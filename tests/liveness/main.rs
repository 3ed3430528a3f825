//! Every deposit moves on: random camps, members, staff and faults over simulated weeks. At every
//! step the books agree with the states; when the faults have stopped, every deposit comes to rest
//! without anybody repairing the database.
//!
//! `CAMPKEEPER_SEEDS=1000..1500 cargo test --workspace --all-features --test liveness` tries any
//! others; a failing seed prints its story, and with `CAMPKEEPER_STORY=1 … -- --nocapture` every one.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/context.rs"]
mod context;
#[path = "../support/pay_client.rs"]
mod pay_client;
#[path = "../support/planet_client.rs"]
mod planet_client;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/session.rs"]
mod session;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod events;
mod mistakes;
mod staff;
mod world;

use std::ops::Range;
use std::panic::AssertUnwindSafe;

use campkeeper::domain::Fen;
use campkeeper::services::books;
use campkeeper::store::Engine;
use futures::FutureExt as _;

use crate::support::fresh_db;
use crate::world::World;

/// Days with faults: enrolment, the camps, and the first of what follows.
const DAYS_OF_FAULTS: u32 = 9;
/// Days until everything has come to rest, at most.
const DAYS_OF_REST: u32 = 30;
/// Worlds at once: more than one, so that their waits overlap.
const AT_ONCE: usize = 2;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deposit_comes_to_rest_on_sqlite() {
    all(Engine::Sqlite, seeds(0..100)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_deposit_comes_to_rest_on_postgres() {
    all(Engine::Postgres, seeds(0..10)).await;
}

fn seeds(default: Range<u64>) -> Range<u64> {
    let Ok(given) = std::env::var("CAMPKEEPER_SEEDS") else {
        return default;
    };
    let (from, to) = given.split_once("..").expect("CAMPKEEPER_SEEDS=from..to");
    from.parse().unwrap()..to.parse().unwrap()
}

async fn all(engine: Engine, seeds: Range<u64>) {
    let seeds = std::sync::Arc::new(std::sync::Mutex::new(seeds));
    let workers = (0..AT_ONCE).map(|_| {
        let seeds = seeds.clone();
        tokio::spawn(async move {
            loop {
                let Some(seed) = seeds.lock().unwrap().next() else {
                    return;
                };
                one(engine, seed).await;
            }
        })
    });
    for worker in futures::future::join_all(workers).await {
        worker.unwrap();
    }
}

async fn one(engine: Engine, seed: u64) {
    let mut world = World::begin(seed, fresh_db(engine).await).await;
    let lived = AssertUnwindSafe(live(&mut world)).catch_unwind().await;
    let story = || format!("{engine:?}, seed {seed}:\n{}", world.story.join("\n"));
    assert!(lived.is_ok(), "{}", story());
    if std::env::var_os("CAMPKEEPER_STORY").is_some() {
        println!("{}", story());
    }
}

async fn live(world: &mut World) {
    for _ in 0..DAYS_OF_FAULTS {
        world.day(true).await;
        world.assert_books().await;
    }
    world.calm().await;
    for _ in 0..DAYS_OF_REST {
        world.day(false).await;
        world.assert_books().await;
        if world.is_at_rest().await {
            return;
        }
    }
    panic!("not at rest: {:#?}", world.unrested().await);
}

impl World {
    /// The books agree with the states, and whatever is here is in custody, with whose turn it is
    /// and a date.
    async fn assert_books(&mut self) {
        let unreadable = self.unreadable_orders().await;
        let can_be_read = |order_no: &&str| !unreadable.iter().any(|it| it == order_no);
        let audited = books::audit(&self.ctx).await.unwrap();
        let mut different = audited.differences.iter().map(|it| it.order_no.as_str());
        let is_right = audited.is_balanced && !different.any(|it| can_be_read(&it));
        assert!(is_right, "{audited:#?}");
        let held = self.in_custody().await;
        let orders = held.iter().map(|held| held.payment.order_no.as_str());
        let orders: Vec<&str> = orders.filter(can_be_read).collect();
        let unrested = self.unrested().await;
        let unrested = unrested.iter().map(|line| line.split(' ').next().unwrap());
        let unrested: Vec<&str> = unrested.filter(can_be_read).collect();
        assert_eq!(orders, unrested);
        assert!(held.iter().all(|held| held.amount > Fen::ZERO), "{held:#?}");
    }

    /// Payments of which something is still here, with what became of them.
    pub(crate) async fn unrested(&self) -> Vec<String> {
        self.db
            .texts(
                "SELECT p.order_no || ' ' || p.status || ' ' || COALESCE(p.flag, '-') || ' ' || \
                 COALESCE(m.match_status, '-') || ' ' || COALESCE(r.status, '-') || ' ' || \
                 COALESCE(r.failure_reason, '-') || ' ' || COALESCE(c.status, '-') \
                 FROM payment_record p \
                 LEFT JOIN camp_member m ON m.id = p.member_id \
                 LEFT JOIN training_camp c ON c.id = p.camp_id \
                 LEFT JOIN refund_record r ON r.payment_id = p.id AND r.replaced_by IS NULL \
                 WHERE p.transaction_id IS NOT NULL AND p.rested_at IS NULL ORDER BY p.id",
            )
            .await
    }

    /// Nothing is in custody, and nobody can pay any more.
    async fn is_at_rest(&self) -> bool {
        let enrolling = "SELECT name FROM training_camp WHERE status IN ('enrolling', 'ongoing')";
        self.unrested().await.is_empty() && self.db.texts(enrolling).await.is_empty()
    }
}
