//! Refunds that get nowhere: each ends with people who are told once, and stops no other.

use campkeeper::domain::RefundStatus;
use campkeeper::domain::refund::{FailureReason, RefundState};
use campkeeper::platforms::wechat_pay::{NewRefund, PaidBy, RefundStatus as Said};
use campkeeper::services::refund::{Applied, apply_refund_notice, retry, retry_batch, run_due};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::stage::{Stage, admin, clear, order_no};

fn refusal(code: &str) -> Fault {
    let (code, message) = (code.to_owned(), String::new());
    let kind = FaultKind::ApiError { code, message };
    Fault::new(Platform::WechatPay, "v3/refund/domestic/refunds", kind).times(1000)
}

fn code(code: &str) -> FailureReason {
    FailureReason::Code(code.to_owned())
}

async fn told(stage: &Stage, kind: &str) -> usize {
    let notices = stage.notices().await;
    notices.into_iter().filter(|notice| notice == kind).count()
}

async fn audited(stage: &Stage, action: &str) -> usize {
    let sql = format!("SELECT action FROM operation_log WHERE action = '{action}'");
    stage.texts(&sql).await.len()
}

on_both_engines! {
    async fn a_row_that_cannot_be_read_is_set_aside_and_told_once(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        let id = stage.approved(1).await;
        stage.approved(2).await;
        let hash = stage.of(1).await.proposal_hash;
        stage.run("UPDATE refund_record SET proposal_hash = 'edited' WHERE payment_id = 1").await;
        let ran = run_due(&stage.ctx).await.unwrap();
        assert_eq!((ran.set_aside, ran.under_way), (1, 1));
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default(), "it is due no more");
        assert_eq!(told(&stage, "refund_stuck").await, 1);
        assert_eq!(audited(&stage, "refund.unreadable").await, 1);
        assert_eq!(stage.returned_fen(1), 0);

        // Mended, a person has it tried again.
        stage.run(&format!("UPDATE refund_record SET proposal_hash = '{hash}' WHERE id = {id}")).await;
        retry(&stage.ctx, &admin(), id).await.unwrap();
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 1);
        stage.assert_in_order().await;
    }

    async fn many_are_tried_again_and_one_that_cannot_be_holds_up_nobody(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        let mut ids = Vec::new();
        for member in [1, 2, 3] {
            ids.push(stage.approved(member).await);
        }
        let hash = stage.of(1).await.proposal_hash;
        stage.run("UPDATE refund_record SET proposal_hash = 'edited'").await;
        assert_eq!(run_due(&stage.ctx).await.unwrap().set_aside, 3);
        stage.run(&format!(
            "UPDATE refund_record SET proposal_hash = '{hash}' WHERE payment_id = 1"
        )).await;
        let second = stage.texts("SELECT proposal_hash FROM refund_record WHERE payment_id = 2").await;
        assert_eq!(second, ["edited"]);
        let done = retry_batch(&stage.ctx, &admin(), &[ids[1], ids[0], ids[0]]).await.unwrap();
        assert_eq!(done.retried, [ids[0]], "{:?}", done.skipped);
        assert_eq!(done.skipped.len(), 2, "unreadable, and the second time due already");
        assert_eq!(audited(&stage, "refund.retry").await, 1);
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 1);
    }

    async fn a_row_that_fits_no_state_is_named_and_holds_up_only_itself(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        for member in [1, 2, 3] {
            stage.approved(member).await;
        }
        stage.run("UPDATE refund_record SET decided_at = NULL WHERE payment_id = 1").await;
        stage.run("UPDATE refund_record SET refunded_at = 1 WHERE payment_id = 2").await;
        let ran = run_due(&stage.ctx).await.unwrap();
        assert_eq!((ran.set_aside, ran.under_way), (2, 1));
        let why = stage.texts(
            "SELECT details FROM operation_log WHERE action = 'refund.unreadable' ORDER BY object_id"
        ).await;
        assert!(why[0].contains("half a decision"), "{why:?}");
        assert!(why[1].contains("columns that fit no approved refund"), "{why:?}");
        assert_eq!(stage.returned_fen(1), 0);
        assert_eq!(stage.returned_fen(2), 0);
    }

    async fn an_order_that_does_not_fit_needs_a_person(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.run("UPDATE payment_record SET status = 'closed' WHERE id = 1").await;
        assert_eq!(run_due(&stage.ctx).await.unwrap().set_aside, 1);
        let refund = stage.of(1).await;
        assert_eq!(refund.status(), RefundStatus::ManualRequired);
        assert_eq!(refund.state.failure_reason(), Some(&FailureReason::Mismatch));
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default());
        assert_eq!(told(&stage, "refund_failed").await, 1);
        assert_eq!(stage.texts("SELECT status FROM payment_record").await, ["closed"]);
        assert!(stage.sandbox.wechat_pay().refunds().is_empty());
        stage.assert_in_order().await;
    }

    async fn an_answer_about_something_else_needs_a_person(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        let foreign = NewRefund {
            payment: PaidBy::Order(order_no(1)),
            out_refund_no: stage.of(1).await.refund_no.to_string(),
            reason: None,
            refund_fen: 1,
            total_fen: 9900,
            notify_url: None,
            funds_account: None,
        };
        stage.ctx.pay().unwrap().refund(&foreign).await.unwrap();
        assert_eq!(run_due(&stage.ctx).await.unwrap().manual_required, 1);
        let refund = stage.of(1).await;
        assert_eq!(refund.status(), RefundStatus::ManualRequired);
        assert_eq!(refund.state.failure_reason(), Some(&FailureReason::Mismatch));
        assert_eq!(stage.texts("SELECT status FROM payment_record").await, ["paid"]);
        stage.pass(TimeDelta::hours(1));
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default(), "not asked for ever");
        assert_eq!(stage.notices().await, ["refund_list_ready", "refund_unexpected"]);
        assert_eq!(audited(&stage, "refund.unexpected").await, 1);
    }

    async fn wrong_keys_are_told_once_and_nothing_is_sent_twice(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.approved(1).await;
        stage.approved(2).await;
        stage.sandbox.faults().add(refusal("SIGN_ERROR"));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.status(1).await, RefundStatus::Approved, "certainly not taken");
        assert_eq!(told(&stage, "merchant_held").await, 1);
        // What was sent while the keys were good is unknown, and nobody lets us ask.
        stage.sandbox.faults().clear();
        stage.pass(TimeDelta::minutes(5));
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 2);
        stage.sandbox.faults().add(refusal("SIGN_ERROR"));
        for _ in 0..5 {
            stage.pass(TimeDelta::minutes(5));
            run_due(&stage.ctx).await.unwrap();
            let refund = stage.of(1).await;
            assert_eq!(refund.status(), RefundStatus::Processing, "what was sent is unknown");
            assert_eq!(refund.state.failure_reason(), Some(&code("SIGN_ERROR")));
        }
        assert_eq!(told(&stage, "refund_stuck").await, 1);
        assert_eq!(told(&stage, "refund_failed").await, 0);

        stage.sandbox.faults().clear();
        stage.pass(TimeDelta::minutes(30));
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 2);
        assert_eq!(told(&stage, "merchant_held").await, 1);
        let refund = stage.of(1).await;
        let RefundState::Processing(run) = refund.state else {
            panic!("under way: {refund:?}")
        };
        assert_eq!(run.silence, None);
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.iter().all(|refund| refund.posts == 1), "{known:?}");
    }

    async fn silence_for_hours_is_told_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        stage.sandbox.faults().add(refusal("SYSTEM_ERROR"));
        for half_hours in 0..12 {
            stage.pass(TimeDelta::minutes(30));
            assert_eq!(run_due(&stage.ctx).await.unwrap().unknown, 1);
            let expected = usize::from(half_hours >= 1);
            assert_eq!(told(&stage, "refund_stuck").await, expected, "{half_hours}");
        }
        let refund = stage.of(1).await;
        assert_eq!((refund.status(), refund.state.failure_reason().cloned()), (RefundStatus::Processing, None));
        stage.sandbox.faults().clear();
        stage.finish(&refund, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(30));
        run_due(&stage.ctx).await.unwrap();
        stage.assert_refunded_once(1).await;
        let known = stage.sandbox.wechat_pay().refund(refund.refund_no.as_str()).unwrap();
        assert_eq!(known.posts, 1);
    }

    async fn a_code_that_reads_closed_frees_no_number(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        stage.sandbox.faults().add(refusal("CLOSED").method("POST"));
        for minutes in [0, 5, 10] {
            stage.pass(TimeDelta::minutes(minutes));
            run_due(&stage.ctx).await.unwrap();
        }
        let refund = stage.of(1).await;
        assert_eq!(refund.status(), RefundStatus::ManualRequired);
        assert_eq!(refund.state.failure_reason(), Some(&code("CLOSED")));
        let again = retry(&stage.ctx, &admin(), id).await.unwrap();
        assert_eq!((again.id, again.refund_no), (id, refund.refund_no));
    }

    async fn nothing_but_money_comes_after_closed(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        let needs_person = Applied::Now(RefundStatus::ManualRequired);
        for (said, heard) in [
            (Said::Abnormal, needs_person),
            (Said::Closed, needs_person),
            (Said::Abnormal, Applied::Before),
        ] {
            let notice = stage.notice(&refund, said.clone());
            assert_eq!(apply_refund_notice(&stage.ctx, &notice).await.unwrap(), heard, "{said:?}");
        }
        assert_eq!(stage.of(1).await.state.failure_reason(), Some(&FailureReason::Closed));
    }

    async fn a_notification_about_another_order_is_for_people(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let mut notice = stage.notice(&stage.of(1).await, Said::Success);
        notice.out_trade_no = order_no(2);
        assert_eq!(apply_refund_notice(&stage.ctx, &notice).await.unwrap(), Applied::Unexpected);
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
        assert_eq!(told(&stage, "refund_unexpected").await, 1);
    }

    async fn a_run_begins_nothing_once_the_product_stops(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.ctx.stop.cancel();
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default());
        assert_eq!(stage.status(1).await, RefundStatus::Approved);
    }
}
