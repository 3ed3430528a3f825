//! The merchant account runs empty (case M3): everything waits, one alarm says what to do, and after
//! the top-up everything goes out by itself.

use std::time::Duration;

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::wechat_pay::FundsAccount;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::{Member, enrolled, run_job, settle};
use crate::payments::{count, until_status};

const WITHIN: Duration = Duration::from_secs(20);
const MEMBERS: i64 = 4;

/// Lets the runner work until WeChat Pay has refused it: the account is held.
async fn until_held(test: &TestApp) -> Value {
    for _ in 0..100 {
        run_job(test, "run-refunds").await;
        let state = test.staff("admin").await.get("/api/admin/merchant").await;
        if state.data()["held"] == true {
            return state.data().clone();
        }
    }
    panic!("the merchant account is never held");
}

async fn refunds(test: &TestApp, camp: i64) -> Vec<Value> {
    let path = format!("/api/admin/refunds?campId={camp}&size=100");
    let page = test.staff("admin").await.get(&path).await;
    page.data()["items"].as_array().unwrap().clone()
}

async fn told(test: &TestApp, kind: &str) -> i64 {
    let sql = match kind {
        "held" => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE kind = 'merchant_held'"
        }
        _ => {
            "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
             WHERE kind IN ('merchant_resumed', 'refund_failed')"
        }
    };
    count(test, sql).await
}

for_both_engines! {
    async fn an_empty_account_holds_everything_until_it_is_topped_up(test) {
        let camp = enrolling(&test, "写作营").await;
        let mut members: Vec<Member> = Vec::new();
        for number in 0..MEMBERS {
            members.push(enrolled(&test, &camp, &format!("会员{number}"), 100 + number, 8).await);
        }
        settle(&test).await;
        let pay = test.sandbox.wechat_pay();
        pay.set_balance(0);
        let admin = test.staff("admin2").await;
        let batch = admin.post("/api/admin/refunds/batch-approve", &json!({"campId": camp.id})).await;
        assert_eq!(batch.data()["approved"], MEMBERS);

        let state = until_held(&test).await;
        assert_eq!(state["reason"], "not_enough");
        assert_eq!((&state["waiting"], &state["neededFen"]), (&json!(MEMBERS), &json!(MEMBERS * 9900)));
        assert!(state["since"].is_string() && state["nextProbeAt"].is_string(), "{state}");
        for minutes in [5, 10, 20, 30] {
            test.sandbox.clock().advance(TimeDelta::minutes(minutes));
            run_job(&test, "run-refunds").await;
        }
        for refund in refunds(&test, camp.id).await {
            assert_eq!(refund["status"], "approved", "{refund:#}");
            assert_eq!((&refund["waitingFor"], &refund["attempts"]), (&json!("merchant"), &json!(0)));
        }
        for member in &members {
            until_status(&member.phone, &member.order_no, "paid").await;
        }
        assert_eq!((told(&test, "held").await, told(&test, "others").await), (1, 0));
        let wecom = test.sandbox.wecom();
        let alarm = wecom.wait_for_message("lin.yue", WITHIN, |it| it.text.contains("商户余额不足"));
        let alarm = alarm.await.unwrap();
        assert!(alarm.text.contains("396"), "what to have ready: {}", alarm.text);

        // Only admins may have it tried; empty, it stays held.
        let coach = test.staff("coach").await;
        assert_eq!(coach.post("/api/admin/merchant/probe", &json!({})).await.error(), (403, "forbidden"));
        assert_eq!(coach.get("/api/admin/merchant").await.error(), (403, "forbidden"));

        pay.top_up(FundsAccount::Unsettled, MEMBERS * 9900);
        assert_eq!(admin.post("/api/admin/merchant/probe", &json!({})).await.data()["held"], true);
        for member in &members {
            until_status(&member.phone, &member.order_no, "refunded").await;
        }
        let state = admin.get("/api/admin/merchant").await;
        assert_eq!(state.data(), &json!({"held": false, "reason": null, "since": null,
            "waiting": 0, "neededFen": 0, "nextProbeAt": null}));
        assert_eq!((told(&test, "held").await, told(&test, "others").await), (1, 1));
        let known = pay.refunds();
        assert_eq!(known.len(), members.len());
        assert!(known.iter().all(|refund| (refund.posts, refund.executions) == (1, 1)), "{known:#?}");

        // What was asked, and what came of it, is kept call by call.
        for refund in refunds(&test, camp.id).await {
            assert_eq!((&refund["status"], &refund["waitingFor"]), (&json!("success"), &Value::Null));
            let one = admin.get(&format!("/api/admin/refunds/{}", refund["id"])).await;
            let calls = one.data()["evidence"]["calls"].as_array().unwrap();
            let last = calls.last().unwrap();
            assert_eq!((&last["outcome"], &last["errorCode"]), (&json!("accepted"), &Value::Null));
            assert!(last["wechatCreatedAt"].is_string() && last["requestId"].is_string(), "{last:#}");
            assert_eq!(last["requestHash"].as_str().unwrap().len(), 64);
            let refused = calls.iter().filter(|call| call["outcome"] == "held_up");
            assert!(refused.clone().all(|call| call["errorCode"] == "NOT_ENOUGH"), "{calls:#?}");
            assert_eq!(refused.count() + 1, calls.len());
        }
        test.finish().await;
    }
}
