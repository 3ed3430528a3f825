//! Master keys that change: what was made under an earlier one is found for as long as that one is
//! readable, `keys rotate` rewrites it beside the running product, and then the earlier one can go.

use std::process::{Command, Output};

use base64::Engine as _;
use campkeeper::store::Engine;
use sandbox::wechat_pay::PayOptions;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, sign_in, until_status};
use crate::support::test_master_key;

const MASTER_KEY: &str = "CAMPKEEPER__SECURITY__MASTER_KEY";
const PREVIOUS: &str = "CAMPKEEPER__SECURITY__PREVIOUS_MASTER_KEYS";
const DUPLICATES: &str =
    "SELECT CAST(COUNT(*) AS BIGINT) FROM payment_record WHERE flag = 'duplicate'";

fn another_key() -> String {
    base64::engine::general_purpose::STANDARD.encode([8u8; 32])
}

/// The product once its master key is another one, and `previous` still readable.
async fn under_another_key(test: TestApp, previous: &[String]) -> TestApp {
    let previous = json!(previous).to_string();
    test.restarted_with(&[(MASTER_KEY, another_key()), (PREVIOUS, previous)])
        .await
}

/// Somebody pays for a camp who is known by their openid.
async fn pays(test: &TestApp, camp: i64, openid: &str) -> (Browser, Value) {
    let phone = test.browser();
    let order_no = order(&phone, camp, None).await;
    let payer = PayOptions {
        openid: Some(openid.to_owned()),
        ..PayOptions::default()
    };
    test.sandbox
        .wechat_pay()
        .pay_with(&order_no, payer)
        .unwrap();
    let paid = until_status(&phone, &order_no, "paid").await;
    (phone, paid)
}

async fn progress(phone: &Browser, paid: &Value) -> u16 {
    let path = format!("/api/h5/progress/{}", paid["memberId"]);
    phone
        .get_as(paid["accessToken"].as_str().unwrap(), &path)
        .await
        .status
}

fn campkeeper(test: &TestApp, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .args(["--json", "--config"])
        .arg(test.config_file())
        .envs(test.variables())
        .output()
        .unwrap()
}

fn rotated(test: &TestApp) -> Value {
    let done = campkeeper(test, &["keys", "rotate"]);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(0), "{said}");
    serde_json::from_slice(&done.stdout).unwrap()
}

for_both_engines! {
    async fn what_was_made_under_a_key_outlives_it(test) {
        let camp = enrolling(&test, "写作营").await;
        let (phone, paid) = pays(&test, camp.id, "oPayer1").await;
        let corp = test.browser();
        sign_in(&test, &corp, "xu.qing").await;
        let staff = test.staff("admin").await;
        let order_no = paid["orderNo"].as_str().unwrap().to_owned();
        let status = format!("/api/h5/payments/{order_no}/status");

        let test = under_another_key(test, &[test_master_key()]).await;
        assert_eq!(progress(&phone, &paid).await, 200);
        let again = phone.get(&status).await.data().clone();
        assert_eq!(again["accessToken"], paid["accessToken"], "the same at every reading");
        assert_eq!(staff.get("/api/auth/me").await.status, 200);
        assert_eq!(corp.get("/api/h5/me").await.data()["signedIn"], true);
        // The same payer again, from a phone that nobody knows.
        pays(&test, camp.id, "oPayer1").await;
        assert_eq!(count(&test, DUPLICATES).await, 1);
        let (_, newest) = pays(&test, camp.id, "oPayer2").await;
        assert!(newest["accessToken"].is_string());

        let first = rotated(&test);
        assert_eq!(first["left"], 0, "{first:#}");
        assert!(first["rewritten"].as_u64().unwrap() > 0);
        assert_eq!(progress(&phone, &paid).await, 200, "the running product goes on");
        let second = rotated(&test);
        assert_eq!((&second["rewritten"], &second["left"]), (&json!(0), &json!(0)), "{second:#}");

        let test = under_another_key(test, &[]).await;
        let renewed = phone.get(&status).await.data().clone();
        assert_eq!(progress(&phone, &renewed).await, 200);
        assert_eq!(progress(&phone, &paid).await, 200, "what a phone kept is still good");
        assert_eq!(corp.get("/api/h5/me").await.data()["signedIn"], true);
        pays(&test, camp.id, "oPayer1").await;
        pays(&test, camp.id, "oPayer2").await;
        assert_eq!(count(&test, DUPLICATES).await, 3);
        let intact = campkeeper(&test, &["audit", "verify"]);
        assert_eq!(intact.status.code(), Some(0), "{}", String::from_utf8_lossy(&intact.stderr));
        // Every sealed column that the product reads: robot keys, settings, cards, events.
        run_job(&test, "send-outbox").await;
        assert_eq!(rotated(&test)["left"], 0);
        test.finish().await;
    }

    async fn a_key_that_backups_are_sealed_under_is_named(test) {
        let made = run_job(&test, "backup").await;
        // In a folder of its own: the next night may thin out the other.
        let folder = tempfile::tempdir().unwrap();
        let kept = folder.path().join("campkeeper-1796067000.backup");
        std::fs::copy(made["summary"]["file"].as_str().unwrap(), kept).unwrap();
        let test = under_another_key(test, &[test_master_key()]).await;
        let done = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
            .args(["keys", "rotate", "--json", "--config"])
            .arg(test.config_file())
            .envs(test.variables())
            .env("CAMPKEEPER__BACKUP__DIR", folder.path())
            .output()
            .unwrap();
        let done: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(done["left"], 0, "{done:#}");
        let needed = &done["neededByBackups"][0];
        assert_eq!(needed["key"], "security.previous_master_keys.0", "{done:#}");
        assert_eq!(needed["backups"], 1, "{done:#}");
        test.finish().await;
    }

    async fn a_key_that_opens_nothing_stops_the_start(test) {
        let place = test.hand_over().await;
        let start = |key: String, previous: &[String]| {
            Command::new(env!("CARGO_BIN_EXE_campkeeper"))
                .args(["audit", "verify", "--config"])
                .arg(&place.file)
                .envs(place.variables.iter().cloned())
                .env(MASTER_KEY, key)
                .env(PREVIOUS, json!(previous).to_string())
                .output()
                .unwrap()
        };
        let refused = start(another_key(), &[]);
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert_eq!(refused.status.code(), Some(2), "{said}");
        assert!(said.contains("security.master_key") && said.contains("opens nothing"), "{said}");
        let opened = start(another_key(), &[test_master_key()]);
        assert_eq!(opened.status.code(), Some(0), "{}", String::from_utf8_lossy(&opened.stderr));
    }

    async fn a_breach_of_the_audit_is_not_made_whole(test) {
        let test = under_another_key(test, &[test_master_key()]).await;
        let breach = "UPDATE operation_log SET actor_name = 'x' WHERE seq = 2";
        crate::closing::execute(&test, breach.to_owned()).await;
        let done = campkeeper(&test, &["keys", "rotate"]);
        assert_eq!(done.status.code(), Some(1));
        let result: Value = serde_json::from_slice(&done.stdout).unwrap();
        assert_eq!(result["left"], 1);
        assert_eq!(campkeeper(&test, &["audit", "verify"]).status.code(), Some(1));
        test.finish().await;
    }
}
