//! Deposits that were settled outside: by a person's word, after WeChat Pay was asked.

use campkeeper::catalogue::{Refusal, WrongState};
use campkeeper::domain::{RefundKind, RefundStatus};
use campkeeper::platforms::wechat_pay::RefundStatus as Said;
use campkeeper::services::Error;
use campkeeper::services::refund::{
    apply_refund_notice, approve, close, close_payment, propose_manual, reject, reopen, run_due,
};
use chrono::TimeDelta;
use sandbox::wechat_pay::RefundOutcome;
use sandbox::{Fault, FaultKind, Platform};

use crate::on_both_engines;
use crate::stage::{Cast, Stage, admin, clear, closing, coach, order_no, other_admin, super_admin};

/// A member whose days do not suffice.
const fn short(account: i64) -> Cast {
    Cast {
        ranking_days: 2,
        post_days: 2,
        ..clear(account)
    }
}

fn is_not_settleable<T>(done: &Result<T, Error>) -> bool {
    let why = |error: &Error| {
        matches!(
            error,
            Error::Refused(Refusal::WrongState(WrongState::NotSettleable { .. }))
        )
    };
    done.as_ref().is_err_and(why)
}

async fn order_status(stage: &Stage, payment: i64) -> String {
    let sql = format!("SELECT status FROM payment_record WHERE id = {payment}");
    stage.texts(&sql).await.remove(0)
}

