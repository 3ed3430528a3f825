//! A merchant: signs calls, verifies answers, opens notifications.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sandbox::wechat_pay::{
    API_V3_KEY, APP_ID, MERCHANT_ID, MERCHANT_PRIVATE_KEY_PEM, MERCHANT_SERIAL, PUBLIC_KEY_ID,
    PUBLIC_KEY_PEM, Pacing,
};
use sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

pub(crate) const ORDER_NO: &str = "ord_01k73xq8zs5v9n3m2h7c4t6bwe";
pub(crate) const REFUND_NO: &str = "rfd_01k73xq8zs5v9n3m2h7c4t6bwe";
/// Long enough for a loaded machine; nothing waits that long when all is well.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A sandbox that repeats notifications within milliseconds, and a merchant that talks to it.
pub(crate) struct Merchant {
    pub(crate) sandbox: Sandbox,
    pub(crate) inbox: Inbox,
    http: reqwest::Client,
}

/// What a call was answered.
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) raw: String,
}

impl Answered {
    pub(crate) fn body(&self) -> Value {
        serde_json::from_str(&self.raw).unwrap()
    }

    pub(crate) fn code(&self) -> String {
        self.body()["code"].as_str().unwrap().to_owned()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers[name].to_str().unwrap()
    }

    /// Whether the answer is signed by the public key and fresh.
    pub(crate) fn verifies(&self) -> bool {
        verifies(&self.headers, &self.raw)
    }
}

/// How a call differs from a correct one.
#[derive(Default, Clone)]
pub(crate) struct Quirks {
    pub(crate) clock_shift: i64,
    pub(crate) sign_other_body: bool,
    pub(crate) without: Option<&'static str>,
    pub(crate) nonce: Option<&'static str>,
}

impl Quirks {
    pub(crate) fn without(header: &'static str) -> Self {
        Self {
            without: Some(header),
            ..Self::default()
        }
    }

    pub(crate) fn wrongly_signed() -> Self {
        Self {
            sign_other_body: true,
            ..Self::default()
        }
    }
}

