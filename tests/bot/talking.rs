//! Commands and what is said to them.

use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows::{self, refund_in};
use crate::stage::Stage;

on_both_engines! {
    async fn staff_are_helped_and_understood(db) {
        let stage = Stage::set(db, 2).await;
        let help = stage.say("lin.yue", "帮助").await;
        assert!(help.contains("待审核") && help.contains("林越"), "{help}");
        let progress = stage.say("zhou.ke", "jd 写作").await;
        assert!(progress.contains("报名\n3 人"), "{progress}");
        assert!(progress.contains("达标\n3 人（满 7 天，靠宽限 1 人）"), "{progress}");
        assert!(!progress.contains("进群 0"), "what nobody knows is not shown: {progress}");
        let member = stage.say("lin.yue", "/进度 写作营 会员3").await;
        assert!(member.contains("6+宽限1/7 天"), "{member}");
        let nearest = stage.say("lin.yue", "进度 写做营").await;
        assert!(nearest.contains("没有叫“写做营”的营"), "{nearest}");
        assert!(nearest.contains("写作营") && nearest.contains("您是不是想找"), "{nearest}");
        let greeted = stage.say("lin.yue", "你好呀").await;
        assert!(greeted.contains("您好，林越"), "{greeted}");
        let asked = stage.say("lin.yue", "写作营怎么样了呀？").await;
        assert!(asked.contains("报名\n3 人"), "{asked}");
        let guessed = stage.say("lin.yue", "进渡 写作营").await;
        assert!(guessed.contains("您是想问这个吗"), "{guessed}");
        stage.press("lin.yue", "进度 写作营").await;
        assert!(stage.newest("lin.yue").contains("报名\n3 人"), "{}", stage.newest("lin.yue"));
        let lost = stage.say("lin.yue", "今天天气不错").await;
        assert!(lost.contains("没看懂") && lost.contains("帮助"), "{lost}");
        stage.assert_no_violation();
    }

    async fn what_may_have_been_meant_is_done_once(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        let failed = format!(
            "UPDATE refund_record SET {};\n\
             UPDATE refund_record SET failure_reason = 'NOT_ENOUGH'",
            refund_in("manual_required")
        );
        stage.run(&failed).await;
        let asked = stage.say("lin.yue", "全部重试了").await;
        assert!(asked.contains("您是想问这个吗"), "{asked}");
        let wecom = stage.sandbox.wecom();
        let before = wecom.card_with_button("lin.yue", "重试 全部").unwrap();
        let shown = Selections::as_shown();
        stage.press("lin.yue", "重试 全部").await;
        assert!(stage.newest("lin.yue").contains("已重试 3 笔"), "{}", stage.newest("lin.yue"));
        let inbox = wecom.inbox("lin.yue");
        let card = inbox.iter().find(|message| message.message_id == before.message_id).unwrap();
        assert!(!card.card.as_ref().unwrap().is_live(), "{card:?}");
        drop(wecom.press("lin.yue", &before.message_id, "重试 全部", &shown).await);
        let many = stage.texts("SELECT action FROM operation_log WHERE action = 'refund.retry'").await;
        assert_eq!(many.len(), 3);
        // What only tells can be asked again.
        stage.say("lin.yue", "进渡 写作营").await;
        for _ in 0..2 {
            stage.press("lin.yue", "进度 写作营").await;
        }
        stage.assert_no_violation();
    }

    async fn a_member_is_found_whatever_camp_they_are_in(db) {
        let stage = Stage::set(db, 2).await;
        let said = stage.say("lin.yue", "进度 会员2").await;
        assert!(said.contains("会员2：8/7 天") && said.contains("写作营"), "{said}");
        stage.run("UPDATE camp_member SET camp_id = 2 WHERE id = 1").await;
        let said = stage.say("lin.yue", "进度 会员").await;
        assert!(said.contains("【阅读营】会员1") && said.contains("【写作营】会员2"), "{said}");
        let said = stage.say("lin.yue", "进度 星河").await;
        assert!(said.contains("没有叫“星河”的营"), "{said}");
        let traditional = stage.say("lin.yue", "进度 閱讀營").await;
        assert!(traditional.contains("阅读营\n"), "{traditional}");
        let terms = (["2026-02-01", "2026-02-10"], [10, 7, 1]);
        let camp = rows::camp(3, "新年跑步营").terms(terms).status("pending");
        stage.db.add(camp).await;
        let pending = stage.say("lin.yue", "进度 新年跑步营").await;
        assert!(pending.contains("新年跑步营") && pending.contains("待发布"), "{pending}");
        stage.assert_no_violation();
    }

    async fn a_list_that_could_not_be_built_is_not_called_empty(db) {
        let stage = Stage::set(db, 1).await;
        let said = stage.say("lin.yue", "待审核 写作营").await;
        assert!(said.contains("退款名单还没生成") && said.contains("“同步 写作营”"), "{said}");
        let said = stage.say("lin.yue", "待审核").await;
        assert!(said.contains("写作营的打卡还没同步完整"), "{said}");
        stage.build_list().await;
        stage.run("UPDATE refund_record SET status = 'rejected'").await;
        let said = stage.say("lin.yue", "待审核 写作营").await;
        assert!(said.contains("辛苦了") && !said.contains("同步"), "{said}");
    }

    async fn a_member_is_told_what_the_page_tells(db) {
        let stage = Stage::set(db, 1).await;
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("正在等待审核") && !own.contains("绑定"), "{own}");
        stage.run("UPDATE camp_member SET match_status = 'pending' WHERE id = 1").await;
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("正在核对您的星球账号，无需操作"), "{own}");
        stage.run("UPDATE payment_record SET bind_status = 'pending' WHERE id = 1").await;
        let own = stage.say("xu.qing", "进度").await;
        assert!(own.contains("完成绑定"), "{own}");
    }

    async fn a_word_that_fits_several_camps_is_chosen_from_a_card(db) {
        let stage = Stage::set(db, 2).await;
        let both = stage.say("lin.yue", "进度 营 会员3").await;
        assert!(both.contains("“营”对得上几个营"), "{both}");
        stage.press("lin.yue", "写作营").await;
        let said = stage.newest("lin.yue");
        assert!(said.contains("6+宽限1/7 天"), "the word behind the name is kept: {said}");
        let card = stage.card("lin.yue");
        assert!(card.text.contains("进度 写作营"), "{card:?}");
        assert!(!card.card.unwrap().is_live(), "it can be used once");

        stage.build_list().await;
        stage.run(
            "UPDATE refund_record SET camp_id = 2 WHERE payment_id = 1;\n\
             UPDATE payment_record SET camp_id = 2 WHERE id = 1;\n\
             UPDATE camp_member SET camp_id = 2 WHERE id = 1",
        ).await;
        let waiting = stage.say("lin.yue", "待审核").await;
        assert!(waiting.contains("2 个营有退款待审核"), "{waiting}");
        assert!(waiting.contains("阅读营：1 人可直接通过，0 人要看一看"), "{waiting}");
        stage.press("lin.yue", "阅读营").await;
        assert!(stage.card("lin.yue").text.contains("阅读营 退款审核"));
        stage.assert_no_violation();
    }

    async fn camps_with_long_names_are_chosen_from_a_list(db) {
        let stage = Stage::set(db, 1).await;
        stage.run(
            "UPDATE training_camp SET name = '二〇二六年秋季公众号写作训练营第十二期' WHERE id = 1;\n\
             UPDATE training_camp SET name = '二〇二六年秋季公众号写作训练营第十三期' WHERE id = 2",
        ).await;
        stage.say("lin.yue", "进度 公众号").await;
        let card = stage.card("lin.yue").card.unwrap();
        let options: Vec<&str> =
            card.questions[0].options.iter().map(|option| &*option.text).collect();
        assert_eq!(options, ["二〇二六年秋季…作训练营第十二期", "二〇二六年秋季…作训练营第十三期"]);
        let chosen = Selections::as_shown().choose("camp", [options[1].to_owned()]);
        stage.press_with("lin.yue", "提交", &chosen).await;
        assert!(stage.newest("lin.yue").contains("第十三期"), "{}", stage.newest("lin.yue"));
        stage.assert_no_violation();
    }

    async fn a_tap_on_the_menu_is_a_command(db) {
        let stage = Stage::set(db, 1).await;
        let menu = campkeeper::bot::menu("https://camp.example.com").unwrap();
        stage.ctx.clients.wecom.as_ref().unwrap().create_menu(&menu).await.unwrap();
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
        stage.build_list().await;
        for (status, words) in [
            ("pending", "正在等待审核"),
            ("processing", "审核已通过，押金正在退回"),
            ("manual_required", "工作人员正在处理"),
            ("rejected", "审核没有通过"),
            ("closed", "另行处理"),
            ("success", "押金已退回"),
        ] {
            stage.run(&format!("UPDATE refund_record SET {}", refund_in(status))).await;
            let said = stage.say("xu.qing", "进度").await;
            assert!(said.contains(words), "{status}: {said}");
            let promises = said.contains("正在等待审核");
            assert_eq!(promises, status == "pending", "{status}: {said}");
        }
        stage.run("UPDATE camp_member SET match_status = 'pending'").await;
        stage.run(&format!("UPDATE refund_record SET {}", refund_in("pending"))).await;
        let unknown = stage.say("xu.qing", "进度").await;
        assert!(unknown.contains("工作人员正在核对") && !unknown.contains("天"), "{unknown}");
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
        assert!(said.contains("知识星球还没有设置好"), "{said}");
    }
}
