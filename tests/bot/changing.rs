//! What changed after a card was sent: a sync that changes nothing leaves it good, and what did change
//! is named and shown anew.

use campkeeper::domain::RefundStatus;
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{OVER_AT, Stage};

const NINE_DAYS: &str = "UPDATE sync_ranking SET checked_in_days = 9 \
WHERE planet_user_id = 300000000000001";

async fn set(db: crate::support::TestDb, clear: i64) -> Stage {
    let stage = Stage::set(db, clear).await;
    stage.build_list().await;
    stage.send().await;
    stage
}

on_both_engines! {
    async fn a_digest_stays_good_over_a_sync_that_changes_nothing(db) {
        let stage = set(db, 3).await;
        stage.db.add(rows::sync_again(2, OVER_AT + 1)).await;
        stage.press("lin.yue", "通过").await;
        assert!(stage.card("lin.yue").text.contains("确认退款给 3 人"));
        stage.press("lin.yue", "确认退款").await;
        for payment in 1..=3 {
            assert_eq!(stage.status(payment).await, RefundStatus::Approved);
        }
        stage.assert_no_violation();
    }

    async fn a_batch_and_a_single_card_stay_good_too(db) {
        let stage = set(db, 2).await;
        stage.say("zhou.ke", "进度 写作营 会员1").await;
        stage.say("lin.yue", "待审核").await;
        stage.press("lin.yue", "逐批查看").await;
        stage.db.add(rows::sync_again(2, OVER_AT + 1)).await;
        stage.press("zhou.ke", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        let card = stage.card("lin.yue");
        let question = &card.card.as_ref().unwrap().questions[0];
        // The newest is the first.
        let second = [question.options[0].id.clone()];
        let chosen = Selections::as_shown().choose(&question.key, second);
        stage.press_with("lin.yue", "提交", &chosen).await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.status(2).await, RefundStatus::Approved);
        stage.assert_no_violation();
    }

    async fn what_changed_for_one_is_named_and_the_others_go_through(db) {
        let stage = set(db, 2).await;
        stage.press("lin.yue", "通过").await;
        stage.run(NINE_DAYS).await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        assert_eq!(stage.status(2).await, RefundStatus::Approved);
        let told = stage.newest("lin.yue");
        assert!(told.contains("会员1：打卡 8 → 9 天"), "{told}");
        stage.assert_no_violation();
    }

    async fn a_card_whose_only_member_changed_comes_anew(db) {
        let stage = set(db, 1).await;
        stage.say("zhou.ke", "进度 写作营 会员1").await;
        stage.run(NINE_DAYS).await;
        stage.press("zhou.ke", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        let inbox = stage.sandbox.wecom().inbox("zhou.ke");
        let told = inbox.iter().any(|message| message.text.contains("打卡 8 → 9 天"));
        assert!(told, "{inbox:#?}");
        let anew = stage.card("zhou.ke");
        assert!(anew.text.contains("9/7"), "{}", anew.text);
        stage.press("zhou.ke", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
    }

    async fn a_digest_of_which_all_has_changed_comes_anew(db) {
        let stage = set(db, 1).await;
        stage.run(NINE_DAYS).await;
        stage.press("lin.yue", "通过").await;
        let anew = stage.card("chen.an").text;
        assert!(anew.contains("2 人 · ¥198"), "both are looked at now: {anew}");
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
    }

    async fn one_button_answers_for_the_posts_of_a_whole_camp(db) {
        let stage = Stage::set(db, 2).await;
        stage.run("DELETE FROM checkin_record").await;
        stage.run("UPDATE training_camp SET posts_sync_id = NULL WHERE id = 1").await;
        stage.build_list().await;
        stage.send().await;
        let digest = stage.card("lin.yue").text;
        assert!(digest.contains("3 人的帖子没有读全，只有排行可看"), "{digest}");
        stage.press("lin.yue", "按排行认定").await;
        let anew = stage.card("lin.yue").text;
        assert!(anew.contains("通过这 2 人") && !anew.contains("按排行认定"), "{anew}");
        assert!(stage.card("chen.an").text.contains("通过这 2 人"), "for all who have the card");
        stage.press("chen.an", "通过").await;
        stage.press("chen.an", "确认退款").await;
        assert_eq!(stage.status(2).await, RefundStatus::Approved);
        assert_eq!(stage.status(3).await, RefundStatus::Pending, "by grace alone");
    }

    async fn what_was_settled_outside_is_no_reason_for_a_no(db) {
        let stage = set(db, 1).await;
        stage.say("zhou.ke", "进度 写作营 会员1").await;
        stage.press("zhou.ke", "拒绝").await;
        let card = stage.card("zhou.ke").card.unwrap();
        let offered = format!("{card:?}");
        assert!(offered.contains("打卡天数不足") && !offered.contains("已另行处理"), "{offered}");
    }
}
