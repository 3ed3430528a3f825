//! The documented request bodies and the typed requests they become (wechat-pay-v3 §4, §5, §7.1).

use std::net::IpAddr;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};

use super::answer::Refusal;
use super::fields::{Field, Kind, check, checked, optional, required, text};
use super::funds::FundsAccount;

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// In a page inside WeChat or WeCom, by a known openid.
    Jsapi,
    /// By scanning a QR code.
    Native,
    /// From a browser outside WeChat.
    H5,
}

impl Channel {
    /// What `trade_type` says; H5 is `MWEB`.
    pub(super) fn trade_type(self) -> &'static str {
        match self {
            Self::Jsapi => "JSAPI",
            Self::Native => "NATIVE",
            Self::H5 => "MWEB",
        }
    }
}

/// A checked request to create an order.
#[derive(Debug, Clone)]
pub(super) struct OrderRequest {
    pub(super) channel: Channel,
    pub(super) app_id: String,
    pub(super) mchid: String,
    pub(super) description: String,
    pub(super) out_trade_no: String,
    pub(super) time_expire: Option<DateTime<Utc>>,
    pub(super) attach: Option<String>,
    pub(super) notify_url: String,
    pub(super) total_fen: i64,
    pub(super) openid: Option<String>,
    /// What must be equal when the number is posted again; `time_expire` is fixed by the first
    /// call and not compared.
    pub(super) fingerprint: Value,
}

/// A checked request to refund.
#[derive(Debug, Clone)]
pub(super) struct RefundRequest {
    pub(super) transaction_id: Option<String>,
    pub(super) out_trade_no: Option<String>,
    pub(super) out_refund_no: String,
    pub(super) reason: Option<String>,
    pub(super) notify_url: Option<String>,
    pub(super) funds_account: FundsAccount,
    pub(super) refund_fen: i64,
    pub(super) total_fen: i64,
}

