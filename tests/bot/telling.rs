//! A reason in one's own words, and what members of the corp hear about their deposit.

use campkeeper::domain::RefundStatus;
use campkeeper::services::refund;
use chrono::TimeDelta;
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::stage::Stage;

/// 林越 has the card of 会员1 and has picked 其他 for a reason.
async fn asked_for_a_reason(stage: &Stage) {
    stage.build_list().await;
    stage.send().await;
    stage.say("lin.yue", "退款 会员1").await;
    ask_for_words(stage).await;
    assert_eq!(stage.status(1).await, RefundStatus::Pending);
}

/// 林越 picks 其他 on the card.
async fn ask_for_words(stage: &Stage) {
    stage.press("lin.yue", "拒绝").await;
    let other = Selections::as_shown().choose("reason", ["其他（写一句话）"]);
    stage.press_with("lin.yue", "拒绝", &other).await;
    let card = stage.card("lin.yue").text;
    assert!(card.contains("请直接给我发一句话"), "{card}");
}

/// 林越 has words on the phone.
fn has_seen(stage: &Stage, words: &str) -> bool {
    let inbox = stage.sandbox.wecom().inbox("lin.yue");
    inbox.iter().any(|message| message.text.contains(words))
}

const OPEN: &str = "SELECT payload FROM chat_dialogue";

const REASON: &str = "SELECT reason FROM refund_status_log WHERE to_status = 'rejected'";

