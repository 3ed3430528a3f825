//! Approving on cards: digest, batch, single, and two people at once.

use campkeeper::domain::RefundStatus;
use chrono::TimeDelta;
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows::refund_in;
use crate::stage::Stage;

const APPROVED: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_status_log \
                        WHERE to_status = 'approved'";

on_both_engines! {
    async fn a_digest_approves_exactly_what_it_shows_and_can_be_withdrawn(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.send().await;
        let card = stage.card("lin.yue");
        assert!(card.text.contains("3 人 · ¥297"), "{}", card.text);
        assert!(card.text.contains("1 人 · ¥99"), "{}", card.text);

        stage.press("lin.yue", "通过").await;
        assert!(stage.card("lin.yue").text.contains("确认退款给 3 人"));
        assert!(stage.card("chen.an").text.contains("通过这 3 人"), "a step is for one alone");
        stage.press("lin.yue", "返回").await;
        assert!(stage.card("lin.yue").text.contains("通过这 3 人"));
        assert_eq!(stage.texts(APPROVED).await, ["0"]);

        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["3"]);
        assert_eq!(stage.status(4).await, RefundStatus::Pending, "grace is looked at");
        for person in ["lin.yue", "chen.an", "zhou.ke"] {
            let text = stage.card(person).text;
            assert!(text.contains("已通过 3 人") && text.contains("林越"), "{person}: {text}");
        }

        stage.press("lin.yue", "撤回").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        assert!(stage.card("lin.yue").text.contains("已撤回 3 人"));
        stage.assert_no_violation();
    }

    async fn who_comes_second_learns_who_was_first(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.press("chen.an", "通过").await;
        let wecom = stage.sandbox.wecom();
        let as_shown = Selections::as_shown();
        // Both confirm before either is worked off.
        let first = wecom.press_newest("lin.yue", "确认退款", &as_shown);
        let second = wecom.press_newest("chen.an", "确认退款", &as_shown);
        let (first, second) = tokio::join!(first, second);
        first.unwrap();
        second.unwrap();
        stage.settle().await;
        assert_eq!(stage.texts(APPROVED).await, ["2"], "money is let go once");
        let by = stage
            .texts("SELECT DISTINCT decided_by_name FROM refund_record WHERE status = 'approved'")
            .await;
        let [by] = by.as_slice() else {
            panic!("one decider: {by:?}");
        };
        let loser = if by == "林越" { "chen.an" } else { "lin.yue" };
        let said: Vec<String> = wecom.inbox(loser).iter().map(|m| m.text.clone()).collect();
        assert!(said.iter().any(|text| text.contains(by) && text.contains("通过")), "{said:?}");
        stage.assert_no_violation();
    }

    async fn a_click_replayed_does_nothing(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        let wecom = stage.sandbox.wecom();
        let pressed = wecom.press_newest("lin.yue", "确认退款", &Selections::as_shown()).await;
        let pressed = pressed.unwrap();
        stage.settle().await;
        let before = wecom.inbox("lin.yue").len();
        for _ in 0..3 {
            wecom.replay(pressed.delivery.id).await;
            stage.settle().await;
        }
        assert_eq!(stage.texts(APPROVED).await, ["2"]);
        assert_eq!(wecom.inbox("lin.yue").len(), before);
    }

    async fn a_batch_lets_people_be_chosen(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.say("zhou.ke", "待审核").await;
        stage.press("zhou.ke", "逐批查看").await;
        let card = stage.card("zhou.ke");
        let question = &card.card.as_ref().unwrap().questions[0];
        let ticked: Vec<bool> = question.options.iter().map(|option| option.is_checked).collect();
        assert_eq!(ticked, [true, true, true, false]);
        assert_eq!(question.options[3].text, "会员4 6+宽限1/7天");

        let chosen = [question.options[0].id.clone(), question.options[3].id.clone()];
        let selections = Selections::as_shown().choose(&question.key, chosen);
        stage.press_with("zhou.ke", "提交", &selections).await;
        assert!(stage.card("zhou.ke").text.contains("确认退款给 2 人"));
        stage.press("zhou.ke", "返回").await;
        let back = stage.card("zhou.ke").card.unwrap();
        let ticked: Vec<bool> =
            back.questions[0].options.iter().map(|option| option.is_checked).collect();
        assert_eq!(ticked, [true, false, false, true]);
        stage.press("zhou.ke", "提交").await;
        stage.press("zhou.ke", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["2"]);
        assert_eq!(stage.status(4).await, RefundStatus::Approved);

        // The window closes: the button goes, and the summary waits for the outcomes.
        stage.advance(TimeDelta::seconds(61));
        stage.settle().await;
        let card = stage.card("zhou.ke").card.unwrap();
        assert!(!card.is_live(), "{card:?}");
        let done = refund_in("success");
        stage.run(&format!("UPDATE refund_record SET {done} WHERE status = 'approved'")).await;
        stage.advance(TimeDelta::seconds(30));
        stage.settle().await;
        assert!(stage.newest("zhou.ke").contains("成功 2 笔"), "{}", stage.newest("zhou.ke"));
        stage.assert_no_violation();
    }

    async fn one_member_is_refused_with_a_reason(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("zhou.ke", "进度 写作营 会员2").await;
        assert!(stage.card("zhou.ke").text.contains("用到宽限天数"));
        stage.press("zhou.ke", "详情").await;
        assert!(stage.card("zhou.ke").text.contains("编号与昵称一致"));
        stage.press("zhou.ke", "拒绝").await;
        stage.press("zhou.ke", "拒绝").await;
        assert_eq!(stage.status(2).await, RefundStatus::Pending, "no reason was chosen");
        assert!(stage.newest("zhou.ke").contains("还没有选原因"), "{}", stage.newest("zhou.ke"));
        let selections = Selections::as_shown().choose("reason", ["打卡天数不足"]);
        stage.press_with("zhou.ke", "拒绝", &selections).await;
        assert_eq!(stage.status(2).await, RefundStatus::Rejected);
        assert!(stage.card("zhou.ke").text.contains("周可"));
        stage.press("zhou.ke", "撤回").await;
        assert_eq!(stage.status(2).await, RefundStatus::Pending);
        let card = stage.card("zhou.ke");
        assert!(card.text.contains("回到待审核") && !card.card.unwrap().is_live(), "{}", card.text);
        stage.assert_no_violation();
    }

    async fn a_card_that_cannot_be_changed_is_told_by_a_text(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.run("UPDATE bot_card_code SET used_at = 1").await;
        let refused = sandbox::FaultKind::ApiError {
            code: "60140".to_owned(),
            message: "response_code invalid".to_owned(),
        };
        let path = "cgi-bin/message/update_template_card";
        let fault = sandbox::Fault::new(sandbox::Platform::Wecom, path, refused).times(8);
        stage.sandbox.faults().add(fault);
        stage.press("lin.yue", "通过").await;
        let said = stage.newest("lin.yue");
        assert!(said.contains("/admin/refunds?campId=1"), "{said}");
    }

    async fn a_busy_platform_costs_no_response_code(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        let busy = sandbox::FaultKind::ApiError {
            code: "-1".to_owned(),
            message: "system busy".to_owned(),
        };
        let path = "cgi-bin/message/update_template_card";
        let fault = sandbox::Fault::new(sandbox::Platform::Wecom, path, busy).times(6);
        stage.sandbox.faults().add(fault);
        stage.advance(TimeDelta::seconds(61));
        stage.send().await;
        let people = ["lin.yue", "chen.an", "zhou.ke"];
        let live = |person| stage.card(person).card.unwrap().is_live();
        assert!(people.iter().all(|person| live(*person)), "撤回 could not be taken off");
        for _ in 0..4 {
            stage.advance(TimeDelta::seconds(10));
            stage.send().await;
        }
        assert!(!people.iter().any(|person| live(*person)));
    }

    async fn somebody_who_left_the_staff_can_press_nothing(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.press("chen.an", "通过").await;
        stage.run("UPDATE system_user SET status = 'disabled' WHERE id = 2").await;
        stage.press("chen.an", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["0"]);
    }
}
