//! What differs is seen, row by row, and a row holds up no other.

use campkeeper::domain::trade_bill::BillState;
use campkeeper::services::bills::{compare, compare_due};
use sandbox::wechat_pay::BillFault;

use crate::on_both_engines;
use crate::stage::{DEPOSIT_FEN, Stage, admin, shown};

on_both_engines! {
    async fn every_way_to_differ_is_named_and_mended_by_a_right_bill(db) {
        let stage = Stage::set(db).await;
        let mut orders = Vec::new();
        for id in 1..=6 {
            orders.push(stage.paid(id, 1, DEPOSIT_FEN).await);
        }
        stage.paid(7, 1, DEPOSIT_FEN + 1).await;
        let refund_no = stage.refunded(7).await;
        let lacking = stage.order(8, 1).await;
        stage.pay_unheard(&lacking, DEPOSIT_FEN);
        stage.pay_unheard("shop_0001", 500);
        let day = stage.today();
        let number = |place: usize| orders[place].clone();
        stage.fault(day, &[
            BillFault::Missing { number: number(0) },
            BillFault::Amount { number: number(1), amount_fen: 1 },
            BillFault::Twice { number: number(2) },
            BillFault::Unreadable { number: number(3) },
            BillFault::Amount { number: refund_no.clone(), amount_fen: 2 },
            BillFault::Forged {
                out_trade_no: number(4),
                out_refund_no: Some("by_hand_1".to_owned()),
                amount_fen: DEPOSIT_FEN,
            },
        ]);
        stage.next_day_at(10, 30);
        assert_eq!(compare_due(&stage.ctx).await.unwrap().different, 1);
        let bill = stage.bill(day).await.unwrap();
        assert_eq!(bill.bill.foreign_rows, 1);
        let mut seen = shown(&bill);
        seen.sort_unstable();
        let mut expected = [
            ("missing_there", orders[0].as_str(), None),
            ("mismatch", orders[1].as_str(), None),
            ("mismatch", orders[2].as_str(), None),
            // The line that cannot be read, and the payment that it would have been.
            ("mismatch", orders[3].as_str(), None),
            ("missing_there", orders[3].as_str(), None),
            ("mismatch", refund_no.as_str(), None),
            ("missing_here", "by_hand_1", None),
            ("missing_here", lacking.as_str(), None),
        ];
        expected.sort_unstable();
        assert_eq!(seen, expected);
        let told = stage.told().await;
        assert_eq!(told[0]["days"][0]["differences"].as_array().unwrap().len(), 6);
        assert_eq!(told[0]["stillOpen"], 2);

        // The bill is put right; what it showed rightly stays until we hear of it.
        stage.fault(day, &[]);
        let bill = compare(&stage.ctx, &admin(), day).await.unwrap();
        assert_eq!(shown(&bill), [("missing_here", lacking.as_str(), None)]);
        stage.hear(&lacking).await;
        let bill = compare(&stage.ctx, &admin(), day).await.unwrap();
        assert_eq!((bill.bill.state, bill.differences.len()), (BillState::Equal, 0));
        stage.assert_in_order().await;
    }

    async fn a_payment_without_its_transfer_differs(db) {
        let stage = Stage::set(db).await;
        let unposted = stage.paid(1, 1, DEPOSIT_FEN).await;
        stage.paid(2, 1, DEPOSIT_FEN).await;
        stage.db.run("DELETE FROM ledger_transfer WHERE payment_id = 1").await;
        stage.next_day_at(10, 30);
        assert_eq!(compare_due(&stage.ctx).await.unwrap().different, 1);
        let bill = stage.bill(stage.yesterday()).await.unwrap();
        assert_eq!(shown(&bill), [("mismatch", unposted.as_str(), None)]);
        assert_eq!(stage.told().await[0]["days"][0]["differences"][0]["unposted"], true);
    }

    async fn a_refund_that_the_bill_lacks_is_seen_on_the_day_of_its_acceptance(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN + 1).await;
        stage.next_day_at(12, 0);
        let refund_no = stage.refunded(1).await;
        let day = stage.today();
        stage.fault(day, &[BillFault::Missing { number: refund_no.clone() }]);
        stage.next_day_at(12, 0);
        // It ends on another day, which is not the one of the bill.
        stage.finish(&refund_no).await;
        let summary = compare_due(&stage.ctx).await.unwrap();
        assert_eq!((summary.equal, summary.different), (1, 1));
        let bill = stage.bill(day).await.unwrap();
        assert_eq!(shown(&bill), [("missing_there", refund_no.as_str(), None)]);
        stage.assert_in_order().await;
    }

    async fn an_empty_bill_is_right_only_if_ours_is_empty(db) {
        let stage = Stage::set(db).await;
        let paid = stage.paid(1, 1, DEPOSIT_FEN).await;
        let day = stage.today();
        stage.fault(day, &[BillFault::Empty]);
        stage.next_day_at(10, 30);
        assert_eq!(compare_due(&stage.ctx).await.unwrap().different, 1);
        let bill = stage.bill(day).await.unwrap();
        assert_eq!(shown(&bill), [("missing_there", paid.as_str(), None)]);
    }

    async fn an_order_that_is_not_ours_and_was_notified_is_in_both(db) {
        let stage = Stage::set(db).await;
        stage.pay_unheard("shop_0001", 500);
        // Heard of a day late: it counts on the day on which it was paid.
        let day = stage.today();
        stage.next_day_at(9, 0);
        stage.hear("shop_0001").await;
        stage.pass(chrono::TimeDelta::minutes(90));
        compare_due(&stage.ctx).await.unwrap();
        let bill = stage.bill(day).await.unwrap();
        assert_eq!((bill.bill.state, bill.bill.foreign_rows), (BillState::Equal, 0));
    }
}
