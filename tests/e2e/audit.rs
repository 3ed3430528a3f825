//! The audit cannot be cut: what was taken from its end is missed, by the console, the night's job and
//! the command line, even where the database holds together.

use std::process::{Command, Output};
use std::time::Duration;

use campkeeper::store::Engine;
use serde_json::{Value, json};

use crate::app::{Browser, TestApp};
use crate::closing::execute;
use crate::for_both_engines;
use crate::payments::count;

const ROWS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM operation_log";

fn campkeeper(test: &TestApp, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .args(["--json", "--config"])
        .arg(test.config_file())
        .envs(test.variables())
        .env("RUST_LOG", "off")
        .output()
        .unwrap()
}

/// The end as it is noted beside the uploads, once it has all rows.
async fn noted(test: &TestApp) -> String {
    let rows = count(test, ROWS).await;
    for _ in 0..200 {
        let files = test.app.context().files;
        let note = files.note("audit-end").await.unwrap().unwrap_or_default();
        if note.starts_with(&format!("{rows}:")) {
            return note;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    panic!("the end of {rows} rows is not noted");
}

/// What all three say of it. None of them adds a row.
async fn found(test: &TestApp, admin: &Browser, what: &str) {
    let told = admin.get("/api/admin/logs/verify").await;
    assert_eq!(told.data()["what"], what, "{told:?}");
    let done = campkeeper(test, &["audit", "verify"]);
    assert_eq!(done.status.code(), Some(1));
    let told: Value = serde_json::from_slice(&done.stdout).unwrap();
    assert_eq!(
        (&told["intact"], &told["what"]),
        (&json!(false), &json!(what))
    );
    let night = campkeeper(test, &["job", "run", "audit-books"]);
    assert_eq!(night.status.code(), Some(1));
    let night: Value = serde_json::from_slice(&night.stdout).unwrap();
    assert_eq!(night["log"]["what"], what, "{night:#}");
}

for_both_engines! {
    async fn rows_cut_off_with_the_end_set_back_are_missed(test) {
        let admin = test.staff("admin").await;
        execute(&test, "CREATE TABLE kept AS SELECT seq, link, mac FROM audit_head".to_owned()).await;
        for _ in 0..2 {
            let wrong = json!({"username": "coach", "password": "a guess that was wrong"});
            test.browser().post("/api/auth/login", &wrong).await;
        }
        let end = noted(&test).await;
        let against = ["audit", "verify", "--end", end.as_str()];
        assert_eq!(campkeeper(&test, &against).status.code(), Some(0));
        let whole = admin.get("/api/admin/logs/verify").await;
        assert_eq!(whole.data()["intact"], true, "{whole:?}");

        execute(&test, "DELETE FROM operation_log WHERE seq > (SELECT seq FROM kept)".to_owned()).await;
        execute(&test, "UPDATE audit_head SET seq = (SELECT seq FROM kept), \
                        link = (SELECT link FROM kept), mac = (SELECT mac FROM kept)".to_owned()).await;
        found(&test, &admin, "cut").await;
        let told = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                    WHERE kind = 'audit_broken'";
        assert!(count(&test, told).await > 0, "people are told");
        assert_eq!(campkeeper(&test, &against).status.code(), Some(1));

        execute(&test, "DELETE FROM operation_log".to_owned()).await;
        execute(&test, "UPDATE audit_head SET seq = 0, link = SUBSTR(link, 1, 0), \
                        mac = SUBSTR(mac, 1, 0)".to_owned()).await;
        found(&test, &admin, "emptied").await;
        // What is written from then on does not cover it up.
        test.staff("coach").await;
        found(&test, &admin, "cut").await;
        test.finish().await;
    }
}
