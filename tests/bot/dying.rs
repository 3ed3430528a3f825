//! A worker that dies between two lines: nothing is lost, and nobody records over another's work.

use std::time::Duration;

use campkeeper::services::Error;
use campkeeper::store::outbox::{self, DueMessage, MessageStatus};
use campkeeper::store::{StoreError, inbox};
use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::sending::{numbers_read, tell, tell_the_group};
use crate::stage::{ROBOT, Stage};

/// Sends until the worker is cut off in the middle of a call.
async fn send_and_die(stage: &Stage) {
    let died = tokio::time::timeout(Duration::from_millis(700), stage.send()).await;
    assert!(died.is_err(), "the call was still out");
}

async fn lease_all(stage: &Stage) -> Vec<DueMessage> {
    let (now, wall_now) = (stage.ctx.now(), stage.ctx.wall_now());
    let until = wall_now.plus(TimeDelta::seconds(60));
    let leased = stage.ctx.db.write(move |tx| {
        Box::pin(async move { outbox::lease_due(tx, now, wall_now, until, 100).await })
    });
    let leased = leased.await.unwrap();
    leased.into_iter().map(|message| message.unwrap()).collect()
}

async fn settle(stage: &Stage, message: DueMessage) -> Result<(), StoreError> {
    let now = stage.ctx.now();
    let settled = stage.ctx.db.write(move |tx| {
        Box::pin(async move {
            outbox::settle(tx, message.lease(), MessageStatus::Sent, None, now);
            Ok(())
        })
    });
    settled.await
}

on_both_engines! {
    async fn what_was_told_together_is_neither_lost_nor_told_twice(db) {
        let stage = Stage::set(db, 1).await;
        // The worker dies before the request has taken effect, after it, and once more.
        let moments = [
            FaultKind::Latency { ms: 1500 },
            FaultKind::LateAnswer { ms: 1500 },
            FaultKind::LateAnswer { ms: 1500 },
        ];
        tell(&stage, "lin.yue", 60).await;
        for moment in moments {
            let fault = Fault::new(Platform::Wecom, "cgi-bin/message/send", moment);
            stage.sandbox.faults().add(fault);
            send_and_die(&stage).await;
            let ended = "SELECT CAST(COUNT(*) AS TEXT) FROM notification_message \
                         WHERE status <> 'pending'";
            assert_eq!(stage.texts(ended).await, ["0"], "nothing ends before it is answered");
            // Its lease runs out; the request that was on its way may still arrive.
            tokio::time::sleep(Duration::from_millis(1500)).await;
            stage.advance(TimeDelta::seconds(61));
        }
        stage.send().await;
        assert_eq!(numbers_read(&stage, "lin.yue"), (0..60).collect::<Vec<_>>());
        let together = "SELECT CAST(COUNT(*) AS TEXT) FROM notification_message \
                        WHERE status = 'merged' AND carried_by = 1";
        assert_ne!(stage.texts(together).await, ["0"], "the first text carried others");
        stage.assert_no_violation();
    }

    async fn a_robot_whose_worker_died_is_not_asked_again(db) {
        let stage = Stage::set(db, 1).await;
        let late = FaultKind::LateAnswer { ms: 1500 };
        stage.sandbox.faults().add(Fault::new(Platform::Wecom, "cgi-bin/webhook/send", late));
        tell_the_group(&stage).await;
        send_and_die(&stage).await;
        stage.advance(TimeDelta::seconds(61));
        assert_eq!(stage.send().await.unknown, 1);
        assert_eq!(stage.sandbox.wecom().group_messages(ROBOT).len(), 1);
    }

    async fn a_robot_that_was_busy_is_asked_again(db) {
        let stage = Stage::set(db, 1).await;
        let busy = FaultKind::ApiError { code: "-1".to_owned(), message: "busy".to_owned() };
        stage.sandbox.faults().add(Fault::new(Platform::Wecom, "cgi-bin/webhook/send", busy));
        tell_the_group(&stage).await;
        assert_eq!(stage.send().await.put_off, 1);
        stage.advance(TimeDelta::seconds(5));
        assert_eq!(stage.send().await.sent, 1);
        assert_eq!(stage.sandbox.wecom().group_messages(ROBOT).len(), 1);
    }

    async fn a_worker_whose_lease_ran_out_records_nothing(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "lin.yue", 1).await;
        let mut slow = lease_all(&stage).await;
        assert!(lease_all(&stage).await.is_empty(), "it is held");
        stage.advance(TimeDelta::seconds(61));
        let mut next = lease_all(&stage).await;
        let (slow, next) = (slow.pop().unwrap(), next.pop().unwrap());
        let refused = settle(&stage, slow).await;
        assert!(matches!(refused, Err(StoreError::Stale { .. })), "{refused:?}");
        settle(&stage, next.clone()).await.unwrap();
        assert!(settle(&stage, next).await.is_err(), "an end is an end");
    }

    async fn an_event_taken_over_is_answered_once(db) {
        let stage = Stage::set(db, 1).await;
        assert!(stage.sandbox.wecom().say("lin.yue", "帮助").await.is_accepted());
        let lease = || {
            let wall_now = stage.ctx.wall_now();
            let until = wall_now.plus(TimeDelta::seconds(60));
            let db = stage.ctx.db.clone();
            stage.ctx.db.write(move |tx| Box::pin(async move {
                inbox::lease_due(tx, db.keys(), wall_now, until, 10).await
            }))
        };
        let slow = lease().await.unwrap().pop().unwrap();
        stage.advance(TimeDelta::seconds(61));
        stage.settle().await;
        let finished =
            campkeeper::services::inbox::finish(&stage.ctx, slow.lease, Vec::new()).await;
        assert!(
            matches!(finished, Err(Error::Store(StoreError::Stale { .. }))),
            "{finished:?}"
        );
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 1);
    }
}
