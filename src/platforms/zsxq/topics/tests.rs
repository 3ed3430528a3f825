use serde_json::{Value, json};

use super::super::fake_planet::{FakePlanet, PROJECT, Reply, at, wire_time};
use super::super::time;
use super::*;

const AUTHOR: i64 = 300_000_000_000_007;
const FIRST_TOPIC: i64 = 90_000_000_000_000_000;

fn post(number: i64, created_at: DateTime<Utc>) -> Value {
    json!({
        "topic_id": FIRST_TOPIC + number, "topic_uid": (FIRST_TOPIC + number).to_string(),
        "group": {"group_id": 88_000_000_000_011_i64}, "type": "talk",
        "talk": {"owner": {"user_id": AUTHOR, "name": "Ann", "alias": "A-7"}, "text": "day 3 …"},
        "create_time": wire_time(created_at), "modify_time": wire_time(at(0)),
        "checkin": {"title": "Writing camp 01", "checkin_id": PROJECT}, "title": "day 3",
    })
}

fn created_at(post: &Value) -> DateTime<Utc> {
    time::parse(post["create_time"].as_str().unwrap()).unwrap()
}

/// `n` posts, newest first, one a minute; number 1 is the oldest.
fn posts(n: i64) -> Vec<Value> {
    (1..=n)
        .rev()
        .map(|number| post(number, at(number * 60_000)))
        .collect()
}

/// A planet that serves `posts` (newest first) as the reference has it.
async fn serving(posts: Vec<Value>) -> FakePlanet {
    FakePlanet::start(move |seen, _| {
        assert_eq!(seen.query("scope").as_deref(), Some("all"));
        assert_eq!(seen.query("count").as_deref(), Some("20"));
        let end_time = seen
            .query("end_time")
            .map(|text| time::parse(&text).unwrap());
        let visible = posts
            .iter()
            .filter(|post| end_time.is_none_or(|end| created_at(post) <= end));
        Reply::data(&json!({"topics": visible.take(20).collect::<Vec<_>>()}))
    })
    .await
}

fn numbers(reading: &TopicsReading) -> Vec<i64> {
    reading
        .posts
        .iter()
        .map(|post| post.topic_id - FIRST_TOPIC)
        .collect()
}

#[tokio::test]
async fn every_post_is_read_once_newest_first() {
    for n in [0, 1, 19, 20, 21, 39, 40, 45] {
        let fake = serving(posts(n)).await;
        let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
        assert_eq!(numbers(&reading), (1..=n).rev().collect::<Vec<_>>(), "{n}");
        assert!(reading.paging_supported && reading.is_complete, "{n}");
        assert_eq!(reading.unreadable_rows, 0);
    }
}

#[tokio::test]
async fn pages_are_linked_by_the_oldest_time_inclusive_and_encoded() {
    let fake = serving(posts(25)).await;
    fake.planet().topics(PROJECT, at(0)).await.unwrap();
    let asked: Vec<String> = fake
        .seen()
        .into_iter()
        .map(|seen| seen.path_and_query)
        .collect();
    let base = "/v2/groups/88000000000011/checkins/7700000001/topics?scope=all&count=20";
    assert_eq!(
        asked,
        [
            base.to_owned(),
            // The sixth post, 08:06 in Shanghai.
            format!("{base}&end_time=2026-01-01T08%3A06%3A00.000%2B0800"),
            format!("{base}&end_time=2026-01-01T08%3A01%3A00.000%2B0800"),
        ]
    );
}

#[tokio::test]
async fn a_post_is_taken_as_served() {
    let fake = serving(posts(1)).await;
    let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
    let expected = Post {
        topic_id: 90_000_000_000_000_001,
        user_id: AUTHOR,
        name: "Ann".into(),
        alias: "A-7".into(),
        created_at: at(60_000),
        title: "day 3".into(),
        codes: Vec::new(),
        summary: "day 3 day 3 …".into(),
    };
    assert_eq!(reading.posts, [expected]);
    assert_eq!(reading.posts[0].shanghai_date().to_string(), "2026-01-01");
}

#[tokio::test]
async fn reading_ends_at_the_watermark() {
    let fake = serving(posts(100)).await;
    let reading = fake
        .planet()
        .topics(PROJECT, at(75 * 60_000))
        .await
        .unwrap();
    assert_eq!(numbers(&reading), (75..=100).rev().collect::<Vec<_>>());
    assert!(reading.is_complete);
    assert_eq!(fake.seen().len(), 2);

    let fake = serving(posts(100)).await;
    let reading = fake
        .planet()
        .topics(PROJECT, at(200 * 60_000))
        .await
        .unwrap();
    assert!(reading.posts.is_empty() && reading.is_complete);
    assert_eq!(fake.seen().len(), 1);
}

#[tokio::test]
async fn posts_of_one_millisecond_across_a_page_border_are_all_read() {
    let mut rows: Vec<Value> = (1..=30)
        .rev()
        .map(|number| {
            post(
                number,
                if (8..=14).contains(&number) {
                    at(9)
                } else {
                    at(number)
                },
            )
        })
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(created_at(row)));
    let fake = serving(rows).await;
    let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
    let mut found = numbers(&reading);
    found.sort_unstable();
    assert_eq!(found, (1..=30).collect::<Vec<_>>());
    assert!(reading.is_complete);
}

