//! What is under us fails and comes back: a database that is locked, a disk that is full, a PostgreSQL
//! that is gone, a platform that hangs. The product says so, loses nothing, and goes on by itself.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::faults::{Fault, FaultKind, Platform};
use serde_json::json;
use sqlx::{Connection as _, Executor as _};

use crate::app::{HandOver, PASSWORD, TestApp};
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, until_status};

/// How long anything may take to be well again.
const WITHIN: Duration = Duration::from_secs(60);
/// What the file of the database may grow by before the disk is full.
const ROOM_BYTES: u64 = 40 * 1024;
/// Wrong sign-ins, each of which writes, until the disk must be full.
const MANY: usize = 400;

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

/// Waits until so many payments are known: WeChat Pay sends again, and the clock asks every hour.
async fn until_paid(test: &TestApp, payments: i64) {
    let paid = "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE status = 'paid'";
    let began = Instant::now();
    while count(test, paid).await < payments {
        assert!(began.elapsed() < WITHIN, "a payment was lost");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
}

/// Nothing that was promised is lost: the books agree, and the audit is whole.
async fn assert_whole(test: &TestApp) {
    let books = run_job(test, "audit-books").await;
    assert_eq!(books["summary"]["different"], 0, "{books:#}");
    assert_eq!(books["summary"]["log"]["intact"], true, "{books:#}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_locked_database_delays_a_payment_and_loses_none() {
    let test = TestApp::start(Engine::Sqlite).await;
    let camp = enrolling(&test, "写作营").await;
    let member = test.browser();
    let order_no = order(&member, camp.id, None).await;
    let mut other = sqlx::SqliteConnection::connect(&test.database_url)
        .await
        .unwrap();
    other.execute("BEGIN IMMEDIATE").await.unwrap();
    test.sandbox.wechat_pay().pay(&order_no).unwrap();
    // Longer than we wait for the lock: the notification is answered so that it is sent again.
    tokio::time::sleep(Duration::from_secs(8)).await;
    let reply = member
        .get(&format!("/api/h5/payments/{order_no}/status"))
        .await;
    assert_eq!(reply.data()["status"], "created", "reading goes on");
    other.execute("ROLLBACK").await.unwrap();
    test.sandbox.clock().advance(TimeDelta::minutes(61));
    until_paid(&test, 1).await;
    assert_whole(&test).await;
    test.finish().await;
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
    test.sandbox.clock().advance(TimeDelta::minutes(61));
    until_paid(&test, 2).await;
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

/// The real program, whose files may grow to a limit.
struct Process(Child);

impl Process {
    fn start(place: &HandOver, limit_bytes: u64) -> Self {
        // A write over the limit fails instead of ending the program.
        let limited = format!(
            "trap '' XFSZ; exec prlimit --fsize={limit_bytes}: -- \"$0\" serve --config \"$1\""
        );
        let mut child = Command::new("bash")
            .args(["-c", &limited, env!("CARGO_BIN_EXE_campkeeper")])
            .arg(&place.file)
            .envs(place.variables.iter().cloned())
            .env("RUST_LOG", "off")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let ready = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok)
            .any(|line| line.contains("listening on"));
        assert!(ready, "campkeeper serve did not start");
        Self(child)
    }

    fn make_room(&self) {
        let raised = Command::new("prlimit")
            .args(["--fsize=unlimited:", "--pid", &self.0.id().to_string()])
            .status();
        assert!(raised.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_goes_on_once_there_is_room() {
    let test = TestApp::start(Engine::Sqlite).await;
    let file = test
        .database_url
        .strip_prefix("sqlite://")
        .unwrap()
        .to_owned();
    let place = test.hand_over().await;
    let size = std::fs::metadata(&file).unwrap().len();
    let process = Process::start(&place, size + ROOM_BYTES);
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let sign_in = |name: String, password: &'static str| {
        let body = json!({"username": name, "password": password});
        let request = client
            .post(format!("{}/api/auth/login", place.url))
            .json(&body);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    let mut refused = None;
    for n in 0..MANY {
        let status = sign_in(format!("nobody{n}"), "a guess that was wrong").await;
        if status >= 500 {
            refused = Some(status);
            break;
        }
    }
    assert!(refused.is_some(), "the disk was never full");
    // Who only reads is answered, and the program is alive.
    until_health(&place.url, 200).await;
    process.make_room();
    let began = Instant::now();
    while sign_in("coach".to_owned(), PASSWORD).await != 200 {
        assert!(began.elapsed() < WITHIN, "it never goes on");
        tokio::time::sleep(Duration::from_millis(300)).await;
    }
    drop(process);
    let verified = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(["audit", "verify", "--config"])
        .arg(&place.file)
        .envs(place.variables.iter().cloned())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&verified.stderr).into_owned();
    assert_eq!(verified.status.code(), Some(0), "{said}");
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
