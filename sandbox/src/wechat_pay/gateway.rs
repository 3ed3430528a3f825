//! The gate in front of every call: required headers, `Authorization`, and the signature under
//! every answer (wechat-pay-v3 §0, §1, §2).

use std::collections::HashMap;
use std::convert::Infallible;

use axum::body::Body;
use axum::extract::{FromRequest, FromRequestParts, OriginalUri, Request};
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde_json::{Value, json};

use super::WechatPay;
use super::answer::{Answer, Refusal};
use super::authorization::Authorization;
use super::keys::{MERCHANT_ID, MERCHANT_SERIAL, PLATFORM_SERIAL, PUBLIC_KEY_ID, Signer};
use super::numbers;
use super::settings::TrustMode;
use super::spoil::Spoil;
use crate::faults;
use crate::faults::Platform;

/// Largest request body, bytes.
const BODY_LIMIT: usize = 64 * 1024;
/// Bytes of the body that a SIGN_ERROR shows.
const SHOWN_BODY_CHARS: usize = 8;
/// Nonces remembered to find one that is used twice.
const REMEMBERED_NONCES: usize = 200_000;

/// A request as it came over the wire.
pub(super) struct Call {
    method: Method,
    /// Path and query as sent, the base path included: what the merchant has signed.
    target: String,
    /// Path behind the mount: what faults are matched with.
    path: String,
    query: Option<String>,
    headers: HeaderMap,
    /// Empty if it was larger than [`BODY_LIMIT`] or broke off.
    pub(super) body: Bytes,
    is_body_read: bool,
}

impl<S: Send + Sync> FromRequest<S> for Call {
    type Rejection = Infallible;

    async fn from_request(request: Request, state: &S) -> Result<Self, Infallible> {
        let (mut parts, body) = request.into_parts();
        let Ok(OriginalUri(original)) = OriginalUri::from_request_parts(&mut parts, state).await;
        let body = axum::body::to_bytes(body, BODY_LIMIT).await;
        let target = original
            .path_and_query()
            .map_or("/", |target| target.as_str())
            .to_owned();
        Ok(Self {
            method: parts.method,
            target,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().map(str::to_owned),
            headers: parts.headers,
            is_body_read: body.is_ok(),
            body: body.unwrap_or_default(),
        })
    }
}

impl Call {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The query must be exactly `name=<value>`; answers the value.
    pub(super) fn only_query(&self, name: &'static str) -> Result<&str, Refusal> {
        let query = self.query.as_deref().unwrap_or_default();
        query
            .strip_prefix(name)
            .and_then(|rest| rest.strip_prefix('='))
            .filter(|value| !value.is_empty() && !value.contains('&'))
            .ok_or_else(|| {
                Refusal::param(
                    "the query has its documented parameters and no other",
                    format!("参数错误：{name}"),
                    json!({"location": "query", "value": query}),
                )
            })
    }

    /// The query has at most these parameters, each once and not empty; answers them.
    pub(super) fn query_of(&self, known: &[&str]) -> Result<HashMap<&str, &str>, Refusal> {
        let query = self.query.as_deref().unwrap_or_default();
        let wrong = || {
            Refusal::param(
                "the query has its documented parameters and no other",
                "参数错误",
                json!({"location": "query", "value": query}),
            )
        };
        let mut found = HashMap::new();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').ok_or_else(wrong)?;
            let is_known = known.contains(&name) && !value.is_empty();
            if !is_known || found.insert(name, value).is_some() {
                return Err(wrong());
            }
        }
        Ok(found)
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn as_fault_request(&self) -> faults::Request<'_> {
        faults::Request {
            platform: Platform::WechatPay,
            method: self.method.as_str(),
            path: &self.path,
        }
    }
}

impl WechatPay {
    /// Admits the call, lets `act` answer it, and signs the answer. Broken rules are noted.
    pub(super) fn respond(
        &self,
        call: &Call,
        act: impl FnOnce() -> Result<Answer, Refusal>,
    ) -> Response {
        let signer = self.answering_key(call);
        let answer = self
            .admit(call)
            .and_then(|()| self.act_unless_faulty(call, act));
        let answer = answer.unwrap_or_else(|refusal| {
            if let Some(rule) = refusal.broken_rule {
                self.note(&call.name(), rule, refusal.summary());
            }
            refusal.answer()
        });
        self.signed_response(call, &answer, signer)
    }

