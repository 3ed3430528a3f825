//! message/send, recall and the menu.

use serde_json::{Value, json};

use crate::setting::{Setting, code};

#[tokio::test]
async fn a_text_arrives_and_unknown_people_are_named() {
    let setting = Setting::start().await;
    let answer = setting
        .send("Lin.Yue|Bob|shen.mo", "text", json!({"content": "你好"}))
        .await;
    assert_eq!(code(&answer), 0);
    assert_eq!(answer["invaliduser"], "bob|shen.mo");
    assert!(answer.get("response_code").is_none());
    let inbox = setting.wecom().inbox("lin.yue");
    assert_eq!(inbox.len(), 1);
    assert_eq!(inbox[0].text, "你好");
    assert_eq!(inbox[0].message_id, answer["msgid"]);
    setting.assert_no_violation();
}

#[tokio::test]
async fn what_the_platform_refuses_is_refused_with_its_code() {
    let setting = Setting::start().await;
    let text = json!({"content": "x"});
    let cases: [(&str, Value, i64); 9] = [
        (
            "nobody",
            json!({"msgtype": "text", "agentid": 1_000_002, "text": text}),
            82001,
        ),
        (
            "no such people",
            json!({"touser": "a|b", "msgtype": "text", "agentid": 1_000_002, "text": text}),
            81013,
        ),
        (
            "agentid as text",
            json!({"touser": "lin.yue", "msgtype": "text", "agentid": "1000002", "text": text}),
            40058,
        ),
        (
            "another app",
            json!({"touser": "lin.yue", "msgtype": "text", "agentid": 7, "text": text}),
            301002,
        ),
        (
            "unknown type",
            json!({"touser": "lin.yue", "msgtype": "shout", "agentid": 1_000_002}),
            40008,
        ),
        (
            "empty text",
            json!({"touser": "lin.yue", "msgtype": "text", "agentid": 1_000_002, "text": {"content": ""}}),
            44004,
        ),
        (
            "unknown media",
            json!({"touser": "lin.yue", "msgtype": "image", "agentid": 1_000_002, "image": {"media_id": "m"}}),
            40007,
        ),
        (
            "url without scheme",
            json!({"touser": "lin.yue", "msgtype": "textcard", "agentid": 1_000_002,
            "textcard": {"title": "t", "description": "d", "url": "x.example"}}),
            41033,
        ),
        (
            "nine articles",
            json!({"touser": "lin.yue", "msgtype": "news", "agentid": 1_000_002,
            "news": {"articles": vec![json!({"title": "t", "url": "https://x.example"}); 9]}}),
            45008,
        ),
    ];
    for (what, body, expected) in cases {
        assert_eq!(
            code(&setting.post("message/send", &body).await),
            expected,
            "{what}"
        );
    }
    assert!(setting.wecom().inbox("lin.yue").is_empty());
}

#[tokio::test]
async fn over_long_text_is_cut_without_a_word_but_noted() {
    let setting = Setting::start().await;
    let long = "长".repeat(700);
    assert_eq!(
        code(
            &setting
                .send("lin.yue", "text", json!({"content": long}))
                .await
        ),
        0
    );
    let shown = &setting.wecom().inbox("lin.yue")[0].text;
    assert_eq!(shown.chars().count(), 682);
    assert_eq!(setting.take_broken_rules(), ["text.content <= 2048 bytes"]);
}

#[tokio::test]
async fn the_31st_message_within_a_minute_is_lost() {
    let setting = Setting::start().await;
    for count in 0..31 {
        let answer = setting
            .send("lin.yue", "text", json!({"content": format!("{count}")}))
            .await;
        assert_eq!(code(&answer), 0);
    }
    assert_eq!(setting.wecom().inbox("lin.yue").len(), 30);
    let rules = setting.take_broken_rules();
    assert_eq!(
        rules,
        ["at most 30 a minute and 1000 an hour to one member"]
    );
}

#[tokio::test]
async fn a_repeated_body_is_suppressed_when_asked_for() {
    let setting = Setting::start().await;
    let body = json!({
        "touser": "lin.yue", "msgtype": "text", "agentid": 1_000_002,
        "text": {"content": "once"}, "enable_duplicate_check": 1,
    });
    let first = setting.post("message/send", &body).await;
    let second = setting.post("message/send", &body).await;
    assert_eq!((code(&first), code(&second)), (0, 0));
    assert_eq!(setting.wecom().inbox("lin.yue").len(), 1);
    setting.assert_no_violation();
}

#[tokio::test]
async fn a_message_can_be_recalled() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue", "markdown", json!({"content": "**b**"}))
        .await;
    assert_eq!(
        code(
            &setting
                .post("message/recall", &json!({"msgid": "other"}))
                .await
        ),
        40058
    );
    let body = json!({"msgid": sent["msgid"]});
    assert_eq!(code(&setting.post("message/recall", &body).await), 0);
    assert!(setting.wecom().inbox("lin.yue").is_empty());
}

#[tokio::test]
async fn an_upload_can_be_sent_and_fetched() {
    let setting = Setting::start().await;
    let png = b"\x89PNG\r\n\x1a\n0123456789".to_vec();
    let part = reqwest::multipart::Part::bytes(png.clone()).file_name("群码.png");
    let form = reqwest::multipart::Form::new().part("media", part);
    let token = setting.get_token();
    let answer: Value = setting
        .http
        .post(setting.url("media/upload"))
        .query(&[("access_token", token.as_str()), ("type", "image")])
        .multipart(form)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    assert!(answer["created_at"].is_string(), "{answer}");
    let media_id = answer["media_id"].as_str().unwrap();
    assert_eq!(
        code(
            &setting
                .send("lin.yue", "image", json!({"media_id": media_id}))
                .await
        ),
        0
    );
    let bytes = setting
        .http
        .get(setting.url("media/get"))
        .query(&[("access_token", token.as_str()), ("media_id", media_id)])
        .send()
        .await
        .unwrap()
        .bytes()
        .await
        .unwrap();
    assert_eq!(bytes, png);
    setting.assert_no_violation();
}

#[tokio::test]
async fn the_menu_has_limits() {
    let setting = Setting::start().await;
    let path = "menu/create?agentid=1000002";
    let create = |body: Value| {
        let http = setting.http.clone();
        let url = setting.url(path);
        let token = setting.get_token();
        async move {
            let request = http.post(url).query(&[("access_token", token)]).json(&body);
            code(&request.send().await.unwrap().json::<Value>().await.unwrap())
        }
    };
    let click = |name: &str| json!({"type": "click", "name": name, "key": name});
    assert_eq!(
        code(&setting.get("menu/get", &[("agentid", "1000002")]).await),
        46003
    );
    assert_eq!(create(json!({"button": vec![click("a"); 4]})).await, 40016);
    assert_eq!(
        create(json!({"button": [click("六个汉字太长")]})).await,
        40018
    );
    assert_eq!(
        create(json!({"button": [{"type": "view", "name": "a", "url": "x"}]})).await,
        40055
    );
    let children = vec![click("子"); 6];
    assert_eq!(
        create(json!({"button": [{"name": "a", "sub_button": children}]})).await,
        40023
    );
    let good = json!({"button": [click("进度"), {"name": "更多", "sub_button": [click("帮助")]}]});
    assert_eq!(create(good.clone()).await, 0);
    assert_eq!(
        setting.get("menu/get", &[("agentid", "1000002")]).await["button"],
        good["button"]
    );
}
