//! Cards that still wait are shown anew before their codes die; the old ones are retired.

use campkeeper::domain::message::PaymentAbnormal;
use campkeeper::domain::{CampId, Fen, OrderFlag, PaymentId, RefundId};
use campkeeper::services::notify::Notice;
use campkeeper::services::{Error, refund};
use chrono::TimeDelta;
use sandbox::wecom::ShownMessage;

use crate::on_both_engines;
use crate::stage::{Stage, members, notify};

const APPROVED: &str = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_status_log \
                        WHERE to_status = 'approved'";

fn cards(stage: &Stage, person: &str) -> Vec<ShownMessage> {
    let mut cards = stage.sandbox.wecom().inbox(person);
    cards.retain(|message| message.card.is_some());
    cards
}

fn is_live(message: &ShownMessage) -> bool {
    message.card.as_ref().is_some_and(|card| card.is_live())
}

on_both_engines! {
    async fn a_digest_that_waits_is_shown_anew_as_things_stand_then(db) {
        let stage = Stage::set(db, 3).await;
        stage.build_list().await;
        stage.send().await;
        stage.leap(TimeDelta::hours(65));
        stage.send().await;
        assert_eq!(cards(&stage, "lin.yue").len(), 1, "it is too early");

        stage.run("UPDATE refund_record SET status = 'rejected' WHERE payment_id = 1").await;
        stage.leap(TimeDelta::hours(2));
        stage.send().await;
        let shown = cards(&stage, "lin.yue");
        let [old, new] = shown.as_slice() else {
            panic!("the old card and the new one: {shown:?}");
        };
        assert!(!is_live(old) && old.text.contains("已换成新卡片"), "{old:?}");
        assert!(is_live(new) && new.text.contains("通过这 2 人"), "{new:?}");
        stage.send().await;
        assert_eq!(cards(&stage, "lin.yue").len(), 2, "once");

        stage.press("lin.yue", "通过").await;
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.texts(APPROVED).await, ["2"]);
        stage.leap(TimeDelta::hours(80));
        stage.send().await;
        assert_eq!(cards(&stage, "lin.yue").len(), 2, "what is decided does not come back");
        stage.assert_no_violation();
    }

    async fn of_two_alike_the_newer_is_shown_anew(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.say("zhou.ke", "待审核").await;
        stage.say("zhou.ke", "进度 写作营 会员1").await;
        stage.press("zhou.ke", "详情").await;
        stage.leap(TimeDelta::hours(67));
        stage.send().await;
        let live: Vec<String> = cards(&stage, "zhou.ke")
            .into_iter()
            .filter(is_live)
            .map(|message| message.text)
            .collect();
        assert_eq!(live.len(), 2, "one digest and one single card: {live:#?}");
        stage.press("zhou.ke", "拒绝").await;
        let shown = cards(&stage, "zhou.ke");
        let asks = |message: &ShownMessage| message.text.contains("拒绝 会员1 的退款");
        assert!(shown.iter().any(asks), "{shown:#?}");
        stage.assert_no_violation();
    }

    async fn where_nothing_waits_any_more_the_card_is_only_retired(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.run("UPDATE refund_record SET status = 'rejected'").await;
        stage.run("UPDATE system_user SET status = 'disabled' WHERE id = 2").await;
        stage.leap(TimeDelta::hours(67));
        stage.send().await;
        for person in ["lin.yue", "chen.an", "zhou.ke"] {
            let shown = cards(&stage, person);
            assert_eq!(shown.len(), 1, "{person}");
            assert!(shown[0].text.contains("已没有等待审核的退款"), "{person}: {}", shown[0].text);
        }
        stage.assert_no_violation();
    }

    async fn an_abnormal_payment_is_reviewed_from_its_notice(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        let now = stage.ctx.now();
        stage.ctx.db.write(move |tx| Box::pin(async move {
            let deposit = Fen::new(9900).unwrap();
            let abnormal = PaymentAbnormal {
                payment_id: PaymentId(1),
                order_no: "ord_1".to_owned(),
                flag: OrderFlag::Duplicate,
                camp_name: Some("写作营".to_owned()),
                due: deposit,
                paid: deposit,
                enrolled: false,
            };
            let notice = Notice {
                content: abnormal.into(),
                camp_id: Some(CampId(1)),
                dedupe_key: "1".to_owned(),
            };
            notify(tx, &notice, &members(&["zhou.ke"]), now).await?;
            Ok::<_, Error>(())
        })).await.unwrap();
        stage.send().await;
        stage.press("zhou.ke", "审核").await;
        assert!(stage.card("zhou.ke").text.contains("会员1 的退款"));
        stage.press("zhou.ke", "通过").await;
        assert_eq!(stage.texts(APPROVED).await, ["1"]);
        stage.say("zhou.ke", "帮助").await;
        stage.press("zhou.ke", "审核").await;
        let said = stage.newest("zhou.ke");
        assert!(said.contains("已由 周可") && said.contains("正在退回"), "{said}");
        stage.assert_no_violation();
    }

    async fn a_card_that_a_newer_one_replaces_is_retired(db) {
        let stage = Stage::set(db, 2).await;
        stage.build_list().await;
        stage.send().await;
        stage.run("UPDATE sync_ranking SET checked_in_days = 9").await;
        stage.run("UPDATE training_camp SET current_sync_id = 1").await;
        stage.leap(TimeDelta::days(1));
        stage.build_list().await;
        stage.send().await;
        stage.send().await;
        let shown = cards(&stage, "lin.yue");
        let [old, new] = shown.as_slice() else {
            panic!("the old digest and the new one: {shown:?}");
        };
        assert!(!is_live(old) && old.text.contains("已换成新卡片"), "{old:?}");
        assert!(is_live(new), "{new:?}");
        stage.assert_no_violation();
    }

    async fn what_is_decided_elsewhere_leaves_no_live_card(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        let actor = stage.actor("lin.yue").await;
        for payment in [1, 2] {
            let id = stage.texts(&format!(
                "SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = {payment}"
            )).await;
            let id = RefundId(id[0].parse().unwrap());
            refund::reject(&stage.ctx, &actor, id, "已线下退回").await.unwrap();
        }
        stage.send().await;
        assert!(is_live(&stage.card("chen.an")), "a card shows its own decision itself");
        stage.advance(TimeDelta::minutes(2));
        stage.send().await;
        for person in ["lin.yue", "chen.an", "zhou.ke"] {
            let card = stage.card(person);
            assert!(!is_live(&card) && card.text.contains("已没有等待审核"), "{}", card.text);
        }
        stage.assert_no_violation();
    }

    async fn a_press_on_a_dead_card_retires_it(db) {
        let stage = Stage::set(db, 1).await;
        stage.build_list().await;
        stage.send().await;
        stage.run("UPDATE bot_card SET state = 'replaced'").await;
        stage.press("lin.yue", "通过").await;
        let card = stage.card("lin.yue");
        assert!(!is_live(&card) && card.text.contains("已过期"), "{}", card.text);
        assert!(stage.newest("lin.yue").contains("用过或过期"), "{}", stage.newest("lin.yue"));
        assert!(is_live(&stage.card("chen.an")), "nobody else has pressed");
        stage.assert_no_violation();
    }
}
