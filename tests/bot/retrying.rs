//! The card of a refund that failed: why, who had it tried again, and a process that died over it.

use campkeeper::domain::message::RefundFailed;
use campkeeper::domain::{CampId, Fen, RefundId, RefundStatus};
use campkeeper::services::notify::Notice;
use campkeeper::services::{Error, refund};
use sandbox::wecom::Selections;

use crate::on_both_engines;
use crate::rows::{self, refund_in};
use crate::stage::{Stage, members, notify};

/// The refund of payment 1 has failed for want of money, and both admins have its card.
async fn failed(stage: &Stage) -> RefundId {
    stage.build_list().await;
    stage.send().await;
    let id = stage
        .texts("SELECT CAST(id AS TEXT) FROM refund_record WHERE payment_id = 1")
        .await;
    let id: i64 = id[0].parse().unwrap();
    let needs_person = refund_in("manual_required");
    stage
        .run(&format!(
            "UPDATE refund_record SET {needs_person} WHERE id = {id};\n\
             UPDATE refund_record SET attempts = 3, failure_reason = 'not_enough' \
             WHERE id = {id}"
        ))
        .await;
    let moved = rows::RefundMove::default()
        .refund_id(id)
        .from_status("processing")
        .to_status("manual_required")
        .operator("wechat_pay")
        .reason("not_enough");
    stage.db.add(moved).await;
    let now = stage.ctx.now();
    let told = stage.ctx.db.write(move |tx| {
        Box::pin(async move {
            let failed = RefundFailed {
                refund_id: RefundId(id),
                refund_no: "rfd_1".to_owned(),
                order_no: "ord_1".to_owned(),
                camp_name: Some("写作营".to_owned()),
                name: "会员1".to_owned(),
                amount: Fen::new(9900).unwrap(),
                reason: "not_enough".to_owned(),
                attempts: 3,
            };
            let notice = Notice {
                content: failed.into(),
                camp_id: Some(CampId(1)),
                dedupe_key: "1".to_owned(),
            };
            notify(tx, &notice, &members(&["lin.yue", "chen.an"]), now).await?;
            Ok::<_, Error>(())
        })
    });
    told.await.unwrap();
    stage.send().await;
    RefundId(id)
}

on_both_engines! {
    async fn of_two_who_retry_at_once_one_learns_of_the_other(db) {
        let stage = Stage::set(db, 1).await;
        failed(&stage).await;
        let text = stage.card("lin.yue").text;
        assert!(text.contains("商户余额不足") && !text.contains("not_enough"), "{text}");
        let wecom = stage.sandbox.wecom();
        for person in ["lin.yue", "chen.an"] {
            wecom.press_newest(person, "重试", &Selections::as_shown()).await.unwrap();
        }
        stage.settle().await;
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
        let by = "SELECT operator FROM refund_status_log WHERE reason = 'retried'";
        let by = stage.texts(by).await;
        let [by] = by.as_slice() else {
            panic!("tried again once: {by:?}");
        };
        let loser = if by == "林越" { "chen.an" } else { "lin.yue" };
        let said: Vec<String> = wecom.inbox(loser).iter().map(|m| m.text.clone()).collect();
        assert!(said.iter().any(|text| text.contains(by) && text.contains("发起重试")), "{said:?}");
        stage.assert_no_violation();
    }

    async fn a_retry_whose_process_died_is_shown(db) {
        let stage = Stage::set(db, 1).await;
        let id = failed(&stage).await;
        refund::retry(&stage.ctx, &stage.actor("lin.yue").await, id).await.unwrap();
        stage.press("lin.yue", "重试").await;
        for person in ["lin.yue", "chen.an"] {
            let text = stage.card(person).text;
            assert!(text.contains("已重试") && text.contains("林越"), "{person}: {text}");
        }
        stage.assert_no_violation();
    }

    async fn a_retry_by_somebody_else_is_told_by_name(db) {
        let stage = Stage::set(db, 1).await;
        let id = failed(&stage).await;
        refund::retry(&stage.ctx, &stage.actor("lin.yue").await, id).await.unwrap();
        stage.press("chen.an", "重试").await;
        let said = stage.newest("chen.an");
        assert!(said.contains("林越") && said.contains("发起重试"), "{said}");
    }
}