impl Merchant {
    pub(crate) async fn start() -> Self {
        let inbox = Inbox::start().await;
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        sandbox.wechat_pay().set_pacing(Pacing {
            ladder_second: Duration::from_millis(1),
            refund_takes: Some(Duration::ZERO),
        });
        Self {
            sandbox,
            inbox,
            http: reqwest::Client::new(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Answered {
        self.call("GET", target, String::new(), Quirks::default())
            .await
            .unwrap()
    }

    pub(crate) async fn post(&self, target: &str, body: &Value) -> Answered {
        self.call("POST", target, body.to_string(), Quirks::default())
            .await
            .unwrap()
    }

    pub(crate) async fn call(
        &self,
        method: &str,
        target: &str,
        body: String,
        quirks: Quirks,
    ) -> reqwest::Result<Answered> {
        let target = format!("/wechat-pay{target}");
        let timestamp = self.sandbox.clock().wall_now().timestamp() + quirks.clock_shift;
        let nonce = quirks
            .nonce
            .map_or_else(|| uuid::Uuid::new_v4().simple().to_string(), str::to_owned);
        let signed_body = if quirks.sign_other_body { "{}" } else { &body };
        let signature = sign(&format!(
            "{method}\n{target}\n{timestamp}\n{nonce}\n{signed_body}\n"
        ));
        let headers = [
            ("Accept", "application/json".to_owned()),
            ("Content-Type", "application/json".to_owned()),
            ("User-Agent", "sandbox-test/1".to_owned()),
            ("Wechatpay-Serial", PUBLIC_KEY_ID.to_owned()),
            (
                "Authorization",
                format!(
                    "WECHATPAY2-SHA256-RSA2048 mchid=\"{MERCHANT_ID}\",nonce_str=\"{nonce}\",\
                     signature=\"{signature}\",timestamp=\"{timestamp}\",\
                     serial_no=\"{MERCHANT_SERIAL}\""
                ),
            ),
        ];
        let url = format!("{}{target}", self.sandbox.base_url());
        let mut request = self.http.request(method.parse().unwrap(), url).body(body);
        for (name, value) in headers {
            if quirks.without != Some(name) {
                request = request.header(name, value);
            }
        }
        let response = request.send().await?;
        Ok(Answered {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            raw: response.text().await?,
        })
    }

    /// The body of a native order over 9,900 fen.
    pub(crate) fn order(&self) -> Value {
        json!({
            "appid": APP_ID, "mchid": MERCHANT_ID, "description": "写作营押金",
            "out_trade_no": ORDER_NO, "notify_url": self.inbox.url, "amount": {"total": 9_900},
        })
    }

    /// The body of a full refund of that order.
    pub(crate) fn refund(&self) -> Value {
        json!({
            "out_trade_no": ORDER_NO, "out_refund_no": REFUND_NO, "reason": "打卡完成",
            "notify_url": self.inbox.url,
            "amount": {"refund": 9_900, "total": 9_900, "currency": "CNY"},
        })
    }

    /// Orders, pays and waits until the payment is notified.
    pub(crate) async fn have_paid_order(&self) {
        let order = self
            .post("/v3/pay/transactions/native", &self.order())
            .await;
        assert_eq!(order.status, 200, "{}", order.raw);
        self.sandbox.wechat_pay().pay(ORDER_NO).unwrap();
        self.quiet().await;
    }

    pub(crate) async fn quiet(&self) {
        assert!(self.sandbox.wechat_pay().until_quiet(PATIENCE).await);
    }

    /// The rules broken so far.
    pub(crate) fn broken_rules(&self) -> Vec<String> {
        self.sandbox
            .violations()
            .all()
            .into_iter()
            .map(|violation| violation.rule)
            .collect()
    }
}

/// The receiving end of notifications.
#[derive(Clone)]
pub(crate) struct Inbox {
    pub(crate) url: String,
    state: Arc<Mutex<InboxState>>,
}

#[derive(Default)]
struct InboxState {
    received: Vec<Received>,
    replies: Vec<u16>,
    believes_all: bool,
}

/// A notification as it came.
#[derive(Clone)]
pub(crate) struct Received {
    pub(crate) verified: bool,
    pub(crate) envelope: Value,
    pub(crate) serial: String,
    pub(crate) signature: String,
}

impl Received {
    /// The decrypted resource.
    pub(crate) fn resource(&self) -> Value {
        let resource = &self.envelope["resource"];
        let text = |key: &str| resource[key].as_str().unwrap().to_owned();
        let mut data = STANDARD.decode(text("ciphertext")).unwrap();
        let key = LessSafeKey::new(UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).unwrap());
        let nonce = Nonce::try_assume_unique_for_key(text("nonce").as_bytes()).unwrap();
        let aad = Aad::from(text("associated_data").into_bytes());
        serde_json::from_slice(key.open_in_place(nonce, aad, &mut data).unwrap()).unwrap()
    }
}

impl Inbox {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inbox = Self {
            url: format!("http://{}/notify", listener.local_addr().unwrap()),
            state: Arc::default(),
        };
        let router = Router::new()
            .route("/notify", post(receive))
            .with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        inbox
    }

    /// Answers the next notifications with these statuses, whatever they are; then as it should.
    pub(crate) fn reply_next(&self, statuses: &[u16]) {
        self.state
            .lock()
            .unwrap()
            .replies
            .extend(statuses.iter().rev());
    }

    /// Answers 204 to everything: the mistake that probes look for.
    pub(crate) fn believe_all(&self) {
        self.state.lock().unwrap().believes_all = true;
    }

    pub(crate) fn received(&self) -> Vec<Received> {
        self.state.lock().unwrap().received.clone()
    }
}

async fn receive(State(inbox): State<Inbox>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let raw = String::from_utf8(body.to_vec()).unwrap();
    let header = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap().to_owned())
            .unwrap_or_default()
    };
    let received = Received {
        verified: verifies(&headers, &raw),
        envelope: serde_json::from_str(&raw).unwrap(),
        serial: header("wechatpay-serial"),
        signature: header("wechatpay-signature"),
    };
    let mut state = inbox.state.lock().unwrap();
    let believed = received.verified || state.believes_all;
    state.received.push(received);
    let status = state
        .replies
        .pop()
        .unwrap_or(if believed { 204 } else { 401 });
    StatusCode::from_u16(status).unwrap()
}

fn verifies(headers: &HeaderMap, body: &str) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(timestamp), Some(nonce), Some(signature), Some(serial)) = (
        header("wechatpay-timestamp"),
        header("wechatpay-nonce"),
        header("wechatpay-signature"),
        header("wechatpay-serial"),
    ) else {
        return false;
    };
    let now = sandbox::SandboxClock::new(None).wall_now().timestamp();
    let fresh = timestamp
        .parse::<i64>()
        .is_ok_and(|timestamp| now.abs_diff(timestamp) < 300);
    let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der(PUBLIC_KEY_PEM));
    let text = format!("{timestamp}\n{nonce}\n{body}\n");
    let genuine = STANDARD
        .decode(signature)
        .is_ok_and(|signature| key.verify(text.as_bytes(), &signature).is_ok());
    serial == PUBLIC_KEY_ID && fresh && genuine
}

pub(crate) fn sign(text: &str) -> String {
    let pair = RsaKeyPair::from_pkcs8(&der(MERCHANT_PRIVATE_KEY_PEM)).unwrap();
    let mut signature = vec![0; pair.public_modulus_len()];
    pair.sign(
        &RSA_PKCS1_SHA256,
        &SystemRandom::new(),
        text.as_bytes(),
        &mut signature,
    )
    .unwrap();
    STANDARD.encode(signature)
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(base64).unwrap()
}
