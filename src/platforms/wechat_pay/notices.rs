//! Notifications of payments and refunds (§6, §7.3): verified, then read, then opened, then typed.
//! Opening makes no call and stores nothing; a repeated notification opens like the first.

use super::aead::{ALGORITHM, OpenError};
use super::client::WechatPay;
use super::refunds::RefundNotice;
use super::transaction::Transaction;
use super::verify::{self, SignatureError};
use super::wire::optional_time;
use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use serde::{Deserialize, de::DeserializeOwned};
use std::borrow::Cow;
use wecom::lenient_json;

/// Real notifications have one or two kilobytes.
pub const MAX_NOTICE_BYTES: usize = 64 * 1024;
/// What goes back with a 4xx or 5xx, so that WeChat Pay sends the notification again (§6). Success
/// is 200 or 204 with an empty body.
pub const NOTICE_FAILURE_BODY: &str = r#"{"code":"FAIL","message":"失败"}"#;

/// Only success is notified of payments (§6).
const PAYMENT_EVENTS: [&str; 1] = ["TRANSACTION.SUCCESS"];
const REFUND_EVENTS: [&str; 3] = ["REFUND.SUCCESS", "REFUND.ABNORMAL", "REFUND.CLOSED"];

/// A verified notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice<T> {
    /// Of a kind that belongs here.
    Event {
        /// The same when the notification is sent again; for logs, not for telling duplicates. May be
        /// empty.
        id: String,
        /// Such as `TRANSACTION.SUCCESS`.
        event_type: String,
        /// The same when the notification is sent again; none if it cannot be read.
        created_at: Option<DateTime<Utc>>,
        /// What happened. Whose it is (merchant, appid, number, sum) is still to be compared.
        resource: T,
    },
    /// Of a kind that is not known here. Answer 2xx, or it comes back fifteen times.
    Unknown {
        /// For logs.
        id: String,
        /// As received.
        event_type: String,
    },
}

/// A notification that is not believed or cannot be read. Shows nothing of its content.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoticeError {
    /// More than [`MAX_NOTICE_BYTES`].
    #[error("the notification is larger than 64 KiB")]
    TooLarge,
    /// Not signed by WeChat Pay, or not now.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// Signed by WeChat Pay, and of a kind that belongs to the other address.
    #[error("the notification came to the address of another kind")]
    WrongDoor,
    /// Signed by WeChat Pay, but not of the documented shape.
    #[error("the notification's {0} is malformed")]
    Malformed(&'static str),
    /// Signed by WeChat Pay, but the seal does not open: most likely another APIv3 key.
    #[error("the notification does not open: {0}")]
    Decrypt(&'static str),
}

impl NoticeError {
    /// The HTTP status to answer with, beside [`NOTICE_FAILURE_BODY`]. Never 2xx: a false signature
    /// that is answered so marks the merchant as one who does not verify (§2.2).
    #[must_use]
    pub fn reply_status(&self) -> u16 {
        match self {
            Self::TooLarge => 413,
            Self::Signature(_) => 401,
            Self::WrongDoor | Self::Malformed(_) => 400,
            // Ours to mend: the next attempt may succeed.
            Self::Decrypt(_) => 500,
        }
    }

    /// A false signature that WeChat Pay sends on purpose; not worth a warning.
    #[must_use]
    pub fn is_probe(&self) -> bool {
        matches!(
            self,
            Self::Signature(SignatureError::Mismatch { probe: true })
        )
    }
}

impl WechatPay {
    /// Looks at the headers of a notification before its body is read: nobody shall make us wait
    /// for a body who has not even named a key of WeChat Pay and the present time.
    ///
    /// # Errors
    /// [`NoticeError::Signature`].
    pub fn precheck_notice(&self, headers: &HeaderMap) -> Result<(), NoticeError> {
        verify::claim(headers, self.keys(), self.now())
            .map(drop)
            .inspect_err(|error| self.want_certificate(error))?;
        Ok(())
    }

    /// Opens a payment notification from its headers and its body as received.
    ///
    /// # Errors
    /// [`NoticeError`]; nothing of the body is read before the signature is right.
    pub fn open_payment_notice(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Notice<Transaction>, NoticeError> {
        self.open_notice(headers, body, &PAYMENT_EVENTS)
    }

    /// Opens a refund notification from its headers and its body as received.
    ///
    /// # Errors
    /// [`NoticeError`]; nothing of the body is read before the signature is right.
    pub fn open_refund_notice(
        &self,
        headers: &HeaderMap,
        body: &[u8],
    ) -> Result<Notice<RefundNotice>, NoticeError> {
        let notice: Notice<RefundNotice> = self.open_notice(headers, body, &REFUND_EVENTS)?;
        if let Notice::Event {
            event_type,
            resource,
            ..
        } = &notice
            && event_type.strip_prefix("REFUND.") != Some(resource.refund_status.as_str())
        {
            return Err(NoticeError::Malformed("refund_status"));
        }
        Ok(notice)
    }

    fn open_notice<T: DeserializeOwned>(
        &self,
        headers: &HeaderMap,
        body: &[u8],
        events: &[&str],
    ) -> Result<Notice<T>, NoticeError> {
        if body.len() > MAX_NOTICE_BYTES {
            return Err(NoticeError::TooLarge);
        }
        verify::verify(headers, body, self.keys(), self.now())
            .inspect_err(|error| self.want_certificate(error))?;
        let mut mended = None;
        let envelope = read_envelope(body, &mut mended)?;
        let (id, event_type) = (envelope.id.into_owned(), envelope.event_type.into_owned());
        if !events.contains(&event_type.as_str()) {
            let is_known = PAYMENT_EVENTS.contains(&event_type.as_str())
                || REFUND_EVENTS.contains(&event_type.as_str());
            return if is_known {
                Err(NoticeError::WrongDoor)
            } else {
                Ok(Notice::Unknown { id, event_type })
            };
        }
        let resource = envelope
            .resource
            .ok_or(NoticeError::Malformed("resource"))?;
        let resource = read_content(&self.open_resource(&resource)?)?;
        Ok(Notice::Event {
            id,
            event_type,
            created_at: envelope.create_time,
            resource,
        })
    }

    fn open_resource(&self, sealed: &ResourceBody<'_>) -> Result<Vec<u8>, NoticeError> {
        if sealed.algorithm != ALGORITHM {
            return Err(NoticeError::Malformed("algorithm"));
        }
        let aad = sealed.associated_data.as_deref().unwrap_or_default();
        let opened = self
            .api_v3_key()
            .open(&sealed.nonce, aad, &sealed.ciphertext);
        opened.map_err(|error| match error {
            OpenError::NotBase64 | OpenError::TooShort => NoticeError::Malformed("ciphertext"),
            OpenError::NonceLength => NoticeError::Malformed("nonce"),
            OpenError::TagMismatch => NoticeError::Decrypt("the tag does not match the APIv3 key"),
        })
    }
}

/// Reads a verified body. `mended` keeps the text of one with bad strings, of which the envelope is
/// a part.
fn read_envelope<'a>(
    body: &'a [u8],
    mended: &'a mut Option<String>,
) -> Result<EnvelopeBody<'a>, NoticeError> {
    let malformed = |_| NoticeError::Malformed("envelope");
    match serde_json::from_slice(body) {
        Ok(envelope) => Ok(envelope),
        Err(error) => {
            *mended = lenient_json::repaired(body);
            let text = mended.as_deref().ok_or(error).map_err(malformed)?;
            serde_json::from_str(text).map_err(malformed)
        }
    }
}

