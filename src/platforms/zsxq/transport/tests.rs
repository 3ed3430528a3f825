use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;
use serde_json::json;

use super::super::error::{CookieDeath, PlanetText};
use super::super::fake_planet::{FakePlanet, PROJECT, Reply, Seen, TOKEN, at, client};
use super::super::{Planet, Statistics};
use super::*;

const STATISTICS: Statistics = Statistics {
    joined_count: Some(34),
    completed_count: Some(9),
    checkined_count: 33,
};

fn statistics() -> Reply {
    Reply::data(&json!({"statistics":
        {"joined_count": 34, "completed_count": 9, "checkined_count": 33, "ranking_list": []}}))
}

fn me() -> Reply {
    Reply::data(&json!({"user": {"uid": "300000000000001", "name": "Host"}}))
}

/// Fails the first `n` requests for statistics, then answers; `users/self` always works.
async fn failing_first(
    n: usize,
    failure: impl Fn() -> Reply + Send + Sync + 'static,
) -> FakePlanet {
    FakePlanet::start(move |seen, count| match seen.path() {
        SELF_PATH => me(),
        _ if count < n => failure(),
        _ => statistics(),
    })
    .await
}

async fn always(reply: impl Fn() -> Reply + Send + Sync + 'static) -> FakePlanet {
    FakePlanet::start(move |_, _| reply()).await
}

fn gaps(seen: &[Seen]) -> Vec<Duration> {
    seen.windows(2)
        .map(|pair| pair[1].at.duration_since(pair[0].at))
        .collect()
}

#[tokio::test]
async fn a_request_looks_like_the_web_clients() {
    let fake = always(statistics).await;
    assert_eq!(fake.planet().statistics(PROJECT).await.unwrap(), STATISTICS);
    let seen = fake.seen();
    let [request] = seen.as_slice() else {
        panic!("one request, not {}", seen.len())
    };
    let expected = [
        ("Accept", "application/json, text/plain, */*"),
        ("Cookie", &format!("zsxq_access_token={TOKEN}")),
        ("Origin", "https://wx.zsxq.com"),
        ("Referer", "https://wx.zsxq.com/"),
        ("X-Timestamp", "1767225600"),
        ("X-Version", "2.96.0"),
        ("X-Request-Id", "00000000-0000-4001-8000-000000000002"),
    ];
    for (name, value) in expected {
        assert_eq!(request.header(name), value, "{name}");
    }
    assert!(request.header("User-Agent").starts_with("Mozilla/5.0"));
    assert_eq!(request.header("X-Aduid").len(), 36);
    assert_eq!(request.header("authorization"), "");
}

#[tokio::test]
async fn what_passes_by_itself_is_tried_again_and_signed_anew() {
    let failures: [fn() -> Reply; 8] = [
        || Reply::code(1059),
        || Reply::code(1050),
        || Reply::code(600),
        || Reply::raw(429, ""),
        || Reply::raw(502, "<html>bad gateway</html>"),
        || Reply::raw(200, "<html>login</html>"),
        || statistics().breaking_off(),
        || Reply::raw(403, "{}"),
    ];
    for (idx, failure) in failures.into_iter().enumerate() {
        let fake = failing_first(2, failure).await;
        assert_eq!(
            fake.planet().statistics(PROJECT).await.unwrap(),
            STATISTICS,
            "case {idx}"
        );
        let seen = fake.seen();
        assert_eq!(seen.len(), 3, "case {idx}");
        let ids =
            std::collections::HashSet::from([0, 1, 2].map(|n| seen[n].header("X-Request-Id")));
        assert_eq!(ids.len(), 3, "case {idx}: a request id was used again");
    }
}

#[tokio::test]
async fn a_misdirected_request_is_made_again_over_a_new_connection() {
    let fake = failing_first(2, || Reply::raw(421, "")).await;
    let planet = fake.planet();
    assert_eq!(planet.statistics(PROJECT).await.unwrap(), STATISTICS);
    assert_eq!(planet.statistics(PROJECT).await.unwrap(), STATISTICS);
    let peers: Vec<_> = fake.seen().iter().map(|seen| seen.peer).collect();
    assert!(peers[0] != peers[1] && peers[1] != peers[2], "{peers:?}");
    assert_eq!(peers[2], peers[3], "a good one is kept");

    let fake = always(|| Reply::raw(421, "")).await;
    let error = fake.planet().statistics(PROJECT).await.unwrap_err();
    assert!(
        error.is_transient(),
        "nobody has to check number and rights: {error}"
    );
}

