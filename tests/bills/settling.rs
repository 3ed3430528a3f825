//! What people do about a difference: once, and never against WeChat Pay's word.

use campkeeper::catalogue::{Refusal, WrongState};
use campkeeper::domain::staff::Actor;
use campkeeper::domain::trade_bill::{BillState, Resolution};
use campkeeper::services::bills::{Bill, compare, compare_due, resolve};
use campkeeper::services::{Error, Result};
use sandbox::wechat_pay::{BillFault, PayOptions, RefundOutcome};

use crate::on_both_engines;
use crate::stage::{DEPOSIT_FEN, Stage, admin, coach, order_no, other_admin, shown};

use Resolution::{Accept, Book, Correct};

/// Settles the first difference of yesterday.
async fn settle(
    stage: &Stage,
    actor: &Actor,
    resolution: Resolution,
    note: Option<&str>,
) -> Result<Bill> {
    let day = stage.yesterday();
    let bill = stage.bill(day).await.unwrap();
    let id = bill.differences[0].id;
    resolve(&stage.ctx, actor, day, id, resolution, note).await
}

fn refused(result: Result<Bill>) -> Refusal {
    match result {
        Err(Error::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

on_both_engines! {
    async fn a_payment_that_we_lack_is_booked_as_if_it_had_been_notified(db) {
        let stage = Stage::set(db).await;
        let lacking = stage.order(1, 1).await;
        stage.pay_unheard(&lacking, DEPOSIT_FEN);
        stage.paid(2, 1, DEPOSIT_FEN).await;
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        let bill = settle(&stage, &admin(), Book, None).await.unwrap();
        assert_eq!(shown(&bill), [("missing_here", lacking.as_str(), Some("book"))]);
        assert_eq!(bill.bill.state, BillState::Equal);
        assert_eq!(bill.differences[0].resolved_by.as_deref(), Some("王管理"));
        let paid = format!("SELECT status FROM payment_record WHERE order_no = '{lacking}'");
        assert_eq!(stage.db.texts(&paid).await, ["paid"]);
        let members = "SELECT CAST(COUNT(*) AS TEXT) FROM camp_member";
        assert_eq!(stage.db.texts(members).await, ["2"]);
        let again = compare(&stage.ctx, &admin(), stage.yesterday()).await.unwrap();
        assert_eq!(again.bill.state, BillState::Equal);
        let decided = refused(settle(&stage, &other_admin(), Book, None).await);
        assert!(matches!(decided, Refusal::AlreadyDecided { .. }), "{decided:?}");
        stage.assert_in_order().await;
    }

    async fn a_refund_whose_end_we_missed_is_booked(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN + 1).await;
        let refund_no = stage.approved(1).await;
        stage.send_unheard(1, &refund_no, DEPOSIT_FEN + 1).await;
        let pay = stage.sandbox.wechat_pay();
        pay.finish_refund(&refund_no, RefundOutcome::Success).unwrap();
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        let bill = stage.bill(stage.yesterday()).await.unwrap();
        assert_eq!(shown(&bill), [("missing_here", refund_no.as_str(), None)]);
        let bill = settle(&stage, &admin(), Book, Some("商户平台已核对")).await.unwrap();
        assert_eq!(bill.bill.state, BillState::Equal);
        let status = "SELECT status FROM refund_record";
        assert_eq!(stage.db.texts(status).await, ["success"]);
        stage.assert_in_order().await;
    }

    async fn what_wechat_pay_does_not_know_is_not_booked(db) {
        let stage = Stage::set(db).await;
        stage.paid(1, 1, DEPOSIT_FEN).await;
        let forged = order_no(77);
        stage.fault(stage.today(), &[BillFault::Forged {
            out_trade_no: forged.clone(),
            out_refund_no: None,
            amount_fen: 1,
        }]);
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        let not_confirmed = refused(settle(&stage, &admin(), Book, None).await);
        assert_eq!(not_confirmed, WrongState::BillNotConfirmed.into());
        let Err(Error::Invalid(fields)) = settle(&stage, &admin(), Accept, Some(" ")).await else {
            panic!("accepted without a note");
        };
        assert!(fields.contains_key("note"));
        let forbidden = settle(&stage, &coach(), Accept, Some("x")).await;
        assert!(matches!(forbidden, Err(Error::Forbidden(_))), "{forbidden:?}");
        // Neither of the two knows of it: the bill is wrong.
        let bill = settle(&stage, &admin(), Correct, None).await.unwrap();
        assert_eq!(shown(&bill), [("missing_here", forged.as_str(), Some("correct"))]);
        assert_eq!(bill.bill.state, BillState::Different);
        // The same bill once more brings nothing new.
        let again = compare(&stage.ctx, &admin(), stage.yesterday()).await.unwrap();
        assert_eq!(shown(&again), shown(&bill));
        stage.assert_in_order().await;
    }

    async fn a_second_payment_of_an_order_is_booked_by_its_own_number(db) {
        let stage = Stage::set(db).await;
        let first = stage.paid(1, 1, DEPOSIT_FEN).await;
        let again = PayOptions { even_if_paid: true, ..PayOptions::default() };
        let order_no = order_no(1);
        stage.sandbox.wechat_pay().pay_with(&order_no, again).unwrap();
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        // Asked by the order, WeChat Pay would tell of the first payment.
        let bill = settle(&stage, &admin(), Book, None).await.unwrap();
        assert_eq!(bill.bill.state, BillState::Equal, "{bill:?}");
        let kept = stage.db.texts("SELECT order_no FROM payment_record ORDER BY id").await;
        assert_eq!(kept.len(), 2);
        assert_eq!(kept[0], order_no, "{first}");
        let flags = stage.db.texts("SELECT flag FROM payment_record WHERE flag IS NOT NULL").await;
        assert_eq!(flags, ["duplicate"]);
        stage.assert_in_order().await;
    }

    async fn asked_again_wechat_pay_decides(db) {
        let stage = Stage::set(db).await;
        let paid = stage.paid(1, 1, DEPOSIT_FEN).await;
        let day = stage.today();
        stage.fault(day, &[BillFault::Amount { number: paid.clone(), amount_fen: 1 }]);
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        let nothing = refused(settle(&stage, &admin(), Book, None).await);
        assert_eq!(nothing, WrongState::NothingToBook.into());
        // The books say something else than WeChat Pay: that is for people.
        stage.db.run("UPDATE payment_record SET paid_fen = 5").await;
        let differs = refused(settle(&stage, &admin(), Correct, None).await);
        assert_eq!(differs, WrongState::BillStillDiffers.into());
        stage.db.run("UPDATE payment_record SET paid_fen = 9900").await;
        let bill = settle(&stage, &admin(), Correct, None).await.unwrap();
        assert_eq!(shown(&bill), [("mismatch", paid.as_str(), Some("correct"))]);

        // Another difference under the same number is open again.
        stage.fault(day, &[BillFault::Amount { number: paid.clone(), amount_fen: 2 }]);
        let other = compare(&stage.ctx, &admin(), day).await.unwrap();
        assert_eq!(shown(&other), [("mismatch", paid.as_str(), None)]);
        let accepted = settle(&stage, &admin(), Accept, Some("已与微信客服核对")).await.unwrap();
        assert_eq!(accepted.differences[0].note.as_deref(), Some("已与微信客服核对"));
        stage.fault(day, &[]);
        let mended = compare(&stage.ctx, &admin(), day).await.unwrap();
        assert_eq!((mended.bill.state, mended.differences.len()), (BillState::Equal, 0));
        stage.assert_in_order().await;
    }

    async fn two_people_at_once_decide_once(db) {
        let stage = Stage::set(db).await;
        let lacking = stage.order(1, 1).await;
        stage.pay_unheard(&lacking, DEPOSIT_FEN);
        stage.paid(2, 1, DEPOSIT_FEN).await;
        stage.next_day_at(10, 30);
        compare_due(&stage.ctx).await.unwrap();
        let (one, other) = (admin(), other_admin());
        let (booked, accepted) = tokio::join!(
            settle(&stage, &one, Book, None),
            settle(&stage, &other, Accept, Some("先放着")),
        );
        assert!(booked.is_ok() != accepted.is_ok(), "{booked:?} {accepted:?}");
        let second = refused(if booked.is_ok() { accepted } else { booked });
        assert!(matches!(second, Refusal::AlreadyDecided { .. }), "{second:?}");
        let audited = "SELECT object_id FROM operation_log WHERE action = 'bill.resolve'";
        assert_eq!(stage.db.texts(audited).await.len(), 1);
        stage.assert_in_order().await;
    }
}
