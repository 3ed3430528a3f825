//! The client: signs and sends a call, verifies the answer. What the calls are is told in
//! [`super::orders`] and [`super::refunds`].

use super::aead::ApiV3Key;
use super::error::{ApiError, Error};
use super::field_limits::{invalid, is_loopback};
use super::operation::Operation;
use super::refresh::RefreshState;
use super::settings::{ConfigError, Identity, Settings, Timeouts};
use super::signing::{MerchantSigner, SignedParts, fresh_nonce};
use super::trust::TrustedKeys;
use super::verify::{self, SignatureError};
use crate::platforms::measured::{self, Outcome, Platform};
use chrono::{DateTime, Utc};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Method, Url, redirect};
use serde::{Serialize, de::DeserializeOwned};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wecom::lenient_json;

const USER_AGENT: &str = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
const JSON: &str = "application/json";
/// WeChat Pay drops idle connections after some 8 s (§0): ours must be gone before.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(5);
/// Answers have a few kilobytes; a list of certificates some ten.
const MAX_ANSWER_BYTES: usize = 1024 * 1024;
/// A row of a bill has some 400 bytes: a day of more than a hundred thousand payments.
pub(super) const MAX_BILL_BYTES: usize = 48 * 1024 * 1024;
const MAX_REQUEST_ID_CHARS: usize = 128;
/// A connection that did not come about has done nothing: it is tried once more.
const CONNECT_ATTEMPTS: u32 = 2;
const CONNECT_PAUSE: Duration = Duration::from_millis(200);

type Now = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// A merchant's access to WeChat Pay. Cheap to clone; clones share connections and keys.
#[derive(Clone)]
pub struct WechatPay {
    inner: Arc<Inner>,
}

struct Inner {
    http: reqwest::Client,
    app_id: String,
    mch_id: String,
    identity: Identity,
    refresh: RefreshState,
    now: Now,
}

impl std::fmt::Debug for WechatPay {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("WechatPay")
            .field("mch_id", &self.inner.mch_id)
            .finish()
    }
}

impl WechatPay {
    /// Checks and parses the settings; makes no call. `now` must be the real time, since
    /// signatures older than five minutes are refused on both sides.
    ///
    /// # Errors
    /// [`ConfigError`] names the key that is wrong and where its value comes from.
    pub fn new(settings: Settings, now: Now) -> Result<Self, ConfigError> {
        let identity = settings.check()?;
        let http = http_client(settings.timeouts, &identity.api_base).map_err(|_| ConfigError {
            key: "api_base",
            problem: "cannot be called: the HTTP client does not start".to_owned(),
            remedy: "Check the system's TLS certificates and proxy settings",
        })?;
        let Settings { app_id, mch_id, .. } = settings;
        let refresh = RefreshState::default();
        let inner = Inner {
            http,
            app_id,
            mch_id,
            identity,
            refresh,
            now,
        };
        Ok(Self {
            inner: Arc::new(inner),
        })
    }

    /// The appid of the orders. A notification of another appid is not ours.
    #[must_use]
    pub fn app_id(&self) -> &str {
        &self.inner.app_id
    }

    /// The merchant number. A notification of another merchant is not ours.
    #[must_use]
    pub fn mch_id(&self) -> &str {
        &self.inner.mch_id
    }

    pub(super) fn signer(&self) -> &MerchantSigner {
        &self.inner.identity.signer
    }

    pub(super) fn api_v3_key(&self) -> &ApiV3Key {
        &self.inner.identity.api_v3_key
    }

    pub(super) fn keys(&self) -> &TrustedKeys {
        &self.inner.identity.keys
    }

    pub(super) fn refresh_state(&self) -> &RefreshState {
        &self.inner.refresh
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        (self.inner.now)()
    }

    pub(super) fn unix_seconds(&self) -> i64 {
        self.now().timestamp()
    }

    /// A POST with a JSON body.
    pub(super) async fn call_with<B: Serialize>(
        &self,
        operation: Operation,
        path: &str,
        body: &B,
    ) -> Result<Answer, Error> {
        self.call(operation, Method::POST, path, json_body(body)?)
            .await
    }

    /// Signs, sends, and gives back a verified 200 or 204; all else is an error.
    pub(super) async fn call(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        self.ensure_certificates(operation).await?;
        let answer = self.exchange(operation, method, path, body).await?;
        if answer.is_2xx() {
            self.verify_answer(&answer).await?;
        }
        // 202 means "not decided yet": verified, but no result.
        if matches!(answer.status, 200 | 204) {
            Ok(answer)
        } else {
            Err(answer.refused())
        }
    }

    /// An answer may name a certificate that came into use since the last look: then, and only
    /// then, the list is fetched before its time.
    async fn verify_answer(&self, answer: &Answer) -> Result<(), Error> {
        let mut result = answer.verify(self.keys(), self.now());
        if matches!(result, Err(SignatureError::UnknownSerial { .. }))
            && let Some(serial) = verify::named_serial(&answer.headers)
            && self.fetch_for_unknown_serial(serial).await
        {
            result = answer.verify(self.keys(), self.now());
        }
        result.map_err(|cause| answer.unverified(cause))
    }

    /// Downloads a file from the address that a verified answer has named. The file itself is not
    /// signed (§8): whoever reads it holds it against its hash first.
    pub(super) async fn download(&self, operation: Operation, url: &Url) -> Result<Vec<u8>, Error> {
        let answer = self.send(operation, &Method::GET, url, &[]).await?;
        if answer.status == 200 {
            Ok(answer.body)
        } else {
            Err(answer.refused())
        }
    }