on_both_engines! {
    async fn another_reason_is_written_in_a_message(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        // What others write is no reason.
        stage.say("chen.an", "作业是抄的").await;
        assert_eq!(stage.texts(OPEN).await.len(), 1);
        stage.say("lin.yue", " 作业是抄的，退款前已和本人说过 ").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending, "a sentence decides nothing");
        assert!(has_seen(&stage, "以“作业是抄的，退款前已和本人说过”拒绝 会员1"));
        // It was one message.
        let said = stage.say("lin.yue", "今天天气不错").await;
        assert!(said.contains("没看懂"), "{said}");
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.status(1).await, RefundStatus::Rejected);
        assert_eq!(stage.texts(REASON).await, ["作业是抄的，退款前已和本人说过"]);
        assert!(has_seen(&stage, "拒绝错了可以撤回"));
        // The member hears of it.
        let told = stage.newest("xu.qing");
        assert!(told.contains("没有通过审核：作业是抄的，退款前已和本人说过"), "{told}");
        let said = stage.say("lin.yue", "退款 会员1").await;
        assert!(said.contains("拒绝：作业是抄的，退款前已和本人说过"), "{said}");
        let said = stage.say("lin.yue", "作业是抄的").await;
        assert!(said.contains("没看懂"), "{said}");
        assert_eq!(stage.texts(OPEN).await, [""; 0]);
        stage.assert_no_violation();
    }

    async fn a_command_is_no_reason(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        for (command, words) in [
            ("进度", "写作营"),
            ("进度 写作营", "报名\n2 人"),
            ("没打卡 写作营", "没有打卡安排"),
            ("退款 会员2", "会员2（写作营）"),
            ("同步写作营", "知识星球还没有设置好"),
            ("重试 全部", "没有要重试的退款"),
        ] {
            let said = stage.say("lin.yue", command).await;
            assert!(said.contains(words), "{command}: {said}");
        }
        let menu = campkeeper::bot::menu("https://camp.example.com").unwrap();
        stage.ctx.clients.wecom.as_ref().unwrap().create_menu(&menu).await.unwrap();
        stage.sandbox.wecom().click_menu("lin.yue", "进度").await;
        stage.settle().await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        // It is waited for still.
        stage.say("lin.yue", "作业是抄的").await;
        assert!(has_seen(&stage, "以“作业是抄的”拒绝 会员1"));
        stage.assert_no_violation();
    }

    async fn any_other_press_ends_the_question(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        stage.press("lin.yue", "返回").await;
        assert_eq!(stage.texts(OPEN).await, [""; 0]);
        let said = stage.say("lin.yue", "作业是抄的").await;
        assert!(said.contains("没看懂"), "{said}");
        ask_for_words(&stage).await;
        // Once they have written as well.
        stage.say("lin.yue", "作业是抄的").await;
        stage.press("lin.yue", "返回").await;
        assert_eq!(stage.texts(OPEN).await, [""; 0]);
        stage.press("lin.yue", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        stage.say("lin.yue", "作业是抄的").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        stage.assert_no_violation();
    }

    async fn the_question_of_another_card_goes_on(db) {
        let stage = Stage::set(db, 2).await;
        asked_for_a_reason(&stage).await;
        stage.say("lin.yue", "退款 会员2").await;
        stage.press("lin.yue", "稍后").await;
        assert_eq!(stage.texts(OPEN).await.len(), 1);
    }

    async fn a_refusal_ends_the_question(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        stage.say("lin.yue", "作业是抄的").await;
        stage.run("UPDATE system_user SET role = 'volunteer' WHERE id = 1").await;
        stage.press("lin.yue", "确认").await;
        assert!(stage.newest("lin.yue").contains("没有这项权限"), "{}", stage.newest("lin.yue"));
        assert_eq!(stage.texts(OPEN).await, [""; 0]);
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
    }

    async fn too_long_a_reason_can_be_written_shorter(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        let said = stage.say("lin.yue", &"抄".repeat(600)).await;
        assert!(!said.is_empty() && !has_seen(&stage, "以“抄"), "{said}");
        stage.say("lin.yue", "作业是抄的").await;
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.texts(REASON).await, ["作业是抄的"]);
    }

    async fn it_is_asked_again_where_the_card_cannot_follow(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        // Nothing is written yet.
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        stage.say("lin.yue", "作业是抄的").await;
        stage.press("lin.yue", "返回").await;
        // No code is left for a change without a press: the question comes as a text.
        ask_for_words(&stage).await;
        let said = stage.say("lin.yue", "没有写完").await;
        assert!(said.contains("以“没有写完”拒绝 会员1"), "{said}");
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.texts(REASON).await, ["没有写完"]);
        stage.assert_no_violation();
    }

    async fn a_reason_can_be_called_off_and_is_not_waited_for_for_ever(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        stage.say("lin.yue", "算了").await;
        let said = stage.say("lin.yue", "作业是抄的").await;
        assert!(said.contains("没看懂"), "{said}");
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        ask_for_words(&stage).await;
        stage.advance(TimeDelta::minutes(11));
        let said = stage.say("lin.yue", "作业是抄的").await;
        assert!(said.contains("没看懂"), "{said}");
        // What was written is not good for ever either.
        stage.press("lin.yue", "返回").await;
        ask_for_words(&stage).await;
        stage.say("lin.yue", "作业是抄的").await;
        stage.advance(TimeDelta::minutes(11));
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
    }

    async fn who_writes_a_reason_too_late_learns_who_was_first(db) {
        let stage = Stage::set(db, 1).await;
        asked_for_a_reason(&stage).await;
        let id = stage.texts("SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = 1").await;
        let id = campkeeper::domain::RefundId(id[0].parse().unwrap());
        refund::approve(&stage.ctx, &stage.actor("chen.an").await, id, None).await.unwrap();
        stage.say("lin.yue", "作业是抄的").await;
        stage.press("lin.yue", "确认").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        let said = stage.newest("lin.yue");
        assert!(said.contains("陈安"), "{said}");
        assert_eq!(stage.texts(OPEN).await, [""; 0]);
        stage.assert_no_violation();
    }

    async fn a_member_hears_the_verdict_once(db) {
        let stage = Stage::set(db, 2).await;
        stage.run(
            "UPDATE sync_ranking SET checked_in_days = 3 WHERE planet_user_id = 300000000000001;\n\
             UPDATE camp_member SET checked_in_days = 3, eligible = FALSE WHERE id = 1;\n\
             DELETE FROM checkin_record WHERE planet_user_id = 300000000000001 AND day > '2026-01-03'",
        ).await;
        stage.build_list().await;
        stage.build_list().await;
        stage.send().await;
        let inbox = stage.sandbox.wecom().inbox("xu.qing");
        assert_eq!(inbox.len(), 1);
        let told = &inbox[0].text;
        assert!(told.contains("您打卡 3/7 天") && told.contains("01-14 12:00 前"), "{told}");
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("01-01 起 ✓✓✓"), "{own}");
        assert!(own.contains("有疑问可在 01-14 12:00 前"), "{own}");
        stage.assert_no_violation();
    }

    async fn a_member_is_shown_in_one_look(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        let said = stage.say("zhou.ke", "进度 写作营 会员1").await;
        for words in ["会员1：8/7 天，已达标", "01-01 起 ✓✓✓✓✓✓✓✓", "下一步：审核退款（"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("最晚") && own.contains("有审核结果"), "{own}");
    }
}
