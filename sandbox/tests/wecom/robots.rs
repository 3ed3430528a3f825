//! Group robots.

use std::time::Duration;

use serde_json::{Value, json};

use crate::setting::{Setting, code};

async fn speak(setting: &Setting, key: &str, body: &Value) -> i64 {
    let request = setting
        .http
        .post(setting.url("webhook/send"))
        .query(&[("key", key)])
        .json(body);
    code(&request.send().await.unwrap().json::<Value>().await.unwrap())
}

#[tokio::test]
async fn a_robot_speaks_in_its_group() {
    let setting = Setting::start().await;
    let (key, name) = setting.wecom().robots().remove(0);
    assert_eq!(name, "写作营交流群");
    let body =
        json!({"msgtype": "text", "text": {"content": "【退款通知】", "mentioned_list": ["@all"]}});
    assert_eq!(speak(&setting, &key, &body).await, 0);
    let heard = setting
        .wecom()
        .wait_for_group_message(&key, Duration::from_secs(1), "退款通知")
        .await
        .unwrap();
    assert_eq!(heard.msgtype, "text");
    setting.assert_no_violation();
}

#[tokio::test]
async fn wrong_keys_long_texts_and_too_many_messages_are_refused() {
    let setting = Setting::start().await;
    let (key, _) = setting.wecom().robots().remove(0);
    let hello = json!({"msgtype": "markdown", "markdown": {"content": "hello"}});
    assert_eq!(speak(&setting, "nokey", &hello).await, 93000);
    let long = json!({"msgtype": "markdown", "markdown": {"content": "x".repeat(4097)}});
    assert_eq!(speak(&setting, &key, &long).await, 40058);
    let typo = json!({"msg_type": "text", "text": {"content": "x"}});
    assert_eq!(speak(&setting, &key, &typo).await, 40008);
    let picture = json!({"msgtype": "image", "image": {"base64": "iVBORw0KGgowMTIz", "md5": "0"}});
    assert_eq!(speak(&setting, &key, &picture).await, 40058);
    let card =
        json!({"msgtype": "template_card", "template_card": {"card_type": "vote_interaction"}});
    assert_eq!(speak(&setting, &key, &card).await, 42031);
    let plain = json!({"msgtype": "template_card", "template_card": {
        "card_type": "news_notice", "main_title": {"title": "t"},
        "image_text_area": {"image_url": "https://x.example/s.png"},
        "card_action": {"type": 1, "url": "https://x.example"}}});
    assert_eq!(speak(&setting, &key, &plain).await, 42044);
    for _ in 0..20 {
        assert_eq!(speak(&setting, &key, &hello).await, 0);
    }
    assert_eq!(speak(&setting, &key, &hello).await, 45009);
    setting.wecom().remove_robot(&key);
    assert_eq!(speak(&setting, &key, &hello).await, 93000);
}
