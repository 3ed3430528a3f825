//! Verifies what WeChat Pay signed: answers and notifications alike (§2.1). Nothing of a body is
//! read before this has passed.

use super::signing::SCHEME;
use std::sync::Arc;

use super::trust::{TrustedKeys, VerifyKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use reqwest::header::{HeaderMap, HeaderName};

/// Exactly this old or this far ahead is refused already, as the official SDKs do.
const WINDOW_SECONDS: u64 = 300;
/// WeChat Pay sends deliberately false signatures that begin so (§2.2). They are used for nothing
/// but the level of the log line: the check itself treats them like any other false signature.
const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";
/// A serial is 40 hex digits or some 46 characters of a key id; more is cut from error texts.
const MAX_SHOWN_SERIAL_CHARS: usize = 64;

const TIMESTAMP: HeaderName = HeaderName::from_static("wechatpay-timestamp");
const NONCE: HeaderName = HeaderName::from_static("wechatpay-nonce");
const SIGNATURE: HeaderName = HeaderName::from_static("wechatpay-signature");
const SIGNATURE_TYPE: HeaderName = HeaderName::from_static("wechatpay-signature-type");
pub(super) const SERIAL: HeaderName = HeaderName::from_static("wechatpay-serial");

/// Why something that claims to come from WeChat Pay is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// A signature header is absent. An unsigned 2xx counts as forged.
    #[error("the header {0} is missing")]
    MissingHeader(HeaderName),
    /// A signature header is there but cannot be read: not ASCII, not a number, another algorithm.
    #[error("the header {0} is malformed")]
    MalformedHeader(HeaderName),
    /// Signed 300 seconds ago or more, or as far ahead: a replay, or a clock that is wrong.
    #[error("signed {age_seconds} s ago, outside the window of 300 s")]
    Stale {
        /// Our clock minus theirs.
        age_seconds: i64,
    },
    /// No key of that serial is held. No call goes out to look for it.
    #[error("no key is held for the serial {serial:?}")]
    UnknownSerial {
        /// As received, cut to 64 characters.
        serial: String,
    },
    /// The signature is not that of the named key over these bytes.
    #[error("the signature does not match (probe: {probe})")]
    Mismatch {
        /// A false signature sent on purpose, to see whether we verify (§2.2): expected now and
        /// then, and re-sent properly signed.
        probe: bool,
    },
}

/// Checks in the order of §2.1: headers, time window, key by serial, base64, RSA.
pub(super) fn verify(
    headers: &HeaderMap,
    body: &[u8],
    keys: &TrustedKeys,
    now: DateTime<Utc>,
) -> Result<(), SignatureError> {
    claim(headers, keys, now)?.verify(body)
}

/// What the headers say of a body that has still to be verified.
pub(super) struct Claim<'a> {
    timestamp: &'a str,
    nonce: &'a str,
    key: Arc<VerifyKey>,
    signature: Vec<u8>,
    is_probe: bool,
}

/// Checks what can be checked before the body has come.
pub(super) fn claim<'a>(
    headers: &'a HeaderMap,
    keys: &'a TrustedKeys,
    now: DateTime<Utc>,
) -> Result<Claim<'a>, SignatureError> {
    let timestamp_text = required(headers, TIMESTAMP)?;
    let nonce = required(headers, NONCE)?;
    let signature = required(headers, SIGNATURE)?;
    let serial = required(headers, SERIAL)?;
    match headers.get(SIGNATURE_TYPE).map(|value| value.as_bytes()) {
        None => {}
        Some(kind) if kind == SCHEME.as_bytes() => {}
        Some(_) => return Err(SignatureError::MalformedHeader(SIGNATURE_TYPE)),
    }
    let timestamp: i64 = timestamp_text
        .parse()
        .map_err(|_| SignatureError::MalformedHeader(TIMESTAMP))?;
    if now.timestamp().abs_diff(timestamp) >= WINDOW_SECONDS {
        let age_seconds = now.timestamp().saturating_sub(timestamp);
        return Err(SignatureError::Stale { age_seconds });
    }
    let key = keys
        .find(serial, now)
        .ok_or_else(|| SignatureError::UnknownSerial {
            serial: serial.chars().take(MAX_SHOWN_SERIAL_CHARS).collect(),
        })?;

    let is_probe = signature.starts_with(PROBE_PREFIX);
    let decoded = STANDARD.decode(signature);
    let mismatch = |_| SignatureError::Mismatch { probe: is_probe };
    Ok(Claim {
        timestamp: timestamp_text,
        nonce,
        key,
        signature: decoded.map_err(mismatch)?,
        is_probe,
    })
}

impl Claim<'_> {
    fn verify(&self, body: &[u8]) -> Result<(), SignatureError> {
        let message = [
            self.timestamp.as_bytes(),
            b"\n",
            self.nonce.as_bytes(),
            b"\n",
            body,
            b"\n",
        ]
        .concat();
        if self.key.accepts(&message, &self.signature) {
            Ok(())
        } else {
            let probe = self.is_probe;
            Err(SignatureError::Mismatch { probe })
        }
    }
}

/// The serial an answer names, where that header can be read.
pub(super) fn named_serial(headers: &HeaderMap) -> Option<&str> {
    headers.get(SERIAL)?.to_str().ok()
}

