//! The WeCom part of the control API is as its description says.

use reqwest::Method;
use serde_json::json;

use crate::{described::Described, setting::Setting};

/// These need a smart robot of the application's own; here they are refused.
const FOR_ROBOTS: [&str; 3] = [
    "POST /control/wecom/robot/press",
    "POST /control/wecom/robot/rate",
    "POST /control/wecom/robot/verify-url",
];

#[tokio::test]
async fn what_people_do_goes_in_and_out_as_described() {
    let setting = Setting::start().await;
    let api = Described::of(setting.sandbox.base_url()).await;
    let people = api.get("wecom/people").await;
    let member = json!({"userid": "wu.di", "name": "吴迪", "department": 4, "position": "学员",
        "hasWechat": true, "isVisible": true});
    api.post("wecom/members", member).await;
    let group = json!({"chatId": "wrSandboxGroup0001", "openid": people["outsiders"][0]["openid"]});
    api.post("wecom/join-group", group).await;
    let elsewhere = json!({"chatId": "wrSandboxGroup0001", "openid": "oNobody"});
    assert_eq!(api.refused("wecom/join-group", elsewhere).await, 404);

    tap_the_menu(&setting, &api).await;
    press_a_card(&setting, &api).await;
    let robot = json!({"msgtype": "text", "text": {"content": "hi"}});
    let url = setting.url("webhook/send?key=11111111-2222-4333-8444-000000000001");
    setting.http.post(url).json(&robot).send().await.unwrap();
    api.get("wecom/groups").await;
    api.get("wecom/deliveries").await;
    let (status, _) = api.call(Method::GET, "wecom/phones", None).await;
    assert_eq!(status, 400, "people is missing");

    for path in ["wecom/verify-url", "wecom/revoke-token"] {
        let (status, answer) = api.call(Method::POST, path, None).await;
        assert!(status < 300, "{path}: {answer}");
    }
    api.get("wecom/callback-urls").await;
    api.post("wecom/callback-urls", json!({"robot": null}))
        .await;
    talk_to_the_robot(&api).await;
    let missing = api.not_done(|path| path.starts_with("/control/wecom/"));
    assert_eq!(missing, FOR_ROBOTS);
}

async fn tap_the_menu(setting: &Setting, api: &Described) {
    let menu = json!({"button": [{"type": "click", "name": "待审核", "key": "REVIEW"}]});
    let query = [
        ("access_token", setting.get_token()),
        ("agentid", "1000002".to_owned()),
    ];
    let request = setting.http.post(setting.url("menu/create")).query(&query);
    request.json(&menu).send().await.unwrap();
    let tap = json!({"userid": "lin.yue", "key": "REVIEW"});
    api.post("wecom/click-menu", tap).await;
    let old = json!({"userid": "lin.yue", "key": "OLD"});
    assert_eq!(api.refused("wecom/click-menu", old).await, 409);
    let said = json!({"userid": "lin.yue", "text": "帮助"});
    let told = api.post("wecom/say", said).await;
    api.post("wecom/replay", json!({"deliveryId": told["id"]}))
        .await;
    let never = json!({"deliveryId": 999_999});
    assert_eq!(api.refused("wecom/replay", never).await, 404);
    api.post("wecom/enter", json!({"userid": "lin.yue"})).await;
}

async fn press_a_card(setting: &Setting, api: &Described) {
    let card = json!({
        "card_type": "button_interaction", "main_title": {"title": "审核"}, "task_id": "tk-1",
        "button_selection": {"question_key": "who", "option_list": [{"id": "1", "text": "小明"}]},
        "button_list": [{"text": "通过", "key": "yes"},
            {"type": 1, "text": "打开", "url": "https://x.example/r"}],
    });
    let sent = setting.send("lin.yue", "template_card", card).await;
    let press = json!({"userid": "lin.yue", "messageId": sent["msgid"], "button": "yes",
        "selections": {"who": ["1"]}});
    api.post("wecom/press", press.clone()).await;
    let update = json!({"atall": 1, "agentid": 1_000_002,
        "response_code": sent["response_code"], "button": {"replace_name": "已通过"}});
    setting.post("message/update_template_card", &update).await;
    assert_eq!(api.refused("wecom/press", press).await, 409);
    let shown = api.get("wecom/phones?people=lin.yue").await;
    assert!(shown["menu"]["button"].is_array());
    assert_eq!(shown["phones"][0]["chat"].as_array().unwrap().len(), 2);
}

async fn talk_to_the_robot(api: &Described) {
    let group = json!({"chatId": "wrA", "name": "群", "members": ["lin.yue"]});
    api.post("wecom/robot/groups", group).await;
    for chat_id in [json!("wrA"), json!(null)] {
        let words = json!({"userid": "lin.yue", "chatId": chat_id, "text": "进度"});
        api.post("wecom/robot/say", words).await;
    }
    api.post("wecom/robot/enter", json!({"userid": "lin.yue"}))
        .await;
    let press = json!({"userid": "lin.yue", "messageId": "x", "button": "x"});
    assert_eq!(api.refused("wecom/robot/press", press).await, 409);
    let thumbs = json!({"userid": "lin.yue", "messageId": "x", "kind": "accurate"});
    assert_eq!(api.refused("wecom/robot/rate", thumbs).await, 409);
    let (status, _) = api.call(Method::POST, "wecom/robot/verify-url", None).await;
    assert_eq!(status, 502);
    api.get("wecom/robot/connected").await;
    let shown = api.get("wecom/robot/chats?people=lin.yue").await;
    assert_eq!(shown["people"][0]["chats"].as_array().unwrap().len(), 3);
}
