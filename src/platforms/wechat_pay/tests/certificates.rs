//! Certificate mode over time: fetched when needed, kept, replaced, and never because of what a
//! stranger sent.

use super::super::{Error, NextStep, NoticeError, Settings, SignatureError, WechatPay};
use super::peer::{Peer, PeerKey, Reply, SUCCESSOR_SERIAL, Seen, certificate_list};
use super::vectors;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::time::Duration;

const START: i64 = 1_760_000_000;
const HOUR: i64 = 3600;
const UNKNOWN_ORDER: &str = "ord_01k73xq8zs5v9n3m2h7c4t6bwe";
const PLATFORM: (&str, &str) = ("keys/platform_cert.pem", vectors::PLATFORM_SERIAL);
const SUCCESSOR: (&str, &str) = ("keys/merchant_cert.pem", SUCCESSOR_SERIAL);

/// A clock that the test moves; shared with the peer, which signs at its time.
#[derive(Clone)]
struct TestClock(Arc<AtomicI64>);

impl TestClock {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START)))
    }

    fn unix_seconds(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }

    fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::SeqCst);
    }

    fn client(&self, settings: Settings) -> WechatPay {
        let clock = self.clone();
        let now = move || chrono::DateTime::from_timestamp(clock.unix_seconds(), 0).unwrap();
        WechatPay::new(settings, Arc::new(now)).unwrap()
    }
}

fn certificate_settings(peer: &Peer) -> Settings {
    Settings {
        public_key: None,
        ..vectors::settings(&peer.api_base)
    }
}

fn is_fetch(seen: &Seen) -> bool {
    seen.target == "/wechat-pay/v3/certificates"
}

fn fetches(peer: &Peer) -> usize {
    peer.seen().iter().filter(|seen| is_fetch(seen)).count()
}

/// A closed order, signed by the certificate the test chooses.
fn closed(key: &PeerKey, clock: &TestClock) -> Reply {
    Reply::new(204, "").signed_by(key, clock.unix_seconds())
}

/// Serves the platform certificate and signs everything with it.
async fn platform_peer(clock: &TestClock) -> Peer {
    let clock = clock.clone();
    Peer::start(move |seen| {
        let body = if is_fetch(seen) {
            certificate_list(&[PLATFORM])
        } else {
            String::new()
        };
        let status = if is_fetch(seen) { 200 } else { 204 };
        Reply::new(status, body).signed_by(&PeerKey::platform(), clock.unix_seconds())
    })
    .await
}

#[tokio::test]
async fn the_list_of_the_vectors_is_taken() {
    let vector = vectors::json("certificates_response.json");
    let response = vector["response"].clone();
    let peer = Peer::start(move |_| {
        let reply = Reply::new(200, response["body"].as_str().unwrap());
        let headers = response["headers"].as_object().unwrap();
        [
            "Wechatpay-Timestamp",
            "Wechatpay-Nonce",
            "Wechatpay-Serial",
            "Wechatpay-Signature",
        ]
        .into_iter()
        .fold(reply, |reply, name| {
            reply.header(name, headers[name].as_str().unwrap())
        })
    })
    .await;
    let client = TestClock::new().client(certificate_settings(&peer));
    assert!(client.uses_certificates());
    assert_eq!(client.refresh_certificates().await.unwrap(), 1);
    let payments = vectors::json("notify_payment_success.json");
    let case = &payments["cases"][1];
    let body = case["body"].as_str().unwrap().as_bytes();
    client
        .open_payment_notice(&vectors::headers(case), body)
        .unwrap();
}

#[tokio::test]
async fn fetched_before_the_first_call_and_again_after_twelve_hours() {
    let clock = TestClock::new();
    let peer = platform_peer(&clock).await;
    let client = clock.client(certificate_settings(&peer));
    // Seconds passed, fetches by then.
    for (pause, expected) in [(0, 1), (1, 1), (12 * HOUR - 2, 1), (1, 2), (60, 2)] {
        clock.advance(pause);
        client.close_order(UNKNOWN_ORDER).await.unwrap();
        assert_eq!(fetches(&peer), expected, "after {pause} s more");
    }
    let seen = peer.seen();
    assert!(is_fetch(&seen[0]) && !is_fetch(&seen[1]));
    assert_eq!(
        seen[1].header("Wechatpay-Serial"),
        "",
        "certificate mode names no key"
    );
}

