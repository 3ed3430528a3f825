//! Ranking and statistics.

use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, Platform};
use serde_json::{Value, json};

use crate::client::{Client, at, checkins, planet};

/// All rows, by the documented way of paging.
async fn all_rows(client: &Client, project: i64) -> Vec<Value> {
    let mut rows: Vec<Value> = Vec::new();
    loop {
        let index = rows
            .last()
            .map_or(0, |row| row["rankings"].as_u64().unwrap());
        let path = format!("/ranking_list?type=accumulated&index={index}");
        let data = client.get(&checkins(project, &path)).await.data();
        assert_eq!(data.get("user_specific").is_some(), index == 0);
        let page = data["ranking_list"].as_array().unwrap().clone();
        if page.is_empty() {
            return rows;
        }
        assert!(page.len() <= 21);
        rows.extend(page);
    }
}

#[tokio::test]
async fn pages_of_21_by_exclusive_rank_give_everybody_once() {
    for people in [0, 1, 20, 21, 22, 42, 201] {
        let client = Client::start().await;
        let project = client.project();
        client.sandbox.zsxq().seed(project, people, 3);
        let rows = all_rows(&client, project).await;
        assert_eq!(rows.len(), people as usize);
        let ranks: Vec<u64> = rows
            .iter()
            .map(|row| row["rankings"].as_u64().unwrap())
            .collect();
        assert_eq!(ranks, (1..=u64::from(people)).collect::<Vec<_>>());
        let statistics = client.get(&checkins(project, "/statistics")).await.data();
        let sum: u64 = rows
            .iter()
            .map(|row| row["checkined_days"].as_u64().unwrap())
            .sum();
        assert_eq!(statistics["statistics"]["checkined_count"], sum);
        assert!(client.sandbox.violations().is_empty());
    }
}

#[tokio::test]
async fn page_numbers_are_not_what_index_means() {
    let client = Client::start().await;
    let project = client.project();
    client.sandbox.zsxq().seed(project, 42, 1);
    let data = client
        .get(&checkins(project, "/ranking_list?type=accumulated&index=1"))
        .await
        .data();
    assert_eq!(data["ranking_list"][0]["rankings"], 2);
    assert_eq!(data["ranking_list"].as_array().unwrap().len(), 21);
}

#[tokio::test]
async fn wrong_parameters() {
    let client = Client::start().await;
    let project = client.project();
    for (path, code) in [
        ("/ranking_list?index=0", 1004),
        ("/ranking_list?type=all&index=0", 1004),
        ("/ranking_list?type=accumulated&index=-1", 16104),
        ("/ranking_list?type=accumulated&index=a", 16104),
        ("/topics?scope=all", 14001),
        ("/topics?scope=all&count=0", 14001),
        ("/topics?scope=all&count=31", 14001),
        ("/topics?scope=all&count=20&end_time=2026", 1001),
        ("/statistics/daily", 1004),
        ("/joined_users?count=10", 1020),
    ] {
        assert_eq!(
            client.get(&checkins(project, path)).await.code(),
            code,
            "{path}"
        );
    }
    assert_eq!(client.broken_rules().len(), 10);
    assert_eq!(client.get("/v2/groups/1/checkins/1").await.code(), 1005);
    assert_eq!(client.get(&checkins(1, "")).await.code(), 52001);
    assert_eq!(client.get(&planet("/nothing")).await.code(), 404);
}