    /// Admits the call and answers it with a file, which is not signed; a refusal is (§8).
    pub(super) fn respond_with_file(
        &self,
        call: &Call,
        act: impl FnOnce() -> Result<Vec<u8>, Refusal>,
    ) -> Response {
        let mut file = Vec::new();
        let refused_or_empty = self.respond(call, || {
            file = act()?;
            Ok(Answer::empty())
        });
        if refused_or_empty.status() == StatusCode::NO_CONTENT {
            ([(header::CONTENT_TYPE, "text/plain")], file).into_response()
        } else {
            refused_or_empty
        }
    }

    /// The named fault that is due for this call.
    pub(super) fn call_fault(&self, call: &Call, name: &str) -> Option<Value> {
        self.world()
            .faults
            .take_named(call.as_fault_request(), name)
    }

    fn act_unless_faulty(
        &self,
        call: &Call,
        act: impl FnOnce() -> Result<Answer, Refusal>,
    ) -> Result<Answer, Refusal> {
        if let Some((code, message)) = self.world().faults.take_api_error(call.as_fault_request()) {
            return Err(Refusal::ordered(&code, &message));
        }
        let answer = act()?;
        match self.call_fault(call, "executed_error") {
            Some(with) => {
                let text = |key| with.get(key).and_then(Value::as_str).unwrap_or_default();
                let code = if text("code").is_empty() {
                    "SYSTEM_ERROR"
                } else {
                    text("code")
                };
                Err(Refusal::ordered(code, text("message")))
            }
            None => Ok(answer),
        }
    }

    fn admit(&self, call: &Call) -> Result<(), Refusal> {
        check_body(call)?;
        check_headers(call)?;
        let header = call.header(header::AUTHORIZATION.as_str()).ok_or_else(|| {
            Refusal::sign(
                "every request is signed",
                "Http头Authorization值不能为空",
                None,
            )
        })?;
        let authorization = Authorization::parse(header).map_err(|malformed| {
            Refusal::sign(
                "Authorization has its documented form",
                "Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》",
                Some(json!({"issue": malformed.to_string()})),
            )
        })?;
        if authorization.mchid != MERCHANT_ID || authorization.serial != MERCHANT_SERIAL {
            return Err(Refusal::sign(
                "mchid and serial_no are the merchant's",
                "商户证书序列号有误。请使用签名私钥匹配的证书序列号",
                Some(json!({"field": "serial_no", "location": "authorization"})),
            ));
        }
        if !authorization.is_fresh(self.world().clock.wall_now().timestamp()) {
            return Err(Refusal::sign(
                "the timestamp is at most five minutes off",
                "Http头Authorization中的timestamp与发起请求的时间不得超过5分钟",
                Some(json!({"field": "timestamp", "location": "authorization"})),
            ));
        }
        let text = authorization.signed_text(call.method.as_str(), &call.target, &call.body);
        if !self.keys().merchant_signed(&text, &authorization.signature) {
            return Err(Refusal::sign(
                "the signature covers method, target, time, nonce and body as sent",
                "签名错误",
                Some(sign_detail(call, &authorization, text.len())),
            ));
        }
        self.note_nonce(call, authorization.nonce);
        Ok(())
    }

    /// Whether the server refuses a repeated nonce is unconfirmed; a retry has a new one all the
    /// same (§1).
    fn note_nonce(&self, call: &Call, nonce: String) {
        let is_new = {
            let mut nonces = self.nonces();
            if nonces.len() >= REMEMBERED_NONCES {
                nonces.clear();
            }
            nonces.insert(nonce.clone())
        };
        if !is_new {
            self.note(&call.name(), "every request has a nonce of its own", nonce);
        }
    }

