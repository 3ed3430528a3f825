//! No secret leaves the process: none stands in a line of the log, whatever the level, and none
//! in clear in the database. And what nobody has signed leaves no trace there at all.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};
use std::time::Duration;

use campkeeper::config::{Sources, Stored};
use campkeeper::store::Engine;
use sandbox::faults::{Fault, FaultKind, Platform};
use sandbox::wechat_pay::Pacing;
use sandbox::wecom::Selections;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use sqlx::{Connection as _, Executor as _, Row as _};

use crate::app::{PASSWORD, TestApp};
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::{enrolled, run_job, settle};
use crate::payments::{order, sign_in, until_status};
use crate::support::test_master_key;

const WITHIN: Duration = Duration::from_secs(30);
const ROBOT: &str = "11111111-2222-4333-8444-000000000001";
/// What the stand-in of the planet tells of its owner, and nobody should keep.
const PHONE: &str = "+86-00000000000";

/// Something that must not be seen, and what it is.
type Secret = (&'static str, String);

/// Writes all that this process logs, at the lowest level, into a file.
fn log_of_the_process() -> &'static Path {
    static LOG: OnceLock<PathBuf> = OnceLock::new();
    LOG.get_or_init(|| {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("all-that-is-logged.txt");
        let file = fs::File::create(&path).unwrap();
        tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(Mutex::new(file))
            .init();
        path
    })
}

/// What the configuration holds.
fn configured(test: &TestApp) -> Vec<Secret> {
    let config = Sources::new(test.sandbox.campkeeper_toml(), [])
        .config(&Stored::new())
        .unwrap();
    let key_file = fs::read_to_string(&config.wechat_pay.private_key_file).unwrap();
    let key_line = key_file.lines().nth(1).unwrap().to_owned();
    let text = |secret: &secrecy::SecretString| secret.expose_secret().to_owned();
    vec![
        ("the master key", test_master_key()),
        ("WeCom's secret", text(&config.wecom.secret)),
        ("the callback's token", text(&config.wecom.token)),
        ("the EncodingAESKey", text(&config.wecom.encoding_aes_key)),
        ("the APIv3 key", text(&config.wechat_pay.api_v3_key)),
        ("the merchant's key", key_line),
        ("the planet's cookie", text(&config.zsxq.cookie)),
        ("the robot's key", ROBOT.to_owned()),
        ("a password", PASSWORD.to_owned()),
        ("a phone number", PHONE.to_owned()),
    ]
}

/// A member who signs in through WeCom and pays there: what only they and we know.
async fn a_member_in_wecom(test: &TestApp, camp: i64) -> Vec<Secret> {
    let phone = test.browser();
    sign_in(test, &phone, "xu.qing").await;
    let body = json!({"campId": camp, "channel": "jsapi"});
    let ordered = phone.post("/api/h5/payments", &body).await;
    let order_no = ordered.data()["orderNo"].as_str().unwrap().to_owned();
    test.sandbox.wechat_pay().pay(&order_no).unwrap();
    let paid = until_status(&phone, &order_no, "paid").await;
    let order = test.sandbox.wechat_pay().order(&order_no).unwrap();
    vec![
        ("an openid", order.payment.unwrap().openid),
        (
            "an access token",
            paid["accessToken"].as_str().unwrap().to_owned(),
        ),
        ("a member's session", phone.cookie_value()),
    ]
}

