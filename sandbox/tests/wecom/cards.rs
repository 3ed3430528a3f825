//! Template cards: their rules, their buttons, their updates.

use std::time::Duration;

use chrono::TimeDelta;
use sandbox::wecom::{PressError, Selections};
use serde_json::{Value, json};

use crate::setting::{Setting, code};

fn buttons(task_id: &str) -> Value {
    json!({
        "card_type": "button_interaction",
        "main_title": {"title": "写作营 已结束", "desc": "3 人待退"},
        "task_id": task_id,
        "button_list": [
            {"text": "通过这 3 人", "style": 1, "key": "c1.7.approve"},
            {"text": "逐批查看", "style": 2, "key": "c1.7.review"},
            {"type": 1, "text": "打开审核页", "style": 3, "url": "https://x.example/r"},
        ],
    })
}

fn vote(task_id: &str) -> Value {
    json!({
        "card_type": "vote_interaction",
        "main_title": {"title": "逐批审核"},
        "task_id": task_id,
        "checkbox": {"question_key": "who", "mode": 1, "option_list": [
            {"id": "r1", "text": "小明同学 8/7天", "is_checked": true},
            {"id": "r2", "text": "阿树 6/7天", "is_checked": false},
        ]},
        "submit_button": {"text": "提交", "key": "c1.8.submit"},
    })
}

#[tokio::test]
async fn a_click_tells_the_application_and_brings_a_fresh_code() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue|chen.an", "template_card", buttons("tk-1"))
        .await;
    assert_eq!(code(&sent), 0, "{sent}");
    let wecom = setting.wecom();
    let card = wecom.card_with_button("lin.yue", "通过").unwrap();

    let pressed = wecom
        .press("lin.yue", &card.message_id, "通过", &Selections::as_shown())
        .await
        .unwrap();

    assert!(pressed.delivery.is_accepted());
    assert_ne!(sent["response_code"], pressed.response_code.as_str());
    let xml = setting.app.heard().pop().unwrap();
    for part in [
        "<FromUserName><![CDATA[lin.yue]]>",
        "<Event><![CDATA[template_card_event]]>",
        "<EventKey><![CDATA[c1.7.approve]]>",
        "<TaskId><![CDATA[tk-1]]>",
        "<CardType><![CDATA[button_interaction]]>",
        "<AgentID>1000002</AgentID>",
    ] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    assert!(!xml.contains("SelectedItems"));
    let by_key = wecom
        .press(
            "chen.an",
            &card.message_id,
            "review",
            &Selections::as_shown(),
        )
        .await;
    assert!(by_key.is_ok());
    setting.assert_no_violation();
}

#[tokio::test]
async fn selections_go_along_as_shown_or_as_chosen() {
    let setting = Setting::start().await;
    let sent = setting.send("zhou.ke", "template_card", vote("tk-2")).await;
    let msgid = sent["msgid"].as_str().unwrap();
    let wecom = setting.wecom();

    wecom
        .press("zhou.ke", msgid, "提交", &Selections::as_shown())
        .await
        .unwrap();
    let both = Selections::as_shown().choose("who", ["r1", "阿树 6/7天"]);
    wecom.press("zhou.ke", msgid, "提交", &both).await.unwrap();

    let ids = |xml: &str| xml.matches("<OptionId>").count();
    let heard: Vec<usize> = setting.app.heard().iter().map(|xml| ids(xml)).collect();
    assert_eq!(heard, [1, 2]);
    let nobody = Selections::as_shown().choose("who", ["r9"]);
    assert_eq!(
        wecom
            .press("zhou.ke", msgid, "提交", &nobody)
            .await
            .unwrap_err(),
        PressError::NoSuchOption { what: "r9".into() }
    );
}

