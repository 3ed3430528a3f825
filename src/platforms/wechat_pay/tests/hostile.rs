//! Any bytes at the doors that strangers reach: typed errors, never a panic.

use super::super::trust::{PlatformCertificate, VerifyKey};
use super::super::{MAX_NOTICE_BYTES, Notice, NoticeError, SignatureError, TradeState, WechatPay};
use super::peer::{PeerKey, seal};
use super::vectors;
use proptest::prelude::*;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use std::sync::LazyLock;

const NOW: i64 = 1_760_000_002;
const HEADERS: [&str; 5] = [
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Signature",
    "Wechatpay-Serial",
    "Wechatpay-Signature-Type",
];

static CLIENT: LazyLock<WechatPay> = LazyLock::new(|| {
    let settings = vectors::settings("https://api.mch.weixin.qq.com");
    WechatPay::new(settings, vectors::clock_at(NOW)).unwrap()
});
static KEY: LazyLock<PeerKey> = LazyLock::new(PeerKey::public);
static GOOD: LazyLock<Value> =
    LazyLock::new(|| vectors::json("notify_payment_success.json")["cases"][0].clone());

fn signed(body: &[u8]) -> HeaderMap {
    let headers = KEY.sign(NOW, body).into_iter();
    headers
        .map(|(name, value)| {
            let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
            (name, HeaderValue::from_str(&value).unwrap())
        })
        .collect()
}

/// A notification whose seal opens and holds these bytes.
fn notification(event_type: &str, plain: &[u8]) -> Vec<u8> {
    json!({
        "id": "EV-1",
        "event_type": event_type,
        "resource": {
            "algorithm": "AEAD_AES_256_GCM",
            "nonce": "Kj7QIyUiYx1q",
            "associated_data": "transaction",
            "ciphertext": seal("Kj7QIyUiYx1q", "transaction", plain),
        },
    })
    .to_string()
    .into_bytes()
}

#[test]
fn an_oversized_notification_is_refused_before_anything_else() {
    let body = vec![b' '; MAX_NOTICE_BYTES + 1];
    let result = CLIENT.open_payment_notice(&signed(&body), &body);
    assert_eq!(result, Err(NoticeError::TooLarge));
    let body = vec![b' '; MAX_NOTICE_BYTES];
    let result = CLIENT.open_payment_notice(&signed(&body), &body);
    assert_eq!(result, Err(NoticeError::Malformed("envelope")));
}

#[test]
fn signed_notifications_of_the_wrong_shape_are_typed() {
    let good: Value = serde_json::from_slice(&notification("TRANSACTION.SUCCESS", b"{}")).unwrap();
    let with = |pointer: &str, value: Value| {
        let mut changed = good.clone();
        *changed.pointer_mut(pointer).unwrap() = value;
        changed
    };
    let cases = [
        (good.clone(), "content"),
        (with("/resource", Value::Null), "resource"),
        (
            with("/resource/algorithm", json!("AEAD_SM4_GCM")),
            "algorithm",
        ),
        (with("/resource/nonce", json!("")), "nonce"),
        (with("/resource/nonce", json!("中文中文中文")), "nonce"),
        (with("/resource/ciphertext", json!("AAAA")), "ciphertext"),
        (with("/resource/ciphertext", json!("=")), "ciphertext"),
        (with("/resource/ciphertext", json!(7)), "envelope"),
        (with("/id", Value::Null), "envelope"),
        (
            with("/event_type", json!(["TRANSACTION.SUCCESS"])),
            "envelope",
        ),
    ];
    for (body, part) in cases {
        let body = body.to_string().into_bytes();
        let result = CLIENT.open_payment_notice(&signed(&body), &body);
        assert_eq!(result, Err(NoticeError::Malformed(part)));
    }
    for body in [
        b"".as_slice(),
        b"\xff\xfe",
        b"null",
        b"[]",
        "[".repeat(9_000).as_bytes(),
    ] {
        let result = CLIENT.open_refund_notice(&signed(body), body);
        assert_eq!(result, Err(NoticeError::Malformed("envelope")));
    }
}