/// Makes calls fail, so that what goes wrong is logged, too.
async fn trouble(test: &TestApp) {
    let faults = test.sandbox.faults();
    let sending = FaultKind::CutBefore;
    faults.add(Fault::new(Platform::Wecom, "cgi-bin/message/send", sending));
    test.sandbox.wecom().say("zhou.ke", "帮助").await;
    for _ in 0..400 {
        if faults.pending().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    assert!(faults.pending().is_empty(), "nothing was sent");
    for (platform, path, kind) in [
        (Platform::Wecom, "cgi-bin/webhook/send", FaultKind::CutAfter),
        (Platform::Wecom, "cgi-bin/gettoken", FaultKind::CutAfter),
        (
            Platform::WechatPay,
            "v3/refund/domestic/refunds",
            FaultKind::CutAfter,
        ),
        (Platform::Zsxq, "v2/groups", FaultKind::CutAfter),
    ] {
        faults.add(Fault::new(platform, path, kind));
    }
}

/// The main job, played to its end: all secrets that came up.
async fn play(test: &TestApp) -> Vec<Secret> {
    let mut secrets = configured(test);
    let login = json!({"username": "admin", "password": PASSWORD});
    let login = test.browser().post("/api/auth/login", &login).await;
    let token = login.data()["token"].as_str().unwrap().to_owned();
    secrets.push(("a staff token", token));
    let wrong = json!({"username": "admin", "password": "a guess that was wrong"});
    test.browser().post("/api/auth/login", &wrong).await;
    secrets.push(("a wrong password", "a guess that was wrong".to_owned()));

    let camp = enrolling(test, "写作营").await;
    secrets.append(&mut a_member_in_wecom(test, camp.id).await);
    let member = enrolled(test, &camp, "小明同学", 12, 8).await;
    secrets.push(("an access token", member.token.clone()));
    run_job(test, "check-cookie").await;
    trouble(test).await;
    settle(test).await;
    let wecom = test.sandbox.wecom();
    wecom
        .wait_for_button("lin.yue", "通过", WITHIN)
        .await
        .unwrap();
    for button in ["通过", "确认退款"] {
        wecom
            .wait_for_button("lin.yue", button, WITHIN)
            .await
            .unwrap();
        let seen = Selections::as_shown();
        wecom.press_newest("lin.yue", button, &seen).await.unwrap();
    }
    until_status(&member.phone, &member.order_no, "refunded").await;
    secrets
}

/// That no line of ours tells a secret. The stand-ins are the outside and may.
fn assert_not_logged(log: &Path, secrets: &[Secret]) {
    let log = fs::read(log).unwrap();
    let log = String::from_utf8_lossy(&log);
    let ours = || log.lines().filter(|line| !line.contains(" sandbox::"));
    assert!(ours().any(|line| line.contains("TRACE")));
    assert!(ours().any(|line| line.contains("DEBUG sqlx::query")));
    assert!(ours().any(|line| line.contains("campkeeper::web: request")));
    for line in ours() {
        for (what, secret) in secrets {
            assert!(!line.contains(secret.as_str()), "{what} is logged: {line}");
        }
        for parameter in ["access_token=", "corpsecret=", "webhook/send?key="] {
            assert!(!line.contains(parameter), "an address is logged: {line}");
        }
    }
}

/// Everything that the database's file holds, free pages and the write-ahead log included.
pub(crate) fn bytes_of_sqlite(url: &str) -> String {
    let path = url.strip_prefix("sqlite://").unwrap();
    let mut all = fs::read(path).unwrap();
    all.extend(fs::read(format!("{path}-wal")).unwrap_or_default());
    String::from_utf8_lossy(&all).into_owned()
}

/// Every row of every table as text, but for what the clock writes on its own.
pub(crate) async fn every_row(url: &str) -> Vec<String> {
    let mut rows = if url.starts_with("sqlite") {
        rows_of_sqlite(url).await
    } else {
        rows_of_postgres(url).await
    };
    rows.retain(|row| !row.starts_with("job_run:") && !row.starts_with("_sqlx_migrations:"));
    rows
}

async fn rows_of_sqlite(url: &str) -> Vec<String> {
    let mut conn = sqlx::SqliteConnection::connect(url).await.unwrap();
    let columns = "SELECT m.name, group_concat('quote(\"' || c.name || '\")', ' || '','' || ') \
                   FROM sqlite_master m JOIN pragma_table_info(m.name) c \
                   WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' GROUP BY m.name";
    let tables = conn.fetch_all(columns).await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let (name, columns): (String, String) = (table.get(0), table.get(1));
        let sql = format!("SELECT {columns} FROM \"{name}\"");
        let found = conn.fetch_all(sqlx::AssertSqlSafe(sql)).await.unwrap();
        rows.extend(
            found
                .iter()
                .map(|row| format!("{name}:{}", row.get::<String, _>(0))),
        );
    }
    rows
}

async fn rows_of_postgres(url: &str) -> Vec<String> {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    let tables = "SELECT table_name::text FROM information_schema.tables \
                  WHERE table_schema = 'public' ORDER BY table_name";
    let tables = conn.fetch_all(tables).await.unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let name: String = table.get(0);
        let sql = format!("SELECT t::text FROM \"{name}\" t ORDER BY 1");
        let found = conn.fetch_all(sqlx::AssertSqlSafe(sql)).await.unwrap();
        rows.extend(
            found
                .iter()
                .map(|row| format!("{name}:{}", row.get::<String, _>(0))),
        );
    }
    rows
}

/// That neither a text column nor the bytes of a binary one hold a secret.
async fn assert_not_in_clear(test: &TestApp, secrets: &[Secret]) {
    let mut all = every_row(&test.database_url).await.join("\n");
    if test.database_url.starts_with("sqlite") {
        all.push_str(&bytes_of_sqlite(&test.database_url));
    }
    assert!(all.contains("写作营") && all.contains("ord_"));
    // Raw notifications are kept sealed.
    let raw = ("a raw notification", "TRANSACTION.SUCCESS".to_owned());
    for (what, secret) in secrets.iter().chain([&raw]) {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [secret, &hex, &hex.to_uppercase()] {
            let at = all.find(form.as_str());
            let around =
                at.map(|at| String::from_utf8_lossy(&all.as_bytes()[at.saturating_sub(200)..at]));
            assert!(at.is_none(), "{what} is stored in clear after {around:?}");
        }
    }
}

