//! Every job of the contract can be run by the staff API.

use campkeeper::jobs::JOBS;
use campkeeper::store::Engine;
use serde_json::json;

use crate::app::TestApp;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::count;

for_both_engines! {
    async fn every_job_is_run_by_the_api(test) {
        let listed = test.staff("admin").await.get("/api/admin/jobs").await;
        let listed = listed.data().to_string();
        for job in JOBS {
            assert!(listed.contains(job.name), "{}", job.name);
            let done = run_job(&test, job.name).await;
            assert_eq!(done["name"], job.name);
            assert!(!done["summary"].is_null(), "{done:#}");
        }
        test.sandbox.wecom().say("lin.yue", "帮助").await;
        let worked = run_job(&test, "work-inbox").await;
        assert_eq!(worked["summary"]["givenUp"], json!(0), "{worked:#}");
        test.finish().await;
    }

    async fn a_job_runs_once_at_a_time_whoever_orders_it(test) {
        const BESIDE: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM job_run a \
                              JOIN job_run b ON b.job = a.job AND b.id > a.id \
                              WHERE a.job = 'audit-books' \
                              AND b.started_at < a.finished_at AND a.started_at < b.finished_at";
        let admin = test.staff("admin").await;
        for _ in 0..5 {
            let order = json!({});
            let orders = (0..8).map(|_| admin.post("/api/admin/jobs/audit-books/run", &order));
            let answers = futures::future::join_all(orders).await;
            assert!(answers.iter().any(|answer| answer.status == 200), "{answers:?}");
        }
        assert_eq!(count(&test, BESIDE).await, 0);
        test.finish().await;
    }
}