#[tokio::test]
async fn five_tries_and_no_more() {
    let fake = failing_first(4, || Reply::raw(502, "")).await;
    assert_eq!(fake.planet().statistics(PROJECT).await.unwrap(), STATISTICS);
    assert_eq!(fake.seen().len(), 5);

    let fake = always(|| Reply::raw(502, "")).await;
    let error = fake.planet().statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                call: "checkins/C/statistics",
                tries: 5,
                last: Failure::Http(502),
                cookie: CookieCheck::NotMade
            }
        ),
        "{error:?}"
    );
    assert!(error.is_transient());
    assert_eq!(fake.seen().len(), 5);
}

#[tokio::test]
async fn a_dead_cookie_stops_at_once() {
    let cases: [(fn() -> Reply, CookieDeath); 6] = [
        (|| Reply::code(401), CookieDeath::Rejected),
        (
            || Reply::raw(401, "{\"succeeded\":false,\"code\":401}"),
            CookieDeath::Rejected,
        ),
        (|| Reply::raw(401, "<html></html>"), CookieDeath::Rejected),
        (|| Reply::code(1009), CookieDeath::KickedOut),
        (|| Reply::code(1015), CookieDeath::IdentityCheck),
        (|| Reply::code(10009), CookieDeath::Banned),
    ];
    for (reply, expected) in cases {
        let fake = always(reply).await;
        let error = fake.planet().statistics(PROJECT).await.unwrap_err();
        assert!(
            matches!(error, Error::CookieDead(death) if death == expected),
            "{error:?}"
        );
        assert!(!error.is_transient());
        assert_eq!(fake.seen().len(), 1);
    }
}

#[tokio::test]
async fn refusals_for_good_are_not_repeated_unknown_ones_once() {
    type Check = fn(&Error) -> bool;
    let cases: [(i64, usize, Check); 5] = [
        (1004, 1, |error| matches!(error, Error::Bug { .. })),
        (1005, 1, |error| {
            matches!(error, Error::Configuration { .. })
        }),
        (14210, 1, |error| {
            matches!(error, Error::Configuration { .. })
        }),
        (15001, 1, |error| matches!(error, Error::Gone { .. })),
        (52001, 2, |error| matches!(error, Error::Refused { .. })),
    ];
    for (code, requests, is_expected) in cases {
        let fake = always(move || Reply::code(code)).await;
        let error = fake.planet().statistics(PROJECT).await.unwrap_err();
        assert!(is_expected(&error), "{code}: {error:?}");
        assert_eq!(fake.seen().len(), requests, "{code}");
    }
    let fake = failing_first(1, || Reply::code(52001)).await;
    assert_eq!(fake.planet().statistics(PROJECT).await.unwrap(), STATISTICS);
}

#[tokio::test]
async fn three_signature_failures_in_a_row_ask_about_the_cookie() {
    type Me = fn() -> Reply;
    let cases: [(Me, Result<CookieCheck, CookieDeath>, usize); 3] = [
        (me, Ok(CookieCheck::Alive), 6),
        (|| Reply::code(1059), Ok(CookieCheck::Unknown), 6),
        (|| Reply::code(401), Err(CookieDeath::Rejected), 4),
    ];
    for (about_me, expected, requests) in cases {
        let fake = FakePlanet::start(move |seen, _| match seen.path() {
            SELF_PATH => about_me(),
            _ => Reply::code(1059),
        })
        .await;
        let found = match fake.planet().statistics(PROJECT).await.unwrap_err() {
            Error::CookieDead(death) => Err(death),
            Error::Unavailable { cookie, last, .. } => {
                let text = PlanetText::new("内部错误");
                assert_eq!(last, Failure::Code { code: 1059, text });
                Ok(cookie)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(found, expected);
        let seen = fake.seen();
        assert_eq!(seen.len(), requests);
        assert_eq!(seen[3].path(), SELF_PATH, "asked after the third");
    }
}

#[tokio::test]
async fn two_signature_failures_apart_do_not_ask_about_the_cookie() {
    let script = [1059, 1059, 1050, 1059, 1059];
    let fake = FakePlanet::start(move |_, count| Reply::code(script[count])).await;
    let error = fake.planet().statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                cookie: CookieCheck::NotMade,
                ..
            }
        ),
        "{error:?}"
    );
    assert!(fake.seen().iter().all(|seen| seen.path() != SELF_PATH));
}

