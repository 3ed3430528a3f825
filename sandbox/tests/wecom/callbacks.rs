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
    let reply = "<xml><ToUserName><![CDATA[lin.yue]]></ToUserName>\
                 <MsgType><![CDATA[text]]></MsgType><Content><![CDATA[收到]]></Content></xml>";
    *setting.app.reply.lock().unwrap() = Some(reply.to_owned());
    let delivery = setting.wecom().say("lin.yue", "hi").await;
    assert_eq!(delivery.reply.as_deref(), Some(reply));
    assert_eq!(setting.wecom().inbox("lin.yue")[0].text, "收到");
    setting.assert_no_violation();
}
