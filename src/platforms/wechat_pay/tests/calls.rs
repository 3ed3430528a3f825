//! Each call against the peer: what goes out, and what becomes of every kind of answer.

use super::super::{
    Channel, Error, NewOrder, NewRefund, NextStep, PaidBy, Prepay, RefundStatus, Settings,
    SignatureError, Timeouts, TradeState, WechatPay,
};
use super::peer::{Peer, PeerKey, Reply, Seen};
use super::vectors;
use std::time::Duration;

const NOW: i64 = 1_760_000_000;
const PREPAY: &str = r#"{"prepay_id":"wx09165320000000a1b2c3d4e5f6a7b80000"}"#;
const REFUND: &str = r#"{"refund_id":"50000000382019052709732678859","out_refund_no":"rfd_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d","status":"PROCESSING","brand_new_field":[1],"amount":{"total":19900,"refund":9900,"currency":"CNY"}}"#;

fn client(settings: Settings) -> WechatPay {
    WechatPay::new(settings, vectors::clock_at(NOW)).unwrap()
}

fn client_of(peer: &Peer) -> WechatPay {
    client(vectors::settings(&peer.api_base))
}

async fn signing_peer(status: u16, body: &'static str) -> Peer {
    Peer::start(move |_| Reply::new(status, body).signed_by(&PeerKey::public(), NOW)).await
}

fn order(out_trade_no: &str, channel: Channel) -> NewOrder {
    NewOrder {
        out_trade_no: out_trade_no.to_owned(),
        description: "示例商品-年度会员".to_owned(),
        amount_fen: 19_900,
        notify_url: "https://pay.example.com/wechatpay/notify".to_owned(),
        expires_at: None,
        attach: None,
        channel,
    }
}

fn jsapi_order() -> NewOrder {
    let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned();
    NewOrder {
        expires_at: chrono::DateTime::from_timestamp(1_760_001_800, 0),
        attach: Some("tenant=t1".to_owned()),
        ..order("ord_01k73xq8zs5v9n3m2h7c4t6bwe", Channel::Jsapi { openid })
    }
}

fn new_refund() -> NewRefund {
    NewRefund {
        payment: PaidBy::Order("ord_01k73xq8zs5v9n3m2h7c4t6bwe".to_owned()),
        out_refund_no: "rfd_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d".to_owned(),
        reason: Some("用户申请退款".to_owned()),
        refund_fen: 9_900,
        total_fen: 19_900,
        notify_url: Some("https://pay.example.com/wechatpay/refund-notify".to_owned()),
        funds_account: None,
    }
}

/// The request of the vectors with this name, checked for target (behind the peer's base path),
/// method and body.
fn assert_as_in_vectors(seen: &Seen, name: &str) {
    let vectors = vectors::json("request_signing.json");
    let cases = vectors["cases"].as_array().unwrap();
    let case = cases.iter().find(|case| case["name"] == name).unwrap();
    assert_eq!(seen.method, case["method"].as_str().unwrap());
    let target = format!("/wechat-pay{}", case["canonical_url"].as_str().unwrap());
    assert_eq!(seen.target, target);
    assert_eq!(seen.body, case["body"].as_str().unwrap());
    assert_eq!(seen.header("Wechatpay-Serial"), vectors::PUBLIC_KEY_ID);
}

#[tokio::test]
async fn orders_go_out_as_in_the_vectors_and_give_their_means_of_payment() {
    let payer_ip = "203.0.113.9".parse().unwrap();
    let cases = [
        (
            "jsapi_prepay",
            jsapi_order(),
            PREPAY,
            Prepay::Jsapi {
                prepay_id: "wx09165320000000a1b2c3d4e5f6a7b80000".to_owned(),
            },
        ),
        (
            "native_prepay",
            order("ord_01k73xq8zs5v9n3m2h7c4t6bwg", Channel::Native),
            r#"{"code_url":"weixin://wxpay/bizpayurl?pr=p4lpSuKzz"}"#,
            Prepay::Native {
                code_url: "weixin://wxpay/bizpayurl?pr=p4lpSuKzz".to_owned(),
            },
        ),
        (
            "h5_prepay",
            order("ord_01k73xq8zs5v9n3m2h7c4t6bwf", Channel::H5 { payer_ip }),
            r#"{"h5_url":"https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1"}"#,
            Prepay::H5 {
                h5_url: "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx1"
                    .to_owned(),
            },
        ),
    ];
    for (name, order, answer, expected) in cases {
        let peer = signing_peer(200, answer).await;
        assert_eq!(
            client_of(&peer).create_order(&order).await.unwrap(),
            expected
        );
        let seen = peer.seen();
        assert_eq!(seen.len(), 1);
        assert_as_in_vectors(&seen[0], name);
    }
}

