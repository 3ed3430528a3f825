//! Deciding by the list: two at once, a process that dies over it, cards that show another list.

use campkeeper::domain::{RefundId, RefundStatus};
use campkeeper::services::refund;
use chrono::TimeDelta;
use sandbox::wecom::Selections;
use sandbox::{Fault, FaultKind, Platform};
use serde_json::{Value, json};

use crate::on_both_engines;
use crate::stage::Stage;

const APPROVED: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_status_log \
                        WHERE to_status = 'approved'";
const BY: &str = "SELECT DISTINCT decided_by_name FROM refund_record WHERE status = 'approved'";
const SHOWN: &str = "SELECT proposal FROM bot_card WHERE kind = 'digest' ORDER BY id";

/// The refunds of the first digest, in its order.
async fn shown(stage: &Stage) -> Vec<i64> {
    let proposal: Value = serde_json::from_str(&stage.texts(SHOWN).await[0]).unwrap();
    let clear = proposal["clear"].as_array().unwrap().clone();
    clear
        .iter()
        .map(|refund| refund["id"].as_i64().unwrap())
        .collect()
}

async fn press_only(stage: &Stage, person: &str, button: &str) {
    let wecom = stage.sandbox.wecom();
    let pressed = wecom
        .press_newest(person, button, &Selections::as_shown())
        .await;
    assert!(pressed.unwrap().delivery.is_accepted());
}

/// Withdraws as 林越's click does, up to where the process dies.
async fn withdraw(stage: &Stage, ids: &[i64]) {
    let actor = stage.actor("lin.yue").await;
    for id in ids {
        refund::undo(&stage.ctx, &actor, RefundId(*id))
            .await
            .unwrap();
    }
}

async fn refund_of(stage: &Stage, payment: i64) -> RefundId {
    let sql = format!("SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = {payment}");
    RefundId(stage.texts(&sql).await[0].parse().unwrap())
}

/// Somebody refuses a refund on the console.
async fn refuse(stage: &Stage, person: &str, payment: i64) {
    let actor = stage.actor(person).await;
    let id = refund_of(stage, payment).await;
    refund::reject(&stage.ctx, &actor, id, "打卡天数不足")
        .await
        .unwrap();
}