/// Reads what was sealed: numbers, ids and sums as they came, words as far as they go.
fn read_content<T: DeserializeOwned>(plain: &[u8]) -> Result<T, NoticeError> {
    lenient_json::from_slice(plain).map_err(|_| NoticeError::Malformed("content"))
}

/// Reads bytes as a verified notification and as what one of a payment or a refund holds, for
/// property tests and fuzz targets.
///
/// # Panics
/// A property does not hold.
#[cfg(any(test, fuzzing))]
pub fn read_any_notice(bytes: &[u8]) {
    let most = 3 * bytes.len();
    if let Ok(envelope) = read_envelope(bytes, &mut None) {
        assert!(envelope.id.len() + envelope.event_type.len() <= most);
    }
    if let Ok(paid) = read_content::<Transaction>(bytes) {
        for id in [&paid.app_id, &paid.mch_id, &paid.out_trade_no] {
            assert!(lenient_json::is_exact(id), "ids are never mended");
        }
        assert!(paid.attach.map_or(0, |words| words.len()) <= most);
    }
    if let Ok(refund) = read_content::<RefundNotice>(bytes) {
        assert!(
            lenient_json::is_exact(&refund.out_refund_no),
            "ids are never mended"
        );
    }
}

#[derive(Deserialize)]
struct EnvelopeBody<'a> {
    #[serde(default, borrow)]
    id: Cow<'a, str>,
    #[serde(default, deserialize_with = "optional_time")]
    create_time: Option<DateTime<Utc>>,
    #[serde(borrow)]
    event_type: Cow<'a, str>,
    #[serde(borrow)]
    resource: Option<ResourceBody<'a>>,
}

#[derive(Deserialize)]
struct ResourceBody<'a> {
    #[serde(borrow)]
    algorithm: Cow<'a, str>,
    #[serde(borrow)]
    ciphertext: Cow<'a, str>,
    associated_data: Option<String>,
    #[serde(borrow)]
    nonce: Cow<'a, str>,
}

#[cfg(test)]
mod tests {
    use super::super::refunds::RefundStatus;
    use super::super::tests::vectors;
    use super::super::transaction::{TradeState, TradeType};
    use super::super::trust::PlatformCertificate;
    use super::*;
    use serde_json::Value;

