//! Transactions: all or nothing, grouped or not, and no one waits for ever.

use campkeeper::domain::Timestamp;
use campkeeper::store::{StoreError, StoreResult, inbox};

use crate::on_both_engines;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_767_225_660_000_000);

on_both_engines! {
    async fn an_error_undoes_all_of_its_own_and_nothing_of_others(db) {
        let mut works = Vec::new();
        for number in 0..64 {
            let db = db.db.clone();
            works.push(tokio::spawn(async move {
                let sealed = inbox::seal(db.keys(), b"<xml/>").unwrap();
                db.write(move |tx| Box::pin(async move {
                    inbox::store(tx, "test", &format!("key {number}"), &sealed, NOW);
                    if number % 2 == 1 {
                        return Err(StoreError::Stale { table: "test", id: number });
                    }
                    Ok(number)
                }))
                .await
            }));
        }
        let mut failed = 0;
        for work in works {
            if work.await.unwrap().is_err() {
                failed += 1;
            }
        }
        assert_eq!(failed, 32);
        let keys = db.db.clone();
        let events = db
            .write(move |tx| Box::pin(async move {
                inbox::lease_due(tx, keys.keys(), NOW, LATER, 1000).await
            }))
            .await
            .unwrap();
        assert_eq!(events.len(), 32);
    }

    async fn a_panic_is_its_own_failure(db) {
        let clone = db.db.clone();
        let panicked = tokio::spawn(async move {
            clone
                .write(|_tx| Box::pin(async move {
                    if NOW < LATER { panic!("a bug") }
                    Ok::<_, StoreError>(())
                }))
                .await
        })
        .await;
        assert!(!matches!(panicked, Ok(Ok(()))));
        let sealed = inbox::seal(db.keys(), b"<xml/>").unwrap();
        let stored: StoreResult<()> = db
            .write(move |tx| Box::pin(async move {
                inbox::store(tx, "t", "k", &sealed, NOW);
                Ok(())
            }))
            .await;
        stored.unwrap();
    }
}
