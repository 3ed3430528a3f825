//! What a batch is of, and what the member reads of a no.

use campkeeper::domain::{PaymentId, RefundId, RefundStatus};
use campkeeper::services::orders::refund_of;
use campkeeper::services::refund::{
    Picked, approve, approve_batch, choose, dry_run, reject, reopen, run_due,
};
use campkeeper::services::{Error, Refusal};
use campkeeper::store::payments;
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;

use crate::on_both_engines;
use crate::rows::refund_in;
use crate::stage::{Cast, Stage, admin, clear, foreign_coach, picked};

on_both_engines! {
    async fn a_least_confidence_holds_for_what_a_person_named(db) {
        let stage = Stage::set(db, &[clear(1), Cast { confidence: 60, ..clear(2) }, clear(3)]).await;
        stage.build().await;
        let ids = [stage.of(1).await.id, stage.of(2).await.id, RefundId(999)];
        let shown = [
            picked(&stage.of(1).await),
            picked(&stage.of(2).await),
            Picked { id: RefundId(999), hash: Some("0".repeat(64)) },
        ];
        let chosen = choose(&stage.ctx, &admin(), shown.to_vec(), Some(80)).await.unwrap();
        let left_out: Vec<_> = chosen.skipped.iter().map(|skipped| skipped.id).collect();
        assert_eq!(left_out, [ids[1]]);
        assert!(matches!(chosen.skipped[0].error, Error::Refused(Refusal::WrongState(_))));
        assert_eq!(chosen.picked[0], shown[0], "what was shown is what is approved");
        let batch = approve_batch(&stage.ctx, &admin(), &chosen.picked).await.unwrap();
        assert_eq!(batch.approved, [ids[0]]);
        assert!(matches!(batch.skipped[0].error, Error::NotFound));
        assert_eq!(stage.status(2).await, RefundStatus::Pending);

        let again = choose(&stage.ctx, &admin(), shown[..1].to_vec(), Some(100)).await.unwrap();
        let again = approve_batch(&stage.ctx, &admin(), &again.picked).await.unwrap();
        assert!(matches!(again.skipped[0].error, Error::Refused(Refusal::AlreadyDecided { .. })));
        let foreign = choose(&stage.ctx, &foreign_coach(), shown[1..2].to_vec(), Some(80)).await.unwrap();
        let foreign = approve_batch(&stage.ctx, &foreign_coach(), &foreign.picked).await.unwrap();
        assert!(matches!(foreign.skipped[0].error, Error::Forbidden(_)));

        let chosen = choose(&stage.ctx, &admin(), shown[1..2].to_vec(), None).await.unwrap();
        let batch = approve_batch(&stage.ctx, &admin(), &chosen.picked).await.unwrap();
        assert_eq!(batch.approved, [ids[1]], "a person chose it and asked for no confidence");
    }

    async fn what_is_named_twice_counts_once(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.build().await;
        let (first, second) = (picked(&stage.of(1).await), picked(&stage.of(2).await));
        let (one, two) = (first.id, second.id);
        for least in [None, Some(50)] {
            let named = vec![second.clone(), first.clone(), second.clone()];
            let chosen = choose(&stage.ctx, &admin(), named, least).await.unwrap();
            let dry = dry_run(&stage.ctx, &admin(), &chosen.picked).await.unwrap();
            assert_eq!((dry.approvable, dry.sum_fen.get()), (vec![two, one], 19_800));
        }
    }

    async fn a_member_reads_why_a_person_said_no_and_nothing_internal(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let seen = async || {
            let payment = payments::by_id(&mut stage.db.read().await.unwrap(), PaymentId(1)).await;
            let seen = refund_of(&stage.ctx, &payment.unwrap().unwrap()).await.unwrap().unwrap();
            (seen.refund.status(), seen.rejected_for)
        };
        assert_eq!(seen().await, (RefundStatus::Pending, None));
        let id = stage.of(1).await.id;
        reject(&stage.ctx, &admin(), id, "代打卡").await.unwrap();
        assert_eq!(seen().await, (RefundStatus::Rejected, Some("代打卡".to_owned())));
        reopen(&stage.ctx, &admin(), id, None).await.unwrap();
        assert_eq!(seen().await, (RefundStatus::Pending, None));
        reject(&stage.ctx, &admin(), id, "还是代打卡").await.unwrap();
        assert_eq!(seen().await, (RefundStatus::Rejected, Some("还是代打卡".to_owned())));
        reopen(&stage.ctx, &admin(), id, None).await.unwrap();
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.run(&format!("UPDATE refund_record SET {}", refund_in("manual_required"))).await;
        assert_eq!(seen().await, (RefundStatus::ManualRequired, None));
    }

    async fn when_the_money_was_back_is_told_in_seconds(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        // The two clocks are read one after the other.
        stage.clock.advance(TimeDelta::microseconds(1));
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        let at = stage.of(1).await.state.refunded_at().unwrap();
        assert_eq!(at.micros() % 1_000_000, 0, "{}", at.rfc3339());
    }
}
