//! Progress with its lists and next steps, and questions in people's own words.

use crate::on_both_engines;
use crate::stage::{ROBOT, Stage};
use crate::urging::running;

on_both_engines! {
    async fn a_camp_is_shown_with_what_can_be_asked_next(db) {
        let stage = Stage::set(db, 2).await;
        stage.sandbox.wecom().add_robot(ROBOT, "写作营的群");
        running(&stage).await;
        stage.run("UPDATE camp_member SET joined = FALSE").await;
        let shown = stage.say("zhou.ke", "进度").await;
        for words in [
            "第 11/20 天", "平均打卡 7.3 天", "报名\n3 人", "今天打卡\n1 人，没打卡 2 人",
            "达标\n3 人（满 7 天，靠宽限 1 人）", "差一天\n0 人", "差更多\n0 人",
        ] {
            assert!(shown.contains(words), "{words}: {shown}");
        }
        assert!(!shown.contains("进群"), "nobody knows who is in the group: {shown}");
        stage.press("zhou.ke", "今天没打卡").await;
        let list = stage.newest("zhou.ke");
        assert!(list.contains("01-11 没打卡 2 人") && list.contains("会员2、会员3"), "{list}");
        assert!(!list.contains("会员1"), "{list}");
        // The card can be pressed again, for something else.
        stage.press("zhou.ke", "达标名单").await;
        let list = stage.newest("zhou.ke");
        assert!(list.contains("达标 3 人") && list.contains("会员1 8 天"), "{list}");
        stage.press("zhou.ke", "催打卡").await;
        assert!(stage.card("zhou.ke").text.contains("群里会收到"));
        stage.assert_no_violation();
    }

    async fn of_a_day_that_was_not_read_nobody_is_named(db) {
        let stage = Stage::set(db, 2).await;
        running(&stage).await;
        let read_at = stage.ctx.now().minus(chrono::TimeDelta::hours(14)).micros();
        stage.run(&format!("UPDATE sync_run SET started_at = {read_at}")).await;
        for asked in ["今天谁没打卡", "没打卡 写作营"] {
            let said = stage.say("zhou.ke", asked).await;
            assert!(said.contains("01-11 的打卡还没有读到") && !said.contains("会员"), "{asked}: {said}");
        }
        let said = stage.say("zhou.ke", "昨天谁没打卡").await;
        assert!(said.contains("01-10 没打卡 3 人（截至"), "of that day it tells: {said}");
        stage.assert_no_violation();
    }

    async fn a_volunteer_is_offered_nothing_that_is_not_theirs(db) {
        let stage = Stage::set(db, 1).await;
        running(&stage).await;
        let shown = stage.say("wu.tong", "进度").await;
        assert!(shown.contains("今天没打卡") && shown.contains("催打卡"), "{shown}");
        assert!(!shown.contains("同步") && !shown.contains("审核"), "{shown}");
        let said = stage.say("wu.tong", "同步一下写作营").await;
        assert!(said.contains("您没有这项权限"), "{said}");
    }

    async fn questions_are_answered(db) {
        let stage = Stage::set(db, 2).await;
        running(&stage).await;
        for (asked, words) in [
            ("今天谁没打卡？", "没打卡 2 人"),
            ("写作营今天谁没打卡呀", "没打卡 2 人"),
            ("昨天谁没打卡", "01-10 没打卡 3 人"),
            ("写作营有多少人达标了", "达标 3 人"),
            ("差一天的有谁 写作营", "差一天 0 人"),
            ("会员2退款了吗", "会员2（写作营）¥99"),
            ("会员2打了几天了", "会员2：8/7 天"),
            ("会员2", "会员2：8/7 天"),
            ("xiezuo", "报名\n3 人"),
            ("今天天气不错", "没看懂"),
            ("谢谢", "您好，周可"),
        ] {
            let said = stage.say("zhou.ke", asked).await;
            assert!(said.contains(words), "{asked}: {said}");
        }
        // What does something is asked about.
        let said = stage.say("zhou.ke", "别催打卡了").await;
        assert!(said.contains("您是想问这个吗"), "{said}");
        assert_eq!(stage.texts("SELECT kind FROM notification_message WHERE kind = 'urge_ready'").await.len(), 0);
        stage.assert_no_violation();
    }

    async fn what_is_no_text_is_answered_kindly(db) {
        let stage = Stage::set(db, 1).await;
        let wecom = stage.sandbox.wecom();
        for person in ["zhou.ke", "gao.yuan"] {
            assert!(wecom.send_picture(person).await.is_accepted());
            assert!(wecom.send_voice(person).await.is_accepted());
            stage.settle().await;
            let inbox = wecom.inbox(person);
            assert_eq!(inbox.len(), 2, "{person}");
            assert!(inbox.iter().all(|m| m.text.contains("我只看得懂文字")), "{inbox:?}");
        }
        stage.assert_no_violation();
    }

    async fn lists_of_another_camp_are_nobodys_business(db) {
        let stage = Stage::set(db, 2).await;
        running(&stage).await;
        for asked in [
            "没打卡 写作营", "达标 写作营", "写作营今天谁没打卡", "未达标名单", "差一天", "写作营怎么样",
            "会员1", "会员1退款了吗", "会员1打了几天", "写作营有多少人达标了", "进度 写作营 会员1",
            "匹配 写作营 会员1", "待审核 写作营", "同步 写作营", "催打卡 写作营", "重试 写作营",
        ] {
            let said = stage.say("he.miao", asked).await;
            for secret in ["会员1：", "会员1（", "会员2", "8/7", "没打卡 2", "达标 3", "报名\n3"] {
                assert!(!said.contains(secret), "{asked}: {said}");
            }
            let stranger = stage.say("gao.yuan", asked).await;
            assert!(!stranger.contains("会员") && !stranger.contains("写作营"), "{asked}: {stranger}");
        }
    }
}
