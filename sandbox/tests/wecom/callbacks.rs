//! Callbacks: verification, retries, faults, replies.

use std::time::Duration;

use sandbox::{Fault, Platform};
use serde_json::{Value, json};

use crate::setting::Setting;

fn order(setting: &Setting, name: &str, with: Value) {
    setting
        .sandbox
        .faults()
        .add(Fault::named(Platform::Wecom, name, with));
}

#[tokio::test]
async fn the_callback_address_is_verified() {
    let setting = Setting::start().await;
    setting.wecom().verify_callback_url().await.unwrap();
    setting.assert_no_violation();
}

#[tokio::test]
async fn words_menu_clicks_and_visits_arrive() {
    let setting = Setting::start().await;
    setting.wecom().say("lin.yue", "进度 ]]> 写作营").await;
    setting.wecom().click_menu("lin.yue", "待审核").await;
    setting.wecom().enter("lin.yue").await;
    let heard = setting.app.heard();
    assert!(heard[0].contains("<Content><![CDATA[进度 ]]]]><![CDATA[> 写作营]]></Content><MsgId>"));
    assert!(heard[1].contains("<Event><![CDATA[click]]></Event><EventKey><![CDATA[待审核]]>"));
    assert!(heard[2].contains("<Event><![CDATA[enter_agent]]>"));
    let chat = setting.wecom().chat("lin.yue");
    assert_eq!((chat.len(), chat[0].is_from_app), (1, false));
}

#[tokio::test]
async fn failures_are_retried_three_times() {
    let setting = Setting::start().await;
    *setting.app.statuses.lock().unwrap() = vec![500, 503];
    let delivery = setting.wecom().say("lin.yue", "a").await;
    let statuses: Vec<_> = delivery
        .attempts
        .iter()
        .map(|attempt| attempt.status)
        .collect();
    assert_eq!(statuses, [Some(500), Some(503), Some(200)]);

    *setting.app.statuses.lock().unwrap() = vec![500; 4];
    let delivery = setting.wecom().say("lin.yue", "b").await;
    assert_eq!(delivery.attempts.len(), 4);
    assert!(!delivery.is_accepted());
}

#[tokio::test]
async fn deliveries_are_lost_doubled_and_reordered_on_demand() {
    let setting = Setting::start().await;
    let wecom = setting.wecom();
    order(&setting, "callback_lost", json!({}));
    assert!(wecom.say("lin.yue", "lost").await.attempts.is_empty());
    assert!(setting.app.heard().is_empty());

    order(&setting, "callback_doubled", json!({"copies": 2}));
    wecom.say("lin.yue", "doubled").await;
    let all_came = wecom
        .wait_until(Duration::from_secs(5), |_| {
            (setting.app.heard().len() == 3).then_some(())
        })
        .await;
    assert!(all_came.is_some());

    order(&setting, "callback_reordered", json!({}));
    wecom.say("lin.yue", "first").await;
    wecom.say("lin.yue", "second").await;
    let heard = setting.app.heard();
    assert!(heard[3].contains("second") && heard[4].contains("first"));
}

#[tokio::test]
async fn bad_signatures_are_sent_on_demand_and_replays_repeat_every_byte() {
    let setting = Setting::start().await;
    order(&setting, "callback_bad_signature", json!({}));
    let refused = setting.wecom().say("lin.yue", "forged").await;
    assert_eq!(refused.attempts.last().unwrap().status, Some(400));
    assert_eq!(setting.app.refused(), 4);

    let delivery = setting.wecom().say("lin.yue", "hello").await;
    let replayed = setting.wecom().replay(delivery.id).await.unwrap();
    assert!(replayed.is_accepted());
    let heard = setting.app.heard();
    assert_eq!((heard.len(), &heard[0]), (2, &heard[1]));
}

#[tokio::test]
async fn a_passive_reply_is_shown_and_a_clear_one_is_a_violation() {
    let setting = Setting::start().await;
    let reply = passive(&setting, "text", "<Content><![CDATA[收到]]></Content>");
    *setting.app.reply.lock().unwrap() = Some(reply.clone());
    let delivery = setting.wecom().say("lin.yue", "hi").await;
    assert_eq!(delivery.reply, Some(reply));
    assert_eq!(setting.wecom().inbox("lin.yue")[0].text, "收到");
    setting.assert_no_violation();
}

/// A passive reply to 林越.
fn passive(setting: &Setting, msgtype: &str, rest: &str) -> String {
    let corp_id = &setting.wecom().app().corp_id;
    format!(
        "<xml><ToUserName><![CDATA[lin.yue]]></ToUserName><FromUserName><![CDATA[{corp_id}]]>\
         </FromUserName><CreateTime>1767225601</CreateTime><MsgType><![CDATA[{msgtype}]]></MsgType>\
         {rest}</xml>"
    )
}

#[tokio::test]
async fn passive_replies_that_break_a_rule_are_seen_by_nobody() {
    let setting = Setting::start().await;
    let item = "<item><Title>t</Title><Url>https://x.example</Url></item>";
    let news = format!("<ArticleCount>1</ArticleCount><Articles>{item}</Articles>");
    let good = passive(&setting, "news", &news);
    let cases = [
        (
            good.replace("lin.yue", "zhou.ke"),
            "ToUserName is who caused the callback",
        ),
        (
            good.replace("1767225601", "now"),
            "CreateTime is in Unix seconds",
        ),
        (
            good.replace("<ArticleCount>1", "<ArticleCount>2"),
            "ArticleCount counts 1 to 8 articles",
        ),
        (
            passive(&setting, "image", "<Image><MediaId>old</MediaId></Image>"),
            "Image.MediaId is an uploaded image of the last 3 days",
        ),
        (
            passive(
                &setting,
                "update_button",
                "<Button><ReplaceName>x</ReplaceName></Button>",
            ),
            "a card is updated in reply to a click on it",
        ),
        (
            passive(&setting, "markdown", "<Content>x</Content>"),
            "a passive reply of a known MsgType, not markdown",
        ),
    ];
    for (reply, rule) in cases {
        *setting.app.reply.lock().unwrap() = Some(reply);
        setting.wecom().say("lin.yue", "hi").await;
        assert_eq!(setting.take_broken_rules(), [rule]);
    }
    assert!(setting.wecom().inbox("lin.yue").is_empty());
    *setting.app.reply.lock().unwrap() = Some(good);
    setting.wecom().say("lin.yue", "hi").await;
    assert_eq!(setting.wecom().inbox("lin.yue")[0].msgtype, "news");
    setting.assert_no_violation();
}
