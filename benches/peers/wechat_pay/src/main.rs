//! A payment notification, verified, opened and typed, beside `wxpay-rs` 2.1.0 on one core.
//!
//! `cargo run --release --target-dir target/peers --manifest-path benches/peers/wechat_pay/Cargo.toml`;
//! with `-- --check` it fails if the target is missed. The two take turns in short rounds and the
//! best round of each counts, so that the ratio holds on a machine that has other work to do.
//!
//! Our module is compiled in by its path: it needs nothing else of the product, and so the race is
//! built in a minute. The peer reads the real clock, so the notification is signed at the start.

#[expect(
    dead_code,
    unused_imports,
    reason = "the race uses a part of the module"
)]
#[path = "../../../../src/platforms/wechat_pay/mod.rs"]
mod wechat_pay;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wechat_pay::{Notice, PublicKey, Settings, Timeouts, WechatPay};
use wxpay_rs::auth::Sha256RsaVerifier;
use wxpay_rs::config::NotifyConfig;
use wxpay_rs::notify::{NotifyHandler, NotifyHeaders};

const API_V3_KEY: &str = "TestApiV3Key0123456789abcdefABCD";
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_0119000000012025100900123456000001";
const NONCE: &str = "d824f2e086d3c1df967785d13fcd22ef";
const ROUNDS: usize = 300;
const CALLS_PER_ROUND: u32 = 300;
/// Least speed relative to `wxpay-rs`.
const TARGET: f64 = 1.0;

fn main() -> ExitCode {
    let notification = Notification::signed_now();
    let pay = WechatPay::new(settings(), Arc::new(chrono::Utc::now)).expect("right settings");
    let peer = peer();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime");
    let headers = notification.headers();
    let mut best = [Duration::MAX; 2];
    for _ in 0..ROUNDS {
        let ours = round(|| {
            let body = black_box(notification.body.as_bytes());
            let notice = pay.open_payment_notice(black_box(&headers), body);
            assert!(matches!(black_box(notice), Ok(Notice::Event { .. })));
        });
        // One block_on a round: its cost is nothing beside the calls.
        let theirs = runtime.block_on(their_round(&peer, &notification));
        best = [best[0].min(ours), best[1].min(theirs)];
    }
    let [ours, theirs] = best.map(|per_call| 1.0 / per_call.as_secs_f64());
    let ratio = ours / theirs;
    println!(
        "payment notification: ours {ours:.0}/s, wxpay-rs {theirs:.0}/s, ratio {ratio:.2} \
         (target {TARGET:.1})"
    );
    let must_meet = std::env::args().any(|argument| argument == "--check");
    if must_meet && ratio < TARGET {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn round(mut call: impl FnMut()) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        call();
    }
    start.elapsed() / CALLS_PER_ROUND
}

async fn their_round(peer: &NotifyHandler, notification: &Notification) -> Duration {
    let start = Instant::now();
    for _ in 0..CALLS_PER_ROUND {
        let headers = NotifyHeaders {
            timestamp: &notification.timestamp,
            nonce: NONCE,
            serial: PUBLIC_KEY_ID,
            signature: &notification.signature,
        };
        let body = black_box(notification.body.as_bytes());
        let verified = peer
            .verify_and_parse(black_box(headers), body)
            .await
            .expect("verified");
        let typed = peer
            .handle_verified_payment_notify(&verified)
            .await
            .expect("opened");
        black_box(typed);
    }
    start.elapsed() / CALLS_PER_ROUND
}

/// The notification of the vectors, signed anew.
struct Notification {
    timestamp: String,
    signature: String,
    body: String,
}

impl Notification {
    fn signed_now() -> Self {
        let vectors: serde_json::Value =
            serde_json::from_str(&vector("notify_payment_success.json")).expect("JSON");
        let body = vectors["cases"][0]["body"]
            .as_str()
            .expect("a body")
            .to_owned();
        let timestamp = chrono::Utc::now().timestamp().to_string();
        let pem = vector("keys/wechatpay_pub_private_key.pem");
        let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).expect("a PEM file");
        let key = RsaKeyPair::from_pkcs8(&pem.contents).expect("an RSA key");
        let message = format!("{timestamp}\n{NONCE}\n{body}\n");
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message.as_bytes(),
            &mut signature,
        )
        .expect("a signature");
        Self {
            timestamp,
            signature: STANDARD.encode(signature),
            body,
        }
    }

    fn headers(&self) -> HeaderMap {
        let pairs = [
            ("wechatpay-timestamp", self.timestamp.as_str()),
            ("wechatpay-nonce", NONCE),
            ("wechatpay-serial", PUBLIC_KEY_ID),
            ("wechatpay-signature", &self.signature),
            ("wechatpay-signature-type", "WECHATPAY2-SHA256-RSA2048"),
        ];
        let pairs = pairs.into_iter();
        pairs
            .map(|(name, value)| {
                let value = HeaderValue::from_str(value).expect("a header value");
                (HeaderName::from_static(name), value)
            })
            .collect()
    }
}

fn settings() -> Settings {
    Settings {
        api_base: "https://api.mch.weixin.qq.com".to_owned(),
        app_id: "wx1234567890abcdef".to_owned(),
        mch_id: "1900000001".to_owned(),
        serial_no: "3775B6A45ACD588826D15E583A95F5DD0123ABCD".to_owned(),
        private_key_pem: vector("keys/merchant_private_key.pem").into(),
        api_v3_key: API_V3_KEY.into(),
        public_key: Some(PublicKey {
            id: PUBLIC_KEY_ID.to_owned(),
            pem: vector("keys/wechatpay_pub_public_key.pem"),
        }),
        timeouts: Timeouts::default(),
    }
}

fn peer() -> NotifyHandler {
    let key = vector("keys/wechatpay_pub_public_key.pem").into_bytes();
    let keys = vec![(PUBLIC_KEY_ID.to_owned(), key)];
    let verifier = Sha256RsaVerifier::new_with_public_keys(vec![], keys).expect("a verifier");
    let config = NotifyConfig {
        api_v3_key: API_V3_KEY.to_owned(),
        cert_serial_number: PUBLIC_KEY_ID.to_owned(),
        platform_certificate: vec![],
    };
    NotifyHandler::new(config, Arc::new(verifier)).expect("a handler")
}

fn vector(file: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../tests/vectors/wechatpay");
    std::fs::read_to_string(folder.join(file)).expect("the vectors are in tests/vectors")
}
