//! What staff ask for by a word: refunds, retries, reports, codes, the state of things.

use campkeeper::domain::RefundStatus;
use sandbox::wecom::Member;

use crate::on_both_engines;
use crate::rows::{self, refund_in};
use crate::stage::Stage;

/// 吴桐 serves 写作营 as a volunteer, 白露 is the super admin.
async fn more_staff(stage: &Stage) {
    let wecom = stage.sandbox.wecom();
    wecom.put_member(Member::new("wu.tong", "吴桐", 4, "志愿者"));
    wecom.put_member(Member::new("bai.lu", "白露", 2, "负责人"));
    let staff = [
        rows::staff(5, "wu", "volunteer", "吴桐").wecom_userid("wu.tong"),
        rows::staff(6, "bai", "super_admin", "白露").wecom_userid("bai.lu"),
    ];
    let serves = rows::lead(1, 5, "volunteer");
    stage.db.add((staff, serves)).await;
}

const WITHOUT_RIGHT: &str = "您没有这项权限";

on_both_engines! {
    async fn a_refund_is_found_by_name_order_and_number(db) {
        let stage = Stage::set(db, 2).await;
        let said = stage.say("lin.yue", "退款 会员1").await;
        assert!(said.contains("会员1（写作营）¥99") && said.contains("还没有进入退款"), "{said}");
        assert!(said.contains("下一步：") && said.contains("订单 ord_"), "{said}");
        stage.build_list().await;
        stage.send().await;
        let said = stage.say("zhou.ke", "退款 会员1").await;
        assert!(said.contains("等待审核") && said.contains("下一步：审核（"), "{said}");
        // What waits comes with its card, and can be decided there.
        stage.press("zhou.ke", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
        let said = stage.say("lin.yue", &format!("tk ord_{:026}", 1)).await;
        assert!(said.contains("周可 已于") && said.contains("撤回时间"), "{said}");
        let number = stage.texts("SELECT refund_no FROM refund_record WHERE payment_id = 2").await;
        let said = stage.say("lin.yue", &format!("退款 {}", number[0])).await;
        assert!(said.contains("会员2（写作营）"), "{said}");
        let said = stage.say("lin.yue", "退款 会员").await;
        assert!(said.contains("会员1（") && said.contains("会员3（"), "several are listed: {said}");
        for (status, words) in [
            ("processing", "微信支付正在退回"),
            ("success", "已退回"),
            ("closed", "已线下结清"),
        ] {
            stage.run(&format!("UPDATE refund_record SET {} WHERE payment_id = 2", refund_in(status))).await;
            let said = stage.say("lin.yue", "退款 会员2").await;
            assert!(said.contains(words), "{status}: {said}");
        }
        let said = stage.say("lin.yue", "退款 星河").await;
        assert!(said.contains("没有找到“星河”的付款"), "{said}");
        let said = stage.say("lin.yue", "退款").await;
        assert!(said.contains("要看谁的退款"), "{said}");
        stage.assert_no_violation();
    }

    async fn nobody_learns_of_the_money_of_another_camp(db) {
        let stage = Stage::set(db, 1).await;
        more_staff(&stage).await;
        stage.build_list().await;
        let number = stage.texts("SELECT refund_no FROM refund_record WHERE payment_id = 1").await;
        let asked = [
            "退款 会员1".to_owned(),
            format!("退款 ord_{:026}", 1),
            format!("退款 42000000000000000000{:08}", 1),
            format!("退款 {}", number[0]),
            format!("重试 {}", number[0]),
            "重试 会员1".to_owned(),
            "重试 写作营".to_owned(),
            "二维码 写作营".to_owned(),
            "状态".to_owned(),
            "报表 2026-01".to_owned(),
        ];
        stage.run(&format!("UPDATE refund_record SET {}", refund_in("manual_required"))).await;
        for text in &asked {
            let said = stage.say("he.miao", text).await;
            for secret in ["¥99", "写作营：", "（写作营）", "已重试"] {
                assert!(!said.contains(secret), "{text}: {said}");
            }
        }
        assert_eq!(stage.status(1).await, RefundStatus::ManualRequired);
        for text in asked.iter().filter(|text| text.starts_with("退款") || text.starts_with("重试")) {
            let said = stage.say("wu.tong", text).await;
            assert!(said.contains(WITHOUT_RIGHT), "{text}: {said}");
        }
        assert!(stage.say("wu.tong", "报表").await.contains(WITHOUT_RIGHT));
        assert_eq!(stage.status(1).await, RefundStatus::ManualRequired);
    }

    async fn what_failed_is_tried_again(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        let said = stage.say("lin.yue", "重试").await;
        assert!(said.contains("没有要重试的退款"), "{said}");
        let failed = refund_in("manual_required");
        stage.run(&format!(
            "UPDATE refund_record SET {failed} WHERE payment_id < 4;\n\
             UPDATE refund_record SET failure_reason = 'NOT_ENOUGH' WHERE payment_id < 3"
        )).await;
        // To list them is no action.
        let said = stage.say("lin.yue", "重试").await;
        assert!(said.contains("有 2 笔退款没退成") && said.contains("会员2 ¥99"), "{said}");
        assert!(said.contains("会员3 ¥99（会员收款账户异常）"), "{said}");
        assert_eq!(stage.status(1).await, RefundStatus::ManualRequired);
        let said = stage.say("zhou.ke", "重试 会员1").await;
        assert!(said.contains("已重试 1 笔（写作营）") && said.contains("会员1 ¥99"), "{said}");
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
        assert_eq!(stage.status(2).await, RefundStatus::ManualRequired);
        // A part of a camp's name is asked about first.
        stage.say("lin.yue", "重试 写作").await;
        assert_eq!(stage.status(2).await, RefundStatus::ManualRequired);
        stage.press("lin.yue", "写作营").await;
        assert_eq!(stage.status(2).await, RefundStatus::Processing);
        assert_eq!(stage.status(3).await, RefundStatus::ManualRequired);
        let said = stage.say("lin.yue", "重试全部").await;
        assert!(said.contains("重试也没有用") && said.contains("会员3"), "{said}");
        // Who is named is tried again, whatever the reason: they know that it was mended.
        let said = stage.say("lin.yue", "退款 会员3").await;
        assert!(said.contains("没有退成，需要人工处理"), "{said}");
        let card = stage.card("lin.yue").text;
        assert!(card.contains("会员3的退款需要处理") && card.contains("线下已退"), "{card}");
        stage.press("lin.yue", "重试").await;
        assert_eq!(stage.status(3).await, RefundStatus::Processing);
        let card = stage.card("lin.yue").text;
        assert!(card.contains("写作营 会员3 ¥99") && card.contains("已重试"), "{card}");
        let said = stage.say("lin.yue", "重试 会员3").await;
        assert!(said.contains("微信支付正在退回"), "there is nothing to try again: {said}");
        stage.assert_no_violation();
    }

    async fn only_who_is_named_in_full_is_tried_again(db) {
        let stage = Stage::set(db, 12).await;
        stage.build_list().await;
        stage.run(&format!(
            "UPDATE refund_record SET {};\n\
             UPDATE refund_record SET failure_reason = 'NOT_ENOUGH'",
            refund_in("manual_required")
        )).await;
        let untouched = "SELECT CAST(payment_id AS TEXT) FROM refund_record \
                         WHERE status <> 'manual_required' ORDER BY payment_id";
        // 会员1 is the beginning of 会员10 and others: which of them is asked.
        let said = stage.say("lin.yue", "重试 会员1").await;
        assert!(said.contains("会员10（写作营）") && !said.contains("已重试"), "{said}");
        // The only one of whom a part is named may be somebody else.
        stage.run("UPDATE camp_member SET planet_nickname = '小满满', names_folded = '小满满' WHERE id = 2").await;
        for text in ["重试 小满", "重试 写作营 小满", "小满重新退款"] {
            let said = stage.say("lin.yue", text).await;
            assert!(said.contains("小满满（写作营）") && said.contains("小满满的退款需要处理"), "{text}: {said}");
            assert_eq!(stage.texts(untouched).await, [""; 0], "{text}");
        }
        let said = stage.say("lin.yue", &format!("重试 ord_{:026}", 1)).await;
        assert!(said.contains("已重试 1 笔"), "{said}");
        let said = stage.say("lin.yue", "重试 写作营 小满满").await;
        assert!(said.contains("已重试 1 笔"), "{said}");
        assert_eq!(stage.texts(untouched).await, ["1", "2"]);
        stage.assert_no_violation();
    }

    async fn all_are_tried_again_past_an_odd_row(db) {
        let stage = Stage::set(db, 15).await;
        stage.build_list().await;
        stage.run(&format!(
            "UPDATE refund_record SET {};\n\
             UPDATE refund_record SET failure_reason = 'NOT_ENOUGH' WHERE payment_id > 1;\n\
             UPDATE payment_record SET status = 'closed' WHERE id = 2",
            refund_in("manual_required")
        )).await;
        // All of a camp is not all.
        stage.say("chen.an", "阅读营全部重试").await;
        assert_eq!(stage.status(3).await, RefundStatus::ManualRequired);
        // What is told or refused is no order.
        for text in ["全部不重试", "全部重试了", "会员3不重试", "写作营重试过"] {
            let said = stage.say("chen.an", text).await;
            assert!(said.contains("您是想问这个吗"), "{text}: {said}");
            assert_eq!(stage.status(3).await, RefundStatus::ManualRequired, "{text}");
        }
        let said = stage.say("lin.yue", "重试 全部").await;
        assert!(said.contains("已重试 14 笔"), "more than are named: {said}");
        assert!(said.contains("以下 2 笔重试也没有用") || said.contains("以下 1 笔重试也没有用"), "{said}");
        for payment in 3..=16 {
            assert_eq!(stage.status(payment).await, RefundStatus::Processing, "{payment}");
        }
        assert_eq!(stage.status(1).await, RefundStatus::ManualRequired);
    }

    async fn a_month_is_reported_beside_the_one_before(db) {
        let stage = Stage::set(db, 2).await;
        let said = stage.say("lin.yue", "报表").await;
        assert!(said.contains("【2026-01 报表】") && said.contains("2 个营，3 人（上月 0 人）"), "{said}");
        assert!(said.contains("参与率 100%，完成率 67%"), "{said}");
        assert!(said.contains("· 写作营：3 人，完成率 67%") && said.contains("/admin/reports"), "{said}");
        let said = stage.say("zhou.ke", "报表 上个月").await;
        assert!(said.contains("【2025-12 报表】") && said.contains("没有训练营"), "{said}");
        let own = stage.say("zhou.ke", "bb 1月").await;
        assert!(own.contains("1 个营，3 人") && !own.contains("阅读营"), "{own}");
        let said = stage.say("lin.yue", "报表 星河").await;
        assert!(said.contains("没看懂是哪个月"), "{said}");
        stage.assert_no_violation();
    }

    async fn the_code_of_a_camp_comes_as_link_and_picture(db) {
        let stage = Stage::set(db, 1).await;
        more_staff(&stage).await;
        let said = stage.say("wu.tong", "二维码").await;
        assert!(said.contains("写作营已经不在报名中"), "{said}");
        stage.run("UPDATE training_camp SET status = 'enrolling' WHERE id = 1").await;
        let said = stage.say("wu.tong", "ewm").await;
        assert!(said.contains("/h5/camps/1"), "{said}");
        let inbox = stage.sandbox.wecom().inbox("wu.tong");
        assert_eq!(inbox.last().unwrap().msgtype, "image");
        stage.assert_no_violation();
    }

    async fn each_hears_of_the_state_of_what_is_theirs(db) {
        let stage = Stage::set(db, 2).await;
        more_staff(&stage).await;
        stage.build_list().await;
        let said = stage.say("lin.yue", "状态").await;
        for words in ["退款通道正常", "星球登录：还没有设置", "账单差异 0 笔", "待审核退款 3 笔", "写作营：数据截至", "阅读营：还没有同步过"] {
            assert!(said.contains(words), "{words}: {said}");
        }
        stage.db.add(rows::Hold::default()).await;
        let said = stage.say("bai.lu", "zt").await;
        assert!(said.contains("商户号付不出款"), "{said}");
        let coach = stage.say("zhou.ke", "状态").await;
        assert!(coach.contains("待审核退款 3 笔") && coach.contains("写作营"), "{coach}");
        let volunteer = stage.say("wu.tong", "状态").await;
        assert!(volunteer.contains("写作营：数据截至") && !volunteer.contains("待审核"), "{volunteer}");
        for said in [coach, volunteer] {
            for secret in ["商户", "星球登录", "账单", "阅读营"] {
                assert!(!said.contains(secret), "{secret}: {said}");
            }
        }
        stage.assert_no_violation();
    }

    async fn camps_are_chosen_from_a_list(db) {
        let stage = Stage::set(db, 1).await;
        let said = stage.say("lin.yue", "训练营").await;
        assert!(said.contains("请选一个营"), "{said}");
        stage.press("lin.yue", "写作营").await;
        assert!(stage.newest("lin.yue").contains("报名\n2 人"), "{}", stage.newest("lin.yue"));
        let only = stage.say("zhou.ke", "xly").await;
        assert!(only.contains("写作营\n"), "{only}");
    }

    async fn help_names_what_the_reader_may_do(db) {
        let stage = Stage::set(db, 1).await;
        more_staff(&stage).await;
        let coach = stage.say("zhou.ke", "帮助").await;
        for word in ["训练营", "进度", "二维码", "待审核", "退款", "重试", "匹配", "同步", "报表", "状态"] {
            assert!(coach.contains(&format!("· {word}")), "{word}: {coach}");
        }
        let volunteer = stage.say("wu.tong", "帮助").await;
        for word in ["待审核", "退款", "重试", "匹配", "同步", "报表"] {
            assert!(!volunteer.contains(&format!("· {word}")), "{word}: {volunteer}");
        }
    }
}