#[tokio::test]
async fn concurrent_first_calls_fetch_once() {
    let clock = TestClock::new();
    let peer = platform_peer(&clock).await;
    let client = clock.client(certificate_settings(&peer));
    let calls = (0..10).map(|_| client.close_order(UNKNOWN_ORDER));
    for result in futures::future::join_all(calls).await {
        result.unwrap();
    }
    assert_eq!(fetches(&peer), 1);
}

#[tokio::test]
async fn a_failing_refresh_leaves_what_is_held_in_use() {
    let clock = TestClock::new();
    let down = Arc::new(AtomicBool::new(false));
    let peer = {
        let (clock, down) = (clock.clone(), Arc::clone(&down));
        Peer::start(move |seen| {
            if !is_fetch(seen) {
                return closed(&PeerKey::platform(), &clock);
            }
            if down.load(Ordering::SeqCst) {
                return Reply::new(503, "");
            }
            let list = Reply::new(200, certificate_list(&[PLATFORM]));
            list.signed_by(&PeerKey::platform(), clock.unix_seconds())
        })
        .await
    };
    let client = clock.client(certificate_settings(&peer));
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    down.store(true, Ordering::SeqCst);
    clock.advance(12 * HOUR);
    for (pause, expected) in [(0, 2), (59, 2), (1, 3)] {
        clock.advance(pause);
        client.close_order(UNKNOWN_ORDER).await.unwrap();
        assert_eq!(fetches(&peer), expected);
    }
}

#[tokio::test]
async fn without_any_certificate_nothing_is_sent() {
    let none = r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#;
    let cases = [
        (404, none, NextStep::MendFirst),
        (503, "", NextStep::Repeat),
    ];
    for (status, body, step) in cases {
        let clock = TestClock::new();
        let peer = Peer::start(move |_| Reply::new(status, body)).await;
        let client = clock.client(certificate_settings(&peer));
        let error = client.close_order(UNKNOWN_ORDER).await.unwrap_err();
        assert!(
            matches!(
                error,
                Error::NoCertificate {
                    source: Some(_),
                    ..
                }
            ),
            "{error:?}"
        );
        assert_eq!(error.next_step(), step);
        // At once again: fails without a call; five seconds later it is tried again.
        for (pause, expected) in [(4, 1), (1, 2)] {
            clock.advance(pause);
            client.close_order(UNKNOWN_ORDER).await.unwrap_err();
            assert_eq!(fetches(&peer), expected);
        }
        assert!(peer.seen().iter().all(is_fetch));
    }
}

#[tokio::test]
async fn an_answer_with_a_new_serial_leads_to_one_fetch() {
    let clock = TestClock::new();
    let peer = {
        let clock = clock.clone();
        let fetched = AtomicBool::new(false);
        Peer::start(move |seen| {
            let at = clock.unix_seconds();
            if !is_fetch(seen) {
                return closed(&PeerKey::successor(), &clock);
            }
            let again = fetched.swap(true, Ordering::SeqCst);
            let entries = if again {
                vec![PLATFORM, SUCCESSOR]
            } else {
                vec![PLATFORM]
            };
            let list = Reply::new(200, certificate_list(&entries));
            list.signed_by(&PeerKey::platform(), at)
        })
        .await
    };
    let client = clock.client(certificate_settings(&peer));
    // The list is seconds old: a serial it does not have is not looked for yet.
    let error = client.close_order(UNKNOWN_ORDER).await.unwrap_err();
    let unknown = matches!(
        &error,
        Error::Unverified {
            cause: SignatureError::UnknownSerial { .. },
            ..
        }
    );
    assert!(unknown && error.outcome_unknown(), "{error}");
    assert_eq!(fetches(&peer), 1);
    clock.advance(60);
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    assert_eq!(fetches(&peer), 2);
}

