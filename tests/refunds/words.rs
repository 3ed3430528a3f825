//! WeChat Pay's word: applied once, whenever it comes.

use campkeeper::domain::RefundStatus;
use campkeeper::domain::refund::FailureReason;
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::Error;
use campkeeper::services::books::audit;
use campkeeper::services::refund::{Applied, apply_refund_notice, close, run_due};
use chrono::TimeDelta;
use futures::future::join_all;
use sandbox::wechat_pay::RefundOutcome;

use crate::on_both_engines;
use crate::stage::{Stage, admin, clear, closing, other_admin};

on_both_engines! {
    async fn the_same_notification_twenty_times_at_once_is_applied_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        stage.finish(&refund, RefundOutcome::Success);
        let notice = stage.notice(&refund, Said::Success);
        let heard = join_all((0..20).map(|_| apply_refund_notice(&stage.ctx, &notice))).await;
        let applied = heard.into_iter().filter(|heard| {
            *heard.as_ref().unwrap() == Applied::Now(RefundStatus::Success)
        });
        assert_eq!(applied.count(), 1);
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.path(id).await, ["pending", "approved", "processing", "success"]);
        assert_eq!(stage.notices().await, ["refund_list_ready", "refund_done"]);
        // What comes after success is heard and changes nothing.
        for said in [Said::Abnormal, Said::Closed, Said::Success] {
            let late = apply_refund_notice(&stage.ctx, &stage.notice(&refund, said)).await;
            assert_eq!(late.unwrap(), Applied::Before);
        }
        stage.assert_refunded_once(1).await;
    }

    async fn a_late_success_wins_over_a_person_s_task(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        let abnormal = apply_refund_notice(&stage.ctx, &stage.notice(&refund, Said::Abnormal)).await;
        assert_eq!(abnormal.unwrap(), Applied::Now(RefundStatus::ManualRequired));
        assert_eq!(stage.texts("SELECT status FROM payment_record").await, ["paid"]);
        assert_eq!(stage.of(1).await.state.failure_reason(), Some(&FailureReason::Abnormal));
        stage.finish(&refund, RefundOutcome::Success);
        let success = apply_refund_notice(&stage.ctx, &stage.notice(&refund, Said::Success)).await;
        assert_eq!(success.unwrap(), Applied::Now(RefundStatus::Success));
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.of(1).await.state.failure_reason(), None);
    }

    async fn a_notification_that_overtakes_the_runner(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        stage.finish(&refund, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(1));
        let notice = stage.notice(&refund, Said::Success);
        let (heard, ran) = tokio::join!(apply_refund_notice(&stage.ctx, &notice), run_due(&stage.ctx));
        heard.unwrap();
        ran.unwrap();
        stage.assert_refunded_once(1).await;
    }

    async fn what_fits_nothing_of_ours_is_kept_and_told(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let refund = stage.of(1).await;
        let unapproved = stage.notice(&refund, Said::Success);
        let mut unknown = stage.notice(&refund, Said::Success);
        unknown.out_refund_no = "rfd_of_somebody_else".to_owned();
        let mut other_sum = stage.notice(&refund, Said::Success);
        other_sum.amount.refund_fen = 1;
        for notice in [&unapproved, &unknown, &other_sum] {
            assert_eq!(apply_refund_notice(&stage.ctx, notice).await.unwrap(), Applied::Unexpected);
        }
        // The first of them says that the money is back: nothing is left to decide.
        assert_eq!(stage.status(1).await, RefundStatus::Rejected);
        let kept = stage.texts("SELECT action FROM operation_log WHERE action = 'refund.unexpected'").await;
        assert_eq!(kept.len(), 3);
        assert!(stage.notices().await.contains(&"refund_unexpected".to_owned()));
        let mut foreign = stage.notice(&refund, Said::Success);
        foreign.mch_id = "1900000009".to_owned();
        assert!(matches!(apply_refund_notice(&stage.ctx, &foreign).await, Err(Error::Invalid(_))));
    }

    async fn success_after_settling_by_hand_is_for_people(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        apply_refund_notice(&stage.ctx, &stage.notice(&refund, Said::Abnormal)).await.unwrap();
        stage.finish(&refund, RefundOutcome::Abnormal);
        let closed = close(&stage.ctx, &other_admin(), id, closing(9900)).await.unwrap();
        let approval = closed.state.approval().unwrap();
        assert_eq!(approval.last.by, admin().user_id, "it is kept who had let the money go");
        assert_eq!(closed.state.decision().unwrap().by, other_admin().user_id);
        assert_eq!(stage.of(1).await.state, closed.state);
        let success = apply_refund_notice(&stage.ctx, &stage.notice(&refund, Said::Success)).await;
        assert_eq!(success.unwrap(), Applied::Unexpected);
        assert_eq!(stage.status(1).await, RefundStatus::Closed);
        let audited = audit(&stage.ctx).await.unwrap();
        assert_eq!(audited.different, 1, "the payer has it twice: {audited:?}");
    }
}
