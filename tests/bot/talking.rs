//! Commands and what is said to them.

use crate::on_both_engines;
use crate::stage::Stage;

on_both_engines! {
    async fn staff_are_helped_and_understood(db) {
        let stage = Stage::set(db, 2).await;
        let help = stage.say("lin.yue", "帮助").await;
        assert!(help.contains("待审核") && help.contains("林越"), "{help}");
        let progress = stage.say("zhou.ke", "jd 写作").await;
        assert!(progress.contains("报名 3 人"), "{progress}");
        assert!(progress.contains("达标（满 7 天）2 人，靠宽限 1 人"), "{progress}");
        let member = stage.say("lin.yue", "/进度 写作营 会员3").await;
        assert!(member.contains("6+宽限1/7 天"), "{member}");
        let nearest = stage.say("lin.yue", "进度 写做营").await;
        assert!(nearest.contains("您是不是想找") && nearest.contains("进度 写作营"), "{nearest}");
        let lost = stage.say("lin.yue", "你好呀").await;
        assert!(lost.contains("没看懂"), "{lost}");
        stage.assert_no_violation();
    }

    async fn a_tap_on_the_menu_is_a_command(db) {
        let stage = Stage::set(db, 1).await;
        let menu = campkeeper::bot::menu("https://camp.example.com").unwrap();
        stage.ctx.wecom.as_ref().unwrap().create_menu(&menu).await.unwrap();
        stage.sandbox.wecom().click_menu("lin.yue", "进度").await;
        stage.settle().await;
        assert!(stage.newest("lin.yue").contains("写作营"));
        stage.assert_no_violation();
    }

    async fn a_coach_hears_of_their_own_camps_only(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        let foreign = stage.say("he.miao", "进度 写作营").await;
        assert!(!foreign.contains("报名"), "{foreign}");
        let pending = stage.say("he.miao", "待审核").await;
        assert!(pending.contains("没有等待审核"), "{pending}");
    }

    async fn a_member_hears_of_themselves_and_a_stranger_of_nobody(db) {
        let stage = Stage::set(db, 1).await;
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("已打卡 8/7 天") && own.contains("已达标"), "{own}");
        for text in ["进度", "进度 写作营", "待审核", "同步"] {
            let said = stage.say("gao.yuan", text).await;
            assert!(said.contains("/h5/") && !said.contains("会员"), "{said}");
            assert!(!said.contains("写作营"), "{said}");
        }
    }

    async fn asking_twice_is_answered_twice(db) {
        let stage = Stage::set(db, 1).await;
        let first = stage.say("lin.yue", "帮助").await;
        let second = stage.say("lin.yue", "帮助").await;
        assert_eq!(first, second);
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 2);
    }

    async fn what_is_not_set_up_is_said(db) {
        let stage = Stage::set(db, 1).await;
        let said = stage.say("lin.yue", "同步 写作营").await;
        assert!(said.contains("还没有配置好") || said.contains("现在不能"), "{said}");
    }
}
