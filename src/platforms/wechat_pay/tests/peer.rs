//! A small WeChat Pay: checks the merchant's signature over what arrived and answers what the test
//! says. Made from the vectors and the reference, not from the client's own code.

use super::vectors;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::header::HeaderMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use x509_parser::pem::Pem;

/// A request as it arrived.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

pub(super) struct Peer {
    pub(super) api_base: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Peer {
    pub(super) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        // A base path, as the stand-ins have it: it belongs to the signed path.
        let api_base = format!("http://{}/wechat-pay", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (reply, log) = (Arc::new(reply), Arc::clone(&seen));
        let service = axum::Router::new().fallback(move |request: Request| {
            let (reply, log) = (Arc::clone(&reply), Arc::clone(&log));
            async move {
                let seen = receive(request).await;
                log.lock().unwrap().push(seen.clone());
                reply(&seen).send().await
            }
        });
        tokio::spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { api_base, seen }
    }

    /// All that arrived; fails if one of them was not signed by the merchant.
    pub(super) fn seen(&self) -> Vec<Seen> {
        let seen = self.seen.lock().unwrap().clone();
        for request in &seen {
            request.check();
        }
        seen
    }
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    /// A field of `Authorization`.
    pub(super) fn credential(&self, name: &str) -> String {
        let (scheme, fields) = self.header("Authorization").split_once(' ').unwrap();
        assert_eq!(scheme, "WECHATPAY2-SHA256-RSA2048");
        let field = fields
            .split(',')
            .find_map(|field| field.strip_prefix(&format!("{name}=")));
        field.unwrap().trim_matches('"').to_owned()
    }

    fn check(&self) {
        let message = format!(
            "{}\n{}\n{}\n{}\n{}\n",
            self.method,
            self.target,
            self.credential("timestamp"),
            self.credential("nonce_str"),
            self.body
        );
        let signature = STANDARD.decode(self.credential("signature")).unwrap();
        let pem = der("keys/merchant_public_key.pem");
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pem);
        key.verify(message.as_bytes(), &signature)
            .expect("the merchant's signature");
        assert_eq!(self.credential("mchid"), "1900000001");
        assert_eq!(
            self.credential("serial_no"),
            "3775B6A45ACD588826D15E583A95F5DD0123ABCD"
        );
        assert_eq!(self.header("Accept"), "application/json");
        assert!(!self.header("User-Agent").is_empty());
        let content_type = if self.body.is_empty() {
            ""
        } else {
            "application/json"
        };
        assert_eq!(self.header("Content-Type"), content_type);
    }
}

/// What the peer answers.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Vec<u8>,
    fault: Option<Fault>,
}

enum Fault {
    Cut,
    Silence,
}

impl Reply {
    pub(super) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("Request-ID", "08F5B8-0".to_owned())];
        Self {
            status,
            headers,
            body: body.into(),
            fault: None,
        }
    }

    /// Promises a body and breaks the connection in the middle of it.
    pub(super) fn cut() -> Self {
        Self {
            fault: Some(Fault::Cut),
            ..Self::new(200, "{")
        }
    }

    /// Never answers.
    pub(super) fn silence() -> Self {
        Self {
            fault: Some(Fault::Silence),
            ..Self::new(200, "")
        }
    }

    pub(super) fn signed_by(self, key: &PeerKey, timestamp: i64) -> Self {
        let headers = key.sign(timestamp, &self.body);
        headers
            .into_iter()
            .fold(self, |reply, (name, value)| reply.header(name, &value))
    }

    /// Sets or replaces a header.
    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(held, _)| *held != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    async fn send(self) -> Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = match self.fault {
            None => Body::from(self.body),
            Some(Fault::Cut) => {
                let broken = Err(std::io::Error::other("cut"));
                Body::from_stream(futures::stream::iter([Ok(Bytes::from(self.body)), broken]))
            }
            Some(Fault::Silence) => {
                tokio::time::sleep(Duration::from_secs(60)).await;
                Body::empty()
            }
        };
        response.body(body).unwrap()
    }
}

