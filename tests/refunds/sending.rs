//! The runner: killed at any step, cut off, refused or late, it refunds each order exactly once.

use std::time::Duration;

use campkeeper::domain::RefundStatus;
use campkeeper::domain::refund::FailureReason;
use campkeeper::services::refund::{approve_batch, clear_of, retry, run_due};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;
use sandbox::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::on_both_engines;
use crate::stage::{CAMP, Cast, Stage, admin, clear};

const REFUNDS: &str = "v3/refund/domestic/refunds";
/// Longer than a lease.
const LEASE_OVER: TimeDelta = TimeDelta::minutes(4);

fn fault(kind: FaultKind) -> Fault {
    Fault::new(Platform::WechatPay, REFUNDS, kind)
}

fn refusal(code: &str) -> Fault {
    let message = String::new();
    let code = code.to_owned();
    fault(FaultKind::ApiError { code, message }).method("POST")
}

/// A run that is killed while its call is out.
async fn killed_run(stage: &Stage) {
    let run = tokio::time::timeout(Duration::from_millis(700), run_due(&stage.ctx)).await;
    assert!(
        run.is_err(),
        "the run was to be killed in its middle: {run:?}"
    );
}

/// Asks again until the refund has an outcome.
async fn run_to_the_end(stage: &Stage, payment: i64) {
    for _ in 0..3 {
        stage.pass(LEASE_OVER);
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(payment).await;
        if refund.status() == RefundStatus::Success {
            return;
        }
        let pay = stage.sandbox.wechat_pay();
        if pay
            .refund(refund.refund_no.as_str())
            .is_some_and(|known| known.executions == 0)
        {
            stage.finish(&refund, RefundOutcome::Success);
        }
    }
}