    /// A client whose clock stands at the case's "now" and which holds both kinds of keys.
    fn client_for(case: &Value) -> WechatPay {
        let mut settings = vectors::settings("https://api.mch.weixin.qq.com");
        settings.api_v3_key = case["apiv3_key"].as_str().unwrap().into();
        let now = vectors::clock_at(case["now"].as_i64().unwrap());
        let client = WechatPay::new(settings, now).unwrap();
        let pem = vectors::text("keys/platform_cert.pem");
        let certificate = PlatformCertificate::from_pem(pem.as_bytes(), vectors::PLATFORM_SERIAL);
        client
            .keys()
            .take_over(client.keys().with_certificates(vec![certificate.unwrap()]));
        client
    }

    fn body(case: &Value) -> &[u8] {
        case["body"].as_str().unwrap().as_bytes()
    }

    #[test]
    fn opens_payment_notifications_in_both_modes() {
        let vectors = vectors::json("notify_payment_success.json");
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 2);
        for case in cases {
            let notice = client_for(case).open_payment_notice(&vectors::headers(case), body(case));
            let Ok(Notice::Event {
                id,
                event_type,
                created_at,
                resource,
            }) = notice
            else {
                panic!("{}: {notice:?}", case["name"]);
            };
            assert_eq!(id, "0d5d3e0e-6a52-5c0e-9c1b-2f5b2c1d0a11");
            assert_eq!(event_type, "TRANSACTION.SUCCESS");
            assert_eq!(created_at.unwrap().timestamp(), 1_760_000_000);
            assert_eq!(resource.mch_id, "1900000001");
            assert_eq!(resource.app_id, "wx1234567890abcdef");
            assert_eq!(resource.out_trade_no, "ord_01k73xq8zs5v9n3m2h7c4t6bwe");
            assert_eq!(resource.trade_state, TradeState::Success);
            assert!(resource.trade_state.was_paid());
            assert_eq!(resource.trade_type, Some(TradeType::Jsapi));
            assert_eq!(resource.success_time.unwrap().timestamp(), 1_759_999_998);
            let amount = resource.amount.unwrap();
            assert_eq!(
                (amount.total_fen, amount.currency.as_deref()),
                (Some(19_900), Some("CNY"))
            );
            let openid = resource.payer.unwrap().openid;
            assert_eq!(openid.as_deref(), Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"));
        }
    }

    #[test]
    fn opens_refund_notifications_of_all_outcomes() {
        let vectors = vectors::json("notify_refund.json");
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 5);
        for case in cases {
            let notice = client_for(case).open_refund_notice(&vectors::headers(case), body(case));
            let Ok(Notice::Event {
                event_type,
                resource,
                ..
            }) = notice
            else {
                panic!("{}: {notice:?}", case["name"]);
            };
            let status = match event_type.as_str() {
                "REFUND.SUCCESS" => RefundStatus::Success,
                "REFUND.ABNORMAL" => RefundStatus::Abnormal,
                "REFUND.CLOSED" => RefundStatus::Closed,
                other => panic!("{other}"),
            };
            assert_eq!(resource.refund_status, status);
            assert_eq!(
                resource.success_time.is_some(),
                status == RefundStatus::Success
            );
            assert_eq!(
                (resource.amount.total_fen, resource.amount.refund_fen),
                (19_900, 9_900)
            );
        }
    }

    #[test]
    fn refuses_the_false_ones_as_the_vectors_say() {
        let vectors = vectors::json("notify_negative.json");
        for case in vectors["cases"].as_array().unwrap() {
            let name = &case["name"];
            let result = client_for(case).open_payment_notice(&vectors::headers(case), body(case));
            let seen = match &result {
                Ok(_) => "ok",
                Err(NoticeError::Signature(SignatureError::Mismatch { .. })) => "signature_invalid",
                Err(NoticeError::Signature(SignatureError::Stale { .. })) => {
                    "timestamp_out_of_window"
                }
                Err(NoticeError::Signature(SignatureError::UnknownSerial { .. })) => {
                    "unknown_serial"
                }
                Err(NoticeError::Decrypt(_)) => "decrypt_failed",
                Err(other) => panic!("{name}: {other}"),
            };
            assert_eq!(seen, case["expect"].as_str().unwrap(), "{name}");
            if let Err(error) = result {
                let reply = &case["http_reply"];
                assert_eq!(u64::from(error.reply_status()), reply["status"], "{name}");
                assert_eq!(NOTICE_FAILURE_BODY, reply["body"], "{name}");
                let probe = name.as_str().unwrap().contains("probe");
                assert_eq!(error.is_probe(), probe, "{name}");
            }
        }
    }

    #[test]
    fn a_notification_at_the_wrong_door_is_refused_and_comes_again() {
        let refunds = vectors::json("notify_refund.json");
        let case = &refunds["cases"][0];
        let notice = client_for(case).open_payment_notice(&vectors::headers(case), body(case));
        assert_eq!(notice, Err(NoticeError::WrongDoor));
        assert_eq!(NoticeError::WrongDoor.reply_status(), 400);
        let payments = vectors::json("notify_payment_success.json");
        let case = &payments["cases"][0];
        let notice = client_for(case).open_refund_notice(&vectors::headers(case), body(case));
        assert_eq!(notice, Err(NoticeError::WrongDoor));
    }
}
