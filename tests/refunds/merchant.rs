//! The merchant account cannot refund: everything waits, one refund probes, nothing is lost and
//! nothing is sent twice, whoever dies over it.

use std::time::Duration;

use campkeeper::domain::RefundStatus;
use campkeeper::domain::merchant::WaitingFor;
use campkeeper::domain::refund::AttemptOutcome;
use campkeeper::platforms::wechat_pay::{FundsAccount, RefundStatus as Said};
use campkeeper::services::merchant::{self, MerchantState};
use campkeeper::services::refund::{
    Summary, apply_refund_notice, approve_batch, clear_of, run_due,
};
use campkeeper::store::attempts::{self, Attempt};
use chrono::TimeDelta;
use sandbox::wechat_pay::{self as peer, RefundOutcome};
use sandbox::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::on_both_engines;
use crate::stage::{CAMP, Cast, Stage, admin, clear, order_no};
use crate::support::TestDb;

const REFUNDS: &str = "v3/refund/domestic/refunds";
const DEPOSIT_FEN: i64 = 9900;
/// Longer than a lease.
const LEASE_OVER: TimeDelta = TimeDelta::minutes(4);

fn fault(kind: FaultKind) -> Fault {
    Fault::new(Platform::WechatPay, REFUNDS, kind)
}

fn refusal(code: &str) -> Fault {
    let (code, message) = (code.to_owned(), String::new());
    fault(FaultKind::ApiError { code, message })
}

/// Every member's refund is approved, and its undo window over.
async fn all_approved(db: TestDb, members: i64) -> Stage {
    let cast: Vec<Cast> = (1..=members).map(clear).collect();
    let stage = Stage::set(db, &cast).await;
    approve_all(&stage).await;
    stage
}

async fn approve_all(stage: &Stage) {
    stage.build().await;
    let list = clear_of(&stage.ctx, &admin(), CAMP, 80).await.unwrap();
    approve_batch(&stage.ctx, &admin(), &list).await.unwrap();
    stage.pass(TimeDelta::seconds(61));
    stage.sandbox.wechat_pay().set_frequency_limited(false);
}

fn set_balance(stage: &Stage, deposits: i64) {
    stage
        .sandbox
        .wechat_pay()
        .set_balance(deposits * DEPOSIT_FEN);
}

async fn run(stage: &Stage) -> Summary {
    run_due(&stage.ctx).await.unwrap()
}

async fn state(stage: &Stage) -> MerchantState {
    merchant::state(&stage.ctx, &admin()).await.unwrap()
}

async fn is_held(stage: &Stage) -> bool {
    state(stage).await.hold.is_some()
}

async fn told(stage: &Stage, kind: &str) -> usize {
    let notices = stage.notices().await;
    notices.into_iter().filter(|notice| notice == kind).count()
}

async fn calls(stage: &Stage, payment: i64) -> Vec<Attempt> {
    let id = stage.of(payment).await.id;
    let mut conn = stage.db.read().await.unwrap();
    attempts::of_refund(&mut conn, id).await.unwrap()
}

fn outcomes(calls: &[Attempt]) -> Vec<Option<AttemptOutcome>> {
    calls.iter().map(|call| call.outcome).collect()
}

/// Ends at the stand-in whatever it has, and lets the runner ask about it.
async fn finish_all(stage: &Stage) {
    for refund in stage.sandbox.wechat_pay().refunds() {
        if refund.executions == 0 {
            let number = &refund.out_refund_no;
            stage
                .sandbox
                .wechat_pay()
                .finish_refund(number, RefundOutcome::Success)
                .unwrap();
        }
    }
    stage.pass(TimeDelta::minutes(1));
    run(stage).await;
}

async fn killed_run(stage: &Stage) {
    let run = tokio::time::timeout(Duration::from_millis(900), run_due(&stage.ctx)).await;
    assert!(
        run.is_err(),
        "the run was to be killed in its middle: {run:?}"
    );
}

