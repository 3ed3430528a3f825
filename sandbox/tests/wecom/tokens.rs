//! Tokens, tickets and faults in the platform's words.

use sandbox::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::setting::{Setting, code};

#[tokio::test]
async fn wrong_secrets_are_refused_and_then_block_the_address() {
    let setting = Setting::start().await;
    let app = setting.wecom().app().clone();
    let query = [
        ("corpid", app.corp_id.clone()),
        ("corpsecret", "wrong".to_owned()),
    ];
    let mut codes = Vec::new();
    for _ in 0..6 {
        codes.push(code(&setting.get_open("gettoken", &query).await));
    }
    assert_eq!(codes, [40001, 40001, 40001, 40001, 40001, 45009]);
    let good = [("corpid", app.corp_id), ("corpsecret", app.secret)];
    assert_eq!(code(&setting.get_open("gettoken", &good).await), 45009);
}

#[tokio::test]
async fn tokens_are_checked_and_can_expire_early() {
    let mut setting = Setting::start().await;
    assert_eq!(code(&setting.get_open("getcallbackip", &[]).await), 41001);
    let forged = [("access_token", "forged".to_owned())];
    assert_eq!(
        code(&setting.get_open("getcallbackip", &forged).await),
        40014
    );
    assert_eq!(
        setting.get("getcallbackip", &[]).await["ip_list"],
        json!(["127.0.0.1"])
    );

    let expired = Fault::new(
        Platform::Wecom,
        "cgi-bin/getcallbackip",
        FaultKind::ExpiredToken,
    );
    setting.sandbox.faults().add(expired);
    assert_eq!(code(&setting.get("getcallbackip", &[]).await), 42001);
    assert_eq!(code(&setting.get("getcallbackip", &[]).await), 42001);
    setting.fetch_token().await;
    assert_eq!(code(&setting.get("getcallbackip", &[]).await), 0);
}

#[tokio::test]
async fn an_ordered_error_comes_in_the_platforms_words_and_is_no_violation() {
    let setting = Setting::start().await;
    let busy = FaultKind::ApiError {
        code: "-1".into(),
        message: "system error".into(),
    };
    setting
        .sandbox
        .faults()
        .add(Fault::new(Platform::Wecom, "cgi-bin/message/send", busy));
    let answer = setting
        .send("lin.yue", "text", json!({"content": "hi"}))
        .await;
    assert_eq!(code(&answer), -1);
    assert!(
        answer["errmsg"]
            .as_str()
            .unwrap()
            .starts_with("system error, hint: [")
    );
    assert!(setting.wecom().inbox("lin.yue").is_empty());
    setting.assert_no_violation();
}

#[tokio::test]
async fn tickets_stay_the_same_and_have_a_quota() {
    let setting = Setting::start().await;
    let first = setting.get("ticket/get", &[("type", "agent_config")]).await;
    let second = setting.get("ticket/get", &[("type", "agent_config")]).await;
    assert_eq!(first["ticket"], second["ticket"]);
    assert_ne!(
        first["ticket"],
        setting.get("get_jsapi_ticket", &[]).await["ticket"]
    );
    for _ in 2..100 {
        setting.get("ticket/get", &[("type", "agent_config")]).await;
    }
    assert_eq!(
        code(&setting.get("ticket/get", &[("type", "agent_config")]).await),
        45009
    );
    assert_eq!(
        code(&setting.get("ticket/get", &[("type", "jsapi")]).await),
        91040
    );
}

#[tokio::test]
async fn unknown_paths_and_methods_are_violations() {
    let setting = Setting::start().await;
    let unknown = setting
        .http
        .get(setting.url("message/recall_all"))
        .send()
        .await
        .unwrap();
    assert_eq!(unknown.status(), 404);
    assert_eq!(code(&setting.get("message/send", &[]).await), 43002);
    assert_eq!(
        setting.take_broken_rules(),
        ["only documented paths", "the documented HTTP method"]
    );
}
