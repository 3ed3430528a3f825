//! The process is killed (`kill -9`) at every step of the refund runner and started again: every
//! order is refunded exactly once, under one number.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::Sandbox;
use sandbox::faults::{Fault, FaultKind, Platform};
use sandbox::wechat_pay::Pacing;
use serde_json::{Value, json};

use crate::app::{HandOver, PASSWORD, TestApp};
use crate::camp::enrolling;
use crate::main_job::{enrolled, settle};

/// Members whose deposit goes back.
const MEMBERS: i64 = 6;
/// How long the last process has to bring everything to its end.
const WITHIN: Duration = Duration::from_secs(240);

/// The real program, killed without a word when it is dropped.
struct Process(Child);

impl Process {
    fn start(place: &HandOver) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
            .args(["serve", "--config"])
            .arg(&place.file)
            .envs(place.variables.iter().cloned())
            .env("RUST_LOG", "error")
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
}

impl Drop for Process {
    fn drop(&mut self) {
        // SIGKILL on Unix.
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

/// What stands still while the process is killed, and for how long it has run by then.
fn moments() -> Vec<(&'static str, Option<FaultKind>, u64)> {
    let late = |ms| Some(FaultKind::LateAnswer { ms });
    vec![
        ("before anything was claimed", None, 0),
        (
            "claimed, the first call on its way",
            Some(FaultKind::Latency { ms: 3_000 }),
            700,
        ),
        ("taken effect, the answer on its way", late(3_000), 700),
        (
            "connection cut after the effect",
            Some(FaultKind::CutAfter),
            700,
        ),
        ("accepted, nobody knows the end yet", None, 1_200),
        ("somewhere", None, 300),
    ]
}

async fn killed_at_every_step(engine: Engine) {
    let test = TestApp::start(engine).await;
    // The program's clock cannot be moved, so the camp lies in the past.
    test.sandbox.clock().advance(TimeDelta::days(-12));
    let camp = enrolling(&test, "写作营").await;
    for number in 0..MEMBERS {
        enrolled(&test, &camp, &format!("会员{number}"), 100 + number, 8).await;
    }
    settle(&test).await;
    test.sandbox.clock().advance(TimeDelta::days(1));
    test.sandbox.wechat_pay().set_pacing(Pacing {
        ladder_second: Duration::from_millis(20),
        refund_takes: Some(Duration::from_millis(500)),
    });
    let place = test.hand_over().await;
    let (sandbox, url) = (&place.sandbox, &place.url);

    for (step, (what, fault, runs_ms)) in moments().into_iter().enumerate() {
        if let Some(kind) = fault {
            sandbox
                .faults()
                .add(Fault::new(Platform::WechatPay, "v3/refund", kind).times(2));
        }
        let process = Process::start(&place);
        if step == 0 {
            approve_all(url, camp.id).await;
        }
        tokio::time::sleep(Duration::from_millis(runs_ms)).await;
        drop(process);
        assert_never_twice(sandbox, what);
    }

    let _last = Process::start(&place);
    let end = tokio::time::Instant::now() + WITHIN;
    loop {
        let page = refunds(url, camp.id).await;
        let items = page["items"].as_array().unwrap();
        if items.iter().all(|refund| refund["status"] == "success") {
            assert_eq!(items.len(), MEMBERS as usize);
            break;
        }
        assert!(tokio::time::Instant::now() < end, "{items:#?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    assert_never_twice(sandbox, "at the end");
    let totals = sandbox.wechat_pay().totals();
    assert_eq!(
        (totals.paid_fen, totals.refunded_fen),
        (MEMBERS * 9900, MEMBERS * 9900)
    );
    assert!(
        sandbox.violations().is_empty(),
        "{:#?}",
        sandbox.violations().all()
    );
}

/// No order has two refund numbers, and no number moved money twice.
fn assert_never_twice(sandbox: &Sandbox, when: &str) {
    let refunds = sandbox.wechat_pay().refunds();
    let orders: std::collections::BTreeSet<_> =
        refunds.iter().map(|refund| &refund.out_trade_no).collect();
    assert_eq!(orders.len(), refunds.len(), "{when}: {refunds:#?}");
    assert!(
        refunds.iter().all(|refund| refund.executions <= 1),
        "{when}: {refunds:#?}"
    );
}

async fn approve_all(url: &str, camp: i64) {
    let body = json!({"campId": camp});
    let reply = call(url, "/api/admin/refunds/batch-approve", Some(&body)).await;
    assert_eq!(reply["approved"], MEMBERS, "{reply:#}");
}

async fn refunds(url: &str, camp: i64) -> Value {
    call(
        url,
        &format!("/api/admin/refunds?campId={camp}&size=100"),
        None,
    )
    .await
}

async fn call(url: &str, path: &str, body: Option<&Value>) -> Value {
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let login = json!({"username": "admin", "password": PASSWORD});
    let session = client
        .post(format!("{url}/api/auth/login"))
        .json(&login)
        .send()
        .await
        .unwrap();
    let session: Value = session.json().await.unwrap();
    let token = session["data"]["token"].as_str().unwrap();
    let request = match body {
        Some(body) => client.post(format!("{url}{path}")).json(body),
        None => client.get(format!("{url}{path}")),
    };
    let mut answer: Value = request
        .bearer_auth(token)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["data"].take()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite() {
    killed_at_every_step(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgres() {
    killed_at_every_step(Engine::Postgres).await;
}