#[tokio::test]
async fn every_call_has_its_own_nonce() {
    let peer = signing_peer(200, PREPAY).await;
    let client = client_of(&peer);
    client.create_order(&jsapi_order()).await.unwrap();
    client.clone().create_order(&jsapi_order()).await.unwrap();
    let seen = peer.seen();
    assert_eq!(
        seen[0].body, seen[1].body,
        "the same order must be the same body"
    );
    assert_ne!(
        seen[0].credential("nonce_str"),
        seen[1].credential("nonce_str")
    );
}

#[tokio::test]
async fn an_answer_for_another_channel_is_no_means_of_payment() {
    let peer = signing_peer(200, r#"{"code_url":"weixin://wxpay/bizpayurl?pr=1"}"#).await;
    let error = client_of(&peer)
        .create_order(&jsapi_order())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::UnexpectedAnswer { status: 200, .. }),
        "{error}"
    );
}

#[test]
fn pay_params_are_signed_and_named_as_the_page_needs_them() {
    let client = client(vectors::settings("https://api.mch.weixin.qq.com"));
    let params = client
        .jsapi_params("wx09165320000000a1b2c3d4e5f6a7b80000")
        .unwrap();
    let shown = serde_json::to_value(&params).unwrap();
    assert_eq!(shown["appId"], "wx1234567890abcdef");
    assert_eq!(shown["timeStamp"], "1760000000");
    assert_eq!(
        shown["package"],
        "prepay_id=wx09165320000000a1b2c3d4e5f6a7b80000"
    );
    assert_eq!(shown["signType"], "RSA");
    let nonce = shown["nonceStr"].as_str().unwrap();
    let expected = vectors::merchant_signer().pay_sign(
        "wx1234567890abcdef",
        NOW,
        nonce,
        "prepay_id=wx09165320000000a1b2c3d4e5f6a7b80000",
    );
    assert_eq!(shown["paySign"].as_str(), expected.ok().as_deref());
    assert!(client.jsapi_params("wx\nevil").is_err());
    assert!(client.jsapi_params("").is_err());
}

