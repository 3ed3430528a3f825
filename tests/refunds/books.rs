//! The books: what each event posts (design §3, posting table), and the audit that proves them.

use campkeeper::domain::RefundStatus;
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::books::audit;
use campkeeper::services::refund::{
    Applied, apply_refund_notice, approve, close, retry, run_due, undo,
};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::stage::{Stage, admin, clear, closing, order_no};

impl Stage {
    /// The transfers of the nth payment after the one by which it came in.
    pub(crate) async fn posted(&self, payment: i64) -> Vec<String> {
        let transfers = self
            .texts(&format!(
                "SELECT l.kind || ' ' || l.debit || ' ' || l.credit || ' ' || \
                 CAST(l.amount_fen AS TEXT) || ' ' || CASE WHEN r.id IS NULL THEN l.id ELSE \
                 REPLACE(l.id, r.refund_no, 'N') END FROM ledger_transfer l \
                 LEFT JOIN refund_record r ON r.id = l.refund_id \
                 WHERE l.payment_id = {payment} ORDER BY l.seq"
            ))
            .await;
        transfers[1..].to_vec()
    }

    /// The money of the nth payment in an account.
    pub(crate) async fn balance(&self, payment: i64, account: &str) -> i64 {
        let sum = self
            .texts(&format!(
                "SELECT CAST(COALESCE(SUM(CASE WHEN credit = '{account}' THEN amount_fen \
                 ELSE -amount_fen END), 0) AS TEXT) FROM ledger_transfer \
                 WHERE payment_id = {payment} AND kind IN ('plain', 'post') \
                 AND '{account}' IN (debit, credit)"
            ))
            .await;
        sum[0].parse().unwrap()
    }
}

const RESERVED: &str = "pending held returned 9900 approve:N:1";
const POSTED: &str = "post held returned 9900 post:N:1";
const VOID: &str = "void held returned 9900 void:N:1";

