//! Runs of the sync and the rankings they leave.

use campkeeper::domain::{CampId, PlanetUserId, SyncId, Timestamp};
use campkeeper::store::syncs::{self, Counts, RankedRow, Started, SyncState};
use campkeeper::store::{StoreError, camps};

use crate::on_both_engines;
use crate::rows;
use crate::support::TestDb;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_767_225_660_000_000);
const CAMP: CampId = CampId(1);

async fn start(db: &TestDb) -> Started {
    db.write(|tx| Box::pin(async move { syncs::start(tx, CAMP, "job", NOW, NOW, LATER).await }))
        .await
        .unwrap()
}

async fn end(db: &TestDb, id: SyncId, state: SyncState) -> Result<(), StoreError> {
    db.write(move |tx| {
        Box::pin(async move { syncs::finish(tx, id, state, Counts::default(), None, LATER).await })
    })
    .await
}

/// A run that ended, with a ranking of 1,200 rows: more than one statement takes.
async fn run(db: &TestDb, state: SyncState) -> SyncId {
    let Started::Now(id) = start(db).await else {
        panic!("a run is in the way");
    };
    db.write(move |tx| {
        Box::pin(async move {
            let row = |account| RankedRow {
                account: PlanetUserId(account),
                nickname: "n".to_owned(),
                checked_in_days: account % 7,
            };
            let rows: Vec<_> = (1..=1_200).map(row).collect();
            syncs::add_ranking(tx, id, &rows).await?;
            syncs::finish(tx, id, state, Counts::default(), None, LATER).await?;
            if state == SyncState::Complete {
                camps::point_at_sync(tx, CAMP, id, LATER).await?;
            }
            syncs::prune_rankings(tx, CAMP, id).await
        })
    })
    .await
    .unwrap();
    id
}

async fn rows_of(db: &TestDb, id: SyncId) -> usize {
    let mut conn = db.read().await.unwrap();
    syncs::ranking(&mut conn, id).await.unwrap().len()
}

on_both_engines! {
    async fn one_run_per_camp(db) {
        db.add(rows::camp(1, "c")).await;
        let Started::Now(first) = start(&db).await else { panic!("nothing is running") };
        assert_eq!(start(&db).await, Started::AlreadyRunning(first));
        end(&db, first, SyncState::Failed).await.unwrap();
        // An ended run cannot end again.
        let again = end(&db, first, SyncState::Complete).await;
        assert!(matches!(again, Err(StoreError::Stale { .. })), "{again:?}");
    }

    async fn rankings_live_as_long_as_somebody_refers_to_them(db) {
        db.add(rows::camp(1, "c")).await;
        let named = run(&db, SyncState::Complete).await;
        assert_eq!(rows_of(&db, named).await, 1_200);
        let refund = rows::refund("rfd_x", 1, &rows::order_no(1)).sync_id(named.0);
        db.add((rows::payment(1), refund)).await;

        let current = run(&db, SyncState::Complete).await;
        let apart = run(&db, SyncState::Partial).await;
        let newest = run(&db, SyncState::Partial).await;

        assert_eq!(rows_of(&db, named).await, 1_200, "a refund names it");
        assert_eq!(rows_of(&db, current).await, 1_200, "the camp points at it");
        assert_eq!(rows_of(&db, apart).await, 0);
        assert_eq!(rows_of(&db, newest).await, 1_200);
    }
}
