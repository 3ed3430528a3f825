//! One run per camp at a time, by people who may.

use std::time::Duration;

use campkeeper::domain::staff::Actor;
use campkeeper::domain::{Role, SyncId, UserId};
use campkeeper::services::sync::{self, Summary, SyncState, poll, request, sync_all};
use campkeeper::services::{Error, Refusal};
use campkeeper::store::{StoreError, syncs};
use chrono::TimeDelta;
use sandbox::zsxq::CookieDeath;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::world::{TO_ITS_END, World, admin};

/// A cookie that the planet's owner has renewed.
const FRESH: &str = "FFFFFFFF-0000-4000-8000-0123456789AB_FFEEDDCCBBAA9988";

on_both_engines! {
    async fn of_two_at_once_one_runs(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 5, 2);
        let slow = FaultKind::LateAnswer { ms: 300 };
        world.sandbox.faults().add(Fault::new(Platform::Zsxq, "", slow));

        let first = request(&world.ctx, &admin(), world.camp, Duration::ZERO).await.unwrap();
        let second = request(&world.ctx, &admin(), world.camp, TO_ITS_END).await;

        assert_eq!(first.state, SyncState::Running);
        match second {
            Err(Error::Refused(Refusal::SyncRunning { sync_id })) => assert_eq!(sync_id, first.id),
            other => panic!("{other:?}"),
        }
        let ended = wait_for_end(&world, first.id).await;
        assert_eq!(ended, SyncState::Complete);
        assert_eq!(world.count("sync_run").await, 1);
        assert_eq!(world.sync().await.state, SyncState::Complete);
    }

    async fn a_race_has_one_winner(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 5, 2);
        let slow = FaultKind::LateAnswer { ms: 300 };
        world.sandbox.faults().add(Fault::new(Platform::Zsxq, "", slow));
        let tries: Vec<_> = (0..8)
            .map(|_| {
                let (ctx, camp) = (world.ctx.clone(), world.camp);
                tokio::spawn(async move { request(&ctx, &admin(), camp, Duration::ZERO).await })
            })
            .collect();
        let mut started = 0;
        for attempt in tries {
            match attempt.await.unwrap() {
                Ok(_) => started += 1,
                Err(Error::Refused(Refusal::SyncRunning { .. })) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(started, 1);
    }

    async fn a_dead_instance_loses_its_run(db) {
        let world = World::start(db).await;
        let (camp, now, wall_now) = (world.camp, world.ctx.now(), world.ctx.wall_now());
        let long_ago = wall_now.minus(TimeDelta::minutes(5));
        let dead = world
            .ctx
            .db
            .write(move |tx| Box::pin(async move {
                syncs::start(tx, camp, "job", now, long_ago, long_ago).await
            }))
            .await
            .map_err(|error: StoreError| error)
            .unwrap();
        let syncs::Started::Now(dead) = dead else { panic!("{dead:?}") };

        let run = world.sync().await;

        assert_eq!(run.state, SyncState::Complete);
        let dead = poll(&world.ctx, &admin(), dead).await.unwrap();
        assert_eq!(dead.state, SyncState::Failed);
        // Should it come back, it can neither go on nor end.
        let id = dead.id;
        let end = world
            .ctx
            .db
            .write(move |tx| Box::pin(async move {
                assert!(!syncs::extend(tx, id, wall_now).await?);
                let counts = sync::Counts::default();
                syncs::finish(tx, id, SyncState::Complete, counts, None, now).await
            }))
            .await;
        assert!(matches!(end, Err(StoreError::Stale { .. })), "{end:?}");
    }

    async fn only_who_may_syncs_and_sees(db) {
        let world = World::start(db).await;
        let run = world.sync().await;
        assert_eq!(run.requested_by, "王管理");
        assert_eq!(
            world.texts("SELECT action FROM operation_log").await,
            ["checkins.sync"]
        );
        for role in [Role::Coach, Role::Volunteer] {
            let stranger = Actor { user_id: UserId(9), role, ..admin() };
            let refused = request(&world.ctx, &stranger, world.camp, TO_ITS_END).await;
            assert!(matches!(refused, Err(Error::Forbidden(_))), "{refused:?}");
            let unseen = poll(&world.ctx, &stranger, run.id).await;
            assert!(matches!(unseen, Err(Error::Forbidden(_))), "{unseen:?}");
        }
        let unknown = poll(&world.ctx, &admin(), SyncId(999)).await;
        assert!(matches!(unknown, Err(Error::NotFound)), "{unknown:?}");
    }

    async fn the_job_stops_at_a_dead_login(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 3, 2);
        world.add_ended_camp().await;
        let both = Summary { complete: 2, ..Summary::default() };
        assert_eq!(sync_all(&world.live()).await.unwrap(), both);

        world.sandbox.zsxq().set_cookie_death(Some(CookieDeath::InBody));
        let none = Summary { incomplete: 1, skipped: 1, ..Summary::default() };
        assert_eq!(sync_all(&world.live()).await.unwrap(), none);
        let notices = world.texts("SELECT body FROM notification_message").await;
        assert_eq!(notices.len(), 1);
        assert!(notices[0].contains(r#""remedy":"update_cookie""#), "{notices:?}");
    }

    async fn a_cookie_renewed_meanwhile_serves_the_camps_that_are_left(db) {
        let world = World::start(db).await;
        world.sandbox.zsxq().seed(world.project, 3, 2);
        world.add_ended_camp().await;
        world.sandbox.zsxq().set_token(FRESH);
        let slow = Fault::new(Platform::Zsxq, "", FaultKind::Latency { ms: 1500 });
        world.sandbox.faults().add(slow);
        let live = world.live();
        let renewal = async {
            tokio::time::sleep(Duration::from_millis(500)).await;
            live.replace(world.with_cookie(FRESH));
        };
        let (synced, ()) = tokio::join!(sync_all(&live), renewal);
        let second = Summary { complete: 1, incomplete: 1, ..Summary::default() };
        assert_eq!(synced.unwrap(), second);
    }
}

async fn wait_for_end(world: &World, id: SyncId) -> SyncState {
    for _ in 0..200 {
        let run = poll(&world.ctx, &admin(), id).await.unwrap();
        if run.state != SyncState::Running {
            return run.state;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    SyncState::Running
}