#[tokio::test]
async fn queries_tell_paid_from_unpaid_from_unknown() {
    let unpaid = r#"{"appid":"wx1234567890abcdef","mchid":"1900000001","out_trade_no":"ord_01k73xq8zs5v9n3m2h7c4t6bwe","trade_state":"NOTPAY","trade_state_desc":"订单未支付"}"#;
    let peer = signing_peer(200, unpaid).await;
    let client = client_of(&peer);
    let found = client
        .query_order("ord_01k73xq8zs5v9n3m2h7c4t6bwe")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.trade_state, TradeState::NotPay);
    assert!(!found.trade_state.was_paid() && found.amount.is_none() && found.payer.is_none());
    assert_as_in_vectors(&peer.seen()[0], "query_by_out_trade_no");

    // The path is signed percent-encoded; the answer is about another order, so it is no answer.
    let error = client.query_order("a|b*c-_9").await.unwrap_err();
    assert!(
        matches!(error, Error::UnexpectedAnswer { .. }) && error.outcome_unknown(),
        "{error}"
    );
    assert_as_in_vectors(&peer.seen()[1], "path_reserved_chars");

    let peer = Peer::start(|_| Reply::new(404, r#"{"code":"ORDER_NOT_EXIST"}"#)).await;
    assert_eq!(
        client_of(&peer).query_order("ord_unknown").await.unwrap(),
        None
    );
    let peer = Peer::start(|_| Reply::new(404, "<html>not here</html>")).await;
    let error = client_of(&peer)
        .query_order("ord_unknown")
        .await
        .unwrap_err();
    assert!(
        error.outcome_unknown(),
        "a gateway's 404 proves nothing: {error}"
    );
}

#[tokio::test]
async fn new_words_of_wechat_pay_are_kept() {
    let body = r#"{"appid":"wx1","mchid":"1","out_trade_no":"ord_000001","trade_state":"FROZEN","trade_type":"PALM","amount":{"total":1,"new":{}}}"#;
    let peer = signing_peer(200, body).await;
    let found = client_of(&peer)
        .query_order("ord_000001")
        .await
        .unwrap()
        .unwrap();
    assert_eq!(found.trade_state, TradeState::Unknown("FROZEN".to_owned()));
    assert_eq!(found.trade_type.unwrap().as_str(), "PALM");
}

#[tokio::test]
async fn closing_verifies_the_empty_answer_too() {
    let peer = signing_peer(204, "").await;
    client_of(&peer)
        .close_order("ord_01k73xq8zs5v9n3m2h7c4t6bwe")
        .await
        .unwrap();
    assert_as_in_vectors(&peer.seen()[0], "close_order");

    let peer = Peer::start(|_| Reply::new(204, "")).await;
    let error = client_of(&peer)
        .close_order("ord_01k73xq8")
        .await
        .unwrap_err();
    let missing = matches!(
        error,
        Error::Unverified {
            status: 204,
            cause: SignatureError::MissingHeader(_),
            ..
        }
    );
    assert!(missing && error.outcome_unknown(), "{error}");

    let peer = Peer::start(|_| Reply::new(400, r#"{"code":"ORDERPAID","message":"订单已支付"}"#));
    let error = client_of(&peer.await)
        .close_order("ord_01k73xq8")
        .await
        .unwrap_err();
    assert_eq!(error.next_step(), NextStep::QueryFirst);
}

#[tokio::test]
async fn refunds_go_out_as_in_the_vectors() {
    let peer = signing_peer(200, REFUND).await;
    let client = client_of(&peer);
    let accepted = client.refund(&new_refund()).await.unwrap();
    assert_eq!(accepted.status, RefundStatus::Processing);
    assert_eq!(accepted.amount.refund_fen, 9_900);
    assert_eq!(accepted.refund_id, "50000000382019052709732678859");
    assert_as_in_vectors(&peer.seen()[0], "refund_create");

    let found = client
        .query_refund("rfd_0199c8a4-7d3e-7b21-9c55-3f0e6a1b2c4d")
        .await
        .unwrap();
    assert_eq!(found, Some(accepted));
    assert_as_in_vectors(&peer.seen()[1], "refund_query");

    // A verified answer about another sum does not settle this refund.
    let other = NewRefund {
        refund_fen: 9_901,
        ..new_refund()
    };
    let error = client.refund(&other).await.unwrap_err();
    assert!(error.outcome_unknown(), "{error}");

    let peer = Peer::start(|_| Reply::new(404, r#"{"code":"RESOURCE_NOT_EXISTS"}"#)).await;
    assert_eq!(client_of(&peer).query_refund("rfd_1").await.unwrap(), None);
}

#[tokio::test]
async fn an_answer_that_cannot_be_believed_leaves_the_outcome_unknown() {
    let signed = |status, body: &str| Reply::new(status, body).signed_by(&PeerKey::public(), NOW);
    let probe = format!("WECHATPAY/SIGNTEST/{}", "A".repeat(325));
    type MakeReply = Box<dyn Fn() -> Reply + Send + Sync>;
    let huge = "x".repeat(1024 * 1024 + 1);
    let cases: Vec<(&str, MakeReply)> = vec![
        ("unsigned", Box::new(|| Reply::new(200, REFUND))),
        (
            "probe",
            Box::new(move || signed(200, REFUND).header("Wechatpay-Signature", &probe)),
        ),
        (
            "stale",
            Box::new(|| Reply::new(200, REFUND).signed_by(&PeerKey::public(), NOW - 300)),
        ),
        (
            "unknown key id",
            Box::new(move || signed(200, REFUND).header("Wechatpay-Serial", "PUB_KEY_ID_000")),
        ),
        (
            "another's key",
            Box::new(|| {
                let reply = Reply::new(200, REFUND).signed_by(&PeerKey::successor(), NOW);
                reply.header("Wechatpay-Serial", vectors::PUBLIC_KEY_ID)
            }),
        ),
        ("signed, not JSON", Box::new(move || signed(200, "<html>"))),
        (
            "signed, not UTF-8",
            Box::new(|| {
                Reply::new(200, b"\xff\xfe{".as_slice()).signed_by(&PeerKey::public(), NOW)
            }),
        ),
        ("signed, empty", Box::new(move || signed(204, ""))),
        (
            "accepted, undecided",
            Box::new(move || signed(202, r#"{"code":"USER_PAYING"}"#)),
        ),
        ("huge", Box::new(move || Reply::new(200, huge.clone()))),
        ("cut", Box::new(Reply::cut)),
        ("silence", Box::new(Reply::silence)),
        (
            "redirect",
            Box::new(|| Reply::new(307, "").header("Location", "/wechat-pay/v3/elsewhere")),
        ),
        (
            "gateway",
            Box::new(|| Reply::new(502, "<html>Bad Gateway</html>")),
        ),
        ("empty 500", Box::new(|| Reply::new(500, ""))),
        (
            "500",
            Box::new(|| Reply::new(500, r#"{"code":"SYSTEM_ERROR"}"#)),
        ),
    ];
    for (name, make) in cases {
        let peer = Peer::start(move |_| make()).await;
        let total = Duration::from_millis(if name == "silence" { 300 } else { 20_000 });
        let timeouts = Timeouts {
            total,
            ..Timeouts::default()
        };
        let client = client(Settings {
            timeouts,
            ..vectors::settings(&peer.api_base)
        });
        let error = client.refund(&new_refund()).await.unwrap_err();
        assert!(error.outcome_unknown(), "{name}: {error}");
        assert!(error.is_retryable_same_number(), "{name}: {error}");
        // The decision to send again is the caller's alone.
        assert_eq!(peer.seen().len(), 1, "{name}");
    }
}

#[tokio::test]
async fn refusals_keep_what_support_asks_for() {
    let body = r#"{"code":"NOT_ENOUGH","message":"基本账户余额不足，请充值后重新发起"}"#;
    let peer = Peer::start(move |_| Reply::new(403, body)).await;
    let error = client_of(&peer).refund(&new_refund()).await.unwrap_err();
    assert_eq!(error.code(), Some("NOT_ENOUGH"));
    assert_eq!(error.http_status(), Some(403));
    assert_eq!(error.request_id(), Some("08F5B8-0"));
    assert_eq!(error.next_step(), NextStep::RepeatAfterTopUp);
    assert!(!error.outcome_unknown());
}

#[tokio::test]
async fn no_connection_means_nothing_was_sent() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let api_base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(vectors::settings(&api_base))
        .refund(&new_refund())
        .await
        .unwrap_err();
    assert!(matches!(error, Error::NotConnected { .. }), "{error:?}");
    assert!(!error.outcome_unknown() && error.is_retryable_same_number());
    assert!(
        !format!("{error:?}").contains(&api_base),
        "addresses stay out of errors"
    );
}

#[tokio::test]
async fn what_would_be_refused_is_not_sent() {
    let peer = signing_peer(200, PREPAY).await;
    let client = client_of(&peer);
    let orders = [
        NewOrder {
            out_trade_no: "ord".to_owned(),
            ..jsapi_order()
        },
        NewOrder {
            description: "🌅".to_owned(),
            ..jsapi_order()
        },
        NewOrder {
            amount_fen: 0,
            ..jsapi_order()
        },
        NewOrder {
            notify_url: "http://pay.example.com/".to_owned(),
            ..jsapi_order()
        },
        NewOrder {
            attach: Some("🌅".to_owned()),
            ..jsapi_order()
        },
        NewOrder {
            channel: Channel::Jsapi {
                openid: String::new(),
            },
            ..jsapi_order()
        },
    ];
    for order in &orders {
        let error = client.create_order(order).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
        assert_eq!(error.next_step(), NextStep::MendFirst);
    }
    let refunds = [
        NewRefund {
            out_refund_no: "rfd/1".to_owned(),
            ..new_refund()
        },
        NewRefund {
            payment: PaidBy::Transaction("4200/1".to_owned()),
            ..new_refund()
        },
        NewRefund {
            refund_fen: 0,
            ..new_refund()
        },
        NewRefund {
            refund_fen: 19_901,
            ..new_refund()
        },
        NewRefund {
            notify_url: Some("https://a.example/?b".to_owned()),
            ..new_refund()
        },
    ];
    for refund in &refunds {
        let error = client.refund(refund).await.unwrap_err();
        assert!(matches!(error, Error::InvalidRequest { .. }), "{error}");
    }
    assert!(client.query_order("").await.is_err() && client.query_refund("").await.is_err());
    assert!(client.close_order("a/../b").await.is_err());
    assert!(peer.seen().is_empty());
}

#[tokio::test]
async fn a_payment_is_named_by_one_number() {
    let peer = signing_peer(200, REFUND).await;
    let client = client_of(&peer);
    let id = "4200001234202602251234567890";
    let second = NewRefund {
        payment: PaidBy::Transaction(id.to_owned()),
        ..new_refund()
    };
    client.refund(&new_refund()).await.unwrap();
    client.refund(&second).await.unwrap();
    let named = peer.seen().into_iter().map(|seen| {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        (body["out_trade_no"].clone(), body["transaction_id"].clone())
    });
    let (order, none) = (
        serde_json::json!("ord_01k73xq8zs5v9n3m2h7c4t6bwe"),
        serde_json::Value::Null,
    );
    let expected = [(order, none.clone()), (none, serde_json::json!(id))];
    assert_eq!(named.collect::<Vec<_>>(), expected);
}

#[tokio::test]
async fn reasons_are_made_to_fit() {
    let peer = signing_peer(200, REFUND).await;
    let client = client_of(&peer);
    let reasons = [
        (Some("完成训练营打卡🎉"), Some("完成训练营打卡")),
        (Some("🎉"), None),
        (None, None),
    ];
    for (reason, _) in reasons {
        let refund = NewRefund {
            reason: reason.map(str::to_owned),
            ..new_refund()
        };
        client.refund(&refund).await.unwrap();
    }
    for (seen, (_, expected)) in peer.seen().iter().zip(reasons) {
        let body: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
        assert_eq!(
            body.get("reason").and_then(|reason| reason.as_str()),
            expected
        );
    }
}