fn required(headers: &HeaderMap, name: HeaderName) -> Result<&str, SignatureError> {
    match headers.get(&name).map(|value| value.to_str()) {
        Some(Ok(text)) => Ok(text),
        Some(Err(_)) => Err(SignatureError::MalformedHeader(name)),
        None => Err(SignatureError::MissingHeader(name)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::vectors;
    use super::super::trust::{PlatformCertificate, VerifyKey};
    use super::*;
    use reqwest::header::HeaderValue;
    use serde_json::Value;

    fn at(unix_seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(unix_seconds, 0).unwrap()
    }

    fn keys() -> TrustedKeys {
        let key = VerifyKey::from_pem(&vectors::text("keys/wechatpay_pub_public_key.pem"));
        let keys = TrustedKeys::new(Some((vectors::PUBLIC_KEY_ID.to_owned(), key.unwrap())));
        let pem = vectors::text("keys/platform_cert.pem");
        keys.with_certificates(vec![
            PlatformCertificate::from_pem(pem.as_bytes(), vectors::PLATFORM_SERIAL).unwrap(),
        ])
    }

    fn check(case: &Value) -> Result<(), SignatureError> {
        let body = case["body"].as_str().unwrap();
        let now = at(case["now"].as_i64().unwrap());
        verify(&vectors::headers(case), body.as_bytes(), &keys(), now)
    }

    #[test]
    fn answers_of_the_vectors() {
        let vectors = vectors::json("response_verify.json");
        for case in vectors["cases"].as_array().unwrap() {
            let expected = match case["expect"].as_str().unwrap() {
                "ok" => Ok(()),
                "signature_invalid" => Err(SignatureError::Mismatch { probe: false }),
                "signature_missing" => Err(SignatureError::MissingHeader(TIMESTAMP)),
                other => panic!("{other}"),
            };
            assert_eq!(check(case), expected, "{}", case["name"]);
        }
    }

    #[test]
    fn the_official_answer_sample() {
        let official = vectors::json("official/official.json");
        let cases = official["cases"].as_array().unwrap();
        let case = cases.iter().find(|case| case["kind"] == "verify").unwrap();
        let id = case["headers"]["Wechatpay-Serial"]
            .as_str()
            .unwrap()
            .to_owned();
        let key = VerifyKey::from_pem(case["public_key_pem"].as_str().unwrap()).unwrap();
        let keys = TrustedKeys::new(Some((id, key)));
        let body = case["body"].as_str().unwrap().as_bytes();
        let headers = vectors::headers(case);
        assert_eq!(verify(&headers, body, &keys, at(1_722_850_421)), Ok(()));
    }

    #[test]
    fn the_official_notification_sample_verifies_by_its_certificate() {
        let official = vectors::json("official/official.json");
        let cases = official["cases"].as_array().unwrap();
        let case = cases
            .iter()
            .find(|case| case["kind"] == "notification")
            .unwrap();
        let pem = case["certificate_pem"].as_str().unwrap();
        let keys = TrustedKeys::new(None).with_certificates(vec![
            PlatformCertificate::from_pem(pem.as_bytes(), "D7CE59D1F522D701").unwrap(),
        ]);
        let body = case["body"].as_str().unwrap().as_bytes();
        assert_eq!(
            verify(&vectors::headers(case), body, &keys, at(1_624_523_846)),
            Ok(())
        );
    }

    #[test]
    fn headers_that_cannot_be_read_are_typed() {
        let vectors = vectors::json("response_verify.json");
        let case = &vectors["cases"][0];
        let malformed = SignatureError::MalformedHeader;
        let unknown = |serial: &str| SignatureError::UnknownSerial {
            serial: serial.to_owned(),
        };
        let cases: &[(HeaderName, &[u8], SignatureError)] = &[
            (TIMESTAMP, b"yesterday", malformed(TIMESTAMP)),
            (TIMESTAMP, b"", malformed(TIMESTAMP)),
            (TIMESTAMP, b"99999999999999999999", malformed(TIMESTAMP)),
            (
                TIMESTAMP,
                b"-9223372036854775808",
                SignatureError::Stale {
                    age_seconds: i64::MAX,
                },
            ),
            (NONCE, b"\xff\xfe", malformed(NONCE)),
            (
                SIGNATURE_TYPE,
                b"WECHATPAY2-SM2-WITH-SM3",
                malformed(SIGNATURE_TYPE),
            ),
            (SERIAL, b"PUB_KEY_ID_011", unknown("PUB_KEY_ID_011")),
            (
                SERIAL,
                b"3775B6A45ACD588826D15E583A95F5DD0123ABCD",
                unknown("3775B6A45ACD588826D15E583A95F5DD0123ABCD"),
            ),
            (SERIAL, &[b'F'; 900], unknown(&"F".repeat(64))),
            (
                SIGNATURE,
                b"====",
                SignatureError::Mismatch { probe: false },
            ),
            (SIGNATURE, b"", SignatureError::Mismatch { probe: false }),
            (
                SIGNATURE,
                b"WECHATPAY/SIGNTEST/x",
                SignatureError::Mismatch { probe: true },
            ),
        ];
        for (name, value, expected) in cases {
            let mut headers = vectors::headers(case);
            headers.insert(name, HeaderValue::from_bytes(value).unwrap());
            let body = case["body"].as_str().unwrap().as_bytes();
            let result = verify(&headers, body, &keys(), at(1_760_000_001));
            assert_eq!(result.as_ref(), Err(expected), "{name} {value:?}");
        }
    }

    #[test]
    fn an_absent_signature_type_is_rsa() {
        let vectors = vectors::json("response_verify.json");
        let case = &vectors["cases"][0];
        let mut headers = vectors::headers(case);
        headers.remove(SIGNATURE_TYPE);
        let body = case["body"].as_str().unwrap().as_bytes();
        assert_eq!(verify(&headers, body, &keys(), at(1_760_000_001)), Ok(()));
    }
}