#[tokio::test]
async fn a_page_button_and_an_unknown_button_cannot_be_pressed() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue", "template_card", buttons("tk-1"))
        .await;
    let msgid = sent["msgid"].as_str().unwrap();
    let wecom = setting.wecom();
    let press = async |label: &str| {
        wecom
            .press("lin.yue", msgid, label, &Selections::as_shown())
            .await
            .unwrap_err()
    };
    assert!(matches!(
        press("打开审核页").await,
        PressError::OpensPage { .. }
    ));
    assert!(matches!(
        press("撤回").await,
        PressError::NoSuchButton { .. }
    ));
    assert!(matches!(
        press("通过这 4 人").await,
        PressError::NoSuchButton { .. }
    ));
}

#[tokio::test]
async fn an_update_reaches_one_person_or_all_and_each_code_works_once() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue|chen.an", "template_card", buttons("tk-1"))
        .await;
    let msgid = sent["msgid"].as_str().unwrap().to_owned();
    let wecom = setting.wecom();
    let pressed = wecom
        .press("lin.yue", &msgid, "approve", &Selections::as_shown())
        .await
        .unwrap();

    let mut confirm = buttons("tk-1");
    confirm.as_object_mut().unwrap().remove("task_id");
    confirm["button_list"] = json!([{"text": "确认退款", "style": 1, "key": "c1.7.confirm"}]);
    let step = json!({"userids": ["lin.yue", "he.miao"], "agentid": 1_000_002,
        "response_code": pressed.response_code, "template_card": confirm});
    let answer = setting.post("message/update_template_card", &step).await;
    assert_eq!(
        (code(&answer), &answer["invaliduser"]),
        (0, &json!(["he.miao"]))
    );
    assert!(wecom.card_with_button("lin.yue", "确认退款").is_some());
    assert!(wecom.card_with_button("chen.an", "确认退款").is_none());
    assert_eq!(
        code(&setting.post("message/update_template_card", &step).await),
        60140
    );

    let decided = json!({"atall": 1, "agentid": 1_000_002,
        "response_code": sent["response_code"], "button": {"replace_name": "林越 已通过"}});
    assert_eq!(
        code(&setting.post("message/update_template_card", &decided).await),
        0
    );
    for userid in ["lin.yue", "chen.an"] {
        let card = wecom.shown(userid, &msgid).unwrap().card.unwrap();
        assert_eq!(card.replaced_by.as_deref(), Some("林越 已通过"));
        let press = wecom
            .press(userid, &msgid, "approve", &Selections::as_shown())
            .await;
        assert!(press.is_err());
    }
    setting.assert_no_violation();
}

#[tokio::test]
async fn a_response_code_dies_after_72_hours_of_business_time() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue", "template_card", buttons("tk-1"))
        .await;
    setting.sandbox.clock().advance(TimeDelta::hours(73));
    let update = json!({"atall": 1, "agentid": 1_000_002,
        "response_code": sent["response_code"], "button": {"replace_name": "晚了"}});
    assert_eq!(
        code(&setting.post("message/update_template_card", &update).await),
        60140
    );
    setting.assert_no_violation();
}

#[tokio::test]
async fn waits_end_with_the_change_or_with_what_was_seen() {
    let setting = Setting::start().await;
    let wecom = setting.wecom();
    let soon = Duration::from_secs(5);
    let waiting = {
        let wecom = wecom.clone();
        tokio::spawn(async move { wecom.wait_for_button("lin.yue", "通过", soon).await })
    };
    let sent = setting
        .send("lin.yue", "template_card", buttons("tk-1"))
        .await;
    let card = waiting.await.unwrap().unwrap();
    assert_eq!(sent["msgid"], card.message_id.as_str());
    wecom
        .press_newest("lin.yue", "通过", &Selections::as_shown())
        .await
        .unwrap();

    let never = wecom
        .wait_for_button("lin.yue", "撤回", Duration::from_millis(50))
        .await;
    assert!(never.unwrap_err().seen.contains("写作营 已结束"));
}

