//! Notifications of paid orders, signed and sealed as WeChat Pay does (wechat-pay-v3 §6), with the
//! throw-away keys of the stand-in.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::drive::Request;

pub(crate) use sandbox::wechat_pay::{
    API_V3_KEY, APP_ID, MERCHANT_ID, MERCHANT_PRIVATE_KEY_PEM, MERCHANT_SERIAL, PUBLIC_KEY_ID,
    PUBLIC_KEY_PEM,
};

const PUBLIC_KEY_SIGNER_PEM: &str =
    include_str!("../../sandbox/keys/wechatpay_pub_private_key.pem");

pub(crate) const DEPOSIT_FEN: i64 = 9_900;

/// What the payers of some orders say of themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claims {
    /// Nothing: they bind later.
    None,
    /// An account that no roster knows yet.
    Typed,
}

impl Claims {
    /// The number at WeChat Pay of one of their orders.
    pub(crate) fn order_no(self, place: usize) -> String {
        let kind = match self {
            Self::None => 'n',
            Self::Typed => 't',
        };
        format!("ord_{kind}{place:025}")
    }
}

/// The notification of each order, signed now.
pub(crate) fn notices(claims: Claims, count: usize) -> Vec<Request> {
    let signer = RsaKeyPair::from_pkcs8(&der(PUBLIC_KEY_SIGNER_PEM)).expect("the key is right");
    let sealer = UnboundKey::new(&AES_256_GCM, API_V3_KEY.as_bytes()).expect("32 bytes");
    let sealer = LessSafeKey::new(sealer);
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let places: Vec<usize> = (0..count).collect();
    std::thread::scope(|scope| {
        let parts: Vec<_> = places
            .chunks(count.div_ceil(threads))
            .map(|part| {
                let (signer, sealer) = (&signer, &sealer);
                scope.spawn(move || {
                    let one = |place: &usize| notice(signer, sealer, &claims.order_no(*place));
                    part.iter().map(one).collect::<Vec<_>>()
                })
            })
            .collect();
        let signed = parts.into_iter().map(|part| part.join().expect("no panic"));
        signed.flatten().collect()
    })
}

fn notice(signer: &RsaKeyPair, sealer: &LessSafeKey, order_no: &str) -> Request {
    let now = chrono::Utc::now();
    let transaction = json!({
        "appid": APP_ID, "mchid": MERCHANT_ID, "out_trade_no": order_no,
        "trade_state": "SUCCESS", "trade_state_desc": "支付成功", "trade_type": "NATIVE",
        "bank_type": "OTHERS", "success_time": now.to_rfc3339(),
        "transaction_id": format!("42{order_no}"),
        "payer": {"openid": format!("o{order_no}")},
        "amount": {
            "total": DEPOSIT_FEN, "payer_total": DEPOSIT_FEN,
            "currency": "CNY", "payer_currency": "CNY",
        },
        "promotion_detail": [],
    });
    let mut sealed = transaction.to_string().into_bytes();
    let nonce = "0123456789ab";
    sealer
        .seal_in_place_append_tag(
            Nonce::try_assume_unique_for_key(nonce.as_bytes()).expect("twelve bytes"),
            Aad::from(b"transaction"),
            &mut sealed,
        )
        .expect("it can be sealed");
    let body = json!({
        "id": format!("notice-{order_no}"), "create_time": now.to_rfc3339(),
        "resource_type": "encrypt-resource", "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": {
            "original_type": "transaction", "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": STANDARD.encode(sealed), "associated_data": "transaction",
            "nonce": nonce,
        },
    })
    .to_string();
    let timestamp = now.timestamp().to_string();
    let signed = format!("{timestamp}\n{nonce}\n{body}\n");
    let mut signature = vec![0; signer.public_modulus_len()];
    signer
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            signed.as_bytes(),
            &mut signature,
        )
        .expect("it can be signed");
    let headers = [
        ("Content-Type", "application/json"),
        ("Wechatpay-Serial", PUBLIC_KEY_ID),
        ("Wechatpay-Timestamp", timestamp.as_str()),
        ("Wechatpay-Nonce", nonce),
        ("Wechatpay-Signature", &STANDARD.encode(signature)),
    ];
    Request::post("/api/webhook/wechat/payment", &headers, &body, "204")
}

fn der(pem: &str) -> Vec<u8> {
    let base64: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    STANDARD.decode(base64.trim()).expect("PEM")
}
