//! The morning's reminders: who has not joined, whose last day comes, whose list waits; each once.

use campkeeper::store::Engine;
use chrono::TimeDelta;
use serde_json::json;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::{enrolled, run_job, settle};
use crate::payments::{count, order, sign_in, until_status};

const NOT_JOINED: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                          WHERE kind = 'not_joined' AND recipient LIKE '%xu.qing%'";
const TO_MEMBERS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                          WHERE kind = 'ends_tomorrow' AND body LIKE '%\"requiredDays\":7%'";
const TO_COACHES: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                          WHERE kind = 'ends_tomorrow' AND body LIKE '%\"requiredDays\":null%' \
                          AND recipient LIKE '%zhou.ke%'";
const TO_REVIEW: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                         WHERE kind = 'review_waits'";

for_both_engines! {
    async fn who_has_not_joined_is_reminded_once_and_only_after_a_day(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        sign_in(&test, &phone, "xu.qing").await;
        let order_no = order(&phone, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        let paid = until_status(&phone, &order_no, "paid").await;
        // Nobody of the corp: nothing can be written to them.
        let stranger = test.browser();
        let other = order(&stranger, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&other).unwrap();
        until_status(&stranger, &other, "paid").await;

        let early = run_job(&test, "reminders").await;
        assert_eq!(early["summary"]["notJoined"], 0, "{early:#}");
        test.sandbox.clock().advance(TimeDelta::hours(25));
        for _ in 0..2 {
            let reminded = run_job(&test, "reminders").await;
            assert_eq!(reminded["summary"]["notJoined"], 1, "{reminded:#}");
        }
        assert_eq!(count(&test, NOT_JOINED).await, 1);
        // Who is in needs no reminding.
        let path = format!("/api/admin/members/{}/joined", paid["memberId"]);
        test.staff("admin").await.post(&path, &json!({"joined": true})).await.data();
        let reminded = run_job(&test, "reminders").await;
        assert_eq!(reminded["summary"]["notJoined"], 0, "{reminded:#}");
        test.finish().await;
    }

    async fn the_day_before_the_last_reminds_who_still_needs_days(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        sign_in(&test, &phone, "xu.qing").await;
        let order_no = order(&phone, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        until_status(&phone, &order_no, "paid").await;
        let member = enrolled(&test, &camp, "小明同学", 12, 8).await;
        test.sandbox.clock().advance(TimeDelta::days(1));
        run_job(&test, "advance-camps").await;
        let early = run_job(&test, "reminders").await;
        assert_eq!(early["summary"]["endsTomorrow"], 0, "{early:#}");
        test.sandbox.clock().advance(TimeDelta::days(8));
        for _ in 0..2 {
            run_job(&test, "reminders").await;
        }
        assert_eq!(count(&test, TO_MEMBERS).await, 1);
        assert_eq!(count(&test, TO_COACHES).await, 1);
        drop(member);
        test.finish().await;
    }

    async fn a_list_that_waits_is_told_the_morning_after(test) {
        let camp = enrolling(&test, "写作营").await;
        enrolled(&test, &camp, "小明同学", 12, 8).await;
        settle(&test).await;
        for _ in 0..2 {
            let reminded = run_job(&test, "reminders").await;
            assert_eq!(reminded["summary"]["ended"], 1, "{reminded:#}");
        }
        assert_eq!(count(&test, TO_REVIEW).await, 1);
        test.finish().await;
    }
}

async fn switched_off(engine: Engine) {
    let off = [
        ("CAMPKEEPER__REMINDERS__NOT_JOINED", "false"),
        ("CAMPKEEPER__REMINDERS__ENDS_TOMORROW", "false"),
        ("CAMPKEEPER__REMINDERS__ENDED", "false"),
    ];
    let test = TestApp::start_with(engine, &off).await;
    let camp = enrolling(&test, "写作营").await;
    enrolled(&test, &camp, "小明同学", 12, 8).await;
    settle(&test).await;
    let reminded = run_job(&test, "reminders").await;
    assert_eq!(
        reminded["summary"],
        json!({"notJoined": 0, "endsTomorrow": 0, "ended": 0})
    );
    assert_eq!(count(&test, TO_REVIEW).await, 0);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_its_switch_sqlite() {
    switched_off(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_has_its_switch_postgres() {
    switched_off(Engine::Postgres).await;
}