    /// The key the answer is signed with: the one that the request names, if there is a choice.
    fn answering_key(&self, call: &Call) -> Signer {
        let named = call.header("wechatpay-serial");
        match (self.trust(), named) {
            (TrustMode::PublicKey, Some(PUBLIC_KEY_ID)) => Signer::PublicKey,
            (TrustMode::PublicKey, other) => {
                self.note(
                    &call.name(),
                    "Wechatpay-Serial names the public key on every request",
                    other.unwrap_or("no header"),
                );
                Signer::PublicKey
            }
            // Before the merchant may use the public key the header is ignored.
            (TrustMode::Certificates, _) => Signer::Platform,
            (TrustMode::Migrating, Some(PUBLIC_KEY_ID)) => Signer::PublicKey,
            (TrustMode::Migrating, None | Some(PLATFORM_SERIAL)) => Signer::Platform,
            (TrustMode::Migrating, Some(other)) => {
                self.note(
                    &call.name(),
                    "Wechatpay-Serial names a key of WeChat Pay",
                    other,
                );
                Signer::Platform
            }
        }
    }

    fn signed_response(&self, call: &Call, answer: &Answer, signer: Signer) -> Response {
        let body = answer
            .body
            .as_ref()
            .map(Value::to_string)
            .unwrap_or_default();
        let spoil = Spoil::ALL
            .into_iter()
            .find(|spoil| self.call_fault(call, spoil.response_fault()).is_some());
        let mut response = Response::builder()
            .status(answer.status)
            .header(header::SERVER, "nginx")
            .header(header::CACHE_CONTROL, "no-cache, must-revalidate")
            .header(header::X_CONTENT_TYPE_OPTIONS, "nosniff")
            .header(header::CONTENT_LANGUAGE, "zh-CN")
            .header("Keep-Alive", "timeout=8")
            .header("Request-ID", numbers::request_id(answer.suffix));
        if answer.body.is_some() {
            response = response.header(header::CONTENT_TYPE, "application/json; charset=utf-8");
        }
        let Ok(seal) = self.seal(signer, spoil, body) else {
            return StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        for (name, value) in seal.headers {
            response = response.header(name, value);
        }
        response
            .body(Body::from(seal.body))
            .unwrap_or_else(|_bad_header| StatusCode::INTERNAL_SERVER_ERROR.into_response())
    }
}

fn check_body(call: &Call) -> Result<(), Refusal> {
    if call.is_body_read {
        return Ok(());
    }
    Err(Refusal::param(
        "a body of at most 64 KB",
        "请求报文过长",
        json!({"location": "body"}),
    ))
}

fn check_headers(call: &Call) -> Result<(), Refusal> {
    let missing = |rule, name: &str| {
        Err(Refusal::param(
            rule,
            format!("Http头{name}缺失或不正确"),
            json!({"location": "header", "field": name}),
        ))
    };
    if !call
        .header("accept")
        .is_some_and(|accept| accept.contains("application/json"))
    {
        return missing("Accept: application/json on every request", "Accept");
    }
    if call.header("user-agent").is_none_or(str::is_empty) {
        return missing("a User-Agent on every request", "User-Agent");
    }
    let is_json = call
        .header("content-type")
        .is_some_and(|kind| kind.starts_with("application/json"));
    if !call.body.is_empty() && !is_json {
        return missing(
            "Content-Type: application/json with every body",
            "Content-Type",
        );
    }
    Ok(())
}

fn sign_detail(call: &Call, authorization: &Authorization, length: usize) -> Value {
    let shown: String = String::from_utf8_lossy(&call.body)
        .chars()
        .take(SHOWN_BODY_CHARS)
        .collect();
    let (method, url) = (call.method.as_str(), &call.target);
    json!({
        "detail": {"issue": "sign not match"},
        "field": "signature",
        "location": "authorization",
        "sign_information": {
            "method": method,
            "sign_message_length": length,
            "truncated_sign_message": format!(
                "{method}\n{url}\n{}\n{}\n{shown}\n",
                authorization.timestamp, authorization.nonce
            ),
            "url": url,
        },
    })
}