#[tokio::test]
async fn more_posts_of_one_millisecond_than_a_page_holds_are_told_as_incomplete() {
    let mut rows = posts(5);
    rows.extend((6..=30).map(|number| post(number, at(0))));
    let fake = serving(rows).await;
    let reading = fake.planet().topics(PROJECT, at(-1)).await.unwrap();
    assert!(reading.paging_supported && !reading.is_complete);
}

#[tokio::test]
async fn a_planet_that_ignores_end_time_is_found_out() {
    for (n, is_complete) in [(1, true), (19, true), (20, false), (50, false)] {
        let rows: Vec<Value> = posts(n).into_iter().take(20).collect();
        let fake = FakePlanet::start(move |_, _| Reply::data(&json!({"topics": rows}))).await;
        let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
        // One single post comes again on the second page either way.
        assert_eq!(reading.paging_supported, n == 1, "{n}");
        assert_eq!(reading.is_complete, is_complete, "{n}");
        assert_eq!(
            reading.posts.len(),
            usize::try_from(n.min(20)).unwrap(),
            "{n}"
        );
        assert_eq!(fake.seen().len(), 2, "{n}");
    }
}

#[tokio::test]
async fn a_planet_whose_end_time_is_exclusive_is_read_too() {
    let rows = posts(45);
    let fake = FakePlanet::start(move |seen, _| {
        let end_time = seen
            .query("end_time")
            .map(|text| time::parse(&text).unwrap());
        let visible = rows
            .iter()
            .filter(|row| end_time.is_none_or(|end| created_at(row) < end));
        Reply::data(&json!({"topics": visible.take(20).collect::<Vec<_>>()}))
    })
    .await;
    let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
    assert_eq!(reading.posts.len(), 45);
    assert!(reading.paging_supported && reading.is_complete);
}

#[tokio::test]
async fn a_sticky_post_on_top_does_not_lead_the_paging_astray() {
    let rows = posts(45);
    let mut sticky = post(46, at(30_000));
    sticky["sticky"] = json!(true);
    let fake = FakePlanet::start(move |seen, _| {
        let end_time = seen
            .query("end_time")
            .map(|text| time::parse(&text).unwrap());
        let visible = rows
            .iter()
            .filter(|row| end_time.is_none_or(|end| created_at(row) <= end));
        let page: Vec<&Value> = std::iter::once(&sticky).chain(visible).take(20).collect();
        Reply::data(&json!({"topics": page}))
    })
    .await;
    let reading = fake.planet().topics(PROJECT, at(0)).await.unwrap();
    assert_eq!(reading.posts.len(), 46);
    assert!(reading.paging_supported && reading.is_complete);
}

#[tokio::test]
async fn odd_rows_cost_themselves_only() {
    let mut rows = posts(3);
    let mut foreign = post(10, at(4));
    foreign["checkin"]["checkin_id"] = json!(7_700_000_009_i64);
    let mut timeless = post(11, at(3));
    timeless["create_time"] = json!("yesterday");
    let mut nobody = post(12, at(2));
    nobody["talk"] = json!({});
    rows.extend([foreign, timeless, nobody, json!(null), json!([])]);
    let fake = FakePlanet::start(move |_, _| Reply::data(&json!({"topics": rows}))).await;
    let reading = fake.planet().topics(PROJECT, at(90_000)).await.unwrap();
    assert_eq!(numbers(&reading), [3, 2]);
    assert_eq!((reading.unreadable_rows, reading.lost_rows), (5, 4));
    assert!(reading.is_complete);
}

#[tokio::test]
async fn a_failed_page_fails_the_whole() {
    let rows = posts(20);
    let fake = FakePlanet::start(move |seen, _| match seen.query("end_time") {
        None => Reply::data(&json!({"topics": rows})),
        Some(_) => Reply::code(15001),
    })
    .await;
    let error = fake.planet().topics(PROJECT, at(0)).await.unwrap_err();
    assert!(matches!(error, Error::Gone { call: CALL, .. }), "{error:?}");
}

#[tokio::test]
async fn an_endless_list_is_an_error() {
    let fake = FakePlanet::start(|_, count| {
        let number = i64::try_from(count).unwrap();
        Reply::data(&json!({"topics": [post(number, at(-number))]}))
    })
    .await;
    let error = fake
        .planet()
        .topics(PROJECT, at(-86_400_000))
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            Error::TooManyPages {
                limit_pages: MAX_PAGES,
                ..
            }
        ),
        "{error:?}"
    );
}

#[test]
fn forty_characters_of_a_post_are_kept_as_one_line() {
    let long = "字".repeat(41);
    for (text, summary) in [
        ("  写完了\n\t第三天  ", "写完了 第三天"),
        ("", ""),
        (
            r#"看 <e type="web" href="https%3A%2F%2Fx" title="y" /> 这篇"#,
            "看 这篇",
        ),
        (&*long, &*"字".repeat(40)),
    ] {
        assert_eq!(summary_of(text), summary, "{text:?}");
    }
}
