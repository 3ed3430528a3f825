//! A payment notification on one core: verified, opened, typed.
//!
//! `cargo bench --bench wechat_pay`. The race against `wxpay-rs` is a package of its own, since
//! that crate would bring its DNS resolver into every test of ours: `benches/peers/wechat_pay`.

#![expect(
    clippy::expect_used,
    clippy::print_stdout,
    clippy::float_arithmetic,
    reason = "a bench stops at the first surprise, and prints rates"
)]

use campkeeper::platforms::wechat_pay::{Notice, PublicKey, Settings, Timeouts, WechatPay};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 100;
const CALLS_PER_ROUND: u32 = 500;

fn main() {
    let vectors: serde_json::Value =
        serde_json::from_str(&vector("notify_payment_success.json")).expect("vectors are JSON");
    let case = &vectors["cases"][0];
    let body = case["body"].as_str().expect("the body is text").as_bytes();
    let headers = headers(&case["headers"]);
    let now = case["now"]
        .as_i64()
        .and_then(|now| chrono::DateTime::from_timestamp(now, 0));
    let now = now.expect("the case has its time");
    let pay = WechatPay::new(settings(), Arc::new(move || now)).expect("the settings are right");
    let best = (0..ROUNDS)
        .map(|_| round(&pay, &headers, body))
        .min()
        .unwrap_or_default();
    println!(
        "payment notification, verified and typed: {:.0}/s",
        1.0 / best.as_secs_f64()
    );
}

/// Time per call. The best round counts, so that other work on the machine does not.
fn round(pay: &WechatPay, headers: &HeaderMap, body: &[u8]) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        let notice = pay.open_payment_notice(black_box(headers), black_box(body));
        assert!(matches!(black_box(notice), Ok(Notice::Event { .. })));
    }
    start.elapsed() / CALLS_PER_ROUND
}

fn settings() -> Settings {
    Settings {
        api_base: "https://api.mch.weixin.qq.com".to_owned(),
        app_id: "wx1234567890abcdef".to_owned(),
        mch_id: "1900000001".to_owned(),
        serial_no: "3775B6A45ACD588826D15E583A95F5DD0123ABCD".to_owned(),
        private_key_pem: vector("keys/merchant_private_key.pem").into(),
        api_v3_key: "TestApiV3Key0123456789abcdefABCD".into(),
        public_key: Some(PublicKey {
            id: "PUB_KEY_ID_0119000000012025100900123456000001".to_owned(),
            pem: vector("keys/wechatpay_pub_public_key.pem"),
        }),
        timeouts: Timeouts::default(),
    }
}

fn headers(pairs: &serde_json::Value) -> HeaderMap {
    let pairs = pairs.as_object().expect("headers are an object").iter();
    pairs
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a header name");
            let value = HeaderValue::from_str(value.as_str().unwrap_or_default());
            (name, value.expect("a header value"))
        })
        .collect()
}

fn vector(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/wechatpay");
    std::fs::read_to_string(folder.join(file)).expect("the vectors are in tests/vectors")
}