#[test]
fn what_decides_nothing_loses_no_payment() {
    let plain = b"{\"appid\":\"wx1\",\"mchid\":\"1\",\"out_trade_no\":\"ord_000001\",\
        \"transaction_id\":\"42\",\"trade_state\":\"SUCCESS\",\"success_time\":\"20260225112233\",\
        \"trade_state_desc\":\"a\nb\\ud83d\",\"bank_type\":7,\"attach\":\"\xe5\xb0\",\
        \"amount\":{\"total\":19900,\"currency\":\"CNY\"},\"payer\":{\"openid\":\"o1\"}}";
    let body = notification("TRANSACTION.SUCCESS", plain);
    let mut envelope: Value = serde_json::from_slice(&body).unwrap();
    envelope["create_time"] = json!("20260225112233");
    envelope["id"] = Value::Null;
    envelope.as_object_mut().unwrap().remove("id");
    let whole = envelope.to_string();
    let odd = [
        b"\xef\xbb\xbf{\"summary\":\"a\nb\xe5\",",
        &whole.as_bytes()[1..],
    ]
    .concat();
    for body in [whole.as_bytes(), &odd] {
        let notice = CLIENT.open_payment_notice(&signed(body), body);
        let Ok(Notice::Event {
            created_at,
            resource,
            ..
        }) = notice
        else {
            panic!("{notice:?}")
        };
        assert_eq!((created_at, resource.success_time), (None, None));
        assert_eq!(resource.amount.unwrap().total_fen, Some(19_900));
        assert_eq!(resource.trade_state_desc.as_deref(), Some("a\nb\u{fffd}"));
    }
}

#[test]
fn an_id_or_a_payer_is_never_mended() {
    for (from, to) in [
        ("\"o1\"", "\"o1\\ud83d\""),
        ("\"ord_000001\"", "\"ord_\n000001\""),
    ] {
        let plain = r#"{"appid":"wx1","mchid":"1","out_trade_no":"ord_000001","trade_state":"SUCCESS",
            "amount":{"total":1},"payer":{"openid":"o1"}}"#;
        let body = notification("TRANSACTION.SUCCESS", plain.replace(from, to).as_bytes());
        let notice = CLIENT.open_payment_notice(&signed(&body), &body);
        assert_eq!(notice, Err(NoticeError::Malformed("content")));
    }
}

#[test]
fn other_events_are_not_opened() {
    let body = br#"{"id":"EV-1","event_type":"PAYSCORE.USER_OPEN_SERVICE"}"#;
    let unknown = Notice::Unknown {
        id: "EV-1".to_owned(),
        event_type: "PAYSCORE.USER_OPEN_SERVICE".to_owned(),
    };
    assert_eq!(CLIENT.open_payment_notice(&signed(body), body), Ok(unknown));
}