on_both_engines! {
    async fn everything_waits_and_goes_on_by_itself(db) {
        let stage = all_approved(db, 4).await;
        set_balance(&stage, 0);
        assert_eq!(run(&stage).await, Summary { held_back: 1, ..Summary::default() });
        let MerchantState { hold, waiting } = state(&stage).await;
        let hold = hold.unwrap();
        assert_eq!((hold.reason.word().as_str(), hold.since), ("not_enough", stage.ctx.now()));
        assert_eq!((waiting.count, waiting.sum.get()), (4, 4 * DEPOSIT_FEN));
        for payment in 1..=4 {
            let refund = stage.of(payment).await;
            assert_eq!(refund.status(), RefundStatus::Approved);
            assert_eq!((refund.state.attempts(), refund.waiting_for()), (0, Some(WaitingFor::Merchant)));
        }
        assert_eq!(run(&stage).await, Summary::default(), "not before five minutes");
        for (wait, probes) in [(5, 1), (10, 2), (20, 3), (30, 4), (30, 5)] {
            stage.pass(TimeDelta::minutes(wait) - TimeDelta::seconds(1));
            assert_eq!(run(&stage).await, Summary::default(), "{wait}");
            stage.pass(TimeDelta::seconds(1));
            assert_eq!(run(&stage).await.held_back, 1, "{wait}");
            assert_eq!(state(&stage).await.hold.unwrap().probes, probes);
        }
        assert_eq!(stage.notices().await, ["refund_list_ready", "merchant_held"]);
        let statuses = stage.texts("SELECT DISTINCT status FROM payment_record").await;
        assert_eq!(statuses, ["paid"]);
        assert_eq!(stage.sandbox.wechat_pay().refunds().len(), 0);

        set_balance(&stage, 4);
        assert_eq!(run(&stage).await, Summary::default(), "it is not known yet");
        stage.pass(TimeDelta::minutes(30));
        assert_eq!(run(&stage).await.under_way, 4);
        assert!(!is_held(&stage).await);
        assert_eq!(stage.of(1).await.waiting_for(), None);
        assert_eq!(stage.notices().await, ["refund_list_ready", "merchant_held", "merchant_resumed"]);
        finish_all(&stage).await;
        for payment in 1..=4 {
            stage.assert_refunded_once(payment).await;
            assert_eq!(stage.of(payment).await.state.attempts(), 1);
        }
        let path = stage.path(stage.of(1).await.id).await;
        let (begin, end) = (&path[..4], path.last().unwrap());
        assert_eq!((begin, end.as_str()), (&["pending", "approved", "processing", "approved"].map(str::to_owned)[..], "success"));
    }

    async fn three_hundred_refunds_with_the_balance_empty_in_the_middle(db) {
        let stage = Stage::set(db, &[]).await;
        stage.enter_many(300).await;
        approve_all(&stage).await;
        set_balance(&stage, 150);
        let first = run(&stage).await;
        assert_eq!((first.under_way, first.manual_required, first.failed), (150, 0, 0));
        stage.pass(TimeDelta::minutes(5));
        run(&stage).await;
        assert_eq!(told(&stage, "merchant_held").await, 1);
        assert_eq!(state(&stage).await.waiting.count, 150);
        set_balance(&stage, 150);
        stage.pass(TimeDelta::minutes(10));
        run(&stage).await;
        finish_all(&stage).await;
        for _ in 0..10 {
            finish_all(&stage).await;
        }
        let open = stage.texts("SELECT status FROM refund_record WHERE status <> 'success'").await;
        assert!(open.is_empty(), "{open:?}");
        let known = stage.sandbox.wechat_pay().refunds();
        assert_eq!(known.len(), 300);
        assert!(known.iter().all(|refund| (refund.posts, refund.executions) == (1, 1)));
        let totals = stage.sandbox.wechat_pay().totals();
        assert_eq!((totals.refunded_fen, totals.balance_fen), (300 * DEPOSIT_FEN, 0));
        assert_eq!((told(&stage, "merchant_held").await, told(&stage, "merchant_resumed").await), (1, 1));
        assert_eq!(told(&stage, "refund_failed").await, 0);
        stage.assert_in_order().await;
    }

    async fn a_person_has_it_tried_at_once(db) {
        let stage = all_approved(db, 2).await;
        set_balance(&stage, 0);
        run(&stage).await;
        merchant::probe(&stage.ctx, &admin()).await.unwrap();
        assert_eq!(run(&stage).await.held_back, 1, "still empty");
        assert_eq!(run(&stage).await, Summary::default());
        set_balance(&stage, 2);
        merchant::probe(&stage.ctx, &admin()).await.unwrap();
        assert_eq!(run(&stage).await.under_way, 2);
        assert!(merchant::probe(&stage.ctx, &admin()).await.unwrap().hold.is_none());
        assert_eq!(stage.texts("SELECT action FROM operation_log WHERE action LIKE 'merchant.%' ORDER BY seq").await,
            ["merchant.held", "merchant.probe", "merchant.probe", "merchant.resumed"]);
        stage.assert_in_order().await;
    }

    async fn whatever_is_wrong_with_the_account_spends_no_try(db) {
        let stage = all_approved(db, 2).await;
        for code in ["SIGN_ERROR", "NO_AUTH", "MCH_NOT_EXISTS", "FREQUENCY_LIMITED"] {
            stage.sandbox.faults().add(refusal(code).times(1000));
            stage.pass(TimeDelta::minutes(30));
            assert_eq!(run(&stage).await.held_back, 1, "{code}");
            let hold = state(&stage).await.hold.unwrap();
            assert_eq!(hold.reason.word(), code.to_ascii_lowercase());
            stage.sandbox.faults().clear();
        }
        // One alarm for each thing that is to be mended, and none for a refund.
        assert_eq!(told(&stage, "merchant_held").await, 4);
        assert_eq!(told(&stage, "refund_failed").await + told(&stage, "refund_stuck").await, 0);
        stage.pass(TimeDelta::minutes(30));
        assert_eq!(run(&stage).await.under_way, 2);
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.iter().all(|refund| refund.posts == 1), "{known:?}");
    }

    async fn what_is_wrong_with_one_refund_stops_no_other(db) {
        let stage = all_approved(db, 3).await;
        for code in ["USER_ACCOUNT_ABNORMAL", "PARAM_ERROR"] {
            stage.sandbox.faults().add(refusal(code).method("POST"));
        }
        let ran = run(&stage).await;
        assert_eq!((ran.manual_required, ran.failed, ran.under_way, ran.held_back), (1, 1, 1, 0));
        assert!(!is_held(&stage).await);
    }

    async fn a_probe_without_an_answer_neither_lifts_nor_is_sent_twice(db) {
        let stage = all_approved(db, 3).await;
        set_balance(&stage, 0);
        run(&stage).await;
        set_balance(&stage, 3);
        stage.pass(TimeDelta::minutes(5));
        stage.sandbox.faults().add(fault(FaultKind::CutAfter).method("POST"));
        assert_eq!(run(&stage).await, Summary { unknown: 1, ..Summary::default() });
        let hold = state(&stage).await.hold.unwrap();
        assert_eq!((hold.probes, hold.probe_until), (1, None));
        // It is asked about, as ever: it had passed, so the rest follow at once.
        stage.pass(TimeDelta::minutes(1));
        assert_eq!(run(&stage).await.under_way, 3);
        assert!(!is_held(&stage).await);
        assert_eq!(told(&stage, "merchant_resumed").await, 1);
        let probed = hold.probe_refund.unwrap();
        let mut conn = stage.db.read().await.unwrap();
        let calls = attempts::of_refund(&mut conn, probed).await.unwrap();
        let last = calls.last().unwrap();
        assert_eq!(last.outcome, Some(AttemptOutcome::Unknown));
        assert!(last.wechat_created_at.is_some(), "the query told it");
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.len() == 3 && known.iter().all(|refund| refund.posts == 1), "{known:?}");
    }

    async fn a_probe_that_never_arrived_waits_again(db) {
        let stage = all_approved(db, 2).await;
        set_balance(&stage, 0);
        run(&stage).await;
        stage.pass(TimeDelta::minutes(5));
        stage.sandbox.faults().add(fault(FaultKind::CutBefore).method("POST").times(2));
        assert_eq!(run(&stage).await.unknown, 1);
        stage.pass(TimeDelta::minutes(1));
        let ran = run(&stage).await;
        assert_eq!(ran, Summary { held_back: 1, ..Summary::default() }, "no probe is due");
        assert!(is_held(&stage).await);
        let tries = stage.texts("SELECT CAST(SUM(attempts) AS TEXT) FROM refund_record").await;
        assert_eq!(tries, ["0"]);
        assert_eq!(stage.texts("SELECT DISTINCT status FROM payment_record").await, ["paid"]);
    }

    async fn a_hold_outlives_a_runner_that_dies_over_its_probe(db) {
        let stage = all_approved(db, 3).await;
        set_balance(&stage, 0);
        run(&stage).await;
        set_balance(&stage, 3);
        stage.pass(TimeDelta::minutes(5));
        stage.sandbox.faults().add(fault(FaultKind::LateAnswer { ms: 1_900 }).method("POST"));
        killed_run(&stage).await;
        assert!(is_held(&stage).await, "nobody has recorded that it passed");
        assert_eq!(run(&stage).await, Summary::default(), "the dead one still probes");
        stage.pass(LEASE_OVER);
        assert_eq!(run(&stage).await.under_way, 3);
        assert!(!is_held(&stage).await);
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.len() == 3 && known.iter().all(|refund| refund.posts == 1), "{known:?}");
        finish_all(&stage).await;
        for payment in 1..=3 {
            stage.assert_refunded_once(payment).await;
        }
    }

    async fn who_dies_before_the_refusal_is_recorded_leaves_it_to_the_next(db) {
        let stage = all_approved(db, 2).await;
        set_balance(&stage, 0);
        stage.sandbox.faults().add(fault(FaultKind::LateAnswer { ms: 1_900 }).method("POST"));
        killed_run(&stage).await;
        assert!(!is_held(&stage).await);
        assert_eq!(outcomes(&calls(&stage, 1).await), [None], "nobody knows what it did");
        stage.pass(LEASE_OVER);
        // The dead run had taken both up.
        assert_eq!(run(&stage).await.held_back, 2);
        assert_eq!(told(&stage, "merchant_held").await, 1);
        assert_eq!(stage.texts("SELECT CAST(SUM(attempts) AS TEXT) FROM refund_record").await, ["0"]);
    }

    async fn two_runners_probe_once(db) {
        let stage = all_approved(db, 6).await;
        set_balance(&stage, 0);
        run(&stage).await;
        for minutes in [5, 10] {
            stage.pass(TimeDelta::minutes(minutes));
            let before = stage.texts("SELECT outcome FROM refund_attempt").await.len();
            let (one, two) = tokio::join!(run_due(&stage.ctx), run_due(&stage.ctx));
            assert_eq!(one.unwrap().held_back + two.unwrap().held_back, 1);
            let after = stage.texts("SELECT outcome FROM refund_attempt").await.len();
            assert_eq!(after - before, 1);
        }
        set_balance(&stage, 6);
        stage.pass(TimeDelta::minutes(20));
        let (one, two) = tokio::join!(run_due(&stage.ctx), run_due(&stage.ctx));
        one.unwrap();
        two.unwrap();
        run(&stage).await;
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.len() == 6 && known.iter().all(|refund| refund.posts == 1), "{known:?}");
        assert_eq!((told(&stage, "merchant_held").await, told(&stage, "merchant_resumed").await), (1, 1));
    }

    async fn a_sum_larger_than_the_balance_does_not_stop_the_smaller_ones_for_good(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        // The first to go out is larger than what is there.
        stage.pay_at_peer(&order_no(9), 30_000);
        stage.run(&format!(
            "UPDATE payment_record SET order_no = '{}', amount_fen = 30000, paid_fen = 30000 \
             WHERE id = 1", order_no(9)
        )).await;
        stage.run("UPDATE ledger_transfer SET amount_fen = 30000 WHERE payment_id = 1").await;
        approve_all(&stage).await;
        set_balance(&stage, 2);
        assert_eq!(run(&stage).await.held_back, 1);
        assert_eq!(state(&stage).await.waiting.sum.get(), 30_000 + 2 * DEPOSIT_FEN);
        stage.pass(TimeDelta::minutes(5));
        // Another one probes, and those that the balance is enough for go out.
        run(&stage).await;
        let of = async |payment| stage.status(payment).await;
        assert_eq!((of(1).await, of(2).await, of(3).await),
            (RefundStatus::Approved, RefundStatus::Processing, RefundStatus::Processing));
        assert!(is_held(&stage).await);
        assert_eq!(state(&stage).await.waiting.sum.get(), 30_000);
    }

    async fn a_late_word_that_it_went_through_counts_while_it_waits(db) {
        let stage = all_approved(db, 2).await;
        set_balance(&stage, 0);
        run(&stage).await;
        let refund = stage.of(1).await;
        assert_eq!(refund.status(), RefundStatus::Approved);
        let notice = stage.notice(&refund, Said::Success);
        apply_refund_notice(&stage.ctx, &notice).await.unwrap();
        assert_eq!(stage.status(1).await, RefundStatus::Success);
        assert_eq!(state(&stage).await.waiting.count, 1);
    }

    async fn refunds_are_taken_from_the_account_that_is_set(db) {
        let stage = all_approved(db, 1).await;
        let pay = stage.sandbox.wechat_pay();
        pay.set_balance(0);
        pay.set_balance_of(peer::FundsAccount::Available, DEPOSIT_FEN);
        let mut ctx = stage.ctx.clone();
        let mut settings = (*ctx.settings).clone();
        settings.funds_account = Some(FundsAccount::Available);
        ctx.settings = settings.into();
        assert_eq!(run_due(&ctx).await.unwrap().under_way, 1);
        let known = pay.refund(stage.of(1).await.refund_no.as_str()).unwrap();
        assert_eq!(known.funds_account, peer::FundsAccount::Available);
        assert_eq!(pay.totals().available_fen, 0);
        stage.assert_in_order().await;
    }

    async fn every_call_is_kept_with_what_it_was_answered(db) {
        let stage = all_approved(db, 1).await;
        let faults = stage.sandbox.faults();
        faults.add(refusal("PARAM_ERROR").method("POST"));
        let (status, body) = (502, String::new());
        faults.add(fault(FaultKind::HttpStatus { status, body }).method("POST").after(1));
        assert_eq!(run(&stage).await.failed, 1);
        stage.pass(TimeDelta::minutes(5));
        assert_eq!(run(&stage).await.unknown, 1);
        stage.pass(TimeDelta::minutes(5));
        assert_eq!(run(&stage).await.under_way, 1);
        let calls = calls(&stage, 1).await;
        use AttemptOutcome::{Accepted, Refused, Unknown};
        assert_eq!(outcomes(&calls), [Some(Refused), Some(Unknown), Some(Accepted)]);
        assert_eq!(calls[0].error_code.as_deref(), Some("PARAM_ERROR"));
        assert!(calls[0].request_id.is_some() && calls[1].request_id.is_none());
        let numbers: Vec<i64> = calls.iter().map(|call| call.number).collect();
        assert_eq!(numbers, [1, 2, 3]);
        assert_eq!((calls[2].mch_id.as_str(), calls[2].app_id.as_str()), (peer::MERCHANT_ID, peer::APP_ID));
        assert_eq!(calls[0].request_hash, calls[2].request_hash, "the same request each time");
        let known = stage.sandbox.wechat_pay().refund(stage.of(1).await.refund_no.as_str()).unwrap();
        let told = calls[2].wechat_created_at.unwrap();
        assert_eq!(told.secs(), known.accepted_at.timestamp());
        assert_eq!(order_no(1), known.out_trade_no);
    }

    async fn six_calls_at_once_for_all_runners(db) {
        let stage = all_approved(db, 30).await;
        let slow = FaultKind::Latency { ms: 150 };
        stage.sandbox.faults().add(fault(slow).method("POST").times(100));
        let leased = "SELECT CAST(COUNT(*) AS TEXT) FROM refund_record WHERE lease_until IS NOT NULL";
        let most = async {
            let mut most = 0;
            loop {
                let now: i64 = stage.texts(leased).await[0].parse().unwrap();
                most = most.max(now);
                let left = stage.texts("SELECT status FROM refund_record WHERE status = 'approved'").await;
                if left.is_empty() {
                    break most;
                }
            }
        };
        let runner = async || while run(&stage).await.stopped_early {};
        let ((), (), most) = tokio::join!(runner(), runner(), most);
        assert!((4..=6).contains(&most), "{most} at once");
        let known = stage.sandbox.wechat_pay().refunds();
        assert!(known.len() == 30 && known.iter().all(|refund| refund.posts == 1), "{known:?}");
    }

    async fn wrong_answers_are_counted_for_all_runners(db) {
        let stage = all_approved(db, 20).await;
        let with = json!({"code": "SYSTEM_ERROR"});
        let name = "executed_error".to_owned();
        stage.sandbox.faults().add(fault(FaultKind::Named { name, with }).method("POST").times(100));
        let (one, two) = tokio::join!(run_due(&stage.ctx), run_due(&stage.ctx));
        let (one, two) = (one.unwrap(), two.unwrap());
        assert_eq!(one.unknown + two.unknown, 6);
        assert!(one.stopped_early && two.stopped_early);
        assert_eq!(run(&stage).await, Summary { stopped_early: true, ..Summary::default() });
        stage.pass(TimeDelta::seconds(6));
        assert_eq!(run(&stage).await.unknown, 6);
    }
}