on_both_engines! {
    async fn a_refund_is_reserved_when_it_is_approved_and_posted_when_it_went_back(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        assert_eq!(stage.posted(1).await, [""; 0], "a proposal moves nothing");
        stage.approved(1).await;
        assert_eq!(stage.posted(1).await, [RESERVED]);
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.posted(1).await, [RESERVED], "PROCESSING moves nothing");
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(1));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.posted(1).await, [RESERVED, POSTED]);
        let again = stage.notice(&stage.of(1).await, Said::Success);
        apply_refund_notice(&stage.ctx, &again).await.unwrap();
        assert_eq!(stage.posted(1).await.len(), 2, "said again, nothing more");
        stage.assert_refunded_once(1).await;
        let rested = stage.texts("SELECT CAST(rested_at AS TEXT) FROM payment_record").await;
        assert_eq!(rested.len(), 1, "nothing of it is here any more");
    }

    async fn what_is_withdrawn_is_let_go_and_can_be_approved_again(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        undo(&stage.ctx, &admin(), id).await.unwrap();
        assert_eq!(stage.posted(1).await, [RESERVED, VOID]);
        stage.assert_in_order().await;
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        let second = "pending held returned 9900 approve:N:2";
        assert_eq!(stage.posted(1).await, [RESERVED, VOID, second]);
        stage.assert_in_order().await;
    }

    async fn a_failed_try_moves_nothing(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        let busy = FaultKind::ApiError { code: "INVALID_REQUEST".to_owned(), message: String::new() };
        let fault = Fault::new(Platform::WechatPay, "v3/refund/domestic/refunds", busy);
        stage.sandbox.faults().add(fault.method("POST").times(3));
        for _ in 0..4 {
            run_due(&stage.ctx).await.unwrap();
            stage.pass(TimeDelta::minutes(11));
        }
        assert_eq!(stage.status(1).await, RefundStatus::ManualRequired);
        assert_eq!(stage.posted(1).await, [RESERVED]);
        stage.assert_in_order().await;
    }

    async fn abnormal_keeps_it_reserved_and_closed_lets_it_go(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        for (payment, said) in [(1, Said::Abnormal), (2, Said::Closed)] {
            stage.approved(payment).await;
            run_due(&stage.ctx).await.unwrap();
            let notice = stage.notice(&stage.of(payment).await, said);
            apply_refund_notice(&stage.ctx, &notice).await.unwrap();
            assert_eq!(stage.status(payment).await, RefundStatus::ManualRequired);
        }
        assert_eq!(stage.posted(1).await, [RESERVED]);
        assert_eq!(stage.posted(2).await, [RESERVED, VOID]);
        stage.assert_in_order().await;
        // The same refund is told to be closed after all, and another number takes its place.
        let notice = stage.notice(&stage.of(1).await, Said::Closed);
        apply_refund_notice(&stage.ctx, &notice).await.unwrap();
        assert_eq!(stage.posted(1).await, [RESERVED, VOID]);
        let dead = stage.of(1).await;
        retry(&stage.ctx, &admin(), dead.id).await.unwrap();
        assert_eq!(stage.posted(1).await, [RESERVED, VOID, RESERVED], "under its own number");
        stage.assert_in_order().await;
    }

    async fn a_number_that_pays_another_amount_is_no_loss(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        let mut less = stage.notice(&stage.of(1).await, Said::Success);
        less.amount.refund_fen = 5000;
        for _ in 0..2 {
            assert_eq!(apply_refund_notice(&stage.ctx, &less).await.unwrap(), Applied::Unexpected);
        }
        let went = "plain held returned 5000 success:N";
        assert_eq!(stage.posted(1).await, [RESERVED, VOID, went]);
        assert_eq!((stage.balance(1, "held").await, stage.balance(1, "loss").await), (4900, 0));
        let audited = audit(&stage.ctx).await.unwrap();
        assert_eq!(audited.different, 1, "a person looks what becomes of the rest: {audited:?}");
    }

    async fn a_dead_number_that_pays_after_all_is_an_alarm_and_never_loses_a_fen(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        for payment in [1, 2] {
            stage.approved(payment).await;
            run_due(&stage.ctx).await.unwrap();
            let closed = stage.notice(&stage.of(payment).await, Said::Closed);
            apply_refund_notice(&stage.ctx, &closed).await.unwrap();
        }
        // Nobody has sent it again: the money was here.
        let paid = stage.notice(&stage.of(1).await, Said::Success);
        apply_refund_notice(&stage.ctx, &paid).await.unwrap();
        assert_eq!(stage.status(1).await, RefundStatus::Success);
        let unreserved = "plain held returned 9900 success:N";
        assert_eq!(stage.posted(1).await, [RESERVED, VOID, unreserved]);
        let told = |notices: Vec<String>| notices.iter().filter(|kind| *kind == "refund_unexpected").count();
        assert_eq!(told(stage.notices().await), 1);
        // Another number is on its way with the money: what the dead one pays is lost.
        let dead = stage.of(2).await;
        retry(&stage.ctx, &admin(), dead.id).await.unwrap();
        let paid = stage.notice(&dead, Said::Success);
        for _ in 0..2 {
            apply_refund_notice(&stage.ctx, &paid).await.unwrap();
        }
        assert_eq!(stage.balance(2, "loss").await, -9900);
        assert_eq!(stage.balance(2, "held").await, 9900, "still reserved for the other number");
        assert_eq!(told(stage.notices().await), 2);
        let audited = audit(&stage.ctx).await.unwrap();
        assert!(audited.is_balanced);
        assert_eq!(audited.differences[0].order_no, order_no(2), "{audited:?}");
    }

    async fn money_that_went_back_without_us_is_booked_once(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let mut foreign = stage.notice(&stage.of(1).await, Said::Success);
        foreign.out_refund_no = "by-hand-in-the-merchant-platform".to_owned();
        for _ in 0..2 {
            apply_refund_notice(&stage.ctx, &foreign).await.unwrap();
        }
        let booked = "plain held returned 9900 success:by-hand-in-the-merchant-platform";
        assert_eq!(stage.posted(1).await, [booked]);
        // Its money is gone: nobody can send it a second time.
        let refused = approve(&stage.ctx, &admin(), stage.of(1).await.id, None).await;
        assert!(refused.is_err());
        assert_eq!(stage.status(1).await, RefundStatus::Rejected);
        stage.build().await;
        assert_eq!(stage.status(1).await, RefundStatus::Rejected, "not proposed a second time");
    }

    async fn what_is_left_of_a_deposit_that_went_back_in_part_is_proposed(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let mut foreign = stage.notice(&stage.of(1).await, Said::Success);
        foreign.out_refund_no = "by-hand-in-the-merchant-platform".to_owned();
        foreign.amount.refund_fen = 2000;
        apply_refund_notice(&stage.ctx, &foreign).await.unwrap();
        stage.build().await;
        let refund = stage.of(1).await;
        assert_eq!((refund.status(), refund.proposal.amount_fen.get()), (RefundStatus::Pending, 7900));
        approve(&stage.ctx, &admin(), refund.id, None).await.unwrap();
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        stage.pass(TimeDelta::minutes(2));
        run_due(&stage.ctx).await.unwrap();
        assert_eq!(stage.status(1).await, RefundStatus::Success);
        assert_eq!((stage.balance(1, "returned").await, stage.balance(1, "held").await), (9900, 0));
        assert!(audit(&stage.ctx).await.unwrap().is_clean());
        stage.assert_in_order().await;
    }

    async fn a_refund_that_was_settled_outside_says_so_in_the_books(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        for (payment, outcome) in [(1, RefundOutcome::Abnormal), (2, RefundOutcome::Closed)] {
            let id = stage.approved(payment).await;
            run_due(&stage.ctx).await.unwrap();
            stage.finish(&stage.of(payment).await, outcome);
            close(&stage.ctx, &admin(), id, closing(9900)).await.unwrap();
            let settled = "plain held settled_outside 9900 settle:N:1";
            assert_eq!(stage.posted(payment).await, [RESERVED, VOID, settled]);
        }
        stage.assert_in_order().await;
    }

    async fn the_audit_names_each_payment_that_differs_and_tells_people_once_a_day(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3), clear(4)]).await;
        stage.approved(1).await;
        assert!(audit(&stage.ctx).await.unwrap().is_clean());
        stage.run("UPDATE payment_record SET paid_fen = 9901 WHERE id = 2").await;
        stage.run("UPDATE payment_record SET status = 'refunded' WHERE id = 3").await;
        stage.run("UPDATE payment_record SET status = 'lost' WHERE id = 4").await;
        stage.run("DELETE FROM ledger_transfer WHERE kind = 'pending'").await;
        let audited = audit(&stage.ctx).await.unwrap();
        let seen: Vec<(String, String)> = audited
            .differences
            .iter()
            .map(|it| (it.order_no.clone(), serde_json::to_string(&it.what).unwrap()))
            .collect();
        let expected = [
            (1, r#"["reserved"]"#),
            (2, r#"["paid"]"#),
            (3, r#"["here"]"#),
            (4, r#"["unreadable"]"#),
        ];
        assert_eq!(seen, expected.map(|(payment, what)| (order_no(payment), what.to_owned())));
        assert_eq!((audited.payments, audited.different), (4, 4));
        audit(&stage.ctx).await.unwrap();
        let told = stage.notices().await;
        assert_eq!(told.iter().filter(|kind| *kind == "books_differ").count(), 1);
    }
}
