//! One check-in per camp, account and day.

use std::collections::BTreeMap;

use campkeeper::domain::{CampId, CheckInSource, PlanetUserId, Timestamp};
use campkeeper::store::checkins::{self, CheckIn};
use campkeeper::store::syncs::{self, Started};
use campkeeper::store::{Db, StoreError, reports};
use chrono::NaiveDate;

use crate::on_both_engines;
use crate::rows;
use crate::support::TestDb;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const CAMP: CampId = CampId(1);

fn day(d: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
}

fn check_in(account: i64, d: u32, at: Option<i64>) -> CheckIn {
    CheckIn {
        account: PlanetUserId(account),
        day: day(d),
        at: at.map(Timestamp::from_micros),
        topic_id: at.map(|at| at.to_string()),
        summary: at.map(|at| format!("写了 {at}")),
        source: CheckInSource::Post,
    }
}

async fn a_camp(db: &TestDb) {
    db.add(rows::camp(1, "c")).await;
}

async fn record(db: &Db, check_ins: Vec<CheckIn>) {
    db.write(move |tx| {
        Box::pin(async move {
            let started = syncs::start(tx, CAMP, "job", NOW, NOW, NOW).await?;
            let (Started::Now(id) | Started::AlreadyRunning(id)) = started;
            checkins::record(tx, CAMP, id, &check_ins).await
        })
    })
    .await
    .unwrap();
}

on_both_engines! {
    async fn a_second_record_of_a_day_replaces_the_first(db) {
        a_camp(&db).await;
        record(&db, vec![check_in(7, 2, None), check_in(7, 3, Some(30)), check_in(8, 3, Some(31))]).await;
        record(&db, vec![check_in(7, 2, Some(20)), check_in(7, 3, Some(29))]).await;

        let mut conn = db.read().await.unwrap();
        let seven = checkins::of_account(&mut conn, CAMP, PlanetUserId(7), day(1), day(7)).await;
        assert_eq!(seven.unwrap().good, [check_in(7, 2, Some(20)), check_in(7, 3, Some(29))]);
        let newest = checkins::newest_post_at(&mut conn, CAMP).await.unwrap();
        assert_eq!(newest, Some(Timestamp::from_micros(31)));
        assert_eq!(checkins::newest_post_at(&mut conn, CampId(2)).await.unwrap(), None);
    }

    async fn days_are_counted_within_their_bounds_inclusive(db) {
        a_camp(&db).await;
        let all = (1..=900).flat_map(|account| [1, 2, 7].map(|d| check_in(account, d, Some(account))));
        record(&db, all.collect()).await;

        let mut conn = db.read().await.unwrap();
        let days = reports::check_ins_per_day(&mut conn, CAMP, day(2), day(7)).await.unwrap();
        assert_eq!(days, BTreeMap::from([(day(2), 900), (day(7), 900)]));
        let accounts = checkins::days_of_accounts(&mut conn, CAMP, day(1), day(6)).await.unwrap();
        assert_eq!(accounts.len(), 900);
        assert!(accounts.iter().all(|(_, days)| *days == 2));
        assert_eq!(checkins::from_day(&mut conn, CAMP, day(7)).await.unwrap().good.len(), 900);
    }

    async fn what_is_forgotten_is_gone_alone(db) {
        a_camp(&db).await;
        record(&db, vec![check_in(7, 2, Some(20)), check_in(7, 3, Some(30)), check_in(8, 2, None)]).await;
        db.write(|tx| Box::pin(async move {
            checkins::forget(tx, CAMP, PlanetUserId(7), day(2)).await?;
            Ok::<_, StoreError>(())
        }))
        .await
        .unwrap();
        let mut conn = db.read().await.unwrap();
        let mut left = checkins::from_day(&mut conn, CAMP, day(1)).await.unwrap().good;
        left.sort_by_key(|check_in| check_in.account);
        assert_eq!(left, [check_in(7, 3, Some(30)), check_in(8, 2, None)]);
    }
}
