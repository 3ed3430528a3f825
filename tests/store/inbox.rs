//! Events are stored once and leased to one worker.

use campkeeper::domain::Timestamp;
use campkeeper::store::inbox::{self, End};
use campkeeper::store::{Db, StoreError, StoreResult};

use crate::on_both_engines;

const fn second(n: i64) -> Timestamp {
    Timestamp::from_micros(1_767_225_600_000_000 + n * 1_000_000)
}

async fn store(db: &Db, key: &'static str) {
    let sealed = inbox::seal(db.keys(), b"<xml>hello</xml>").unwrap();
    let stored: StoreResult<()> = db
        .write(move |tx| {
            Box::pin(async move {
                inbox::store(tx, "wecom_app", key, &sealed, second(0));
                Ok(())
            })
        })
        .await;
    stored.unwrap();
}

async fn lease(db: &Db, now: i64) -> Vec<inbox::InboundEvent> {
    let keys = db.clone();
    db.write(move |tx| {
        Box::pin(async move {
            inbox::lease_due(tx, keys.keys(), second(now), second(now + 30), 10).await
        })
    })
    .await
    .unwrap()
}

async fn end(db: &Db, event: &inbox::InboundEvent) -> Result<(), StoreError> {
    let lease = event.lease;
    db.write(move |tx| {
        Box::pin(async move {
            inbox::end(tx, lease, End::Done, None);
            Ok(())
        })
    })
    .await
}

on_both_engines! {
    async fn a_replay_is_stored_once(db) {
        store(&db, "a").await;
        store(&db, "a").await;
        store(&db, "b").await;
        assert_eq!(lease(&db, 0).await.len(), 2);
    }

    async fn an_event_belongs_to_one_worker_until_its_lease_ends(db) {
        store(&db, "a").await;
        let first = lease(&db, 0).await;
        assert_eq!(first[0].payload, b"<xml>hello</xml>");
        assert!(lease(&db, 10).await.is_empty());
        let again = lease(&db, 31).await;
        assert_eq!((again.len(), again[0].attempts), (1, 2));
        let late = end(&db, &first[0]).await;
        assert!(matches!(late, Err(StoreError::Stale { .. })), "{late:?}");
        end(&db, &again[0]).await.unwrap();
        assert!(end(&db, &again[0]).await.is_err(), "an end is an end");
        assert!(lease(&db, 1000).await.is_empty());
    }

    async fn an_event_that_was_worked_off_goes_and_one_that_waits_stays(db) {
        store(&db, "done").await;
        let first = lease(&db, 0).await;
        end(&db, &first[0]).await.unwrap();
        store(&db, "waits").await;
        let forget = |before: i64| {
            let forgotten = db.write(move |tx| {
                Box::pin(async move { inbox::forget_over(tx, second(before), 10).await })
            });
            async move { StoreResult::<u64>::unwrap(forgotten.await) }
        };
        assert_eq!(forget(0).await, 0, "its key still tells a replay");
        assert_eq!(forget(1).await, 1);
        assert_eq!(forget(1).await, 0);
        assert_eq!(lease(&db, 40).await.len(), 1);
    }

    async fn what_people_wrote_is_not_in_clear(db) {
        let sealed = inbox::seal(db.keys(), b"a very private question").unwrap();
        assert!(!sealed.0.windows(7).any(|bytes| bytes == b"private"));
        db.write(move |tx| Box::pin(async move {
            inbox::store(tx, "t", "k", &sealed, second(0));
            Ok(())
        }))
        .await
        .map_err(|error: StoreError| error)
        .unwrap();
    }
}
