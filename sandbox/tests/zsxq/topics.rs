//! The posts.

use std::collections::HashSet;

use chrono::TimeDelta;
use serde_json::Value;

use crate::client::{Client, at, checkins};

async fn page(client: &Client, project: i64, rest: &str) -> Vec<Value> {
    let path = format!("/topics?scope=all&count=20{rest}");
    let data = client.get(&checkins(project, &path)).await.data();
    data["topics"].as_array().unwrap().clone()
}

fn end_time(topic: &Value) -> String {
    let time = topic["create_time"].as_str().unwrap();
    format!("&end_time={}", time.replace(':', "%3A").replace('+', "%2B"))
}

#[tokio::test]
async fn inclusive_paging_with_dedupe_finds_every_post() {
    let client = Client::start().await;
    client
        .sandbox
        .clock()
        .set(at("2026-01-10T12:00:00.000+0800"));
    let project = client.project();
    let people: Vec<i64> = (0..5).map(|n| client.user(&format!("u{n}"))).collect();
    // Pairs of posts in one millisecond, some of them across a page's edge.
    for n in 0..55_i64 {
        let time = at("2026-01-05T00:00:00.000+0800") + TimeDelta::milliseconds(n / 2 * 1_000);
        client
            .sandbox
            .zsxq()
            .post(project, people[n as usize % 5], time)
            .unwrap();
    }
    let mut seen: HashSet<i64> = HashSet::new();
    let mut rest = String::new();
    loop {
        let topics = page(&client, project, &rest).await;
        let before = seen.len();
        seen.extend(
            topics
                .iter()
                .map(|topic| topic["topic_id"].as_i64().unwrap()),
        );
        if seen.len() == before {
            break;
        }
        rest = end_time(topics.last().unwrap());
    }
    assert_eq!(seen.len(), 55);
    assert!(client.sandbox.violations().is_empty());
}

#[tokio::test]
async fn a_post_looks_as_served() {
    let client = Client::start().await;
    client
        .sandbox
        .clock()
        .set(at("2026-01-10T12:00:00.000+0800"));
    let project = client.project();
    let ann = client.user("小安");
    let time = at("2026-01-05T21:04:05.123+0800");
    let id = client.sandbox.zsxq().post(project, ann, time).unwrap();
    assert!(id > 1 << 53);
    let answered = client.get(&checkins(project, "/topics?count=1")).await;
    assert!(answered.raw.is_ascii() && answered.raw.contains(r"https:\/\/images.zsxq.com"));
    let topic = &answered.data()["topics"][0];
    assert_eq!(topic["topic_id"].as_i64(), Some(id));
    assert_eq!(topic["topic_uid"], id.to_string());
    assert_eq!(topic["create_time"], "2026-01-05T21:04:05.123+0800");
    assert_eq!(topic["talk"]["owner"]["name"], "小安");
    assert_eq!(topic["talk"]["owner"].get("alias"), None);
    assert_eq!(topic.get("modify_time"), None);
    assert_eq!(topic["checkin"]["checkin_id"].as_i64(), Some(project));
}

#[tokio::test]
async fn the_newest_come_first_and_the_switch_ignores_end_time() {
    let client = Client::start().await;
    let project = client.project();
    client.sandbox.zsxq().seed(project, 10, 5);
    let first = page(&client, project, "").await;
    let mut ids: Vec<i64> = first
        .iter()
        .map(|topic| topic["topic_id"].as_i64().unwrap())
        .collect();
    assert!(ids.is_sorted_by(|a, b| a > b));
    let rest = end_time(first.last().unwrap());
    assert_ne!(page(&client, project, &rest).await, first);
    client.sandbox.zsxq().set_ignores_end_time(true);
    assert_eq!(page(&client, project, &rest).await, first);
    ids.dedup();
    assert_eq!(ids.len(), 20);
}

#[tokio::test]
async fn footprints_are_one_members_posts_of_all_projects() {
    let client = Client::start().await;
    let (first, second) = (client.project(), client.project());
    let (ann, bo) = (client.user("Ann"), client.user("Bo"));
    let now = client.sandbox.clock().now();
    let zsxq = client.sandbox.zsxq();
    for (hours, project, user) in [(3, first, ann), (2, second, ann), (1, first, bo)] {
        zsxq.post(project, user, now - TimeDelta::hours(hours))
            .unwrap();
    }
    let path = format!("/v2/users/{ann}/footprints?count=20&filter=group");
    let footprints = client.get(&path).await.data();
    let projects: Vec<_> = footprints["footprints"]
        .as_array()
        .unwrap()
        .iter()
        .map(|footprint| footprint["topic"]["checkin"]["checkin_id"].as_i64())
        .collect();
    assert_eq!(projects, [Some(second), Some(first)]);
}
