//! Sending: budgets, unclear answers, group robots that are asked once.

use campkeeper::domain::CampId;
use campkeeper::services::Error;
use campkeeper::services::notify::{Notice, tell_group, tell_one};
use chrono::TimeDelta;
use sandbox::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::on_both_engines;
use crate::stage::{ROBOT, SOON, Stage};

const STATUSES: &str = "SELECT status FROM notification_message ORDER BY id";

async fn tell(stage: &Stage, person: &'static str, times: usize) {
    let now = stage.ctx.now();
    stage
        .ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                for number in 0..times {
                    let notice = Notice {
                        kind: "match_contested",
                        camp_id: Some(CampId(1)),
                        card_id: None,
                        body: json!({
                            "campName": "写作营",
                            "planetNickname": format!("第{number}位"),
                        }),
                        dedupe_key: number.to_string(),
                    };
                    tell_one(tx, &notice, person, now).await?;
                }
                Ok::<_, Error>(())
            })
        })
        .await
        .unwrap();
}

async fn tell_the_group(stage: &Stage) {
    let now = stage.ctx.now();
    stage
        .ctx
        .db
        .write(move |tx| {
            Box::pin(async move {
                let notice = Notice {
                    kind: "refund_done",
                    camp_id: Some(CampId(1)),
                    card_id: None,
                    body: json!({"nickname": "小明", "daysShown": "8/7", "amountYuan": "99"}),
                    dedupe_key: "1".to_owned(),
                };
                tell_group(tx, &notice, now).await
            })
        })
        .await
        .unwrap();
}

on_both_engines! {
    async fn a_message_whose_answer_got_lost_arrives_once(db) {
        let stage = Stage::set(db, 1).await;
        let path = "cgi-bin/message/send";
        let cut = Fault::new(Platform::Wecom, path, FaultKind::CutAfter);
        stage.sandbox.faults().add(cut);
        tell(&stage, "lin.yue", 1).await;
        stage.bot.send_outbox().await.unwrap();
        stage.advance(TimeDelta::seconds(10));
        stage.bot.send_outbox().await.unwrap();
        assert_eq!(stage.texts(STATUSES).await, ["sent"]);
        assert_eq!(stage.sandbox.wecom().inbox("lin.yue").len(), 1);
    }

    async fn the_group_reads_the_notice_of_the_contract(db) {
        let stage = Stage::set(db, 1).await;
        tell_the_group(&stage).await;
        stage.bot.send_outbox().await.unwrap();
        let said = stage.sandbox.wecom().wait_for_group_message(ROBOT, SOON, "押金").await.unwrap();
        assert_eq!(
            said.text.trim(),
            "【退款通知】\n恭喜 @小明 完成训练营打卡，押金已退回！\n打卡天数：8/7天\n退款金额：99元"
        );
        stage.assert_no_violation();
    }

    async fn a_robot_is_never_asked_twice(db) {
        let stage = Stage::set(db, 1).await;
        let path = "cgi-bin/webhook/send";
        let cut = Fault::new(Platform::Wecom, path, FaultKind::CutAfter);
        stage.sandbox.faults().add(cut);
        tell_the_group(&stage).await;
        for _ in 0..3 {
            stage.bot.send_outbox().await.unwrap();
            stage.advance(TimeDelta::minutes(5));
        }
        assert_eq!(stage.texts(STATUSES).await, ["unknown"]);
        assert_eq!(stage.sandbox.wecom().group_messages(ROBOT).len(), 1);
    }

    async fn whom_wecom_does_not_know_is_recorded_as_failed(db) {
        let stage = Stage::set(db, 1).await;
        tell(&stage, "nobody.here", 1).await;
        stage.bot.send_outbox().await.unwrap();
        assert_eq!(stage.texts(STATUSES).await, ["failed"]);
    }
}
