//! The callback: what is well signed is kept once and answered empty; the rest leaves nothing.

use sandbox::{Fault, Platform};
use serde_json::json;
use wecom::callback::Envelope;
use wecom::crypto::Keys;

use crate::on_both_engines;
use crate::stage::Stage;

const COUNT: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM inbound_event";

async fn post(
    stage: &Stage,
    path_and_query: &str,
    body: impl Into<reqwest::Body>,
) -> (u16, String) {
    let answer = reqwest::Client::new()
        .post(format!("{}{path_and_query}", stage.url))
        .body(body)
        .send()
        .await
        .unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// What WeCom would send of this message.
fn sealed(stage: &Stage, message: &str, timestamp_s: i64, nonce: &str) -> Envelope {
    let app = stage.sandbox.wecom().app();
    let keys = Keys::new(&app.token, &app.encoding_aes_key, &app.corp_id).unwrap();
    Envelope::seal(&keys, message.as_bytes(), timestamp_s, nonce, [7; 16]).unwrap()
}

async fn post_sealed(stage: &Stage, message: &str, timestamp_s: i64, nonce: &str) -> u16 {
    let envelope = sealed(stage, message, timestamp_s, nonce);
    let path = format!("/api/webhook/wecom/app?{}", envelope.to_query());
    let body = envelope.to_request_xml("ww", None);
    let (status, body) = post(stage, &path, body).await;
    assert_eq!(body, "");
    status
}

on_both_engines! {
    async fn the_address_can_be_saved_in_the_console(db) {
        let stage = Stage::set(db, 1).await;
        let answer = reqwest::get(format!("{}/api/webhook/wecom/app", stage.url)).await.unwrap();
        assert_eq!(answer.status(), 400);
        stage.sandbox.wecom().verify_callback_url().await.unwrap();
    }

    async fn a_bad_signature_stores_nothing(db) {
        let stage = Stage::set(db, 1).await;
        let bad = Fault::named(Platform::Wecom, "callback_bad_signature", json!({})).times(4);
        stage.sandbox.faults().add(bad);
        let delivery = stage.sandbox.wecom().say("lin.yue", "帮助").await;
        assert!(!delivery.is_accepted());
        assert_eq!(stage.texts(COUNT).await, ["0"]);
    }

    async fn an_old_envelope_stores_nothing(db) {
        let stage = Stage::set(db, 1).await;
        let stale = json!({"seconds": 25 * 3600});
        let stale = Fault::named(Platform::Wecom, "callback_stale", stale).times(4);
        stage.sandbox.faults().add(stale);
        let delivery = stage.sandbox.wecom().say("lin.yue", "帮助").await;
        assert!(!delivery.is_accepted());
        assert_eq!(stage.texts(COUNT).await, ["0"]);
    }

    async fn anything_else_is_refused_with_an_empty_body(db) {
        let stage = Stage::set(db, 1).await;
        let signed = "/api/webhook/wecom/app?msg_signature=a&timestamp=1&nonce=b";
        for (path, body) in [
            ("/api/webhook/wecom/app", b"<xml/>".to_vec()),
            (signed, b"<xml/>".to_vec()),
            (signed, vec![0xff, 0xfe]),
            (signed, b"<xml><Encrypt>AAAA</Encrypt></xml>".to_vec()),
            (signed, vec![b'x'; 100 * 1024]),
        ] {
            let (status, body) = post(&stage, path, body).await;
            assert!((400..500).contains(&status), "{status}");
            assert_eq!(body, "");
        }
        assert_eq!(stage.texts(COUNT).await, ["0"]);
    }

    async fn a_doubled_callback_is_answered_once(db) {
        let stage = Stage::set(db, 1).await;
        let doubled = Fault::named(Platform::Wecom, "callback_doubled", json!({"copies": 3}));
        stage.sandbox.faults().add(doubled);
        stage.say("lin.yue", "帮助").await;
        stage.settle().await;
        assert_eq!(stage.texts(COUNT).await, ["1"]);
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 1);
        stage.assert_no_violation();
    }

    /// 企业微信客服 tells that something waits, and names nobody.
    async fn an_event_that_names_no_sender_is_kept(db) {
        let stage = Stage::set(db, 1).await;
        let event = |now: i64| format!(
            "<xml><CreateTime>{now}</CreateTime><MsgType>event</MsgType>\
             <Event>kf_msg_or_event</Event><Token>t</Token><OpenKfId>wk1</OpenKfId></xml>"
        );
        let now = stage.ctx.wall_now().secs();
        for _ in 0..2 {
            assert_eq!(post_sealed(&stage, &event(now), now, "n").await, 200);
        }
        let other = event(now).replace("wk1", "wk2");
        assert_eq!(post_sealed(&stage, &other, now, "n").await, 200);
        stage.settle().await;
        assert_eq!(stage.texts(COUNT).await, ["2"], "a repetition is one, another field is not");
        let done = "SELECT DISTINCT status FROM inbound_event";
        assert_eq!(stage.texts(done).await, ["done"], "and there is nothing to do about it");
    }

    /// The signature is over sorted parts: a nonce that looks like today's time can be swapped in.
    async fn an_old_message_stays_old_and_is_never_given_back(db) {
        let stage = Stage::set(db, 1).await;
        let now = stage.ctx.wall_now().secs();
        let old = now - 40 * 86_400;
        let text = |at: i64| format!(
            "<xml><FromUserName>lin.yue</FromUserName><CreateTime>{at}</CreateTime>\
             <MsgType>text</MsgType><Content>帮助</Content><MsgId>{at}</MsgId></xml>"
        );
        assert_eq!(post_sealed(&stage, &text(old), now, &old.to_string()).await, 403);
        assert_eq!(stage.texts(COUNT).await, ["0"]);
        let late = now - 20 * 3600;
        assert_eq!(post_sealed(&stage, &text(late), now, "n").await, 200, "late is not lost");

        let caught = sealed(&stage, &text(now), now, "n");
        let url = format!("{}/api/webhook/wecom/app?{}", stage.url, caught.to_echo_query());
        let answer = reqwest::get(url).await.unwrap();
        assert_eq!((answer.status().as_u16(), &*answer.text().await.unwrap()), (400, ""));
    }
}