#[test]
fn unknown_words_and_fields_inside_are_kept() {
    let plain = json!({
        "appid": "wx1", "mchid": "1", "out_trade_no": "ord_000001", "trade_state": "FROZEN",
        "amount": null, "payer": {}, "success_time": "", "something_new": {"deep": [1]},
    });
    let body = notification("TRANSACTION.SUCCESS", plain.to_string().as_bytes());
    let notice = CLIENT.open_payment_notice(&signed(&body), &body);
    let Ok(Notice::Event { resource, .. }) = notice else {
        panic!("{notice:?}")
    };
    assert_eq!(
        resource.trade_state,
        TradeState::Unknown("FROZEN".to_owned())
    );
    assert_eq!(resource.success_time, None);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_headers_and_any_body_are_refused(
        values in prop::array::uniform5(prop::option::of(prop::collection::vec(any::<u8>(), 0..80))),
        body in prop::collection::vec(any::<u8>(), 0..400),
    ) {
        let mut headers = HeaderMap::new();
        for (name, value) in HEADERS.into_iter().zip(values) {
            let value = value.and_then(|value| HeaderValue::from_bytes(&value).ok());
            if let Some(value) = value {
                headers.insert(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
            }
        }
        let payment = CLIENT.open_payment_notice(&headers, &body);
        prop_assert!(matches!(payment, Err(NoticeError::Signature(_))), "{payment:?}");
        let refund = CLIENT.open_refund_notice(&headers, &body);
        prop_assert!(matches!(refund, Err(NoticeError::Signature(_))), "{refund:?}");
    }

    #[test]
    fn any_signature_text_under_good_headers_is_a_mismatch(signature in "[ -~]{0,400}") {
        let mut headers = vectors::headers(&GOOD);
        headers.insert("Wechatpay-Signature", HeaderValue::from_str(&signature).unwrap());
        let body = GOOD["body"].as_str().unwrap().as_bytes();
        let result = CLIENT.open_payment_notice(&headers, body);
        let mismatch =
            matches!(result, Err(NoticeError::Signature(SignatureError::Mismatch { .. })));
        prop_assert!(mismatch, "{result:?}");
    }

    #[test]
    fn any_changed_or_cut_body_is_a_mismatch(at in any::<prop::sample::Index>(), flip in 1u8..) {
        let good = GOOD["body"].as_str().unwrap().as_bytes();
        let headers = vectors::headers(&GOOD);
        let at = at.index(good.len());
        let mut changed = good.to_vec();
        changed[at] ^= flip;
        for body in [&changed, &good[..at]] {
            let result = CLIENT.open_payment_notice(&headers, body);
            let mismatch =
                matches!(result, Err(NoticeError::Signature(SignatureError::Mismatch { .. })));
            prop_assert!(mismatch, "{result:?}");
        }
    }

    #[test]
    fn any_signed_bytes_are_typed(body in prop::collection::vec(any::<u8>(), 0..300)) {
        let result = CLIENT.open_payment_notice(&signed(&body), &body);
        prop_assert_eq!(result, Err(NoticeError::Malformed("envelope")));
    }

    #[test]
    fn any_sealed_bytes_are_typed(plain in prop::collection::vec(any::<u8>(), 0..300)) {
        let body = notification("REFUND.SUCCESS", &plain);
        let result = CLIENT.open_refund_notice(&signed(&body), &body);
        prop_assert_eq!(result, Err(NoticeError::Malformed("content")));
    }

    #[test]
    fn any_seal_under_a_good_signature_is_typed(
        nonce in "\\PC{0,16}", aad in "\\PC{0,16}", ciphertext in "[A-Za-z0-9+/]{0,80}={0,2}",
    ) {
        let body = json!({
            "id": "EV-1", "event_type": "TRANSACTION.SUCCESS",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": aad,
                "ciphertext": ciphertext,
            },
        });
        let body = body.to_string().into_bytes();
        let result = CLIENT.open_payment_notice(&signed(&body), &body);
        let typed = matches!(result, Err(NoticeError::Malformed(_) | NoticeError::Decrypt(_)));
        prop_assert!(typed, "{result:?}");
    }

    #[test]
    fn any_certificate_text_is_typed(
        text in prop::collection::vec(any::<u8>(), 0..300),
        at in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        prop_assert!(PlatformCertificate::from_pem(&text, "1").is_err());
        // Nearly right ones too: a changed byte may or may not matter, a panic would.
        let mut pem = vectors::text("keys/platform_cert.pem").into_bytes();
        let at = at.index(pem.len());
        pem[at] = byte;
        let _ = PlatformCertificate::from_pem(&pem, vectors::PLATFORM_SERIAL);
        let _ = VerifyKey::from_pem(&String::from_utf8_lossy(&pem));
    }
}

#[test]
fn a_refund_that_contradicts_its_event_is_refused_and_comes_again() {
    for (status, expected) in [
        ("SUCCESS", None),
        ("PROCESSING", Some(NoticeError::Malformed("refund_status"))),
    ] {
        let plain = json!({
            "mchid": "1900000001", "out_trade_no": "ord_01k73xq8zs5v9n3m2h7c4t6bwe",
            "out_refund_no": "rfd_1", "refund_id": "5030", "refund_status": status,
            "amount": {"total": 19_900, "refund": 9_900},
        });
        let nonce = "61f9c719728a";
        let body = json!({
            "id": "1", "event_type": "REFUND.SUCCESS",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "associated_data": "refund", "nonce": nonce,
                "ciphertext": seal(nonce, "refund", plain.to_string().as_bytes()),
            },
        })
        .to_string();
        let mut headers = HeaderMap::new();
        for (name, value) in KEY.sign(NOW, body.as_bytes()) {
            headers.insert(name, value.parse().unwrap());
        }
        let notice = CLIENT.open_refund_notice(&headers, body.as_bytes());
        assert_eq!(notice.err(), expected, "{status}");
    }
}

proptest! {
    #[test]
    fn any_content_is_lived_through(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        pieces in prop::collection::vec(prop::sample::select(&[
            "{", "}", ",", "\"appid\":\"wx1\"", "\"mchid\":\"1\"", "\"out_trade_no\":\"ord_\\ud83d\"",
            "\"out_trade_no\":\"ord_1\"", "\"trade_state\":\"SUCCESS\"", "\"amount\":{\"total\":1}",
            "\"amount\":{\"total\":-1,\"refund\":1}", "\"id\":\"EV\n\"", "\"event_type\":\"\\ud83d\"",
            "\"attach\":\"a\nb\"", "\"success_time\":1", "\"refund_status\":\"SUCCESS\"", "\u{feff}",
        ][..]), 0..12),
    ) {
        super::super::notices::read_any_notice(&bytes);
        let object = format!("{{{}}}", pieces.join(","));
        super::super::notices::read_any_notice(object.as_bytes());
        super::super::notices::read_any_notice(pieces.concat().as_bytes());
    }
}
