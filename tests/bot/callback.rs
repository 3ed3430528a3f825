//! The callback: what is well signed is kept once and answered empty; the rest leaves nothing.

use sandbox::{Fault, Platform};
use serde_json::json;

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
}