#[tokio::test]
async fn days_are_those_of_shanghai_and_count_once() {
    let client = Client::start().await;
    client
        .sandbox
        .clock()
        .set(at("2026-01-10T12:00:00.000+0800"));
    let project = client.project();
    let (ann, bo, idle) = (client.user("Ann"), client.user("Bo"), client.user("  "));
    let zsxq = client.sandbox.zsxq();
    for time in [
        "03T23:59:59.999",
        "04T00:00:00.000",
        "04T00:00:00.000",
        "04T22:00:00.000",
    ] {
        zsxq.post(project, ann, at(&format!("2026-01-{time}+0800")))
            .unwrap();
    }
    zsxq.post(project, bo, at("2026-01-04T08:00:00.000+0800"))
        .unwrap();
    zsxq.join(project, idle, at("2026-01-04T08:00:00.000+0800"));
    let rows = all_rows(&client, project).await;
    let days: Vec<_> = rows
        .iter()
        .map(|row| {
            (
                row["user"]["user_id"].as_i64(),
                row["checkined_days"].as_i64(),
            )
        })
        .collect();
    assert_eq!(days, [(Some(ann), Some(2)), (Some(bo), Some(1))]);
    assert_eq!(rows[0]["user"]["alias"], "");
    assert_eq!(rows[0]["user"].get("number"), None);
    let statistics = client.get(&checkins(project, "/statistics")).await.data();
    assert_eq!(statistics["statistics"]["joined_count"], 3);
    let date = "/statistics/daily?date=2026-01-04T00%3A00%3A00.000%2B0800";
    let daily = client.get(&checkins(project, date)).await.data();
    assert_eq!(daily, json!({"checkined_count": 2}));
    let detail = client.get(&checkins(project, "")).await.data();
    assert_eq!(detail["checkin"]["status"], "ongoing");
    assert_eq!(detail["checkin"]["checkin_id"].as_i64(), Some(project));
}

#[tokio::test]
async fn the_future_shows_when_it_comes() {
    let client = Client::start().await;
    let project = client.project();
    client.sandbox.zsxq().seed(project, 2, 30);
    let before = all_rows(&client, project).await[0]["checkined_days"]
        .as_u64()
        .unwrap();
    client.sandbox.clock().advance(TimeDelta::days(3));
    let after = all_rows(&client, project).await[0]["checkined_days"]
        .as_u64()
        .unwrap();
    assert_eq!(after, before + 3);
    let detail = client.get(&checkins(project, "")).await.data();
    assert_eq!(detail["checkin"]["status"], "over");
}

#[tokio::test]
async fn faults_hit_in_the_middle_of_the_pages() {
    let client = Client::start().await;
    let project = client.project();
    client.sandbox.zsxq().seed(project, 30, 2);
    let ranking = checkins(project, "/ranking_list");
    let broken = FaultKind::HttpStatus {
        status: 502,
        body: "<html></html>".to_owned(),
    };
    client
        .sandbox
        .faults()
        .add(Fault::new(Platform::Zsxq, &ranking, broken).after(1));
    let page = |index: u32| format!("{ranking}?type=accumulated&index={index}");
    client.get(&page(0)).await.data();
    let failed = client.get(&page(21)).await;
    assert_eq!((failed.status, failed.raw.as_str()), (502, "<html></html>"));
    client.get(&page(21)).await.data();

    let named = Fault::named(Platform::Zsxq, "check_in_between_pages", Value::Null);
    client.sandbox.faults().add(named);
    let sum = async || {
        let data = client.get(&checkins(project, "/statistics")).await.data();
        data["statistics"]["checkined_count"].as_u64().unwrap()
    };
    let before = sum().await;
    client.get(&page(0)).await.data();
    assert_eq!(sum().await, before + 1);
    let moved = client.get(&page(0)).await.data();
    assert_eq!(moved["ranking_list"][0]["checkined_days"], 3);
}

#[tokio::test]
async fn deleting_a_post_takes_the_day_back() {
    let client = Client::start().await;
    let project = client.project();
    let ann = client.user("Ann");
    let now = client.sandbox.clock().now();
    let zsxq = client.sandbox.zsxq();
    let first = zsxq.post(project, ann, now - TimeDelta::days(2)).unwrap();
    zsxq.post(project, ann, now - TimeDelta::days(1)).unwrap();
    assert_eq!(all_rows(&client, project).await[0]["checkined_days"], 2);
    assert!(zsxq.delete_post(first));
    assert!(!zsxq.delete_post(first));
    assert_eq!(all_rows(&client, project).await[0]["checkined_days"], 1);
}