#[tokio::test]
async fn an_update_needs_somebody_who_got_the_card() {
    let setting = Setting::start().await;
    let sent = setting
        .send("lin.yue", "template_card", buttons("tk-1"))
        .await;
    let mut update = json!({"agentid": 1_000_002, "response_code": sent["response_code"],
        "button": {"replace_name": "好"}});
    assert_eq!(
        code(&setting.post("message/update_template_card", &update).await),
        82101
    );
    update["userids"] = json!(["he.miao"]);
    assert_eq!(
        code(&setting.post("message/update_template_card", &update).await),
        82102
    );
    update["userids"] = json!(["lin.yue"]);
    assert_eq!(
        code(&setting.post("message/update_template_card", &update).await),
        0
    );
}

#[tokio::test]
async fn cards_that_break_a_rule_are_refused_with_its_code() {
    let setting = Setting::start().await;
    let change = |edit: fn(&mut Value)| {
        let mut card = buttons("tk-x");
        edit(&mut card);
        card
    };
    let key = |text: &str, key: &str| json!({"text": text, "key": key});
    let seven = vec![key("a", "a"); 7];
    let cases: Vec<(Value, i64)> = vec![
        (change(|card| card["card_type"] = json!("poster")), 42031),
        (change(|card| card["task_id"] = json!("空格 不行")), 42014),
        (change(|card| card["task_id"] = json!("")), 42014),
        (change(|card| card["button_list"] = json!([])), 42038),
        (
            json!({"card_type": "button_interaction", "task_id": "t", "main_title": {"title": "t"},
            "button_list": seven}),
            42038,
        ),
        (
            change(|card| card["button_list"][1]["key"] = json!("c1.7.approve")),
            42039,
        ),
        (
            change(|card| card["button_list"][2]["url"] = json!("x.example")),
            42028,
        ),
        (
            change(|card| card["main_title"] = json!({"desc": "d"})),
            41016,
        ),
        (
            change(|card| {
                let row = json!({"keyname": "k", "value": "v"});
                card["horizontal_content_list"] = json!(vec![row; 7]);
            }),
            42035,
        ),
        (
            json!({"card_type": "text_notice", "main_title": {"title": "t"}}),
            42045,
        ),
        (
            json!({"card_type": "news_notice", "main_title": {"title": "t"},
            "card_action": {"type": 1, "url": "https://x.example"}}),
            42044,
        ),
        (
            json!({"card_type": "vote_interaction", "main_title": {"title": "t"}, "task_id": "t",
            "checkbox": {"question_key": "q", "option_list": []},
            "submit_button": {"text": "s", "key": "k"}}),
            42037,
        ),
        (
            json!({"card_type": "multiple_interaction", "main_title": {"title": "t"}, "task_id": "t",
            "select_list": [{"question_key": "q", "option_list": [{"id": "a", "text": "A"}]}]}),
            42046,
        ),
    ];
    for (card, expected) in cases {
        let answer = setting.send("lin.yue", "template_card", card.clone()).await;
        assert_eq!(code(&answer), expected, "{card} {answer}");
    }
    assert_eq!(
        code(&setting.send("lin.yue", "template_card", vote("tk-9")).await),
        0
    );
    assert_eq!(
        code(&setting.send("lin.yue", "template_card", vote("tk-9")).await),
        42014
    );
}

#[tokio::test]
async fn what_is_quietly_lost_is_noted() {
    let setting = Setting::start().await;
    let mut card = buttons("tk-1");
    card["main_title"]["title"] = json!("标".repeat(37));
    card["checkbox"] = json!({"question_key": "q"});
    card["button_list"][0]["text"] = json!("这个按钮的文字超过十个字");
    assert_eq!(
        code(&setting.send("lin.yue", "template_card", card).await),
        0
    );
    let mut coloured = vote("tk-2");
    coloured["source"] = json!({"desc": "助手", "desc_color": 2});
    assert_eq!(
        code(&setting.send("lin.yue", "template_card", coloured).await),
        0
    );
    assert_eq!(
        setting.take_broken_rules(),
        [
            "only documented fields",
            "template_card.main_title.title <= 36 characters",
            "template_card.button_list[0].text <= 10 characters",
            "only documented fields",
        ]
    );
}