const ORDER_AMOUNT: &[Field] = &[
    required("total", Kind::Integer { min: 1 }),
    optional("currency", checked(16, |currency| currency == "CNY")),
];
const PAYER: &[Field] = &[required("openid", checked(128, is_openid))];
const GOODS: &[Field] = &[
    required("merchant_goods_id", text(32)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("quantity", Kind::Integer { min: 1 }),
    required("unit_price", Kind::Integer { min: 0 }),
];
const DETAIL: &[Field] = &[
    optional("cost_price", Kind::Integer { min: 0 }),
    optional("invoice_id", text(32)),
    optional("goods_detail", Kind::List(&Kind::Object(GOODS))),
];
const STORE: &[Field] = &[
    required("id", text(32)),
    optional("name", text(256)),
    optional("area_code", text(32)),
    optional("address", text(512)),
];
const SCENE: &[Field] = &[
    required("payer_client_ip", checked(45, is_ip)),
    optional("device_id", text(32)),
    optional("store_info", Kind::Object(STORE)),
];
const H5_INFO: &[Field] = &[
    required(
        "type",
        checked(32, |kind| matches!(kind, "Wap" | "iOS" | "Android")),
    ),
    optional("app_name", text(64)),
    optional("app_url", text(128)),
    optional("bundle_id", text(128)),
    optional("package_name", text(128)),
];
const H5_SCENE: &[Field] = &[
    required("payer_client_ip", checked(45, is_ip)),
    optional("device_id", text(32)),
    optional("store_info", Kind::Object(STORE)),
    required("h5_info", Kind::Object(H5_INFO)),
];
const SETTLE: &[Field] = &[optional("profit_sharing", Kind::Bool)];
const LIMIT_PAY: Kind = checked(32, |limit| {
    matches!(
        limit,
        "no_balance" | "no_credit" | "no_debit" | "balance_only"
    )
});

/// The body of an order: the fields all channels have, and the channel's own.
macro_rules! order_fields {
    ($($own:expr),*) => {
        &[
            required("appid", text(32)),
            required("mchid", text(32)),
            required("description", text(127)),
            required(
                "out_trade_no",
                Kind::Text { min: 6, max: 32, check: is_out_trade_no },
            ),
            optional("time_expire", checked(64, |time| parse_time(time).is_some())),
            optional("attach", text(128)),
            required("notify_url", checked(255, is_notify_url)),
            optional("goods_tag", text(32)),
            optional("limit_pay", Kind::List(&LIMIT_PAY)),
            optional("support_fapiao", Kind::Bool),
            required("amount", Kind::Object(ORDER_AMOUNT)),
            optional("detail", Kind::Object(DETAIL)),
            optional("settle_info", Kind::Object(SETTLE)),
            $($own),*
        ]
    };
}

const JSAPI: &[Field] = order_fields!(
    required("payer", Kind::Object(PAYER)),
    optional("scene_info", Kind::Object(SCENE))
);
const NATIVE: &[Field] = order_fields!(optional("scene_info", Kind::Object(SCENE)));
const H5: &[Field] = order_fields!(required("scene_info", Kind::Object(H5_SCENE)));

const CLOSE: &[Field] = &[required("mchid", text(32))];

const REFUND_FROM: &[Field] = &[
    required(
        "account",
        checked(32, |account| matches!(account, "AVAILABLE" | "UNAVAILABLE")),
    ),
    required("amount", Kind::Integer { min: 1 }),
];
const REFUND_AMOUNT: &[Field] = &[
    required("refund", Kind::Integer { min: 1 }),
    required("total", Kind::Integer { min: 1 }),
    required("currency", checked(16, |currency| currency == "CNY")),
    optional("from", Kind::List(&Kind::Object(REFUND_FROM))),
];
const REFUND_GOODS: &[Field] = &[
    required("merchant_goods_id", text(32)),
    optional("wechatpay_goods_id", text(32)),
    optional("goods_name", text(256)),
    required("unit_price", Kind::Integer { min: 0 }),
    required("refund_amount", Kind::Integer { min: 1 }),
    required("refund_quantity", Kind::Integer { min: 1 }),
];
const REFUND: &[Field] = &[
    optional("transaction_id", text(32)),
    optional(
        "out_trade_no",
        Kind::Text {
            min: 6,
            max: 32,
            check: is_out_trade_no,
        },
    ),
    required("out_refund_no", checked(64, is_out_refund_no)),
    optional("reason", text(80)),
    optional("notify_url", checked(256, is_notify_url)),
    optional(
        "funds_account",
        checked(32, |account| account == "AVAILABLE"),
    ),
    required("amount", Kind::Object(REFUND_AMOUNT)),
    optional("goods_detail", Kind::List(&Kind::Object(REFUND_GOODS))),
];

impl OrderRequest {
    /// Checks the body of a create-order call.
    pub(super) fn parse(channel: Channel, body: &[u8]) -> Result<Self, Refusal> {
        let fields = match channel {
            Channel::Jsapi => JSAPI,
            Channel::Native => NATIVE,
            Channel::H5 => H5,
        };
        let mut value = check(body, fields)?;
        let time_expire = optional_text(&value, "/time_expire");
        let request = Self {
            channel,
            app_id: text_at(&value, "/appid"),
            mchid: text_at(&value, "/mchid"),
            description: text_at(&value, "/description"),
            out_trade_no: text_at(&value, "/out_trade_no"),
            time_expire: time_expire.as_deref().and_then(parse_time),
            attach: optional_text(&value, "/attach"),
            notify_url: text_at(&value, "/notify_url"),
            total_fen: integer_at(&value, "/amount/total"),
            openid: optional_text(&value, "/payer/openid"),
            fingerprint: Value::Null,
        };
        if let Some(object) = value.as_object_mut() {
            object.remove("time_expire");
        }
        Ok(Self {
            fingerprint: value,
            ..request
        })
    }
}

impl RefundRequest {
    /// Checks the body of a refund call.
    pub(super) fn parse(body: &[u8]) -> Result<Self, Refusal> {
        let value = check(body, REFUND)?;
        let request = Self {
            transaction_id: optional_text(&value, "/transaction_id"),
            out_trade_no: optional_text(&value, "/out_trade_no"),
            out_refund_no: text_at(&value, "/out_refund_no"),
            reason: optional_text(&value, "/reason"),
            notify_url: optional_text(&value, "/notify_url"),
            // The table lets nothing else than AVAILABLE pass.
            funds_account: match optional_text(&value, "/funds_account") {
                Some(_) => FundsAccount::Available,
                None => FundsAccount::Unsettled,
            },
            refund_fen: integer_at(&value, "/amount/refund"),
            total_fen: integer_at(&value, "/amount/total"),
        };
        if request.transaction_id.is_none() && request.out_trade_no.is_none() {
            return Err(Refusal::param(
                "a refund names its order",
                "transaction_id和out_trade_no必须二选一",
                json!({"location": "body", "field": "/transaction_id", "issue": "required"}),
            ));
        }
        Ok(request)
    }
}

/// Checks the body of a close call; answers its mchid.
pub(super) fn parse_close(body: &[u8]) -> Result<String, Refusal> {
    Ok(text_at(&check(body, CLOSE)?, "/mchid"))
}

/// `^[0-9A-Za-z_\-|*]{6,32}$` (§4.1); the length is checked by the table.
pub(super) fn is_out_trade_no(number: &str) -> bool {
    number
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-|*".contains(&byte))
}

/// `^[0-9A-Za-z_\-|*@]{1,64}$` (§4.1); the length is checked by the table.
pub(super) fn is_out_refund_no(number: &str) -> bool {
    number
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"_-|*@".contains(&byte))
}

/// Letters, digits, `_` and `-`, at most 128 of them.
pub(super) fn is_openid(openid: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-".contains(&byte);
    (1..=128).contains(&openid.len()) && openid.bytes().all(is_allowed)
}