on_both_engines! {
    async fn a_long_list_is_decided_by_one_of_two_who_press_at_once(db) {
        let stage = Stage::set(db, 60).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.press("chen.an", "通过").await;
        press_only(&stage, "lin.yue", "确认退款").await;
        press_only(&stage, "chen.an", "确认退款").await;
        stage.settle().await;
        assert_eq!(stage.texts(APPROVED).await, ["60"]);
        let by = stage.texts(BY).await;
        let [by] = by.as_slice() else {
            panic!("one decider: {by:?}");
        };
        let (winner, loser) = if by == "林越" {
            ("lin.yue", "chen.an")
        } else {
            ("chen.an", "lin.yue")
        };
        let said: Vec<String> =
            stage.sandbox.wecom().inbox(loser).iter().map(|m| m.text.clone()).collect();
        assert!(said.iter().any(|text| text.contains(by) && text.contains("无需重复")), "{said:?}");
        stage.press(winner, "撤回").await;
        let left = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_record WHERE status = 'approved'";
        assert_eq!(stage.texts(left).await, ["0"], "撤回 takes back all of it");
        stage.assert_no_violation();
    }

    async fn a_click_whose_process_died_goes_on_where_it_stopped(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        press_only(&stage, "lin.yue", "确认退款").await;
        // It has taken the card and approved one of three.
        let ids = shown(&stage).await;
        let made = json!({"by": "林越", "at": stage.ctx.now()});
        let outcome = json!({"what": "reserved", "made": made, "asked": ids});
        stage
            .run(&format!(
                "UPDATE bot_card SET state = 'reserved', decided_by = 1, outcome_version = 1, \
                 outcome = '{outcome}' WHERE kind = 'digest'"
            ))
            .await;
        let actor = stage.actor("lin.yue").await;
        refund::approve(&stage.ctx, &actor, RefundId(ids[0]), None).await.unwrap();
        stage.settle().await;
        assert_eq!(stage.texts(APPROVED).await, ["3"]);
        assert!(stage.card("chen.an").text.contains("已通过 3 人"), "{}", stage.card("chen.an").text);
        stage.press("chen.an", "撤回").await;
        assert!(stage.card("lin.yue").text.contains("已撤回 3 人"));
    }

    async fn a_click_that_died_before_the_card_changed_changes_it(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        press_only(&stage, "lin.yue", "确认退款").await;
        let slow = FaultKind::Latency { ms: 1500 };
        let path = "cgi-bin/message/update_template_card";
        stage.sandbox.faults().add(Fault::new(Platform::Wecom, path, slow));
        let wait = std::time::Duration::from_millis(900);
        let died = tokio::time::timeout(wait, stage.settle()).await;
        assert!(died.is_err(), "the call was still out");
        tokio::time::sleep(wait).await;
        stage.advance(TimeDelta::seconds(91));
        stage.settle().await;
        assert_eq!(stage.texts(APPROVED).await, ["3"], "once");
        let text = stage.card("chen.an").text;
        assert!(text.contains("已通过 3 人"), "{text}");
    }

    async fn what_nobody_can_approve_stays_open(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.run("UPDATE payment_record SET required_days = 6").await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["0"]);
        let inbox = stage.sandbox.wecom().inbox("lin.yue");
        let told = inbox.iter().any(|message| message.text.contains("有了变化"));
        assert!(told, "{inbox:#?}");
        // What it shows is no longer so: another one takes its place, for all who have it.
        let newest = "SELECT state FROM bot_card WHERE kind = 'digest' ORDER BY id DESC LIMIT 1";
        assert_eq!(stage.texts(newest).await, ["open"]);
        stage.press("chen.an", "通过").await;
        stage.press("chen.an", "确认退款").await;
        assert_ne!(stage.texts(APPROVED).await, ["0"]);
    }

    async fn a_list_that_was_refused_elsewhere_is_not_shown_as_approved(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        refuse(&stage, "chen.an", 1).await;
        stage.press("lin.yue", "通过").await;
        let text = stage.card("lin.yue").text;
        assert!(text.contains("已由 陈安 拒绝") && !text.contains("通过"), "{text}");
        let said = stage.newest("lin.yue");
        assert!(said.contains("陈安") && said.contains("拒绝了这笔退款"), "{said}");
        stage.assert_no_violation();
    }

    async fn what_several_have_decided_is_told_of_all_of_them(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        refuse(&stage, "chen.an", 1).await;
        let actor = stage.actor("zhou.ke").await;
        let id = refund_of(&stage, 2).await;
        refund::approve(&stage.ctx, &actor, id, None).await.unwrap();
        stage.press("lin.yue", "通过").await;
        let text = stage.card("lin.yue").text;
        assert!(text.contains("等 2 人 处理") && !text.contains("通过"), "{text}");
        let said = stage.newest("lin.yue");
        assert!(said.contains("处理了 2 笔退款"), "{said}");
        stage.assert_no_violation();
    }

    async fn a_list_of_which_only_some_were_decided_is_not_shown_as_decided(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        refuse(&stage, "chen.an", 1).await;
        stage.run("UPDATE payment_record SET required_days = 6 WHERE id = 2").await;
        stage.press("lin.yue", "通过").await;
        assert!(!stage.card("lin.yue").text.contains("已由"), "{}", stage.card("lin.yue").text);
        let said: Vec<String> =
            stage.sandbox.wecom().inbox("lin.yue").iter().map(|m| m.text.clone()).collect();
        let said = said.join("\n");
        assert!(said.contains("拒绝了这笔退款") && said.contains("有了变化"), "{said}");
        stage.assert_no_violation();
    }

    async fn who_comes_second_is_offered_no_withdrawal_that_cannot_be(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        for (payment, member) in [(1, "会员1"), (2, "会员2")] {
            stage.say("lin.yue", &format!("进度 写作营 {member}")).await;
            let actor = stage.actor("chen.an").await;
            let id = refund_of(&stage, payment).await;
            if payment == 1 {
                refund::approve(&stage.ctx, &actor, id, None).await.unwrap();
            } else {
                refuse(&stage, "chen.an", 2).await;
            }
            stage.press("lin.yue", "拒绝").await;
            let choice = Selections::as_shown().choose("reason", ["打卡天数不足"]);
            stage.press_with("lin.yue", "拒绝", &choice).await;
            let card = stage.card("lin.yue");
            assert!(card.text.contains("已由 陈安"), "{}", card.text);
            assert!(!card.card.unwrap().is_live(), "{}", card.text);
        }
        stage.assert_no_violation();
    }

    async fn a_card_with_another_list_stays_open(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        for person in ["zhou.ke", "lin.yue"] {
            stage.say(person, "待审核").await;
            stage.press(person, "逐批查看").await;
        }
        let card = stage.card("zhou.ke").card.unwrap();
        let question = &card.questions[0];
        let two = [question.options[0].id.clone(), question.options[1].id.clone()];
        let selections = Selections::as_shown().choose(&question.key, two);
        stage.press_with("zhou.ke", "提交", &selections).await;
        stage.press("zhou.ke", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["2"]);
        assert!(stage.card("lin.yue").text.contains("勾选要退款的人"), "two are left on it");

        stage.press("lin.yue", "提交").await;
        assert!(stage.card("lin.yue").text.contains("确认退款给 1 人"));
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["3"]);
        assert!(stage.card("lin.yue").text.contains("已通过 1 人"));
        assert!(stage.card("zhou.ke").text.contains("已通过 2 人"), "it keeps what it decided");
        stage.assert_no_violation();
    }

    async fn a_card_whose_list_is_decided_ends_with_it(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.run("UPDATE refund_record SET status = 'rejected' WHERE payment_id = 4").await;
        for person in ["zhou.ke", "lin.yue"] {
            stage.say(person, "待审核").await;
        }
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        let text = stage.card("zhou.ke").text;
        assert!(text.contains("已通过 3 人") && text.contains("林越"), "{text}");
    }

    async fn a_digest_with_somebody_to_look_at_outlives_the_approval_of_others(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("lin.yue", "待审核").await;
        stage.run("UPDATE refund_record SET status = 'rejected' WHERE payment_id = 1").await;
        stage.say("zhou.ke", "待审核").await;
        let only_look = stage.card("zhou.ke").text;
        stage.run("UPDATE refund_record SET status = 'pending' WHERE payment_id = 1").await;
        stage.say("chen.an", "待审核").await;
        let both = stage.card("chen.an").text;
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        assert!(stage.card("lin.yue").text.contains("已通过 1 人"));
        assert_eq!(stage.card("zhou.ke").text, only_look, "nobody has decided any of it");
        assert_eq!(stage.card("chen.an").text, both, "somebody is left on it");
        stage.press("zhou.ke", "逐批查看").await;
        assert!(stage.card("zhou.ke").text.contains("勾选要退款的人"));
        stage.assert_no_violation();
    }

    async fn a_withdrawal_whose_process_died_is_shown(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        press_only(&stage, "lin.yue", "撤回").await;
        withdraw(&stage, &shown(&stage).await[..2]).await;
        stage.settle().await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        for person in ["lin.yue", "chen.an"] {
            let text = stage.card(person).text;
            assert!(text.contains("已撤回 3 人") && !text.contains("未能撤回"), "{text}");
        }
    }

    async fn a_withdrawal_of_one_whose_process_died_is_shown(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("lin.yue", "进度 写作营 会员1").await;
        stage.press("lin.yue", "通过").await;
        press_only(&stage, "lin.yue", "撤回").await;
        let id = stage.texts("SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = 1");
        let id = id.await[0].parse().unwrap();
        withdraw(&stage, &[id]).await;
        stage.settle().await;
        let text = stage.card("lin.yue").text;
        assert!(text.contains("撤回"), "{text}");
        assert!(!stage.card("lin.yue").card.unwrap().is_live(), "{text}");
    }
}
