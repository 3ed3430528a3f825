//! What lies in a chat is read by the version that wrote it, and what cannot be read hides nothing.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::stage::Stage;

const APPROVED: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_status_log \
                        WHERE to_status = 'approved'";
const SET_APART: &str = "SELECT kind FROM bot_card WHERE set_apart_at IS NOT NULL";
const CLEAR: &str =
    "SELECT id || ' ' || proposal_hash FROM refund_record WHERE is_clear ORDER BY id";

/// The digest that was sent becomes one of the first version.
async fn write_as_first_version(stage: &Stage) {
    let refunds = stage.texts(CLEAR).await;
    let clear: Vec<Value> = refunds
        .iter()
        .map(|refund| {
            let (id, hash) = refund.split_once(' ').unwrap();
            json!({"id": id.parse::<i64>().unwrap(), "hash": hash, "fen": 9900})
        })
        .collect();
    let proposal = json!({
        "camp": {"id": 1, "name": "写作营"},
        "clear": clear,
        "look": {"count": 1, "sum": 9900},
        "notEligible": 0,
        "awaiting": 0,
    });
    stage
        .run(&format!(
            "UPDATE bot_card SET version = 1, proposal = '{proposal}' WHERE kind = 'digest'"
        ))
        .await;
}

on_both_engines! {
    async fn a_card_of_an_older_version_is_still_answered(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        write_as_first_version(&stage).await;
        stage.press("lin.yue", "通过").await;
        assert!(stage.card("lin.yue").text.contains("确认退款给 2 人"));
        stage.press("lin.yue", "返回").await;
        let back = stage.card("lin.yue").text;
        assert!(back.contains("2 人 · ¥198") && back.contains("1 人 · ¥99"), "{back}");
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["2"]);
        assert!(stage.card("chen.an").text.contains("已通过 2 人"));
        assert!(stage.texts(SET_APART).await.is_empty());
        stage.assert_no_violation();
    }

    async fn a_card_of_an_older_version_is_renewed(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        write_as_first_version(&stage).await;
        stage.leap(TimeDelta::hours(67));
        stage.send().await;
        let versions = "SELECT CAST(version AS TEXT) || ' ' || state FROM bot_card ORDER BY id";
        assert_eq!(stage.texts(versions).await, ["1 replaced", "3 open"]);
        assert!(stage.card("lin.yue").text.contains("通过这 2 人"));
        stage.assert_no_violation();
    }

    async fn what_cannot_be_read_is_set_apart_and_hides_nothing(db) {
        let unreadable = [
            ("kind = 'hologram'", "hologram", "lin.yue"),
            ("version = 99", "digest", "chen.an"),
        ];
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("zhou.ke", "进度 写作营 会员1").await;
        let proposal = stage.texts("SELECT proposal FROM bot_card WHERE kind = 'digest'").await;
        let proposal = &proposal[0];
        for (change, kind, person) in unreadable {
            stage
                .run(&format!(
                    "UPDATE bot_card SET kind = 'digest', version = 3, proposal = '{proposal}', \
                     set_apart_at = NULL WHERE id = 1;\n\
                     UPDATE bot_card SET {change} WHERE id = 1"
                ))
                .await;
            stage.press(person, "通过").await;
            assert!(stage.newest(person).contains("用过或过期"), "{change}");
            stage.leap(TimeDelta::hours(67));
            stage.send().await;
            assert_eq!(stage.texts(SET_APART).await, [kind], "{change}");
            let renewed = "SELECT CAST(COUNT(*) AS TEXT) FROM bot_card \
                           WHERE kind = 'single' AND state = 'open' AND expires_at > ";
            let now = stage.ctx.now().micros();
            assert_eq!(stage.texts(&format!("{renewed}{now}")).await, ["1"], "{change}");
        }
        assert_eq!(stage.texts(APPROVED).await, ["0"]);
    }
}
