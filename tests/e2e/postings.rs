//! What each kind of payment posts when it comes in (design §3, the posting table), through the
//! doors. What refunds post is in `tests/refunds/books.rs`.

use campkeeper::domain::OrderFlag;
use campkeeper::platforms::wechat_pay::Transaction;
use campkeeper::services::confirm_payment::{Applied, confirm};
use campkeeper::services::{camps, reconcile};
use campkeeper::store::Engine;
use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::camp::{DEPOSIT_FEN, enrolling};
use crate::for_both_engines;
use crate::payments::order;
use crate::racing::payment_of;

/// The transfers of a payment, as the console shows them.
async fn transfers(test: &TestApp, number: &str) -> Vec<Value> {
    let admin = test.staff("admin2").await;
    let all = admin.get("/api/admin/ledger?size=100").await;
    let all = all.data()["items"].as_array().unwrap().clone();
    let all = all.into_iter().filter(|it| it["orderNo"] == number);
    all.map(|it| {
        json!([
            it["id"],
            it["kind"],
            it["debit"],
            it["credit"],
            it["amountFen"]
        ])
    })
    .collect()
}

/// WeChat Pay says so, twice: it is flagged like this and in this account, once.
async fn assert_posted(
    test: &TestApp,
    paid: &Transaction,
    number: &str,
    flag: Option<OrderFlag>,
    account: &str,
) {
    let ctx = test.app.context();
    assert_eq!(
        confirm(&ctx, paid, None).await.unwrap(),
        Applied::Now(flag),
        "{number}"
    );
    assert_eq!(
        confirm(&ctx, paid, None).await.unwrap(),
        Applied::Before,
        "{number}"
    );
    let id = format!("pay:{}", paid.transaction_id.as_ref().unwrap());
    let fen = paid.amount.as_ref().unwrap().total_fen;
    let posted = json!([id, "plain", "bank", account, fen]);
    assert_eq!(transfers(test, number).await, [posted], "{number}");
}

/// As [`payment_of`], by somebody of their own.
fn by(test: &TestApp, order_no: &str, openid: &str) -> Transaction {
    let mut paid = payment_of(test, order_no, Some("CNY"));
    paid.payer.as_mut().unwrap().openid = Some(openid.to_owned());
    paid
}

for_both_engines! {
    async fn every_kind_of_payment_posts_its_transfer_once(test) {
        let camp = enrolling(&test, "写作营").await;
        let made = async || order(&test.browser(), camp.id, None).await;

        let deposit = made().await;
        let first = by(&test, &deposit, "oFirst");
        assert_posted(&test, &first, &deposit, None, "held").await;

        let mut second = first.clone();
        second.transaction_id = Some("4200000000000000000000000002".to_owned());
        let own_number = second.transaction_id.clone().unwrap();
        let flag = Some(OrderFlag::Duplicate);
        assert_posted(&test, &second, &own_number, flag, "suspense").await;
        assert_eq!(transfers(&test, &deposit).await.len(), 1, "the deposit is as it was");

        let again = made().await;
        assert_posted(&test, &by(&test, &again, "oFirst"), &again, flag, "suspense").await;

        let odd = made().await;
        let mut wrong = by(&test, &odd, "oWrong");
        wrong.amount.as_mut().unwrap().total_fen = Some(DEPOSIT_FEN - 1);
        let flag = Some(OrderFlag::WrongAmount);
        assert_posted(&test, &wrong, &odd, flag, "suspense").await;

        let of_other = made().await;
        let mut other = by(&test, &of_other, "oOther");
        other.app_id = "wx0000000000000009".to_owned();
        let flag = Some(OrderFlag::OtherAppid);
        assert_posted(&test, &other, &of_other, flag, "suspense").await;

        let stranger = by(&test, "from_a_lost_backup_1", "oStranger");
        let flag = Some(OrderFlag::UnknownOrder);
        assert_posted(&test, &stranger, "from_a_lost_backup_1", flag, "suspense").await;

        let foreign = made().await;
        let mut dollars = by(&test, &foreign, "oDollars");
        dollars.amount.as_mut().unwrap().currency = Some("USD".to_owned());
        confirm(&test.app.context(), &dollars, None).await.unwrap();
        assert_eq!(transfers(&test, &foreign).await, [Value::Null; 0], "no fen, no transfer");

        // Paid after they were closed: while the camp takes people in there is a place, then not.
        let (late, too_late) = (made().await, made().await);
        test.sandbox.clock().advance(TimeDelta::minutes(31));
        reconcile::unpaid(&test.app.context()).await.unwrap();
        let flag = Some(OrderFlag::Late);
        assert_posted(&test, &by(&test, &late, "oLate"), &late, flag, "held").await;
        test.sandbox.clock().advance(TimeDelta::days(30));
        camps::advance_by_calendar(&test.app.context()).await.unwrap();
        assert_posted(&test, &by(&test, &too_late, "oTooLate"), &too_late, flag, "suspense").await;
        test.finish().await;
    }
}
