//! Putting a camp away, and work on many camps of which one is broken.

use campkeeper::domain::{MemberId, PlanetUserId, RefundStatus};
use campkeeper::services::matching::{match_by_hand, unmatch};
use campkeeper::services::refund::{build_due_lists, run_due};
use campkeeper::services::{Error, camps};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;
use serde_json::json;

use crate::on_both_engines;
use crate::rows;
use crate::stage::{CAMP, Stage, account, admin, clear};

async fn status(stage: &Stage, camp: i64) -> String {
    let sql = format!("SELECT status FROM training_camp WHERE id = {camp}");
    stage.texts(&sql).await.remove(0)
}

on_both_engines! {
    async fn what_the_system_took_back_is_still_owed(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.db.add(rows::in_roster(account(2), "会员2")).await;
        stage.build().await;
        unmatch(&stage.ctx, &admin(), MemberId(2)).await.unwrap();
        stage.build().await;
        assert!(stage.of(2).await.was_withdrawn_by_system());
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.status(1).await, RefundStatus::Success);

        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status(&stage, CAMP.0).await, "settling", "nobody knows who the second is");
        let who = PlanetUserId(account(2));
        match_by_hand(&stage.ctx, &admin(), MemberId(2), who, None).await.unwrap();
        camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(status(&stage, CAMP.0).await, "settling", "they are owed it");
        build_due_lists(&stage.ctx).await.unwrap();
        assert_eq!(stage.status(2).await, RefundStatus::Pending);
    }

    async fn a_broken_camp_does_not_keep_the_others_from_their_turn(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.run("UPDATE payment_record SET start_date = 'broken'").await;
        let built = build_due_lists(&stage.ctx).await;
        let Err(Error::PartlyDone(figures)) = &built else {
            panic!("{built:?}");
        };
        assert_eq!(*figures, json!({"built": 1, "waiting": 0, "failedCamps": [CAMP.0]}));
        assert_eq!(status(&stage, 2).await, "settling");

        let advanced = camps::advance_by_calendar(&stage.ctx).await.unwrap();
        assert_eq!(advanced.archived, 1, "in which nobody has paid");
        assert_eq!(status(&stage, CAMP.0).await, "settling", "somebody may be owed their deposit");
    }

    async fn a_camp_that_cannot_be_read_fails_the_run_and_no_other(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.run(&format!("UPDATE training_camp SET start_date = 'broken' WHERE id = {}", CAMP.0)).await;
        let built = build_due_lists(&stage.ctx).await;
        let Err(Error::PartlyDone(figures)) = &built else {
            panic!("{built:?}");
        };
        assert_eq!(*figures, json!({"built": 1, "waiting": 0, "failedCamps": [CAMP.0]}));
        stage.run(&format!("UPDATE training_camp SET status = 'settling' WHERE id = {}", CAMP.0)).await;
        let advanced = camps::advance_by_calendar(&stage.ctx).await;
        let Err(Error::PartlyDone(figures)) = &advanced else {
            panic!("{advanced:?}");
        };
        assert_eq!(figures["failedCamps"], json!([CAMP.0]));
    }
}