#[tokio::test]
async fn a_notification_never_makes_us_call() {
    let clock = TestClock::new();
    let peer = platform_peer(&clock).await;
    let client = clock.client(certificate_settings(&peer));
    for key in [PeerKey::platform(), PeerKey::successor(), PeerKey::public()] {
        let headers = signed_headers(&key, b"{}", &clock);
        let error = client.open_payment_notice(&headers, b"{}").unwrap_err();
        let unknown = matches!(
            error,
            NoticeError::Signature(SignatureError::UnknownSerial { .. })
        );
        assert!(unknown, "{error}");
    }
    assert!(peer.seen().is_empty());
}

/// Runs `keep_certificates` beside a test, until the test ends.
struct Keeper(tokio::task::JoinHandle<()>);

impl Keeper {
    fn of(client: &WechatPay) -> Self {
        let client = client.clone();
        Self(tokio::spawn(
            async move { client.keep_certificates().await },
        ))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Waits until a notification of this key is believed.
async fn until_believed(client: &WechatPay, key: &PeerKey, clock: &TestClock) {
    for _ in 0..400 {
        let headers = signed_headers(key, b"-", clock);
        let result = client.open_payment_notice(&headers, b"-");
        // Signed and not JSON: Malformed shows that the signature was accepted.
        if result == Err(NoticeError::Malformed("envelope")) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("the key's certificate was not fetched");
}

/// Long enough for a keeper to fetch, if it were to.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test]
async fn kept_from_the_start_and_fetched_once_for_many_unknown_serials() {
    let clock = TestClock::new();
    let peer = {
        let clock = clock.clone();
        Peer::start(move |_| {
            let entries = if clock.unix_seconds() == START {
                vec![PLATFORM]
            } else {
                vec![PLATFORM, SUCCESSOR]
            };
            let list = Reply::new(200, certificate_list(&entries));
            list.signed_by(&PeerKey::platform(), clock.unix_seconds())
        })
        .await
    };
    let client = clock.client(certificate_settings(&peer));
    let _keeper = Keeper::of(&client);
    until_believed(&client, &PeerKey::platform(), &clock).await;
    assert_eq!(fetches(&peer), 1, "without a call of ours");
    let unknown = || {
        let headers = signed_headers(&PeerKey::successor(), b"-", &clock);
        client.open_payment_notice(&headers, b"-").unwrap_err();
    };
    (0..20).for_each(|_| unknown());
    a_moment().await;
    assert_eq!(fetches(&peer), 1, "the list is seconds old");
    clock.advance(5 * 60);
    unknown();
    until_believed(&client, &PeerKey::successor(), &clock).await;
    assert_eq!(fetches(&peer), 2);
}

#[tokio::test]
async fn with_a_public_key_only_a_certificate_serial_leads_to_a_fetch_and_none_is_an_answer() {
    let clock = TestClock::new();
    let none = r#"{"code":"RESOURCE_NOT_EXISTS","message":"无可用的平台证书"}"#;
    let peer = Peer::start(move |_| Reply::new(404, none)).await;
    let client = clock.client(vectors::settings(&peer.api_base));
    let _keeper = Keeper::of(&client);
    a_moment().await;
    let of_another_id = {
        let mut headers = signed_headers(&PeerKey::public(), b"-", &clock);
        let id = HeaderValue::from_static("PUB_KEY_ID_0119000000012025100900999999000009");
        headers.insert("Wechatpay-Serial", id);
        headers
    };
    client
        .open_payment_notice(&of_another_id, b"-")
        .unwrap_err();
    a_moment().await;
    assert!(
        peer.seen().is_empty(),
        "nothing at the start, nor for another id"
    );
    // Seconds passed, fetches by then.
    for (pause, expected) in [(0, 1), (HOUR, 1), (6 * HOUR, 2)] {
        clock.advance(pause);
        let headers = signed_headers(&PeerKey::platform(), b"-", &clock);
        client.open_payment_notice(&headers, b"-").unwrap_err();
        a_moment().await;
        assert_eq!(fetches(&peer), expected, "after {pause} s more");
    }
}

#[tokio::test]
async fn both_kinds_of_keys_are_held_during_a_move() {
    let clock = TestClock::new();
    let peer = platform_peer(&clock).await;
    let client = clock.client(vectors::settings(&peer.api_base));
    assert!(!client.uses_certificates());
    let opens = |key: &PeerKey| {
        // Signed and not JSON: Malformed shows that the signature was accepted.
        let result = client.open_refund_notice(&signed_headers(key, b"-", &clock), b"-");
        result == Err(NoticeError::Malformed("envelope"))
    };
    assert!(opens(&PeerKey::public()) && !opens(&PeerKey::platform()));
    assert_eq!(client.refresh_certificates().await.unwrap(), 1);
    assert!(opens(&PeerKey::public()) && opens(&PeerKey::platform()));
    assert!(!opens(&PeerKey::successor()));
    // Once asked for, they are kept fresh.
    clock.advance(12 * HOUR);
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    assert_eq!(fetches(&peer), 2);
}

#[tokio::test]
async fn before_the_switch_answers_are_signed_by_certificate() {
    // The merchant has configured the public key, but WeChat Pay still ignores the header (§2.3).
    let clock = TestClock::new();
    let peer = platform_peer(&clock).await;
    let client = clock.client(vectors::settings(&peer.api_base));
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    client.close_order(UNKNOWN_ORDER).await.unwrap();
    assert_eq!(fetches(&peer), 1);
}

#[tokio::test]
async fn lists_that_cannot_be_believed_change_nothing() {
    let good = certificate_list(&[PLATFORM]);
    let mislabelled = certificate_list(&[("keys/platform_cert.pem", SUCCESSOR_SERIAL)]);
    let no_certificate = certificate_list(&[("keys/platform_public_key.pem", "00")]);
    let other_algorithm = good.replace("AEAD_AES_256_GCM", "AEAD_SM4_GCM");
    let other_nonce = good.replace("61f9c719728a", "61f9c719728b");
    let short_nonce = good.replace("61f9c719728a", "61f9");
    type Case = (&'static str, String, fn() -> PeerKey);
    let cases: [Case; 8] = [
        (
            "signed by a key that it does not hold",
            good,
            PeerKey::successor,
        ),
        ("serial of another", mislabelled, PeerKey::platform),
        ("no certificate", no_certificate, PeerKey::platform),
        ("other algorithm", other_algorithm, PeerKey::platform),
        ("tampered", other_nonce, PeerKey::platform),
        ("bad nonce", short_nonce, PeerKey::platform),
        ("empty", r#"{"data":[]}"#.to_owned(), PeerKey::platform),
        ("not JSON", "-".to_owned(), PeerKey::platform),
    ];
    for (name, body, key) in cases {
        let peer =
            Peer::start(move |_| Reply::new(200, body.clone()).signed_by(&key(), START)).await;
        let clock = TestClock::new();
        let client = clock.client(certificate_settings(&peer));
        let error = client.refresh_certificates().await.unwrap_err();
        let refused = matches!(
            error,
            Error::Unverified { .. } | Error::UnexpectedAnswer { .. }
        );
        assert!(refused, "{name}: {error}");
        let headers = signed_headers(&PeerKey::platform(), b"{}", &clock);
        assert!(
            client.open_payment_notice(&headers, b"{}").is_err(),
            "{name}"
        );
    }
}

fn signed_headers(key: &PeerKey, body: &[u8], clock: &TestClock) -> HeaderMap {
    let headers = key.sign(clock.unix_seconds(), body).into_iter();
    headers
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(&value).unwrap())
        })
        .collect()
}