fn is_ip(address: &str) -> bool {
    address.parse::<IpAddr>().is_ok()
}

/// https, absolute, no query, no fragment, no user. Plain http passes on loopback only: there the
/// stand-in takes the place of the public address.
fn is_notify_url(url: &str) -> bool {
    let Ok(parsed) = reqwest::Url::parse(url) else {
        return false;
    };
    let loopback = match parsed.host_str() {
        Some("localhost") => true,
        Some(host) => host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback()),
        None => return false,
    };
    (parsed.scheme() == "https" || (parsed.scheme() == "http" && loopback))
        && !url.contains(['?', '#', ' '])
        && parsed.username().is_empty()
}

/// RFC 3339 with offset; a fraction is allowed.
fn parse_time(time: &str) -> Option<DateTime<Utc>> {
    let has_separator = time.as_bytes().get(10) == Some(&b'T');
    DateTime::parse_from_rfc3339(time)
        .ok()
        .filter(|_| has_separator)
        .map(|time| time.with_timezone(&Utc))
}

fn optional_text(value: &Value, pointer: &str) -> Option<String> {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .map(str::to_owned)
}

/// A required text: the table has made sure that it is there.
fn text_at(value: &Value, pointer: &str) -> String {
    optional_text(value, pointer).unwrap_or_default()
}

/// A required integer: the table has made sure that it is there.
fn integer_at(value: &Value, pointer: &str) -> i64 {
    value
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(change: impl FnOnce(&mut Value)) -> Result<OrderRequest, Refusal> {
        let mut body = json!({
            "appid": "wx1234567890abcdef", "mchid": "1900000001", "description": "押金",
            "out_trade_no": "ord_01k73xq8zs5v9n3m2h7c4t6bwe",
            "notify_url": "https://pay.example.com/notify", "amount": {"total": 9900},
        });
        change(&mut body);
        OrderRequest::parse(Channel::Native, body.to_string().as_bytes())
    }

    #[test]
    fn rules_of_single_fields() {
        let cases: &[(&str, Value, bool)] = &[
            ("out_trade_no", json!("abcdef"), true),
            ("out_trade_no", json!("abcde"), false),
            ("out_trade_no", json!("a".repeat(33)), false),
            ("out_trade_no", json!("ord_@12345"), false),
            ("out_trade_no", json!("a|b*c-_9"), true),
            ("description", json!("押".repeat(42)), true),
            ("description", json!("押".repeat(43)), false),
            ("time_expire", json!("2025-10-09T17:23:20+08:00"), true),
            ("time_expire", json!("2025-10-09T17:23:20.120+08:00"), true),
            ("time_expire", json!("20251009172320"), false),
            ("time_expire", json!("2025-10-09 17:23:20+08:00"), false),
            ("notify_url", json!("http://pay.example.com/notify"), false),
            ("notify_url", json!("http://127.0.0.1:8080/notify"), true),
            (
                "notify_url",
                json!("https://pay.example.com/notify?a=1"),
                false,
            ),
            ("notify_url", json!("/notify"), false),
            ("amount", json!({"total": 1, "currency": "USD"}), false),
            ("payer", json!({"openid": "o123"}), false),
            ("limit_pay", json!(["no_credit"]), true),
            ("limit_pay", json!(["no_coins"]), false),
        ];
        for (field, value, ok) in cases {
            let result = native(|body| body[*field] = value.clone());
            assert_eq!(result.is_ok(), *ok, "{field} {value}");
        }
    }

    #[test]
    fn each_channel_has_its_own_requirements() {
        let base = json!({
            "appid": "wx1234567890abcdef", "mchid": "1900000001", "description": "押金",
            "out_trade_no": "ord_01k73xq8zs5v9n3m2h7c4t6bwe",
            "notify_url": "https://pay.example.com/notify", "amount": {"total": 9900},
        });
        for channel in [Channel::Jsapi, Channel::H5] {
            let refusal = OrderRequest::parse(channel, base.to_string().as_bytes()).unwrap_err();
            assert_eq!(refusal.answer().status, 400);
        }
        let mut h5 = base.clone();
        h5["scene_info"] = json!({"payer_client_ip": "203.0.113.9", "h5_info": {"type": "Wap"}});
        OrderRequest::parse(Channel::H5, h5.to_string().as_bytes()).unwrap();
        h5["scene_info"]["h5_info"]["type"] = json!("wap");
        OrderRequest::parse(Channel::H5, h5.to_string().as_bytes()).unwrap_err();
    }

    #[test]
    fn only_the_expiry_may_differ_when_a_number_is_posted_again() {
        let first = native(|_| ()).unwrap();
        let later =
            native(|body| body["time_expire"] = json!("2025-10-09T17:23:20+08:00")).unwrap();
        let dearer = native(|body| body["amount"]["total"] = json!(9901)).unwrap();
        assert_eq!(first.fingerprint, later.fingerprint);
        assert_ne!(first.fingerprint, dearer.fingerprint);
    }
}
