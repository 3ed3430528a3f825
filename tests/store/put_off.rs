//! Writes that wait for company: in order, all or nothing, and each work on its own.

use campkeeper::domain::{PaymentId, Timestamp};
use campkeeper::store::inbox::{self, End, InboundEvent, Lease};
use campkeeper::store::{Db, StoreError, StoreResult, Tx, sessions};

use crate::on_both_engines;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_767_225_660_000_000);

fn put_off(tx: &mut Tx, db: &Db, key: &str) {
    let sealed = inbox::seal(db.keys(), b"<xml/>").unwrap();
    inbox::store(tx, "test", key, &sealed, NOW);
}

async fn store(db: &Db, key: &'static str) {
    let own = db.clone();
    let stored: StoreResult<()> = db
        .write(move |tx| {
            Box::pin(async move {
                put_off(tx, &own, key);
                Ok(())
            })
        })
        .await;
    stored.unwrap();
}

async fn lease(db: &Db, now: Timestamp, until: Timestamp) -> Vec<InboundEvent> {
    let own = db.clone();
    let leased: StoreResult<_> = db
        .write(move |tx| {
            Box::pin(async move { inbox::lease_due(tx, own.keys(), now, until, 1000).await })
        })
        .await;
    leased.unwrap()
}

/// A lease that is nobody's any more.
async fn spent(db: &Db) -> Lease {
    store(db, "spent").await;
    let lease = lease(db, NOW, LATER).await.pop().unwrap().lease;
    let ended: StoreResult<()> = db
        .write(move |tx| {
            Box::pin(async move {
                inbox::end(tx, lease, End::Done, None);
                Ok(())
            })
        })
        .await;
    ended.unwrap();
    lease
}

/// How a work of [`many_at_once`] goes wrong.
type Trouble = fn(&mut Tx, Lease);

/// Sixty-four works at once, each of which stores an event before and after `trouble` has come to
/// every other; what these fail with.
async fn many_at_once(db: &Db, trouble: Trouble) -> Vec<StoreError> {
    let lease = spent(db).await;
    let mut works = Vec::new();
    for number in 0..64 {
        let db = db.clone();
        works.push(tokio::spawn(async move {
            let own = db.clone();
            db.write(move |tx| {
                Box::pin(async move {
                    put_off(tx, &own, &format!("first {number}"));
                    if number % 2 == 1 {
                        trouble(tx, lease);
                    }
                    put_off(tx, &own, &format!("second {number}"));
                    Ok(())
                })
            })
            .await
        }));
    }
    let mut failures = Vec::new();
    for work in works {
        match work.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failures.push(error),
            // PostgreSQL's works panic where they are awaited.
            Err(_) => failures.push(StoreError::WriterGone),
        }
    }
    failures
}

on_both_engines! {
    async fn a_guard_that_does_not_hold_fails_its_own_work_alone(db) {
        let failures = many_at_once(&db, |tx, lease| inbox::end(tx, lease, End::Failed, None)).await;
        assert_eq!(failures.len(), 32);
        for failure in failures {
            assert!(
                matches!(failure, StoreError::Stale { table: "inbound_event", .. }),
                "{failure:?}"
            );
        }
        assert_eq!(lease(&db, NOW, LATER).await.len(), 64);
    }

    async fn a_refusal_of_the_database_fails_its_own_work_alone(db) {
        let failures = many_at_once(&db, |tx, _| {
            sessions::add_access_token(tx, b"hash", PaymentId(99), [1; 4], LATER, NOW);
        })
        .await;
        assert_eq!(failures.len(), 32);
        for failure in failures {
            assert!(matches!(failure, StoreError::Database(_)), "{failure:?}");
        }
        assert_eq!(lease(&db, NOW, LATER).await.len(), 64);
    }

    async fn a_work_that_goes_on_past_a_failed_guard_is_not_kept(db) {
        let gone = spent(&db).await;
        let own = db.clone();
        let kept: StoreResult<()> = db
            .write(move |tx| {
                Box::pin(async move {
                    inbox::end(tx, gone, End::Failed, None);
                    put_off(tx, &own, "lost behind the guard");
                    // Sends both over, and looks away.
                    let _ = inbox::lease_due(tx, own.keys(), NOW, LATER, 1000).await;
                    put_off(tx, &own, "after it");
                    Ok(())
                })
            })
            .await;
        assert!(matches!(kept, Err(StoreError::WriterGone)), "{kept:?}");
        assert!(lease(&db, NOW, LATER).await.is_empty());
        store(&db, "the next").await;
        assert_eq!(lease(&db, NOW, LATER).await.len(), 1);
    }

    async fn a_panic_takes_along_what_its_work_has_put_off(db) {
        let failures = many_at_once(&db, |_, _| panic!("a bug")).await;
        assert_eq!(failures.len(), 32);
        assert_eq!(lease(&db, NOW, LATER).await.len(), 64);
    }

    async fn what_is_read_comes_after_what_was_put_off(db) {
        let own = db.db.clone();
        let seen: StoreResult<Vec<InboundEvent>> = db
            .write(move |tx| Box::pin(async move {
                put_off(tx, &own, "a");
                inbox::lease_due(tx, own.keys(), NOW, LATER, 10).await
            }))
            .await;
        assert_eq!(seen.unwrap().len(), 1);
    }

    async fn more_than_fits_into_one_hop_is_written_all_the_same(db) {
        let own = db.db.clone();
        let written: StoreResult<()> = db
            .write(move |tx| Box::pin(async move {
                for number in 0..100 {
                    put_off(tx, &own, &format!("key {number}"));
                }
                Ok(())
            }))
            .await;
        written.unwrap();
        assert_eq!(lease(&db, NOW, LATER).await.len(), 100);
    }
}