on_both_engines! {
    async fn from_every_state_before_money_moves_it_is_settled_and_the_rest_is_kept(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        stage.build().await;
        let ids = [stage.of(1).await.id, stage.of(2).await.id, stage.of(3).await.id];
        reject(&stage.ctx, &admin(), ids[1], "代打卡").await.unwrap();
        approve(&stage.ctx, &admin(), ids[2], None).await.unwrap();
        for id in ids {
            let closed = close(&stage.ctx, &admin(), id, closing(5000)).await.unwrap();
            assert_eq!(closed.status(), RefundStatus::Closed);
            assert!(closed.state.is_settled_outside());
        }
        let settled = "plain held settled_outside 5000 settle:N:1";
        let kept = "plain held kept 4900 keep:N:1";
        for payment in [1, 2] {
            assert_eq!(stage.posted(payment).await, [settled, kept]);
        }
        assert_eq!(stage.posted(3).await[1..], ["void held returned 9900 void:N:1", settled, kept]);
        // Nothing was sent, so nothing is asked; and nothing goes out afterwards.
        stage.pass(TimeDelta::days(1));
        run_due(&stage.ctx).await.unwrap();
        assert!(stage.sandbox.wechat_pay().refunds().is_empty());
        let again = close(&stage.ctx, &admin(), ids[0], closing(9900)).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyDecided { .. }))), "{again:?}");
        stage.assert_in_order().await;
    }

    async fn nothing_brings_a_settled_deposit_back(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        propose_manual(&stage.ctx, &admin(), &order_no(1), "提前离营").await.unwrap();
        close(&stage.ctx, &admin(), stage.of(1).await.id, closing(9900)).await.unwrap();
        // The camp is over and the days suffice.
        let built = stage.build().await;
        assert_eq!((built.added, built.clear.count), (1, 1), "the other one alone");
        assert_eq!(stage.status(1).await, RefundStatus::Closed);
        let proposed = propose_manual(&stage.ctx, &admin(), &order_no(1), "再退一次").await;
        assert!(matches!(proposed, Err(Error::Refused(Refusal::Duplicate(_)))), "{proposed:?}");
        stage.assert_in_order().await;
    }

    async fn a_deposit_without_a_refund_gets_one_by_either_number(db) {
        let stage = Stage::set(db, &[short(1), clear(2)]).await;
        let closed = close_payment(&stage.ctx, &coach(), &order_no(1), closing(9900)).await.unwrap();
        assert_eq!((closed.proposal.kind, closed.eligible), (RefundKind::Manual, false));
        let number = &format!("42000000000000000000{:08}", 2);
        let closed = close_payment(&stage.ctx, &admin(), number, closing(9900)).await.unwrap();
        assert_eq!((closed.proposal.kind, closed.eligible), (RefundKind::Deposit, true));
        let again = close_payment(&stage.ctx, &admin(), number, closing(9900)).await;
        assert!(matches!(again, Err(Error::Refused(Refusal::AlreadyDecided { .. }))), "{again:?}");
        let unknown = close_payment(&stage.ctx, &admin(), "ord_nobody", closing(9900)).await;
        assert!(matches!(unknown, Err(Error::NotFound)));
        stage.assert_in_order().await;
    }

    async fn only_an_admin_keeps_a_rest_and_nobody_gives_more_than_there_is(db) {
        let stage = Stage::set(db, &[clear(1)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        let kept = close(&stage.ctx, &coach(), id, closing(9899)).await;
        assert!(matches!(kept, Err(Error::Forbidden(_))), "{kept:?}");
        for fen in [0, 9901] {
            let refused = close(&stage.ctx, &admin(), id, closing(fen)).await;
            assert!(matches!(refused, Err(Error::Invalid(_))), "{refused:?}");
        }
        assert_eq!(stage.posted(1).await, [""; 0]);
        assert_eq!(stage.status(1).await, RefundStatus::Pending);
        stage.assert_in_order().await;
    }

    async fn what_wechat_pay_may_pay_is_not_settled(db) {
        let stage = Stage::set(db, &[clear(1), clear(2)]).await;
        for payment in [1, 2] {
            stage.approved(payment).await;
        }
        run_due(&stage.ctx).await.unwrap();
        let under_way = close(&stage.ctx, &admin(), stage.of(1).await.id, closing(9900)).await;
        assert!(is_not_settleable(&under_way), "{under_way:?}");
        assert_eq!(stage.status(1).await, RefundStatus::Processing);
        // It has paid, and nobody has told us yet: asking does.
        stage.finish(&stage.of(1).await, RefundOutcome::Success);
        let paid = close(&stage.ctx, &admin(), stage.of(1).await.id, closing(9900)).await;
        assert!(is_not_settleable(&paid), "{paid:?}");
        stage.assert_refunded_once(1).await;
        // No answer is no word that nothing pays.
        let silent = Fault::new(Platform::WechatPay, "v3/refund/domestic/refunds", FaultKind::CutBefore);
        stage.sandbox.faults().add(silent.method("GET").times(9));
        let unknown = close(&stage.ctx, &admin(), stage.of(2).await.id, closing(9900)).await;
        assert!(matches!(unknown, Err(Error::PlatformUnavailable { .. })), "{unknown:?}");
        assert_eq!(stage.status(2).await, RefundStatus::Processing);
        stage.assert_in_order().await;
    }

    async fn a_number_that_was_never_heard_of_or_ended_without_money_is_settled(db) {
        let stage = Stage::set(db, &[clear(1), clear(2), clear(3)]).await;
        let lost = FaultKind::CutBefore;
        let fault = Fault::new(Platform::WechatPay, "v3/refund/domestic/refunds", lost);
        stage.sandbox.faults().add(fault.method("POST").times(9));
        stage.approved(1).await;
        run_due(&stage.ctx).await.unwrap();
        for (payment, outcome) in [(2, RefundOutcome::Abnormal), (3, RefundOutcome::Closed)] {
            stage.approved(payment).await;
            stage.sandbox.faults().clear();
            stage.run("UPDATE refund_record SET next_try_at = 4102444800000000 WHERE payment_id = 1").await;
            run_due(&stage.ctx).await.unwrap();
            stage.finish(&stage.of(payment).await, outcome);
        }
        for payment in [1, 2, 3] {
            // WeChat Pay has told of the second while the third was sent.
            if payment != 2 {
                assert_eq!(stage.status(payment).await, RefundStatus::Processing, "{payment}");
                assert_eq!(order_status(&stage, payment).await, "refunding");
            }
            let id = stage.of(payment).await.id;
            close(&stage.ctx, &admin(), id, closing(9900)).await.unwrap();
            assert_eq!(stage.status(payment).await, RefundStatus::Closed);
            assert_eq!(order_status(&stage, payment).await, "paid");
        }
        stage.assert_in_order().await;
        // The bank changes its mind: the money went twice, which is an alarm and a loss.
        let paid = stage.notice(&stage.of(2).await, Said::Success);
        apply_refund_notice(&stage.ctx, &paid).await.unwrap();
        assert_eq!(stage.balance(2, "loss").await, -9900);
        assert!(stage.notices().await.contains(&"refund_unexpected".to_owned()));
    }

    async fn a_mistaken_settlement_is_taken_back_by_somebody_else(db) {
        let stage = Stage::set(db, &[clear(1), short(2)]).await;
        stage.build().await;
        let id = stage.of(1).await.id;
        close(&stage.ctx, &admin(), id, closing(9000)).await.unwrap();
        let by_hand = close_payment(&stage.ctx, &admin(), &order_no(2), closing(9900)).await.unwrap().id;
        for (actor, reason) in [(admin(), Some("弄错了")), (other_admin(), None), (coach(), Some("弄错了"))] {
            assert!(reopen(&stage.ctx, &actor, id, reason).await.is_err());
        }
        let open = reopen(&stage.ctx, &other_admin(), id, Some("弄错了")).await.unwrap();
        assert_eq!(open.status(), RefundStatus::Pending);
        assert_eq!(
            stage.posted(1).await[2..],
            [
                "plain kept held 900 reverse:keep:N:1",
                "plain settled_outside held 9000 reverse:settle:N:1",
            ]
        );
        approve(&stage.ctx, &admin(), id, None).await.unwrap();
        stage.assert_in_order().await;
        // What the facts do not support is a person's proposal, for somebody else to approve.
        let open = reopen(&stage.ctx, &other_admin(), by_hand, Some("弄错了")).await.unwrap();
        assert_eq!(open.proposal.kind, RefundKind::Manual);
        assert!(approve(&stage.ctx, &other_admin(), by_hand, None).await.is_err());
        // And it can be settled again.
        close(&stage.ctx, &super_admin(), by_hand, closing(9900)).await.unwrap();
        assert_eq!(stage.posted(2).await[2], "plain held settled_outside 9900 settle:N:2");
        stage.assert_in_order().await;
    }
}