on_both_engines! {
    async fn the_whole_way(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 1);
        let refund = stage.of(1).await;
        assert_eq!(refund.status(), RefundStatus::Processing);
        assert_eq!(stage.texts("SELECT status FROM payment_record").await, ["refunding"]);
        stage.finish(&refund, RefundOutcome::Success);
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default(), "not asked before a minute");
        stage.pass(TimeDelta::minutes(1));
        assert_eq!(run_due(&stage.ctx).await.unwrap().succeeded, 1);
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.path(id).await, ["pending", "approved", "processing", "success"]);
        assert_eq!(stage.texts("SELECT bind_status FROM payment_record").await, ["closed"]);
        assert_eq!(stage.notices().await, ["refund_list_ready", "refund_done"]);
        let body = stage.texts("SELECT body FROM notification_message WHERE kind = 'refund_done'").await;
        let body: serde_json::Value = serde_json::from_str(&body[0]).unwrap();
        assert_eq!((&body["nickname"], &body["days"]["checkedIn"], &body["amount"]),
            (&json!("会员1"), &json!(8), &json!(9900)));
        let known = stage.sandbox.wechat_pay().refund(refund.refund_no.as_str()).unwrap();
        assert_eq!((known.posts, known.executions), (1, 1));
        assert_eq!(known.reason.as_deref(), Some("训练营打卡8/7天，押金退回"));
    }

    async fn killed_before_the_call_arrives(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.sandbox.faults().add(fault(FaultKind::Latency { ms: 60_000 }));
        killed_run(&stage).await;
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
        let before_its_time = run_due(&stage.ctx).await.unwrap();
        assert_eq!(before_its_time, Default::default(), "the lease of the dead run holds");
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
    }

    async fn killed_after_the_effect_before_it_is_recorded(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.sandbox.faults().add(fault(FaultKind::LateAnswer { ms: 1_900 }));
        killed_run(&stage).await;
        let number = stage.of(1).await.refund_no;
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
        let known = stage.sandbox.wechat_pay().refunds();
        assert_eq!((known.len(), known[0].posts), (1, 1), "asked about, not sent again");
        assert_eq!(known[0].out_refund_no, number.as_str());
    }

    async fn killed_while_asking(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(1));
        stage.sandbox.faults().add(fault(FaultKind::LateAnswer { ms: 1_900 }).method("GET"));
        killed_run(&stage).await;
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
    }

    async fn what_was_not_answered_is_unknown_and_asked_about(db) {
        let executed = |with| Fault::new(Platform::WechatPay, REFUNDS, FaultKind::Named {
            name: "executed_error".to_owned(),
            with,
        });
        let named = |name: &str| Fault::new(Platform::WechatPay, REFUNDS, FaultKind::Named {
            name: name.to_owned(),
            with: json!({}),
        });
        let faults = [
            fault(FaultKind::CutAfter),
            fault(FaultKind::LateAnswer { ms: 2_500 }),
            executed(json!({})),
            named("tampered_response"),
            named("wrong_serial_response"),
        ];
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3), clear(4), clear(5)]).await;
        for (payment, fault) in (1..).zip(faults) {
            let name = format!("{fault:?}");
            let id = stage.approved(payment).await;
            stage.sandbox.faults().add(fault.method("POST"));
            assert_eq!(run_due(&stage.ctx).await.unwrap().unknown, 1, "{name}");
            let refund = stage.of(payment).await;
            assert_eq!(refund.status(), RefundStatus::Processing, "{name}");
            stage.finish(&refund, RefundOutcome::Success);
            stage.pass(TimeDelta::minutes(1));
            assert_eq!(run_due(&stage.ctx).await.unwrap().succeeded, 1, "{name}");
            let known = stage.sandbox.wechat_pay().refund(refund.refund_no.as_str()).unwrap();
            assert_eq!((known.posts, known.executions), (1, 1), "{name}");
            assert_eq!(stage.path(id).await, ["pending", "approved", "processing", "success"]);
        }
        assert_eq!(stage.sandbox.wechat_pay().refunds().len(), 5);
    }

    async fn what_never_arrived_is_sent_again_under_the_same_number(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.sandbox.faults().add(fault(FaultKind::CutBefore).method("POST").times(2));
        assert_eq!(run_due(&stage.ctx).await.unwrap().unknown, 1);
        let number = stage.of(1).await.refund_no;
        run_to_the_end(&stage, 1).await;
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.of(1).await.refund_no, number);
    }

    async fn three_tries_after_five_and_ten_minutes_then_a_person(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        stage.sandbox.faults().add(refusal("PARAM_ERROR").method("POST").times(3));
        for (wait, ended) in [(0, RefundStatus::Failed), (5, RefundStatus::Failed), (10, RefundStatus::ManualRequired)] {
            stage.pass(TimeDelta::minutes(wait) - TimeDelta::seconds(1));
            run_due(&stage.ctx).await.unwrap();
            if wait > 0 {
                assert_eq!(stage.status(1).await, RefundStatus::Failed);
            }
            stage.pass(TimeDelta::seconds(1));
            run_due(&stage.ctx).await.unwrap();
            let refund = stage.of(1).await;
            assert_eq!(refund.status(), ended);
            assert_eq!(refund.state.failure_reason(), Some(&FailureReason::Code("PARAM_ERROR".to_owned())));
        }
        assert_eq!(stage.of(1).await.state.attempts(), 3);
        assert_eq!(stage.texts("SELECT status FROM payment_record").await, ["paid"]);
        assert_eq!(stage.notices().await, ["refund_list_ready", "refund_failed"]);
        stage.pass(TimeDelta::days(1));
        assert_eq!(run_due(&stage.ctx).await.unwrap(), Default::default(), "no machine goes on");

        // Mended: a person's retry uses the same number.
        let number = stage.of(1).await.refund_no;
        retry(&stage.ctx, &admin(), id).await.unwrap();
        run_due(&stage.ctx).await.unwrap();
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.of(1).await.refund_no, number);
    }

    async fn what_no_repeating_mends_needs_a_person_at_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        stage.sandbox.faults().add(refusal("USER_ACCOUNT_ABNORMAL"));
        assert_eq!(run_due(&stage.ctx).await.unwrap().manual_required, 1);
        let refund = stage.of(1).await;
        assert_eq!(refund.state.failure_reason(), Some(&FailureReason::Code("USER_ACCOUNT_ABNORMAL".to_owned())));
        assert_eq!(stage.returned_fen(1), 0);
    }

    async fn a_closed_refund_is_tried_again_under_a_new_number(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let old = stage.of(1).await;
        stage.finish(&old, RefundOutcome::Closed);
        stage.pass(TimeDelta::minutes(1));
        assert_eq!(run_due(&stage.ctx).await.unwrap().manual_required, 1);
        assert_eq!(stage.of(1).await.state.failure_reason(), Some(&FailureReason::Closed));
        let new = retry(&stage.ctx, &admin(), id).await.unwrap();
        assert_ne!((new.id, &new.refund_no), (old.id, &old.refund_no));
        assert_eq!(new.status(), RefundStatus::Approved);
        assert!(retry(&stage.ctx, &admin(), id).await.is_err(), "a replaced refund rests");
        run_due(&stage.ctx).await.unwrap();
        run_to_the_end(&stage, 1).await;
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.path(id).await.last().unwrap(), "closed");
        let replaced = stage.texts("SELECT replaced_by FROM refund_record WHERE replaced_by IS NOT NULL").await;
        assert_eq!(replaced, [new.refund_no.as_str()]);
    }

    async fn an_abnormal_refund_may_still_succeed(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        let id = stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let refund = stage.of(1).await;
        stage.finish(&refund, RefundOutcome::Abnormal);
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.of(1).await.state.failure_reason(), Some(&FailureReason::Abnormal));
        stage.finish(&refund, RefundOutcome::Success);
        retry(&stage.ctx, &admin(), id).await.unwrap();
        assert_eq!(run_due(&stage.ctx).await.unwrap().succeeded, 1);
        stage.assert_refunded_once(1).await;
        assert_eq!(stage.sandbox.wechat_pay().refund(refund.refund_no.as_str()).unwrap().posts, 1);
    }

    async fn two_runners_send_each_refund_once(db) {
        let cast: Vec<Cast> = (1..=10).map(clear).collect();
        let stage = Stage::set(db, &cast).await;
        stage.build().await;
        let list = clear_of(&stage.ctx, &admin(), CAMP, 80).await.unwrap();
        approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        stage.pass(TimeDelta::seconds(60));
        let (one, two) = tokio::join!(run_due(&stage.ctx), run_due(&stage.ctx));
        assert_eq!(one.unwrap().under_way + two.unwrap().under_way, 10);
        let sent = stage.sandbox.wechat_pay().refunds();
        assert_eq!(sent.len(), 10);
        assert!(sent.iter().all(|refund| refund.posts == 1), "{sent:?}");
        for refund in sent {
            stage.sandbox.wechat_pay().finish_refund(&refund.out_refund_no, RefundOutcome::Success).unwrap();
        }
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        for payment in 1..=10 {
            stage.assert_refunded_once(payment).await;
        }
        let totals = stage.sandbox.wechat_pay().totals();
        assert_eq!((totals.refunded_fen, totals.refunding_fen), (99_000, 0));
    }

    async fn one_refund_at_a_time_per_payer(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        stage.run("UPDATE payment_record SET flag = 'late', openid = BYTES'00', openid_mac = BYTES'01'").await;
        stage.build().await;
        let list = clear_of(&stage.ctx, &admin(), CAMP, 80).await.unwrap();
        approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        stage.pass(TimeDelta::seconds(60));
        stage.sandbox.faults().add(fault(FaultKind::Latency { ms: 60_000 }));
        killed_run(&stage).await;
        let other = run_due(&stage.ctx).await.unwrap();
        assert_eq!(other, Default::default(), "the payer's other refund is held by a runner");
        stage.pass(LEASE_OVER);
        assert_eq!(run_due(&stage.ctx).await.unwrap().under_way, 2);
    }

    async fn a_run_stops_when_calls_go_wrong_in_a_row(db) {
        let cast: Vec<Cast> = (1..=9).map(clear).collect();
        let stage = Stage::set(db, &cast).await;
        stage.build().await;
        let list = clear_of(&stage.ctx, &admin(), CAMP, 80).await.unwrap();
        approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
        stage.pass(TimeDelta::seconds(60));
        stage.sandbox.faults().add(refusal("REQUEST_BLOCKED").times(100));
        let summary = run_due(&stage.ctx).await.unwrap();
        assert!(summary.stopped_early);
        assert_eq!(summary.manual_required, 6);
        let waiting = stage.texts("SELECT status FROM refund_record WHERE status = 'approved'").await;
        assert_eq!(waiting.len(), 3);
    }
}