async fn no_secret_is_told(engine: Engine) {
    let log = log_of_the_process();
    let test = TestApp::start(engine).await;
    let secrets = play(&test).await;
    assert_not_in_clear(&test, &secrets).await;
    test.finish().await;
    assert_not_logged(log, &secrets);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_sqlite() {
    no_secret_is_told(Engine::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_is_told_postgres() {
    no_secret_is_told(Engine::Postgres).await;
}

/// Path, headers and body of a callback.
type Callback = (&'static str, Vec<(&'static str, String)>, Vec<u8>);

/// What does not even look like a callback of a platform.
fn malformed() -> Vec<Callback> {
    let payment = "/api/webhook/wechat/payment";
    let signed = |timestamp: i64, serial: &str| {
        vec![
            ("wechatpay-timestamp", timestamp.to_string()),
            ("wechatpay-nonce", "abcdefgh".to_owned()),
            ("wechatpay-serial", serial.to_owned()),
            ("wechatpay-signature", "c2lnbmF0dXJl".to_owned()),
        ]
    };
    let wecom = "/api/webhook/wecom/app?msg_signature=a&timestamp=1&nonce=b";
    vec![
        (payment, Vec::new(), b"{}".to_vec()),
        (payment, signed(1, "PUB_KEY_ID_1"), b"{}".to_vec()),
        (payment, signed(4_102_444_800, "ABC"), b"{".to_vec()),
        ("/api/webhook/wechat/refund", Vec::new(), vec![0xff; 64]),
        (payment, Vec::new(), vec![b'x'; 2 * 1024 * 1024]),
        (wecom, Vec::new(), b"<xml/>".to_vec()),
        (wecom, Vec::new(), vec![b'x'; 2 * 1024 * 1024]),
    ]
}

for_both_engines! {
    async fn what_nobody_signed_leaves_no_trace(test) {
        let before = every_row(&test.database_url).await;
        for (path, headers, body) in malformed() {
            let mut call = reqwest::Client::new().post(format!("{}{path}", test.url)).body(body);
            for (name, value) in headers {
                call = call.header(name, value);
            }
            let answer = call.send().await.unwrap();
            let status = answer.status().as_u16();
            assert!((400..500).contains(&status), "{path}: {status}");
            assert!(answer.text().await.unwrap().lines().count() <= 1, "{path}");
        }
        let forged = Fault::named(Platform::Wecom, "callback_bad_signature", json!({}));
        test.sandbox.faults().add(forged.times(4));
        assert!(!test.sandbox.wecom().say("lin.yue", "帮助").await.is_accepted());
        assert_eq!(every_row(&test.database_url).await, before);
        test.finish().await;
    }

    async fn a_spoilt_notification_of_a_payment_leaves_no_trace(test) {
        let camp = enrolling(&test, "写作营").await;
        let phone = test.browser();
        // The genuine one comes a good while after the spoilt one: later than this test ends.
        let pacing = Pacing { ladder_second: Duration::from_secs(60), ..Pacing::default() };
        test.sandbox.wechat_pay().set_pacing(pacing);
        let order_no = order(&phone, camp.id, None).await;
        let before = every_row(&test.database_url).await;
        for spoilt in [
            "probe_notification",
            "wrong_serial_notification",
            "stale_notification",
            "tampered_notification",
            "unsigned_notification",
        ] {
            let fault = Fault::named(Platform::WechatPay, spoilt, json!({}));
            test.sandbox.faults().add(fault);
            let url = format!("{}/api/webhook/wechat/payment", test.url);
            let pay = test.sandbox.wechat_pay();
            pay.pay_foreign_order(&format!("foreign_{spoilt}"), 500, &url).unwrap();
        }
        let pay = test.sandbox.wechat_pay();
        for _ in 0..400 {
            if pay.deliveries().len() >= 5 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
        let deliveries = pay.deliveries();
        assert_eq!(deliveries.len(), 5, "{deliveries:?}");
        for delivery in deliveries {
            assert!(delivery.spoiled && !delivery.accepted, "{delivery:?}");
            assert!(delivery.status.is_some_and(|status| (400..500).contains(&status)), "{delivery:?}");
        }
        assert_eq!(every_row(&test.database_url).await, before);
        let seen = phone.get(&format!("/api/h5/payments/{order_no}/status")).await;
        assert_eq!(seen.data()["status"], Value::from("created"));
        assert_eq!(test.sandbox.violations().all().len(), 0);
        test.app.stop().await;
    }
}
