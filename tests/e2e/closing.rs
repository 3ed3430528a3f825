//! Orders that end without money: closed there and here, and no payment of one is lost.

use std::time::Duration;

use campkeeper::platforms::wechat_pay::{Channel, NewOrder};
use campkeeper::services::reconcile;
use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::faults::{Fault, FaultKind, Platform};
use sandbox::wechat_pay::{NoticeKind, PayOptions, TradeState};
use serde_json::json;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _};

use crate::app::{Browser, Reply, TestApp};
use crate::camp::{DEPOSIT_FEN, enrolling};
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, until_status};

pub async fn execute(test: &TestApp, sql: String) {
    let sql = AssertSqlSafe(sql);
    if test.database_url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&test.database_url)
            .await
            .unwrap();
        conn.execute(sql).await.unwrap();
    } else {
        let mut conn = sqlx::PgConnection::connect(&test.database_url)
            .await
            .unwrap();
        conn.execute(sql).await.unwrap();
    }
}

async fn ordered(member: &Browser, camp: i64, channel: &str) -> Reply {
    let body = json!({"campId": camp, "channel": channel});
    member.post("/api/h5/payments", &body).await
}

/// The newest unpaid order of the books, as soon as there are `orders` of any kind.
async fn newest_of(test: &TestApp, orders: i64) -> String {
    let all = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record";
    for _ in 0..200 {
        if count(test, all).await == orders {
            let mut conn = test.app.context().db.read().await.unwrap();
            let now = test.app.context().now().plus(TimeDelta::hours(1));
            let due = campkeeper::store::payments::unpaid_due(&mut conn, now, 10).await;
            let due = due.unwrap();
            return due
                .good
                .iter()
                .max_by_key(|order| order.id.0)
                .unwrap()
                .order_no
                .clone();
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("there are not {orders} orders");
}

/// The call that makes an order arrives at WeChat Pay.
async fn make_at_wechat_pay(test: &TestApp, order_no: &str) {
    let order = NewOrder {
        out_trade_no: order_no.to_owned(),
        description: "写作营 押金".to_owned(),
        amount_fen: DEPOSIT_FEN,
        notify_url: format!("{}/api/webhook/wechat/payment", test.url),
        expires_at: None,
        attach: None,
        channel: Channel::Native,
    };
    test.app
        .context()
        .pay()
        .unwrap()
        .create_order(&order)
        .await
        .unwrap();
}

async fn close_at_wechat_pay(test: &TestApp, order_no: &str) {
    test.app
        .context()
        .pay()
        .unwrap()
        .close_order(order_no)
        .await
        .unwrap();
}

fn state_there(test: &TestApp, order_no: &str) -> TradeState {
    test.sandbox.wechat_pay().order(order_no).unwrap().state
}

for_both_engines! {
    async fn an_order_that_was_closed_while_it_was_made_is_closed_there_too(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        // Its session is there before the two taps.
        order(&member, camp.id, None).await;
        let path = "v3/pay/transactions/h5";
        let slow = Fault::new(Platform::WechatPay, path, FaultKind::Latency { ms: 1500 });
        test.sandbox.faults().add(slow);
        let second_tap = async {
            let slow = newest_of(&test, 2).await;
            (slow, ordered(&member, camp.id, "native").await)
        };
        let (overtaken, (slow, second)) =
            futures::future::join(ordered(&member, camp.id, "h5"), second_tap).await;
        assert_eq!(overtaken.error(), (409, "wrong_state"), "no means to pay a closed order");
        assert_eq!(state_there(&test, &slow), TradeState::Closed);
        let open = second.data()["orderNo"].as_str().unwrap();
        assert_eq!(state_there(&test, open), TradeState::NotPay, "the newest choice stands");
        test.finish().await;
    }

    async fn a_payment_of_a_closed_order_is_found_though_its_notification_is_lost(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        order(&member, camp.id, None).await;
        let path = "v3/pay/transactions/h5";
        let down = FaultKind::HttpStatus { status: 503, body: String::new() };
        test.sandbox.faults().add(Fault::new(Platform::WechatPay, path, down));
        assert_eq!(ordered(&member, camp.id, "h5").await.status, 503);
        let unheard = newest_of(&test, 2).await;
        ordered(&member, camp.id, "native").await.data();
        until_status(&member, &unheard, "closed").await;
        // Now it arrives, is paid, and nobody tells us.
        make_at_wechat_pay(&test, &unheard).await;
        let lost = Fault::named(Platform::WechatPay, "lost_notification", json!({}));
        test.sandbox.faults().add(lost.times(20));
        test.sandbox.wechat_pay().pay(&unheard).unwrap();
        test.sandbox.clock().advance(TimeDelta::minutes(41));
        reconcile::unpaid(&test.app.context()).await.unwrap();
        until_status(&member, &unheard, "paid").await;
        let late = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'late'";
        assert_eq!(count(&test, late).await, 1);
        // The others are asked about once more after they were closed, and then left alone.
        test.sandbox.clock().advance(TimeDelta::minutes(41));
        reconcile::unpaid(&test.app.context()).await.unwrap();
        let asked = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record \
                     WHERE next_query_at IS NOT NULL";
        assert_eq!(count(&test, asked).await, 0);
        test.finish().await;
    }

    async fn an_expired_order_gives_no_means_to_pay(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let expired = order(&member, camp.id, None).await;
        let params = format!("/api/h5/payments/{expired}/params");
        member.get(&params).await.data();
        test.sandbox.clock().advance(TimeDelta::minutes(30));
        assert_eq!(member.get(&params).await.error(), (409, "wrong_state"));
        assert_ne!(order(&member, camp.id, None).await, expired);
        assert_eq!(state_there(&test, &expired), TradeState::Closed);
        test.finish().await;
    }

    async fn an_order_that_ended_at_wechat_pay_ends_here(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let ended = order(&member, camp.id, None).await;
        close_at_wechat_pay(&test, &ended).await;
        test.sandbox.clock().advance(TimeDelta::minutes(6));
        reconcile::unpaid(&test.app.context()).await.unwrap();
        until_status(&member, &ended, "closed").await;
        test.finish().await;
    }

    async fn an_order_that_cannot_be_prepared_again_is_replaced(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let (ended, second) = (order(&member, camp.id, None).await, test.browser());
        let paid = order(&second, camp.id, None).await;
        close_at_wechat_pay(&test, &ended).await;
        let lost = Fault::named(Platform::WechatPay, "lost_notification", json!({}));
        test.sandbox.faults().add(lost.times(20));
        test.sandbox.wechat_pay().pay(&paid).unwrap();
        // What WeChat Pay gave is no longer good.
        execute(&test, "UPDATE payment_record SET prepared_at = 1".to_owned()).await;
        let params = format!("/api/h5/payments/{ended}/params");
        assert_eq!(member.get(&params).await.error(), (409, "wrong_state"));
        assert_ne!(order(&member, camp.id, None).await, ended);
        until_status(&member, &ended, "closed").await;
        // The other one was paid, and nobody told us.
        let again = ordered(&second, camp.id, "native").await;
        assert_eq!(again.error(), (409, "already_enrolled"));
        until_status(&second, &paid, "paid").await;
        test.finish().await;
    }

    async fn a_payment_of_an_unknown_order_is_recorded_and_proposed(test) {
        make_at_wechat_pay(&test, "from_a_lost_backup_1").await;
        let pay = test.sandbox.wechat_pay();
        pay.pay("from_a_lost_backup_1").unwrap();
        assert!(pay.until_quiet(Duration::from_secs(5)).await);
        for sql in [
            "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'unknown_order'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record WHERE kind = 'unknown_order'",
        ] {
            assert_eq!(count(&test, sql).await, 1, "{sql}");
        }
        test.finish().await;
    }

    async fn a_second_transaction_of_an_order_is_kept_and_given_back_by_its_own_number(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let paid = order(&member, camp.id, None).await;
        let pay = test.sandbox.wechat_pay();
        let first = pay.pay(&paid).unwrap().payment.unwrap().transaction_id;
        until_status(&member, &paid, "paid").await;
        let again = PayOptions { even_if_paid: true, ..PayOptions::default() };
        let second = pay.pay_with(&paid, again).unwrap().payment.unwrap().transaction_id;
        let answers = pay.redeliver(NoticeKind::Payment, &paid, 3, true).await;
        assert_eq!(answers.unwrap(), [Some(204), Some(204), Some(204)]);
        for sql in [
            "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'duplicate'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_transfer \
             WHERE debit = 'bank' AND credit = 'suspense'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_transfer \
             WHERE debit = 'bank' AND credit = 'held'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE kind = 'payment_abnormal'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member",
        ] {
            assert_eq!(count(&test, sql).await, 1, "{sql}");
        }

        let admin = test.staff("admin2").await;
        let refunds = admin.get("/api/admin/refunds?status=pending").await;
        let refund = &refunds.data()["items"][0];
        assert_eq!((&refund["kind"], &refund["orderNo"]), (&json!("duplicate"), &json!(second)));
        let approve = format!("/api/admin/refunds/{}/approve", refund["id"]);
        admin.post(&approve, &json!({"proposalHash": refund["proposalHash"]})).await.data();
        test.sandbox.clock().advance(TimeDelta::minutes(10));
        for _ in 0..200 {
            run_job(&test, "run-refunds").await;
            let known = pay.refunds();
            if known.iter().any(|refund| refund.executions == 1) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let known = pay.refunds();
        assert_eq!(known.len(), 1);
        assert_eq!((&known[0].transaction_id, known[0].executions), (&second, 1));
        assert_ne!(first, second);
        let done = "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record WHERE status = 'success'";
        for _ in 0..200 {
            if count(&test, done).await == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(count(&test, done).await, 1);
        until_status(&member, &paid, "paid").await;
        test.finish().await;
    }

    async fn a_payment_under_another_of_our_appids_is_recorded_and_told(test) {
        let notify = format!("{}/api/webhook/wechat/payment", test.url);
        let pay = test.sandbox.wechat_pay();
        // Of the merchant, but of its service account.
        pay.pay_foreign_order("service_account_1", 500, &notify).unwrap();
        let answers = pay.redeliver(NoticeKind::Payment, "service_account_1", 2, false).await;
        assert_eq!(answers.unwrap(), [Some(204), Some(204)]);
        for sql in [
            "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'other_appid'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record WHERE kind = 'other_appid'",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM ledger_transfer \
             WHERE debit = 'bank' AND credit = 'suspense' AND amount_fen = 500",
            "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE kind = 'payment_abnormal'",
        ] {
            assert_eq!(count(&test, sql).await, 1, "{sql}");
        }
        test.finish().await;
    }
}