#[tokio::test]
async fn slow_answers_time_out() {
    let fake = failing_first(1, || statistics().after(Duration::from_secs(30))).await;
    let mut settings = fake.settings();
    settings.request_timeout_ms = 1_000;
    assert_eq!(
        client(settings).statistics(PROJECT).await.unwrap(),
        STATISTICS
    );
    assert_eq!(fake.seen().len(), 2);
}

#[tokio::test]
async fn nobody_at_home_is_unavailable() {
    let fake = always(statistics).await;
    let mut settings = fake.settings();
    // Bound and dropped again: a port where nobody listens.
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    settings.api_base = format!("http://127.0.0.1:{port}");
    let error = client(settings).statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Unavailable {
                last: Failure::Connection,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn an_endless_body_is_cut_off() {
    let fake = always(|| Reply::raw(200, vec![b' '; MAX_BODY_BYTES + 1])).await;
    let error = fake.planet().statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Protocol {
                what: "its size",
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn the_cookie_is_not_carried_through_a_redirect() {
    let fake = always(|| Reply::raw(302, "").with("Location", "/elsewhere")).await;
    let error = fake.planet().statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(
            error,
            Error::Refused {
                failure: Failure::Http(302),
                ..
            }
        ),
        "{error:?}"
    );
    assert!(
        fake.seen()
            .iter()
            .all(|seen| seen.path().ends_with("/statistics"))
    );
}

#[tokio::test]
async fn the_budget_is_shared_and_ends_at_shanghai_midnight() {
    let fake = always(statistics).await;
    let mut settings = fake.settings();
    settings.calls_per_day = 2;
    let clock_ms = Arc::new(AtomicI64::new(0));
    let clock = Arc::clone(&clock_ms);
    let now = move || at(clock.load(Ordering::SeqCst));
    let planet = Planet::new(settings, now, || 7).unwrap();

    planet.statistics(PROJECT).await.unwrap();
    planet.clone().statistics(PROJECT).await.unwrap();
    let error = planet.statistics(PROJECT).await.unwrap_err();
    assert!(
        matches!(error, Error::BudgetSpent { calls_per_day: 2 }),
        "{error:?}"
    );
    assert!(error.is_transient());
    assert_eq!((fake.seen().len(), planet.calls_today()), (2, 2));

    // 08:00 + 16 h is midnight in Shanghai.
    clock_ms.store(16 * 3_600_000 - 1, Ordering::SeqCst);
    assert!(planet.statistics(PROJECT).await.is_err());
    clock_ms.store(16 * 3_600_000, Ordering::SeqCst);
    planet.statistics(PROJECT).await.unwrap();
    assert_eq!(planet.calls_today(), 1);
}

#[tokio::test]
async fn tries_count_towards_the_budget() {
    let fake = always(|| Reply::code(1050)).await;
    let mut settings = fake.settings();
    settings.calls_per_day = 3;
    let error = client(settings).statistics(PROJECT).await.unwrap_err();
    assert!(matches!(error, Error::BudgetSpent { .. }), "{error:?}");
    assert_eq!(fake.seen().len(), 3);
}

#[tokio::test]
async fn clones_take_turns_and_rest_between() {
    let fake = always(|| statistics().after(Duration::from_millis(10))).await;
    let mut settings = fake.settings();
    settings.min_interval_ms = 60;
    let planet = client(settings);
    let calls = (0..4).map(|_| {
        let planet = planet.clone();
        tokio::spawn(async move { planet.statistics(PROJECT).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }
    let gaps = gaps(&fake.seen());
    assert!(
        gaps.iter().all(|gap| *gap >= Duration::from_millis(60)),
        "{gaps:?}"
    );
    assert_eq!(fake.most_at_once(), 1);
}

#[tokio::test]
async fn jitter_lengthens_the_rest_and_the_back_off() {
    let fake = failing_first(1, || Reply::code(1050)).await;
    let mut settings = fake.settings();
    settings.jitter_ms = 40;
    settings.backoff_ms = [50; MAX_TRIES];
    let planet = Planet::new(settings, || at(0), || 40).unwrap();
    planet.statistics(PROJECT).await.unwrap();
    planet.statistics(PROJECT).await.unwrap();
    let gaps = gaps(&fake.seen());
    assert!(gaps[0] >= Duration::from_millis(90), "{gaps:?}");
    assert!(gaps[1] >= Duration::from_millis(40), "{gaps:?}");
}

#[tokio::test]
async fn back_off_grows_and_the_last_pause_outlives_the_call() {
    let fake = failing_first(5, || Reply::code(1050)).await;
    let mut settings = fake.settings();
    settings.backoff_ms = [20, 40, 60, 80, 100];
    let planet = client(settings);
    planet.statistics(PROJECT).await.unwrap_err();
    planet.statistics(PROJECT).await.unwrap();
    let gaps = gaps(&fake.seen());
    let least = [20, 40, 60, 80, 100].map(Duration::from_millis);
    assert_eq!(gaps.len(), least.len());
    assert!(
        gaps.iter().zip(least).all(|(gap, least)| *gap >= least),
        "{gaps:?}"
    );
}

#[tokio::test]
async fn a_successor_has_its_own_cookie_and_the_same_line_without_the_pause() {
    let fake = FakePlanet::start(|seen, _| match seen.header("Cookie") {
        "zsxq_access_token=FRESH" => statistics().with("X-Expire-In", 2_592_000),
        _ => Reply::raw(502, "").with("X-Expire-In", 60),
    })
    .await;
    let mut settings = fake.settings();
    settings.backoff_ms = [0, 0, 0, 0, 600_000];
    let planet = client(settings.clone());
    assert_eq!(planet.cookie_expires_in(), None);
    planet.statistics(PROJECT).await.unwrap_err();
    assert_eq!(planet.cookie_expires_in(), Some(Duration::from_secs(60)));

    let succeed = |cookie: &str| {
        let settings = Settings {
            cookie: SecretString::from(cookie),
            calls_per_day: 6,
            ..settings.clone()
        };
        planet.succeeded_by(settings, || at(0), || 7)
    };
    assert!(succeed("bro ken").is_err());
    let next = succeed("zsxq_access_token=FRESH").unwrap();
    assert_eq!(
        next.cookie_expires_in(),
        None,
        "the old life is not the new one's"
    );
    let started = Instant::now();
    next.statistics(PROJECT).await.unwrap();
    assert!(started.elapsed() < Duration::from_secs(60));
    assert_eq!(
        next.cookie_expires_in(),
        Some(Duration::from_secs(2_592_000))
    );
    assert_eq!((planet.calls_today(), next.calls_today()), (6, 6));
    let spent = next.statistics(PROJECT).await;
    assert!(matches!(spent, Err(Error::BudgetSpent { .. })), "{spent:?}");
}

#[tokio::test]
async fn a_call_given_up_half_way_still_counts_its_rest() {
    let fake = failing_first(1, || statistics().after(Duration::from_secs(30))).await;
    let mut settings = fake.settings();
    settings.min_interval_ms = 150;
    let planet = client(settings);
    let started = Instant::now();
    let given_up = tokio::spawn({
        let planet = planet.clone();
        async move { planet.statistics(PROJECT).await }
    });
    while fake.seen().is_empty() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    given_up.abort();
    assert!(given_up.await.unwrap_err().is_cancelled());
    planet.statistics(PROJECT).await.unwrap();
    assert!(fake.seen()[1].at.duration_since(started) >= Duration::from_millis(150));
}

#[test]
fn settings_that_cannot_work_are_named() {
    type Spoil = fn(&mut Settings);
    type Check = fn(&SettingsError) -> bool;
    let cases: [(Spoil, Check); 5] = [
        (
            |s| s.api_base = "http://api.zsxq.com".into(),
            |e| matches!(e, SettingsError::ApiBase),
        ),
        (|s| s.group_id = 0, |e| matches!(e, SettingsError::GroupId)),
        (
            |s| s.cookie = SecretString::from(""),
            |e| matches!(e, SettingsError::Cookie),
        ),
        (
            |s| s.user_agent = "a\r\nb".into(),
            |e| matches!(e, SettingsError::UserAgent),
        ),
        (
            |s| s.user_agent = String::new(),
            |e| matches!(e, SettingsError::UserAgent),
        ),
    ];
    for (spoil, is_expected) in cases {
        let mut settings = Settings::new("https://api.zsxq.com", 1, SecretString::from(TOKEN));
        spoil(&mut settings);
        let error = Planet::new(settings, || at(0), || 0).unwrap_err();
        assert!(is_expected(&error), "{error:?}");
    }
}

#[test]
fn the_token_shows_nowhere() {
    let settings = Settings::new("https://api.zsxq.com", 1, SecretString::from(TOKEN));
    assert!(!format!("{settings:?}").contains(TOKEN));
    let planet = Planet::new(settings, || at(0), || 0).unwrap();
    assert_eq!(format!("{planet:?}"), "Planet { group_id: 1, .. }");
}
