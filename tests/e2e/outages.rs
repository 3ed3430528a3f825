//! What is under us fails and comes back: a PostgreSQL that is gone, a platform that hangs. The product
//! says so, loses nothing, and goes on by itself.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::faults::{Fault, FaultKind, Platform};
use serde_json::json;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, until_status};

/// How long anything may take to be well again.
const WITHIN: Duration = Duration::from_secs(60);

/// Waits until the health is of a status.
async fn until_health(url: &str, status: u16) {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let began = Instant::now();
    loop {
        let answer = client.get(format!("{url}/api/health")).send().await;
        if answer.is_ok_and(|answer| answer.status() == status) {
            return;
        }
        assert!(began.elapsed() < WITHIN, "never {status}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Nothing that was promised is lost: the books agree, and the audit is whole.
async fn assert_whole(test: &TestApp) {
    let books = run_job(test, "audit-books").await;
    assert_eq!(books["summary"]["different"], 0, "{books:#}");
    assert_eq!(books["summary"]["log"]["intact"], true, "{books:#}");
}

/// A cluster of the test's own.
struct Cluster(tempfile::TempDir);

impl Cluster {
    fn new() -> Self {
        let folder = tempfile::Builder::new()
            .prefix("ckpg")
            .tempdir_in("/tmp")
            .unwrap();
        // Its server may be another user.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        std::fs::set_permissions(folder.path(), mode).unwrap();
        Self(folder)
    }

    fn script(&self, arguments: &[&str]) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test-postgres.sh");
        let done = Command::new(script)
            .args(arguments)
            .env("CAMPKEEPER_TEST_PG_DIR", self.0.path())
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        String::from_utf8(done.stdout).unwrap().trim().to_owned()
    }
}

impl Cluster {
    /// Stops or starts it past the script, which would make it anew.
    fn control(&self, words: &str) {
        let control = format!(
            "pg_ctl=$(command -v pg_ctl || ls /usr/lib/postgresql/*/bin/pg_ctl | sort -V | tail -n 1); \
             as() {{ if [ \"$(id -u)\" = 0 ]; then runuser -u postgres -- \"$@\"; else \"$@\"; fi; }}; \
             OPTIONS=\"-c listen_addresses='' -c unix_socket_directories='$ROOT' -c max_connections=400\"; \
             as \"$pg_ctl\" -D \"$ROOT/data\" {words}"
        );
        let done = Command::new("bash")
            .args(["-c", &control])
            .env("ROOT", self.0.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        assert!(done.unwrap().success(), "{words}");
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test-postgres.sh");
        let stopped = Command::new(script)
            .arg("stop")
            .env("CAMPKEEPER_TEST_PG_DIR", self.0.path())
            .status();
        assert!(stopped.is_ok());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_postgres_that_is_gone_and_comes_back_loses_nothing() {
    let cluster = Cluster::new();
    let url = cluster.script(&[]);
    let configured = [("CAMPKEEPER__DATABASE__URL", url.as_str())];
    let mut test = TestApp::start_with(Engine::Postgres, &configured).await;
    test.database_url.clone_from(&url);
    let camp = enrolling(&test, "写作营").await;
    let member = test.browser();
    let (before, during) = (
        order(&member, camp.id, None).await,
        order(&test.browser(), camp.id, None).await,
    );
    test.sandbox.wechat_pay().pay(&before).unwrap();
    until_status(&member, &before, "paid").await;

    cluster.control("-m immediate stop");
    until_health(&test.url, 503).await;
    test.sandbox.wechat_pay().pay(&during).unwrap();
    // A notification in vain, and workers that find nothing.
    tokio::time::sleep(Duration::from_secs(7)).await;
    cluster.control("-w -l /dev/null -o \"$OPTIONS\" start");
    until_health(&test.url, 200).await;
    test.sandbox.clock().advance(TimeDelta::minutes(40));
    let paid = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE status = 'paid'";
    let began = Instant::now();
    while count(&test, paid).await < 2 {
        assert!(began.elapsed() < WITHIN, "the payment was lost");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    assert_whole(&test).await;
    // The workers go on: what is said now is answered.
    test.sandbox.wecom().say("lin.yue", "帮助").await;
    let answered = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                    WHERE kind = 'answer_help' AND status = 'sent'";
    let began = Instant::now();
    while count(&test, answered).await < 1 {
        assert!(began.elapsed() < WITHIN, "nobody answers any more");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    test.finish().await;
}

for_both_engines! {
    async fn a_platform_that_hangs_holds_up_nobody_else(test) {
        let camp = enrolling(&test, "写作营").await;
        let first = test.browser();
        let order_no = order(&first, camp.id, None).await;
        let hanging = Fault::new(Platform::WechatPay, "v3/", FaultKind::Latency { ms: 34_000 });
        test.sandbox.faults().add(hanging.times(1));
        let waiting = test.browser();
        let asks = async {
            let body = json!({"campId": camp.id, "channel": "native"});
            waiting.post("/api/h5/payments", &body).await
        };
        let others = async {
            for _ in 0..5 {
                let began = Instant::now();
                first.get(&format!("/api/h5/payments/{order_no}/status")).await.data();
                assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        };
        let (reply, ()) = tokio::join!(asks, others);
        assert!(matches!(reply.error().0, 502 | 503), "{reply:?}");
        // Once it answers again, so do we.
        test.sandbox.faults().clear();
        let order_no = order(&waiting, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        until_status(&waiting, &order_no, "paid").await;
        assert_whole(&test).await;
        test.finish().await;
    }
}