    /// Sends without verifying the answer. A retry is signed anew.
    pub(super) async fn exchange(
        &self,
        operation: Operation,
        method: Method,
        path: &str,
        body: Vec<u8>,
    ) -> Result<Answer, Error> {
        let base = self.inner.identity.api_base.as_str().trim_end_matches('/');
        let url = Url::parse(&format!("{base}{path}"))
            .map_err(|_| invalid("path", "does not make an address"))?;
        let mut attempt = 1;
        loop {
            match self.send(operation, &method, &url, &body).await {
                Err(Error::NotConnected { .. }) if attempt < CONNECT_ATTEMPTS => {
                    tokio::time::sleep(CONNECT_PAUSE).await;
                    attempt += 1;
                }
                result => return result,
            }
        }
    }

    async fn send(
        &self,
        operation: Operation,
        method: &Method,
        url: &Url,
        body: &[u8],
    ) -> Result<Answer, Error> {
        let started = Instant::now();
        let target = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let parts = SignedParts {
            method: method.as_str(),
            target: &target,
            body,
        };
        let authorization =
            self.signer()
                .authorization(&parts, self.unix_seconds(), &fresh_nonce())?;
        let mut request = self
            .inner
            .http
            .request(method.clone(), url.clone())
            .header(ACCEPT, JSON)
            .header(AUTHORIZATION, authorization);
        if let Some(id) = self.keys().public_key_id() {
            request = request.header(verify::SERIAL, id);
        }
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, JSON).body(body.to_vec());
        }
        let answered = async {
            let response = request.send().await;
            let response = response.map_err(|source| no_answer(operation, source))?;
            Answer::receive(operation, response).await
        };
        let answer = answered.await;
        let status = answer.as_ref().ok().map(|answer| answer.status);
        let outcome = Outcome::of_status(status);
        measured::count_call(Platform::WechatPay, outcome, started.elapsed());
        let answer = answer?;
        tracing::debug!(
            operation = %operation,
            status = answer.status,
            request_id = answer.request_id().as_deref(),
            duration_ms = started.elapsed().as_millis(),
            "WeChat Pay answered"
        );
        Ok(answer)
    }
}

/// An answer of any status, as received.
pub(super) struct Answer {
    operation: Operation,
    pub(super) status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    async fn receive(operation: Operation, mut response: reqwest::Response) -> Result<Self, Error> {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut answer = Self {
            operation,
            status,
            headers,
            body: Vec::new(),
        };
        let cut = |source| no_answer(operation, source);
        let most = match operation {
            Operation::DownloadBill => MAX_BILL_BYTES,
            _ => MAX_ANSWER_BYTES,
        };
        while let Some(chunk) = response.chunk().await.map_err(cut)? {
            if answer.body.len() + chunk.len() > most {
                return Err(answer.unexpected("is larger than is taken"));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }

    /// The body as the documentation has it. Call only on what was verified.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Error> {
        // The parser's own words may quote the body, which names people: they are dropped.
        lenient_json::from_slice(&self.body)
            .map_err(|_| self.unexpected("is not the documented JSON"))
    }

    pub(super) fn verify(
        &self,
        keys: &TrustedKeys,
        now: DateTime<Utc>,
    ) -> Result<(), SignatureError> {
        verify::verify(&self.headers, &self.body, keys, now)
    }

    pub(super) fn unverified(&self, cause: SignatureError) -> Error {
        let (operation, status, request_id) = (self.operation, self.status, self.request_id());
        Error::Unverified {
            operation,
            status,
            request_id,
            cause,
        }
    }

    pub(super) fn unexpected(&self, problem: &'static str) -> Error {
        let (operation, status, request_id) = (self.operation, self.status, self.request_id());
        Error::UnexpectedAnswer {
            operation,
            status,
            request_id,
            problem,
        }
    }

    pub(super) fn refused(&self) -> Error {
        let request_id = self.request_id();
        Error::Api(Box::new(ApiError::read(
            self.operation,
            self.status,
            &self.body,
            request_id,
        )))
    }

    fn is_2xx(&self) -> bool {
        (200..300).contains(&self.status)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        let value: &HeaderValue = self.headers.get("Request-ID")?;
        Some(
            value
                .to_str()
                .ok()?
                .chars()
                .take(MAX_REQUEST_ID_CHARS)
                .collect(),
        )
    }
}

/// What a body is sent as.
pub(super) fn json_body<B: Serialize>(body: &B) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(body).map_err(|_| invalid("body", "is not JSON"))
}

fn http_client(timeouts: Timeouts, api_base: &Url) -> Result<reqwest::Client, reqwest::Error> {
    let builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .connect_timeout(timeouts.connect)
        .timeout(timeouts.total)
        .pool_idle_timeout(POOL_IDLE_TIMEOUT)
        // The target is signed: what it redirects to would not be.
        .redirect(redirect::Policy::none());
    // A proxy of the environment leads to WeChat Pay, not to a stand-in on this machine.
    let builder = if is_loopback(api_base) {
        builder.no_proxy()
    } else {
        builder
    };
    builder.build()
}

fn no_answer(operation: Operation, source: reqwest::Error) -> Error {
    let source = source.without_url();
    if source.is_connect() {
        Error::NotConnected { operation, source }
    } else {
        Error::Unanswered { operation, source }
    }
}
