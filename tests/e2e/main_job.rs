//! The main job, end to end: create camp → pay → bind → check-ins synced → camp ends → refund list
//! → approved on a card → refunded exactly once → told.

use std::time::Duration;

use campkeeper::store::Engine;
use campkeeper::store::audit::{self, ChainStatus};
use chrono::TimeDelta;
use sandbox::wecom::Selections;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::{Camp, check_in, enrolling, planet_user};
use crate::for_both_engines;
use crate::payments::{count, order, until_status};

const WITHIN: Duration = Duration::from_secs(20);
const ROBOT: &str = "11111111-2222-4333-8444-000000000001";

/// Somebody who pays for a camp and is bound to their account.
pub struct Member {
    pub phone: Browser,
    pub order_no: String,
    pub token: String,
    pub id: i64,
}

/// Pays and binds a person who checks in on the first `days` days.
pub async fn enrolled(test: &TestApp, camp: &Camp, name: &str, number: i64, days: i64) -> Member {
    let account = planet_user(test, name, number);
    check_in(test, camp, account, days);
    let phone = test.browser();
    let order_no = order(&phone, camp.id, Some((&account.to_string(), name))).await;
    test.sandbox.wechat_pay().pay(&order_no).unwrap();
    let paid = until_status(&phone, &order_no, "paid").await;
    assert_eq!(paid["bindStatus"], "completed");
    Member {
        phone,
        order_no,
        token: paid["accessToken"].as_str().unwrap().to_owned(),
        id: paid["memberId"].as_i64().unwrap(),
    }
}

/// Runs a job now, as an admin would: once more where the clock, which was moved, was faster.
pub async fn run_job(test: &TestApp, name: &str) -> Value {
    let admin = test.staff("admin").await;
    let path = format!("/api/admin/jobs/{name}/run");
    for _ in 0..100 {
        let reply = admin.post(&path, &json!({})).await;
        if reply.error() != (409, "wrong_state") {
            return reply.data().clone();
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    panic!("{name} never came to its end");
}

/// Lets a camp run to its end and its refund list be built.
pub async fn settle(test: &TestApp) {
    test.sandbox.clock().advance(TimeDelta::days(1));
    run_job(test, "advance-camps").await;
    test.sandbox.clock().advance(TimeDelta::days(10));
    for job in [
        "advance-camps",
        "sync-checkins",
        "smart-match",
        "build-refund-lists",
    ] {
        run_job(test, job).await;
    }
}

async fn progress(member: &Member) -> Value {
    let path = format!("/api/h5/progress/{}", member.id);
    member
        .phone
        .get_as(&member.token, &path)
        .await
        .data()
        .clone()
}

for_both_engines! {
    async fn the_main_job(test) {
        let camp = enrolling(&test, "写作营").await;
        let diligent = enrolled(&test, &camp, "小明同学", 12, 8).await;
        let graced = enrolled(&test, &camp, "阿花", 13, 6).await;
        let lazy = enrolled(&test, &camp, "懒羊羊", 14, 2).await;
        assert_eq!(progress(&diligent).await["checkedInDays"], 0);
        settle(&test).await;

        let seen = progress(&diligent).await;
        assert_eq!((&seen["bindStatus"], &seen["identified"]), (&json!("completed"), &json!(true)));
        assert_eq!((&seen["checkedInDays"], &seen["eligible"]), (&json!(8), &json!(true)));
        assert_eq!(progress(&lazy).await["eligible"], false);

        // The digest offers the clear one; the one who needs the grace is looked at by a person.
        let wecom = test.sandbox.wecom();
        let digest = match wecom.wait_for_button("lin.yue", "通过", WITHIN).await {
            Ok(digest) => digest,
            Err(timed_out) => {
                let notices = test.staff("admin").await.get("/api/admin/notifications").await;
                panic!("no digest came: {timed_out}\n{:#}", notices.body);
            }
        };
        wecom
            .press("lin.yue", &digest.message_id, "通过", &Selections::as_shown())
            .await
            .unwrap();
        wecom.wait_for_button("lin.yue", "确认退款", WITHIN).await.unwrap();
        wecom.press_newest("lin.yue", "确认退款", &Selections::as_shown()).await.unwrap();

        until_status(&diligent.phone, &diligent.order_no, "refunded").await;
        wecom.wait_for_group_message(ROBOT, WITHIN, "【退款通知】").await.unwrap();
        let refunds = test.sandbox.wechat_pay().refunds();
        assert_eq!(refunds.len(), 1, "{refunds:?}");
        assert_eq!((refunds[0].executions, refunds[0].refund_fen), (1, 9900));
        let seen = progress(&diligent).await;
        assert_eq!(seen["refund"]["status"], "success");
        for other in [&graced, &lazy] {
            until_status(&other.phone, &other.order_no, "paid").await;
        }
        every_log_tells_it(&test).await;
        test.finish().await;
    }
}

async fn every_log_tells_it(test: &TestApp) {
    for (sql, at_least) in [
        ("SELECT CAST(COUNT(*) AS BIGINT) FROM camp_status_log", 5),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM order_status_log WHERE to_status = 'refunded'",
            1,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_bind_status_log WHERE to_status = 'closed'",
            1,
        ),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_status_log WHERE to_status = 'success'",
            1,
        ),
        ("SELECT CAST(COUNT(*) AS BIGINT) FROM member_status_log", 3),
        (
            "SELECT CAST(COUNT(*) AS BIGINT) FROM operation_log WHERE action LIKE 'refund.%'",
            1,
        ),
    ] {
        let rows = count(test, sql).await;
        assert!(rows >= at_least, "{rows} rows: {sql}");
    }
    let db = &test.app.context().db;
    let chain = audit::verify(&mut db.read().await.unwrap(), db.keys())
        .await
        .unwrap();
    assert!(matches!(chain, ChainStatus::Intact { .. }), "{chain:?}");
}
