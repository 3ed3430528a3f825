//! Signature, token, pacing, faults.

use std::time::Duration;

use sandbox::zsxq::{CookieDeath, TOKEN};
use sandbox::{Fault, FaultKind, Platform};

use crate::client::{Client, Manner, checkins, planet};

const SELF: &str = "/v3/users/self";

fn api_error(code: &str) -> FaultKind {
    FaultKind::ApiError {
        code: code.to_owned(),
        message: String::new(),
    }
}

#[tokio::test]
async fn both_carriers_of_the_token_are_taken() {
    let client = Client::start().await;
    let cookie = format!("abtest_env=product; zsxq_access_token={TOKEN}");
    let as_cookie = Manner {
        carrier: ("Cookie", &cookie),
        ..Manner::default()
    };
    for manner in [Manner::default(), as_cookie] {
        let answered = client.call("GET", SELF, String::new(), manner).await;
        assert!(answered.data()["user"]["uid"].is_string());
        let left: i64 = answered.expires_in.parse().unwrap();
        assert!((2_591_900..=2_592_000).contains(&left), "{left}");
    }
    assert!(client.sandbox.violations().is_empty());
}

#[tokio::test]
async fn wrong_tokens_and_signatures_are_refused_and_noted() {
    let client = Client::start().await;
    let bearer = format!("Bearer {TOKEN}");
    let cases = [
        (
            Manner {
                signed_suffix: "?",
                ..Manner::default()
            },
            1059,
        ),
        (
            Manner {
                carrier: ("authorization", &bearer),
                ..Manner::default()
            },
            401,
        ),
        (
            Manner {
                carrier: ("authorization", "other"),
                ..Manner::default()
            },
            401,
        ),
        (
            Manner {
                carrier: ("X-Nothing", "x"),
                ..Manner::default()
            },
            401,
        ),
    ];
    for (manner, code) in cases {
        let answered = client.call("GET", SELF, String::new(), manner).await;
        assert_eq!((answered.status, answered.code()), (200, code));
    }
    assert_eq!(client.broken_rules().len(), 4);
}

#[tokio::test]
async fn the_query_is_signed_as_it_is_sent() {
    let client = Client::start().await;
    let project = client.project();
    let encoded = format!(
        "/checkins/{project}/topics?scope=all&count=20&end_time=2026-01-03T21%3A04%3A05.122%2B0800"
    );
    client.get(&planet(&encoded)).await.data();
    let raw_plus = encoded.replace("%2B", "+");
    assert_eq!(client.get(&planet(&raw_plus)).await.code(), 1001);
}

#[tokio::test]
async fn a_dead_cookie_shows_in_three_ways_and_the_clock_kills_it_too() {
    let client = Client::start().await;
    let zsxq = client.sandbox.zsxq();
    for (death, status, code) in [
        (CookieDeath::InBody, 200, 401),
        (CookieDeath::HttpStatus, 401, 401),
        (CookieDeath::KickedOut, 200, 1009),
    ] {
        zsxq.set_cookie_death(Some(death));
        let answered = client.get(SELF).await;
        assert_eq!((answered.status, answered.code()), (status, code));
    }
    zsxq.set_cookie_death(None);
    client.get(SELF).await.data();
    client
        .sandbox
        .faults()
        .add(Fault::new(Platform::Zsxq, "v3", FaultKind::ExpiredToken));
    assert_eq!(client.get(SELF).await.code(), 401);
    zsxq.set_expires_in(0);
    let expired = client.get(SELF).await;
    assert_eq!((expired.code(), expired.expires_in.as_str()), (401, "0"));
    assert!(client.sandbox.violations().is_empty());
}

#[tokio::test]
async fn bursts_of_1059_pass() {
    let client = Client::start().await;
    client
        .sandbox
        .faults()
        .add(Fault::new(Platform::Zsxq, "", api_error("1059")).times(3));
    for _ in 0..3 {
        let answered = client.get(SELF).await;
        assert_eq!((answered.status, answered.code()), (200, 1059));
        assert!(
            answered
                .raw
                .contains(r#""error":"\u5185\u90e8\u9519\u8bef""#)
        );
    }
    client.get(SELF).await.data();
    assert!(client.sandbox.violations().is_empty());
}

#[tokio::test]
async fn without_strictness_unsigned_calls_pass_but_are_noted() {
    let client = Client::start().await;
    client.sandbox.zsxq().set_unsigned_refused_percent(0);
    let manner = Manner {
        signed_suffix: "?",
        ..Manner::default()
    };
    client.call("GET", SELF, String::new(), manner).await.data();
    assert_eq!(client.broken_rules().len(), 1);
}

#[tokio::test]
async fn impolite_habits_are_noted() {
    let client = Client::start().await;
    client.get(SELF).await;
    let same_id = Manner {
        request_id: Some("11111111-2222-4333-8444-555555555555"),
        ..Manner::default()
    };
    client.call("GET", SELF, String::new(), same_id).await;
    assert!(client.sandbox.violations().is_empty());
    client.call("GET", SELF, String::new(), same_id).await;
    let other_agent = Manner {
        user_agent: "other/2",
        ..Manner::default()
    };
    client.call("GET", SELF, String::new(), other_agent).await;
    client.get("/v3/users/self?count=1").await;
    assert_eq!(
        client.broken_rules(),
        [
            "a new X-Request-Id per request",
            "one constant User-Agent",
            "only documented query parameters"
        ]
    );
    client.sandbox.violations().clear();
    client
        .sandbox
        .zsxq()
        .watch_pacing(Some(Duration::from_secs(3_600)));
    client.get(SELF).await;
    assert_eq!(client.broken_rules(), ["calls are far enough apart"]);
}

#[tokio::test]
async fn a_wrong_method_is_refused_in_the_envelope_and_noted() {
    let client = Client::start().await;
    let project = client.project();
    for (method, rest) in [("POST", "/ranking_list"), ("DELETE", "/statistics")] {
        let target = checkins(project, rest);
        let answered = client
            .call(method, &target, String::new(), Manner::default())
            .await;
        assert_eq!(answered.code(), 404, "{method} {rest}");
    }
    assert_eq!(
        client.broken_rules(),
        ["only documented paths and methods"; 2]
    );
}
