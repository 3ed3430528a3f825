//! Looks at installations: nothing is found on a good one, and each broken one is named with what to
//! do about it.

use std::sync::Arc;

use campkeeper::app::{Clocks, SystemClock};
use campkeeper::config::Sources;
use campkeeper::domain::Timestamp;
use campkeeper::services::WallClock;
use campkeeper::services::doctor::{self, Scope};
use campkeeper::store::job_runs::{self, Tick};
use campkeeper::store::{Engine, StoreError};
use chrono::TimeDelta;
use sandbox::faults::{Fault, FaultKind, Platform};
use sandbox::wechat_pay::TrustMode;
use sandbox::wecom::Member;
use sandbox::zsxq::CookieDeath;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::closing::execute;
use crate::main_job::run_job;
use crate::payments::{order, until_status};
use crate::settings::spoil;

/// A robot of the stand-ins' demo, as `enrolling` gives it to a camp.
const ROBOT: &str = "11111111-2222-4333-8444-000000000001";

/// What the real program said.
#[derive(Debug)]
struct Said {
    code: i32,
    stdout: String,
    #[expect(dead_code, reason = "shown where a test fails")]
    stderr: String,
}

/// Runs the real program beside the product, with its configuration and other variables.
fn campkeeper(test: &TestApp, arguments: &[&str], variables: &[(&str, &str)]) -> Said {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_campkeeper"));
    command
        .args(arguments)
        .arg("--config")
        .arg(test.config_file());
    command
        .envs(test.variables())
        .envs(variables.iter().copied());
    let output = command.output().unwrap();
    Said {
        code: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

/// Makes a fresh installation one that has been set up and has run for a night.
async fn set_up(test: &TestApp) {
    test.sandbox.wecom().say("lin.yue", "帮助").await;
    ended(test, "backup", "done", json!({"verified": true})).await;
    run_job(test, "audit-books").await;
}

/// Writes the end of a job down.
pub async fn ended(test: &TestApp, job: &'static str, outcome: &'static str, summary: Value) {
    let ctx = test.app.context();
    let now = ctx.wall_now();
    let tick = Tick {
        job,
        scheduled_at: now,
        owner: "test".to_owned(),
    };
    let written = ctx.db.write(move |tx| {
        Box::pin(async move {
            job_runs::claim(tx, &tick, now, now.plus(TimeDelta::minutes(1))).await?;
            job_runs::finish(tx, &tick, now, outcome, &summary.to_string()).await?;
            Ok::<_, StoreError>(())
        })
    });
    written.await.unwrap();
}

/// What the doctor says: all of it.
async fn look(test: &TestApp) -> Value {
    let admin = test.staff("admin").await;
    admin.get("/api/admin/doctor").await.data().clone()
}

/// One of its lines.
fn line<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    let mut lines = checks.iter().filter(|check| check["name"] == name);
    let line = lines
        .next()
        .unwrap_or_else(|| panic!("no {name} in {report:#}"));
    assert!(lines.next().is_none(), "{name} twice");
    line
}

/// That a part is in a state, and what is said of it names `words`.
#[track_caller]
fn found(report: &Value, name: &str, state: &str, words: &[&str]) {
    let line = line(report, name);
    assert_eq!(line["state"], state, "{report:#}");
    let remedy = line["remedy"].as_str().unwrap_or_default();
    let said = format!("{}{remedy}", line["message"].as_str().unwrap());
    for word in words {
        assert!(said.contains(word), "{word} in {said}");
    }
    let is_bad = state == "warn" || state == "fail";
    assert_eq!(is_bad, !remedy.is_empty(), "{line:#}");
    assert_eq!(
        report["ok"] == false,
        report.to_string().contains("\"fail\"")
    );
}

/// Every part but these is well, or not in use.
#[track_caller]
fn well_but_for(report: &Value, names: &[&str]) {
    for check in report["checks"].as_array().unwrap() {
        let is_named = names.iter().any(|name| check["name"] == *name);
        let is_well = check["state"] == "ok" || check["state"] == "off";
        assert!(is_named || is_well, "{check:#}");
    }
}

fn refuse(test: &TestApp, platform: Platform, path: &str, code: &str) {
    let kind = FaultKind::ApiError {
        code: code.to_owned(),
        message: "not allow to access from your ip".to_owned(),
    };
    test.sandbox.faults().add(Fault::new(platform, path, kind));
}

/// Starts it with other settings.
async fn with(variables: &[(&str, &str)]) -> TestApp {
    let test = TestApp::start_with(Engine::Sqlite, variables).await;
    set_up(&test).await;
    test
}

macro_rules! broken {
    ($(async fn $name:ident($test:ident: $variables:expr) $body:block)+) => {$(
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $name() {
            let $test = with(&$variables).await;
            $body
            $test.app.stop().await;
        }
    )+};
}

async fn a_good_one(test: TestApp) {
    set_up(&test).await;
    let camp = enrolling(&test, "写作营").await;
    let before = look(&test).await;
    well_but_for(&before, &[]);
    assert_eq!(before["ok"], true);
    found(&before, "wechat_pay", "ok", &["第一笔付款后"]);
    found(&before, "group_robots", "ok", &["1 个"]);
    assert_eq!(before["checks"].as_array().unwrap().len(), 16, "{before:#}");

    let member = test.browser();
    let number = order(&member, camp.id, None).await;
    test.sandbox.wechat_pay().pay(&number).unwrap();
    until_status(&member, &number, "paid").await;
    let after = look(&test).await;
    well_but_for(&after, &[]);
    found(&after, "wechat_pay", "ok", &["双方都验过"]);

    let admin = test.staff("admin").await;
    for platform in ["wecom", "wechat-pay", "zsxq"] {
        let tried = admin
            .post(&format!("/api/admin/config/test/{platform}"), &json!({}))
            .await;
        assert_eq!(tried.data()["ok"], true, "{tried:#?}");
    }
    let other = admin
        .post("/api/admin/config/test/alipay", &json!({}))
        .await;
    assert_eq!(other.error(), (422, "invalid_input"));
    let coach = test.staff("admin2").await;
    assert_eq!(
        coach.get("/api/admin/doctor").await.error(),
        (403, "forbidden")
    );
    let tried = coach.post("/api/admin/config/test/zsxq", &json!({})).await;
    assert_eq!(tried.error(), (403, "forbidden"));
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_on_a_good_one_sqlite() {
    a_good_one(TestApp::start(Engine::Sqlite).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_found_on_a_good_one_postgres() {
    a_good_one(TestApp::start(Engine::Postgres).await).await;
}

broken! {
    async fn a_secret_that_is_none(test: [("CAMPKEEPER__WECOM__SECRET", "wrong")]) {
        let report = look(&test).await;
        found(&report, "wecom_token", "fail", &["Secret", "wecom.secret"]);
        found(&report, "agent", "off", &["先处理"]);
        well_but_for(&report, &["wecom_token"]);
        let admin = test.staff("admin").await;
        let tried = admin.post("/api/admin/config/test/wecom", &json!({})).await;
        assert_eq!(tried.data()["ok"], false);
        assert_eq!(line(tried.data(), "wecom_token")["ok"], false);
    }

    async fn a_corp_that_is_none(test: [("CAMPKEEPER__WECOM__CORP_ID", "wwnobody")]) {
        found(&look(&test).await, "wecom_token", "fail", &["企业 ID", "wecom.corp_id"]);
    }

    async fn an_agent_of_another_application(test: [("CAMPKEEPER__WECOM__AGENT_ID", "7")]) {
        let report = look(&test).await;
        found(&report, "agent", "fail", &["AgentId"]);
        well_but_for(&report, &["agent"]);
    }

    async fn an_address_that_is_not_trusted(test: []) {
        refuse(&test, Platform::Wecom, "cgi-bin/agent/get", "60020");
        let report = look(&test).await;
        found(&report, "trusted_ip", "fail", &["127.0.0.1", "企业可信IP"]);
        well_but_for(&report, &["trusted_ip"]);
    }

    async fn an_address_that_nobody_reaches(test: [("CAMPKEEPER__SERVER__PUBLIC_URL", "http://127.0.0.1:9")]) {
        let report = look(&test).await;
        found(&report, "callback", "fail", &["http://127.0.0.1:9/api/webhook/wecom/app"]);
        found(&report, "notify_address", "fail", &["http://127.0.0.1:9/api/webhook/wechat/payment"]);
        found(&report, "trusted_domain", "fail", &["127.0.0.1:9"]);
        well_but_for(&report, &["callback", "notify_address", "trusted_domain"]);
    }

    async fn an_application_that_is_switched_off(test: []) {
        test.sandbox.wecom().set_closed(true);
        found(&look(&test).await, "agent", "fail", &["停用"]);
    }

    async fn an_application_that_nobody_sees(test: []) {
        for member in test.sandbox.wecom().members() {
            test.sandbox.wecom().put_member(Member { is_visible: false, ..member });
        }
        let report = look(&test).await;
        found(&report, "agent", "fail", &["可见范围"]);
        found(&report, "recipients", "fail", &["lin.yue"]);
    }

    async fn a_domain_that_is_not_trusted(test: []) {
        test.sandbox.wecom().set_trusted_domain("");
        let own = test.url.trim_start_matches("http://").to_owned();
        found(&look(&test).await, "trusted_domain", "fail", &[&own, "可信域名"]);
        test.sandbox.wecom().set_trusted_domain("other.example.com");
        let report = look(&test).await;
        found(&report, "trusted_domain", "fail", &["other.example.com", &own]);
        well_but_for(&report, &["trusted_domain"]);
    }

    async fn a_certificate_of_another_key(test: [("CAMPKEEPER__WECHAT_PAY__SERIAL_NO", "0123456789ABCDEF0123456789ABCDEF01234567")]) {
        let report = look(&test).await;
        found(&report, "wechat_pay", "fail", &["serial_no", "private_key_file"]);
        well_but_for(&report, &["wechat_pay"]);
    }

    async fn a_login_that_is_over_or_ends_soon(test: []) {
        test.sandbox.zsxq().set_expires_in(3 * 24 * 3600 + 60);
        found(&look(&test).await, "planet", "warn", &["3 天", "zsxq.cookie"]);
        test.sandbox.zsxq().set_cookie_death(Some(CookieDeath::InBody));
        let report = look(&test).await;
        found(&report, "planet", "fail", &["zsxq_access_token"]);
        well_but_for(&report, &["planet"]);
    }

    async fn a_robot_that_has_left(test: []) {
        enrolling(&test, "写作营").await;
        test.sandbox.wecom().remove_robot(ROBOT);
        let report = look(&test).await;
        found(&report, "group_robots", "fail", &["写作营"]);
        well_but_for(&report, &["group_robots"]);
    }

    async fn a_backup_that_failed(test: []) {
        ended(&test, "backup", "failed", json!(null)).await;
        let report = look(&test).await;
        found(&report, "backup", "fail", &["没有成功"]);
        well_but_for(&report, &["backup"]);
    }

    async fn books_that_differ(test: []) {
        ended(&test, "audit-books", "failed", json!({"different": 1, "isBalanced": true})).await;
        let report = look(&test).await;
        found(&report, "books", "fail", &["账本"]);
        well_but_for(&report, &["books"]);
        // A run that did not come to an end takes nothing back.
        ended(&test, "audit-books", "failed", json!("the database is locked")).await;
        found(&look(&test).await, "books", "fail", &["账本"]);
    }

    async fn books_that_were_not_compared(test: []) {
        ended(&test, "audit-books", "failed", json!("the database is locked")).await;
        let report = look(&test).await;
        found(&report, "books", "fail", &["对账没有做成", "audit-books"]);
        well_but_for(&report, &["books"]);
    }

    async fn an_audit_that_is_broken(test: []) {
        let log = json!({"intact": false, "rows": null, "seq": 7, "what": "altered"});
        let summary = json!({"different": 0, "isBalanced": true, "log": log});
        ended(&test, "audit-books", "failed", summary).await;
        let report = look(&test).await;
        found(&report, "books", "fail", &["操作日志从第 7 条", "audit verify"]);
        assert!(!report.to_string().contains("账目对不上"), "{report:#}");
        well_but_for(&report, &["books"]);
    }

    async fn a_backup_that_does_not_restore(test: []) {
        ended(&test, "restore-drill", "failed", json!({"error": "damaged"})).await;
        let report = look(&test).await;
        found(&report, "backup", "fail", &["恢复演练", "restore-drill"]);
        well_but_for(&report, &["backup"]);
    }

    async fn a_backup_that_lacks_uploads(test: []) {
        ended(&test, "backup", "done", json!({"missing": 2})).await;
        let report = look(&test).await;
        found(&report, "backup", "warn", &["缺 2 个", "files.url"]);
        well_but_for(&report, &["backup"]);
    }

    async fn a_robot_whose_key_is_sealed(test: []) {
        enrolling(&test, "写作营").await;
        let spoilt = "UPDATE training_camp SET group_robot_key = x'00010203'".to_owned();
        execute(&test, spoilt).await;
        enrolling(&test, "晨读营").await;
        let report = look(&test).await;
        found(&report, "group_robots", "fail", &["写作营", "previous_master_keys"]);
        test.sandbox.wecom().remove_robot(ROBOT);
        let report = look(&test).await;
        found(&report, "group_robots", "fail", &["写作营", "晨读营"]);
        well_but_for(&report, &["group_robots"]);
    }

    async fn a_stored_value_gone_bad(test: []) {
        spoil(&test, "camp.default_grace_days").await;
        let report = look(&test).await;
        found(&report, "configuration", "fail", &["camp.default_grace_days"]);
        well_but_for(&report, &["configuration"]);
    }

    async fn recipients_who_cannot_decide(test: [("CAMPKEEPER__NOTIFY__RECIPIENTS", "lin.yue,xu.qing")]) {
        let report = look(&test).await;
        found(&report, "recipients", "warn", &["xu.qing", "后台账号"]);
        assert_eq!(report["ok"], true);
        well_but_for(&report, &["recipients"]);
    }

    async fn recipients_that_are_none(test: [("CAMPKEEPER__NOTIFY__RECIPIENTS", "")]) {
        found(&look(&test).await, "recipients", "warn", &["notify.recipients"]);
    }

    async fn a_folder_that_cannot_be_written(test: []) {
        let uploads = test.config_file().with_file_name("uploads");
        std::fs::remove_dir_all(&uploads).unwrap();
        std::fs::write(&uploads, "no folder").unwrap();
        let report = look(&test).await;
        found(&report, "disk", "fail", &["files.url"]);
        well_but_for(&report, &["disk"]);
    }

    async fn a_platform_that_hangs(test: []) {
        let late = FaultKind::Latency { ms: 60_000 };
        test.sandbox.faults().add(Fault::new(Platform::WechatPay, "v3/", late).times(9));
        let report = look(&test).await;
        found(&report, "wechat_pay", "fail", &["10 秒"]);
        well_but_for(&report, &["wechat_pay"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_one_says_what_is_left_to_do() {
    let test = TestApp::start(Engine::Sqlite).await;
    let report = look(&test).await;
    found(
        &report,
        "callback",
        "warn",
        &["设置API接收", "/api/webhook/wecom/app"],
    );
    found(&report, "backup", "warn", &["还没有做过备份"]);
    found(&report, "books", "ok", &[]);
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_that_open_nothing_of_wechat_pay() {
    let wrong = [(
        "CAMPKEEPER__WECHAT_PAY__API_V3_KEY",
        "0123456789abcdef0123456789abcdef",
    )];
    let test = TestApp::start_trusting(TrustMode::Certificates, Engine::Sqlite, &wrong).await;
    found(&look(&test).await, "wechat_pay", "fail", &["api_v3_key"]);
    test.app.stop().await;
}

/// A wall clock that is wrong.
struct Skewed(TimeDelta);

impl WallClock for Skewed {
    fn now(&self) -> Timestamp {
        WallClock::now(&SystemClock).plus(self.0)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_wrong() {
    let test = TestApp::start(Engine::Sqlite).await;
    let file = std::fs::read_to_string(test.config_file()).unwrap();
    let sources = Sources::new(file, test.variables());
    let address = test.app.address;
    let clocks = Clocks::system();
    let configuration = campkeeper::app::configuration(&sources, &clocks, address)
        .await
        .unwrap();
    for (minutes, state, word) in [(1, "warn", "时间同步"), (10, "fail", "timedatectl")] {
        let mut ctx = test.app.context();
        ctx.wall = Arc::new(Skewed(TimeDelta::minutes(minutes)));
        let report = doctor::examine(&ctx, &configuration, Scope::Whole).await;
        let clock = report
            .checks
            .iter()
            .find(|it| it.part.as_str() == "clock")
            .unwrap();
        assert_eq!(clock.state.as_str(), state, "{clock:?}");
        let (_, message, remedy) = clock.told(&report.catalogue);
        assert!(
            format!("{message}{}", remedy.unwrap()).contains(word),
            "{message}"
        );
    }
    configuration.db().close().await;
    test.app.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_says_the_same() {
    let test = TestApp::start(Engine::Sqlite).await;
    set_up(&test).await;
    let here = [("CAMPKEEPER__SERVER__PUBLIC_URL", test.url.as_str())];
    let good = campkeeper(&test, &["doctor"], &here);
    assert_eq!(good.code, 0, "{good:?}");
    let is_well = |line: &str| line.starts_with("[  ok]") || line.starts_with("[ off]");
    assert!(good.stdout.lines().all(is_well), "{}", good.stdout);

    test.sandbox
        .zsxq()
        .set_cookie_death(Some(CookieDeath::InBody));
    let bad = campkeeper(&test, &["doctor", "--json"], &here);
    assert_eq!(bad.code, 1, "{bad:?}");
    found(
        &serde_json::from_str(&bad.stdout).unwrap(),
        "planet",
        "fail",
        &["zsxq.cookie"],
    );
    let lines = campkeeper(&test, &["doctor"], &here).stdout;
    assert!(lines.lines().all(|line| line.starts_with('[')), "{lines}");
    assert!(lines.contains(" → "), "{lines}");
    let offline = campkeeper(&test, &["doctor", "--offline", "--json"], &here);
    assert_eq!(offline.code, 0, "{offline:?}");
    assert!(!offline.stdout.contains("planet") && offline.stdout.contains("recipients"));

    for (variable, value, words) in [
        (
            "CAMPKEEPER__SECURITY__MASTER_KEY",
            "",
            "security.master_key",
        ),
        ("CAMPKEEPER__WECOM__TOKEN", "", "wecom.token"),
        (
            "CAMPKEEPER__WECHAT_PAY__PRIVATE_KEY_FILE",
            "/nowhere.pem",
            "私钥",
        ),
        ("CAMPKEEPER__DATABASE__URL", "mysql://x", "database.url"),
    ] {
        let broken = campkeeper(&test, &["doctor", "--json"], &[(variable, value)]);
        assert_eq!(broken.code, 1, "{broken:?}");
        found(
            &serde_json::from_str(&broken.stdout).unwrap(),
            "configuration",
            "fail",
            &[words],
        );
    }
    let file = test.config_file().with_file_name("fresh.db");
    let fresh = format!("sqlite://{}", file.display());
    let behind = campkeeper(
        &test,
        &["doctor", "--json"],
        &[("CAMPKEEPER__DATABASE__URL", &fresh)],
    );
    assert_eq!(behind.code, 1, "{behind:?}");
    found(
        &serde_json::from_str(&behind.stdout).unwrap(),
        "database",
        "fail",
        &["campkeeper migrate"],
    );
    assert!(!file.exists(), "who only looks makes nothing");
    test.app.stop().await;
}
