//! Every job of the contract can be run by the staff API.

use campkeeper::jobs::JOBS;
use campkeeper::store::Engine;
use serde_json::json;

use crate::app::TestApp;
use crate::for_both_engines;
use crate::main_job::run_job;

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
}