async fn receive(request: Request) -> Seen {
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    Seen {
        method: parts.method.to_string(),
        target: parts.uri.to_string(),
        headers: parts.headers,
        body: String::from_utf8(body.to_vec()).unwrap(),
    }
}

/// A private key of WeChat Pay and the serial it is known by.
pub(super) struct PeerKey {
    serial: &'static str,
    key: RsaKeyPair,
}

impl PeerKey {
    pub(super) fn public() -> Self {
        Self::of("keys/wechatpay_pub_private_key.pem", vectors::PUBLIC_KEY_ID)
    }

    pub(super) fn platform() -> Self {
        Self::of("keys/platform_private_key.pem", vectors::PLATFORM_SERIAL)
    }

    /// The platform's next certificate. The vectors have one platform certificate only, so the
    /// merchant's plays the second.
    pub(super) fn successor() -> Self {
        Self::of("keys/merchant_private_key.pem", SUCCESSOR_SERIAL)
    }

    fn of(file: &str, serial: &'static str) -> Self {
        Self {
            serial,
            key: RsaKeyPair::from_pkcs8(&der(file)).unwrap(),
        }
    }

    /// The five headers over these bytes.
    pub(super) fn sign(&self, timestamp: i64, body: &[u8]) -> [(&'static str, String); 5] {
        let nonce = "d824f2e086d3c1df967785d13fcd22ef";
        let start = format!("{timestamp}\n{nonce}\n");
        let message = [start.as_bytes(), body, b"\n"].concat();
        let mut signature = vec![0; self.key.public_modulus_len()];
        let random = SystemRandom::new();
        self.key
            .sign(&RSA_PKCS1_SHA256, &random, &message, &mut signature)
            .unwrap();
        [
            ("Wechatpay-Timestamp", timestamp.to_string()),
            ("Wechatpay-Nonce", nonce.to_owned()),
            ("Wechatpay-Serial", self.serial.to_owned()),
            (
                "Wechatpay-Signature-Type",
                "WECHATPAY2-SHA256-RSA2048".to_owned(),
            ),
            ("Wechatpay-Signature", STANDARD.encode(signature)),
        ]
    }
}

pub(super) const SUCCESSOR_SERIAL: &str = "3775B6A45ACD588826D15E583A95F5DD0123ABCD";

/// `base64(ciphertext || tag)` under the APIv3 key of the vectors.
pub(super) fn seal(nonce: &str, associated_data: &str, plain: &[u8]) -> String {
    let key = UnboundKey::new(&AES_256_GCM, vectors::API_V3_KEY.as_bytes()).unwrap();
    let nonce = Nonce::try_assume_unique_for_key(nonce.as_bytes()).unwrap();
    let mut sealed = plain.to_vec();
    let aad = Aad::from(associated_data.as_bytes());
    LessSafeKey::new(key)
        .seal_in_place_append_tag(nonce, aad, &mut sealed)
        .unwrap();
    STANDARD.encode(sealed)
}

/// The body of `GET /v3/certificates` for certificate files and the serials announced for them.
pub(super) fn certificate_list(entries: &[(&str, &str)]) -> String {
    let entries = entries.iter().map(|(file, serial)| {
        let pem = vectors::text(file);
        serde_json::json!({
            "serial_no": serial,
            "effective_time": "2025-01-01T08:00:00+08:00",
            "expire_time": "2045-01-01T08:00:00+08:00",
            "encrypt_certificate": {
                "algorithm": "AEAD_AES_256_GCM",
                "nonce": "61f9c719728a",
                "associated_data": "certificate",
                "ciphertext": seal("61f9c719728a", "certificate", pem.as_bytes()),
            },
        })
    });
    serde_json::json!({ "data": entries.collect::<Vec<_>>() }).to_string()
}

fn der(file: &str) -> Vec<u8> {
    Pem::read(std::io::Cursor::new(vectors::text(file)))
        .unwrap()
        .0
        .contents
}
