//! Where two people have to approve: nothing that still waits is hidden.

use campkeeper::domain::RefundStatus;

use crate::on_both_engines;
use crate::stage::Stage;

on_both_engines! {
    async fn a_list_is_approved_by_two(db) {
        let stage = Stage::with_second_approver(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("chen.an", "待审核").await;
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.status(1).await, RefundStatus::AwaitingSecond);
        let text = stage.card("lin.yue").text;
        assert!(text.contains("已初审 2 人") && text.contains("2 人待另一位同事复核"), "{text}");
        assert!(!text.contains("已通过"), "{text}");

        // 陈安's own card still has its buttons.
        assert!(stage.card("chen.an").text.contains("通过这 2 人"));
        let said = stage.say("lin.yue", "待审核 写作营").await;
        assert!(said.contains("2 人待另一位同事复核"), "{said}");
        stage.press("chen.an", "通过").await;
        stage.press("chen.an", "确认退款").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        assert_eq!(stage.status(2).await, RefundStatus::Approved);
        assert!(stage.card("chen.an").text.contains("已通过 2 人"));
        stage.assert_no_violation();
    }

    async fn what_waits_for_a_second_is_found_by_asking(db) {
        let stage = Stage::with_second_approver(db, 1).await;
        stage.build_list().await;
        stage.run("UPDATE refund_record SET status = 'rejected' WHERE payment_id = 2").await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        for words in ["待审核", "待审核 写作营"] {
            let said = stage.say("lin.yue", words).await;
            assert!(said.contains("1 笔退款您已初审，待另一位同事复核"), "{said}");
        }
        stage.say("chen.an", "待审核").await;
        assert!(stage.card("chen.an").text.contains("通过这 1 人"));
        stage.say("chen.an", "进度 写作营 会员1").await;
        let text = stage.card("chen.an").text;
        assert!(text.contains("林越 已通过，待复核"), "{text}");
        stage.press("chen.an", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        stage.assert_no_violation();
    }

    async fn one_approval_leaves_the_cards_of_others(db) {
        let stage = Stage::with_second_approver(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        for person in ["lin.yue", "chen.an"] {
            stage.say(person, "进度 写作营 会员1").await;
        }
        stage.press("lin.yue", "通过").await;
        assert!(stage.card("lin.yue").text.contains("待另一位同事复核"));
        assert!(stage.card("chen.an").card.unwrap().is_live());
        stage.press("chen.an", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        stage.assert_no_violation();
    }
}
