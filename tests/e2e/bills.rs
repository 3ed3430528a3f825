//! The trade bill through the doors: told in the chat, seen and settled in the console.

use chrono::{DateTime, Days, FixedOffset, TimeDelta};
use sandbox::wechat_pay::BillFault;
use serde_json::{Value, json};

use campkeeper::store::Engine;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, until_status};

/// This moment in Shanghai, by the stand-ins' clock.
fn now(test: &TestApp) -> DateTime<FixedOffset> {
    let shanghai = FixedOffset::east_opt(8 * 3600).unwrap();
    test.sandbox.clock().now().with_timezone(&shanghai)
}

/// It is noon of the next day.
fn next_noon(test: &TestApp) {
    let noon = now(test).date_naive() + Days::new(1);
    let noon = noon.and_hms_opt(12, 0, 0).unwrap().and_utc() - TimeDelta::hours(8);
    test.sandbox.clock().set(noon);
}

for_both_engines! {
    async fn a_forged_row_is_named_in_the_chat_and_settled_in_the_console(test) {
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let paid = order(&member, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&paid).unwrap();
        until_status(&member, &paid, "paid").await;
        let day = now(&test).date_naive();
        let forged = "ord_00000000000000000000000000";
        test.sandbox.wechat_pay().set_bill_faults(day, vec![BillFault::Forged {
            out_trade_no: forged.to_owned(),
            out_refund_no: None,
            amount_fen: 700,
        }]);
        next_noon(&test);
        run_job(&test, "trade-bill").await;
        let admin = test.staff("admin2").await;
        let path = format!("/api/admin/bills/{day}");
        let bill = admin.get(&path).await;
        let bill = bill.data();
        assert_eq!(bill["date"], day.to_string());
        assert_eq!((&bill["state"], &bill["rows"]), (&json!("different"), &json!(2)));
        let difference = &bill["differences"][0];
        assert_eq!(difference["kind"], "missing_here");
        assert_eq!((&difference["orderNo"], &difference["refundNo"]), (&json!(forged), &Value::Null));
        assert_eq!((&difference["ours"], &difference["theirs"]["amountFen"]), (&Value::Null, &json!(700)));
        assert_eq!((&difference["next"], &difference["resolvedBy"]), (&json!("book"), &Value::Null));
        let listed = admin.get(&format!("/api/admin/bills?from={day}&to={day}")).await;
        assert_eq!(listed.data()["items"], json!([bill]));
        let told = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                    WHERE kind = 'trade_bill_compared'";
        assert_eq!(count(&test, told).await, 1);

        let settle = format!("{path}/differences/{}/resolve", difference["id"]);
        for (body, status, word) in [
            (json!({"action": "book", "note": "补记"}), 409, "wrong_state"),
            (json!({"action": "accept"}), 422, "invalid_input"),
            (json!({"action": "forget", "note": "x"}), 422, "invalid_input"),
            (json!({"action": "accept", "note": "x", "reason": "y"}), 422, "invalid_input"),
        ] {
            assert_eq!(admin.post(&settle, &body).await.error(), (status, word), "{body}");
        }
        let accept = json!({"action": "accept", "note": "已在商户平台核对"});
        let coach = test.staff("coach").await;
        assert_eq!(coach.post(&settle, &accept).await.error(), (403, "forbidden"));
        assert_eq!(coach.get(&path).await.error(), (403, "forbidden"));
        let accepted = admin.post(&settle, &accept).await;
        let accepted = &accepted.data()["differences"][0];
        assert_eq!((&accepted["resolvedBy"], &accepted["note"]), (&json!("陈安"), &accept["note"]));
        assert_eq!(admin.post(&settle, &accept).await.error(), (409, "already_decided"));
        let elsewhere = settle.replace(&day.to_string(), "2026-01-01");
        assert_eq!(admin.post(&elsewhere, &accept).await.error(), (404, "not_found"));

        test.sandbox.wechat_pay().set_bill_faults(day, Vec::new());
        let again = admin.post(&format!("{path}/run"), &json!({})).await;
        assert_eq!(again.data()["state"], "equal");
        assert_eq!(again.data()["differences"], json!([]));
        let today = format!("/api/admin/bills/{}/run", now(&test).date_naive());
        assert_eq!(admin.post(&today, &json!({})).await.error(), (409, "wrong_state"));
        assert_eq!(admin.get("/api/admin/bills/2026-1-1").await.error(), (422, "invalid_input"));
        test.finish().await;
    }
}
