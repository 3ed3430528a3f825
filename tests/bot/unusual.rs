//! What is out of the ordinary is marked where it is ticked, and repeated where it is confirmed.

use campkeeper::domain::message::PaymentAbnormal;
use campkeeper::domain::{CampId, Fen, OrderFlag, PaymentId, RefundStatus};
use campkeeper::services::Error;
use campkeeper::services::notify::Notice;
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{Stage, members, notify};

/// Two who claim the account of 会员1, a list without them, and a second payment of 会员2.
async fn with_a_contest(stage: &Stage) {
    stage
        .run(
            "UPDATE camp_member SET match_status = 'pending' WHERE id IN (1, 2);\n\
             UPDATE camp_member SET planet_user_id = 300000000000001 WHERE id = 2",
        )
        .await;
    let second = rows::payment(70)
        .paid_fen(990)
        .claimed_nickname("石头")
        .flag("wrong_amount")
        .bind_status("pending");
    stage.db.add(second).await;
    let (ctx, db) = (stage.ctx.clone(), stage.ctx.db.clone());
    let proposed = db.write(move |tx| {
        Box::pin(async move {
            let note = campkeeper::store::Note::new("wechat_pay", "", ctx.now());
            let payment = campkeeper::domain::PaymentId(70);
            campkeeper::services::refund::propose_flagged(&ctx, tx, payment, &note).await
        })
    });
    proposed.await.unwrap().unwrap();
    stage.build_list().await;
}

on_both_engines! {
    async fn who_is_contested_is_refused_in_words_and_the_rest_is_counted(db) {
        let stage = Stage::set(db, 3).await;
        with_a_contest(&stage).await;
        stage.say("lin.yue", "待审核").await;
        let digest = stage.card("lin.yue").text;
        assert!(digest.contains("1 人 · ¥99") && digest.contains("3 人 · ¥297"), "{digest}");
        assert!(digest.contains("1 笔 · ¥9.9"), "payments are no people: {digest}");
        stage.press("lin.yue", "逐批查看").await;
        let card = stage.card("lin.yue");
        let question = &card.card.as_ref().unwrap().questions[0];
        let labels: Vec<&str> = question.options.iter().map(|o| o.text.as_str()).collect();
        for label in ["会员1 8/7天·有争议", "会员2 8/7天·有争议", "会员4 6+宽限1/7天", "石头 金额不符¥9.9"] {
            assert!(labels.contains(&label), "no {label}: {labels:?}");
        }
        let id_of = |label: &str| {
            let option = question.options.iter().find(|o| o.text.starts_with(label));
            option.unwrap().id.clone()
        };
        let contested = Selections::as_shown().choose(&question.key, [id_of("会员1"), id_of("会员2")]);
        stage.press_with("lin.yue", "提交", &contested).await;
        let said = stage.newest("lin.yue");
        assert!(said.contains("身份有争议，先在“匹配”里定下是谁"), "{said}");

        let all: Vec<String> = ["会员1", "会员3", "会员4"].map(id_of).to_vec();
        let mixed = Selections::as_shown().choose(&question.key, all);
        stage.press_with("lin.yue", "提交", &mixed).await;
        let confirm = stage.card("lin.yue").text;
        assert!(confirm.contains("确认退款给 2 人") && confirm.contains("1 人宽限"), "{confirm}");
        assert!(confirm.contains("1 人有争议"), "{confirm}");
        stage.press("lin.yue", "确认退款").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        assert_eq!(stage.status(3).await, RefundStatus::Approved);
        assert_eq!(stage.status(4).await, RefundStatus::Approved);
        stage.assert_no_violation();
    }

    async fn a_contested_one_is_refused_on_their_own_card(db) {
        let stage = Stage::set(db, 2).await;
        with_a_contest(&stage).await;
        stage.say("lin.yue", "进度 写作营 会员1").await;
        stage.press("lin.yue", "通过").await;
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        let said = stage.newest("lin.yue");
        assert!(said.contains("身份有争议"), "{said}");
    }

    async fn who_is_unknown_is_not_called_unfit(db) {
        let stage = Stage::set(db, 1).await;
        stage.run(
            "UPDATE camp_member SET match_status = 'failed', planet_user_id = NULL, \
             eligible = FALSE, checked_in_days = 0 WHERE id = 1",
        ).await;
        stage.build_list().await;
        stage.say("lin.yue", "待审核").await;
        let digest = stage.card("lin.yue").text;
        assert!(digest.contains("身份未确认") && digest.contains("1 人，回复“匹配”确认"), "{digest}");
    }

    async fn a_payment_of_the_wrong_amount_says_whose_and_how_much_was_due(db) {
        let stage = Stage::set(db, 2).await;
        with_a_contest(&stage).await;
        stage.run("UPDATE refund_record SET status = 'rejected' WHERE payment_id <> 70").await;
        let abnormal = PaymentAbnormal {
            payment_id: PaymentId(70),
            order_no: "ord_70".to_owned(),
            flag: OrderFlag::WrongAmount,
            camp_name: Some("写作营".to_owned()),
            due: Fen::new(9900).unwrap(),
            paid: Fen::new(990).unwrap(),
            enrolled: false,
        };
        let told = Notice {
            content: abnormal.into(),
            camp_id: Some(CampId(1)),
            dedupe_key: "70".to_owned(),
        };
        let now = stage.ctx.now();
        stage.ctx.db.write(move |tx| Box::pin(async move {
            notify(tx, &told, &members(&["lin.yue"]), now).await?;
            Ok::<_, Error>(())
        })).await.unwrap();
        stage.send().await;
        stage.press("lin.yue", "审核").await;
        let card = stage.card("lin.yue").text;
        assert!(card.contains("石头 的退款") && !card.contains("匹配度"), "{card}");
        assert!(card.contains("¥99") && card.contains("¥9.9"), "{card}");
        stage.press("lin.yue", "拒绝").await;
        let question = stage.card("lin.yue").card.unwrap().questions.remove(0);
        let reasons: Vec<&str> = question.options.iter().map(|o| o.text.as_str()).collect();
        assert_eq!(reasons[..2], ["请选择原因", "已与会员商定保留"], "{reasons:?}");
        assert!(question.options[0].is_checked);
        stage.assert_no_violation();
    }
}
