//! Deposits come in: once, whatever the notifications do.

use std::time::Duration;

use campkeeper::services::reconcile;
use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::faults::{Fault, Platform};
use sandbox::wechat_pay::{NoticeKind, PayOptions};
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::{DEPOSIT_FEN, enrolling};

/// Makes two tests of one that runs the whole product.
#[macro_export]
macro_rules! for_both_engines {
    ($(async fn $name:ident($test:ident) $body:block)+) => {$(
        mod $name {
            use super::*;

            async fn body($test: TestApp) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body(TestApp::start(Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body(TestApp::start(Engine::Postgres).await).await;
            }
        }
    )+};
}

/// Orders by QR code, unpaid; the order's number.
pub async fn order(member: &Browser, camp: i64, claim: Option<(&str, &str)>) -> String {
    let mut body = json!({"campId": camp, "channel": "native"});
    if let Some((id, nickname)) = claim {
        body["planetUserId"] = json!(id);
        body["planetNickname"] = json!(nickname);
        body["confirmClaim"] = json!(true);
    }
    let reply = member.post("/api/h5/payments", &body).await;
    assert_eq!(reply.data()["amountFen"], DEPOSIT_FEN);
    reply.data()["orderNo"].as_str().unwrap().to_owned()
}

/// Waits until an order has this status; the answer as its own session sees it.
pub async fn until_status(member: &Browser, order_no: &str, status: &str) -> Value {
    let path = format!("/api/h5/payments/{order_no}/status");
    for _ in 0..200 {
        let reply = member.get(&path).await;
        if reply.data()["status"] == status {
            return reply.data().clone();
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("{order_no} is not {status}: {:?}", member.get(&path).await);
}

/// How many rows a statement counts in the product's database.
pub async fn count(test: &TestApp, sql: &'static str) -> i64 {
    use sqlx::Connection as _;
    if test.database_url.starts_with("sqlite") {
        let mut conn = sqlx::SqliteConnection::connect(&test.database_url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    } else {
        let mut conn = sqlx::PgConnection::connect(&test.database_url)
            .await
            .unwrap();
        sqlx::query_scalar(sql).fetch_one(&mut conn).await.unwrap()
    }
}

for_both_engines! {
    async fn a_deposit_is_paid_and_bound(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        assert_eq!(order(&member, camp.id, None).await, order_no, "the unpaid order comes back");
        let unpaid = member.get(&format!("/api/h5/payments/{order_no}/status")).await;
        assert_eq!(unpaid.data()["status"], "created");
        assert_eq!(unpaid.data()["accessToken"], Value::Null);

        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let paid = until_status(&member, &order_no, "paid").await;
        assert_eq!(paid["bindStatus"], "pending");
        let token = paid["accessToken"].as_str().unwrap();
        assert!(token.starts_with("tk_"));

        let stranger = test.browser();
        let seen = stranger.get(&format!("/api/h5/payments/{order_no}/status")).await;
        assert_eq!(seen.data()["accessToken"], Value::Null);
        assert_eq!(seen.data()["memberId"], Value::Null);

        let code = format!("/api/h5/payments/{order_no}/qrcode");
        assert_eq!(member.get_as(token, &code).await.error(), (403, "not_bound"));
        let claim = json!({
            "orderNo": order_no, "planetUserId": "300000000000071", "planetNickname": "小明同学"
        });
        let bound = member.post_as(token, "/api/h5/payments/bind", &claim).await;
        assert_eq!(bound.data()["bindStatus"], "completed");
        assert_eq!(bound.data()["bindMethod"], "user_fill");
        assert_eq!(
            member.post_as(token, "/api/h5/payments/bind", &claim).await.error(),
            (409, "already_bound")
        );
        assert_eq!(member.get_as(token, &code).await.data()["campName"], "写作营");
        let again = json!({"campId": camp.id, "channel": "native"});
        let refused = member.post("/api/h5/payments", &again).await;
        assert_eq!(refused.error(), (409, "already_enrolled"));
        assert_eq!(refused.body["data"]["orderNo"], order_no.as_str());
        test.finish().await;
    }

    async fn the_same_notification_twenty_times_at_once_is_applied_once(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let answers = test
            .sandbox
            .wechat_pay()
            .redeliver(NoticeKind::Payment, &order_no, 20, true)
            .await
            .unwrap();
        assert_eq!(answers.len(), 20);
        assert!(answers.iter().all(|answer| *answer == Some(204)), "{answers:?}");
        until_status(&member, &order_no, "paid").await;
        assert_eq!(count(&test, "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member").await, 1);
        assert_eq!(
            count(
                &test,
                "SELECT CAST(COUNT(*) AS BIGINT) FROM order_status_log WHERE to_status = 'paid'"
            )
            .await,
            1
        );
        test.finish().await;
    }

    async fn a_lost_notification_is_found_by_asking(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        let lost = Fault::named(Platform::WechatPay, "lost_notification", json!({}));
        test.sandbox.faults().add(lost.times(20));
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        test.sandbox.clock().advance(TimeDelta::minutes(6));
        let summary = reconcile::unpaid(&test.app.context()).await.unwrap();
        assert_eq!((summary.asked, summary.paid), (1, 1));
        until_status(&member, &order_no, "paid").await;
        test.finish().await;
    }

    async fn an_unpaid_order_expires_and_a_late_payment_is_flagged_not_lost(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        test.sandbox.clock().advance(TimeDelta::minutes(31));
        assert_eq!(reconcile::unpaid(&test.app.context()).await.unwrap().closed, 1);
        until_status(&member, &order_no, "closed").await;
        let late = PayOptions { even_if_closed: true, ..PayOptions::default() };
        test.sandbox.wechat_pay().pay_with(&order_no, late).unwrap();
        until_status(&member, &order_no, "paid").await;
        let flagged = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'late'";
        assert_eq!(count(&test, flagged).await, 1);
        // They have their place: whoever is told of it has nothing to do.
        let told = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                    WHERE kind = 'payment_abnormal' AND body LIKE '%\"enrolled\":true%'";
        assert_eq!(count(&test, told).await, 1);
        test.finish().await;
    }

    async fn a_lost_notification_is_asked_about_by_the_payers_page(test) {
        let camp = enrolling(&test, "写作营").await;
        let (member, other) = (test.browser(), test.browser());
        let pay = test.sandbox.wechat_pay();
        // Business time need not be the wall's.
        test.sandbox.clock().advance(TimeDelta::minutes(-10));
        for kind in ["looks", "says so"] {
            let (browser, path) = match kind {
                "looks" => (&member, ""),
                _ => (&other, "?saysPaid=true"),
            };
            let order_no = order(browser, camp.id, None).await;
            let status = format!("/api/h5/payments/{order_no}/status");
            // A first look, long before anybody has paid.
            test.sandbox.clock().advance(TimeDelta::seconds(4));
            if kind == "says so" {
                assert_eq!(browser.get(&status).await.data()["status"], "created");
            }
            let lost = Fault::named(Platform::WechatPay, "lost_notification", json!({}));
            test.sandbox.faults().add(lost.times(20));
            pay.pay(&order_no).unwrap();
            if kind == "says so" {
                assert_eq!(browser.get(&status).await.data()["status"], "created", "asked once");
                test.sandbox.clock().advance(TimeDelta::seconds(4));
            }
            let paid = browser.get(&format!("{status}{path}")).await;
            assert_eq!(paid.data()["status"], "paid", "{kind}");
            assert!(paid.data()["accessToken"].is_string());
        }
        test.finish().await;
    }

    async fn a_second_payment_and_one_of_the_wrong_amount_are_flagged(test) {
        let camp = enrolling(&test, "写作营").await;
        let payer = || PayOptions { openid: Some("oPayer1".to_owned()), ..PayOptions::default() };
        let (first, second, third) = (test.browser(), test.browser(), test.browser());
        let pay = test.sandbox.wechat_pay();
        let one = order(&first, camp.id, None).await;
        pay.pay_with(&one, payer()).unwrap();
        until_status(&first, &one, "paid").await;
        let two = order(&second, camp.id, None).await;
        pay.pay_with(&two, payer()).unwrap();
        until_status(&second, &two, "paid").await;
        let three = order(&third, camp.id, None).await;
        let wrong = PayOptions { total_fen: Some(1), ..PayOptions::default() };
        pay.pay_with(&three, wrong).unwrap();
        let paid = until_status(&third, &three, "paid").await;
        assert_eq!(paid["accessToken"], Value::Null, "no pages before a person has decided");
        for (sql, expected) in [
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'duplicate'", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'wrong_amount'", 1),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member", 1),
        ] {
            assert_eq!(count(&test, sql).await, expected, "{sql}");
        }
        // Its payer has no progress to read: what becomes of the money is told with the order.
        let told = || async { third.get("/api/h5/me").await.data()["orders"][0]["refund"].clone() };
        let put_forward = told().await;
        assert_eq!(put_forward["status"], "pending");
        assert_eq!(put_forward["amountFen"], 1);
        let admin = test.staff("admin").await;
        let refunds = admin.get("/api/admin/refunds?status=pending").await;
        let refunds = refunds.data()["items"].as_array().unwrap().clone();
        let of_three = refunds.iter().find(|refund| refund["orderNo"] == three.as_str()).unwrap();
        let path = format!("/api/admin/refunds/{}/reject", of_three["id"]);
        admin.post(&path, &json!({"reason": "已线下退回"})).await.data();
        let told = told().await;
        assert_eq!((&told["status"], &told["reason"]), (&json!("rejected"), &json!("已线下退回")));
        let of_member = first.get("/api/h5/me").await;
        assert_eq!(of_member.data()["orders"][0]["refund"], Value::Null);
        test.finish().await;
    }

    async fn a_deposit_for_a_camp_that_was_taken_back_is_flagged_and_proposed(test) {
        let admin = test.staff("admin").await;
        for (name, is_deleted) in [("撤回的营", false), ("删除的营", true)] {
            let camp = enrolling(&test, name).await;
            let member = test.browser();
            let order_no = order(&member, camp.id, None).await;
            let path = format!("/api/admin/camps/{}", camp.id);
            admin.post(&format!("{path}/withdraw"), &json!({})).await.data();
            if is_deleted {
                admin.delete(&path).await.data();
            }
            test.sandbox.wechat_pay().pay(&order_no).unwrap();
            let paid = until_status(&member, &order_no, "paid").await;
            assert_eq!(paid["memberId"], Value::Null, "{name}: nobody is taken in");
        }
        for (sql, expected) in [
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'late'", 2),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record WHERE kind = 'late'", 2),
            ("SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member", 0),
        ] {
            assert_eq!(count(&test, sql).await, expected, "{sql}");
        }
        test.finish().await;
    }

    async fn a_double_tap_makes_one_order(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        // Its session is there before the taps.
        let first = order(&member, camp.id, None).await;
        test.sandbox.clock().advance(TimeDelta::minutes(31));
        let body = json!({"campId": camp.id, "channel": "native"});
        let taps = futures::future::join_all((0..6).map(|_| member.post("/api/h5/payments", &body)));
        let mut made: Vec<String> = Vec::new();
        for tap in taps.await {
            made.push(tap.data()["orderNo"].as_str().unwrap().to_owned());
        }
        made.dedup();
        assert_eq!(made.len(), 1, "{made:?}");
        assert_ne!(made[0], first, "the old one's time was over");
        let open = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE status = 'created'";
        assert_eq!(count(&test, open).await, 1);
        test.finish().await;
    }

    async fn a_member_signs_in_through_wecom_and_finds_their_orders_on_a_new_phone(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        sign_in(&test, &phone, "xu.qing").await;
        let body = json!({"campId": camp.id, "channel": "jsapi"});
        let ordered = phone.post("/api/h5/payments", &body).await;
        assert_eq!(ordered.data()["payParams"]["signType"], "RSA");
        let order_no = ordered.data()["orderNo"].as_str().unwrap().to_owned();
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        until_status(&phone, &order_no, "paid").await;

        let new_phone = test.browser();
        assert_eq!(new_phone.get("/api/h5/me").await.data()["orders"], json!([]));
        sign_in(&test, &new_phone, "xu.qing").await;
        let me = new_phone.get("/api/h5/me").await;
        assert_eq!(me.data()["signedIn"], true);
        assert_eq!(me.data()["orders"][0]["orderNo"], order_no.as_str());
        let stranger = test.browser().post("/api/h5/payments", &body).await;
        assert_eq!(stranger.error(), (401, "unauthenticated"));
        test.finish().await;
    }
}

pub async fn sign_in(test: &TestApp, phone: &Browser, userid: &str) {
    let authorize = phone
        .location("/api/h5/auth/wecom?redirect=/h5/orders")
        .await;
    let authorize = authorize.replace("#wechat_redirect", &format!("&as={userid}"));
    let back = phone.location(&authorize).await;
    let path = back.strip_prefix(&test.url).unwrap();
    assert_eq!(phone.location(path).await, "/h5/orders");
}
