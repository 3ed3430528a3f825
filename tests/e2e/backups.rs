//! Backups: made while money moves, proved, restored, and refused when they are damaged.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use campkeeper::services::backup;
use campkeeper::store::Engine;
use serde_json::Value;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::closing::execute;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::payments::{count, order, until_status};
use crate::support::fresh_postgres_url;

/// Members who pay while backups are made.
const PAYERS: usize = 12;

/// Runs the real program with some of the configuration changed.
fn campkeeper(test: &TestApp, arguments: &[&str], changed: &[(&str, String)]) -> Output {
    let mut variables = test.variables();
    for (name, value) in changed {
        variables.retain(|(other, _)| other != name);
        variables.push(((*name).to_owned(), value.clone()));
    }
    Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .arg("--config")
        .arg(test.config_file())
        .envs(variables)
        .env("RUST_LOG", "error")
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    text(&output.stdout) + &text(&output.stderr)
}

/// A place that nobody has lived in, and what configures it.
async fn elsewhere(test: &TestApp, folder: &Path) -> Vec<(&'static str, String)> {
    let url = match test.app.context().db.engine() {
        Engine::Sqlite => format!("sqlite://{}/new/campkeeper.db", folder.display()),
        Engine::Postgres => fresh_postgres_url().await,
    };
    let files = format!("file://{}/uploads", folder.display());
    vec![
        ("CAMPKEEPER__DATABASE__URL", url),
        ("CAMPKEEPER__FILES__URL", files),
    ]
}

fn newest(test: &TestApp) -> PathBuf {
    let dir = test.app.context().settings.backup.dir.clone();
    let entries = std::fs::read_dir(dir).unwrap();
    let files = entries.map(|entry| entry.unwrap().path());
    let backups = files.filter(|path| path.extension().is_some_and(|it| it == "backup"));
    backups.max().unwrap()
}

/// Waits until the night that the start has caught up is over. A new installation has missed neither
/// backup nor drill.
async fn night_over(test: &TestApp) {
    const OVER: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM job_run \
                        WHERE job = 'retention' AND finished_at IS NOT NULL";
    for _ in 0..300 {
        if count(test, OVER).await > 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    panic!("the night is never over");
}

/// How often something was told.
macro_rules! told {
    ($test:expr, $kind:literal) => {
        count(
            &$test,
            concat!(
                "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message WHERE kind = '",
                $kind,
                "'"
            ),
        )
        .await
    };
}

for_both_engines! {
    async fn a_backup_made_under_load_restores_to_whole_books_and_audit(test) {
        let camp = enrolling(&test, "写作营").await;
        let paying = async {
            for n in 0..PAYERS {
                let member = test.browser();
                let order_no = order(&member, camp.id, None).await;
                test.sandbox.wechat_pay().pay(&order_no).unwrap();
                until_status(&member, &order_no, "paid").await;
                if n % 3 == 0 {
                    test.staff("admin").await;
                }
            }
        };
        let folder = tempfile::tempdir().unwrap();
        let ctx = test.app.context();
        let backing_up = async {
            let mut files = Vec::new();
            for n in 0..4 {
                let file = folder.path().join(format!("{n}.backup"));
                backup::write(&ctx, &file).await.unwrap();
                files.push(file);
            }
            files
        };
        let ((), files) = tokio::join!(paying, backing_up);
        let mut payments = Vec::new();
        for (n, file) in files.iter().enumerate() {
            let there = folder.path().join(n.to_string());
            std::fs::create_dir(&there).unwrap();
            let changed = elsewhere(&test, &there).await;
            let file = file.to_str().unwrap();
            let restored = campkeeper(&test, &["restore", file, "--json"], &changed);
            assert_eq!(restored.status.code(), Some(0), "{}", said(&restored));
            let report: Value = serde_json::from_slice(&restored.stdout).unwrap();
            assert_eq!((&report["uploads"], &report["missing"]), (&1.into(), &0.into()));
            payments.push(report["payments"].as_i64().unwrap());
            // The restore is on purpose, and stands in the audit, which is whole with its noted end.
            let verified = campkeeper(&test, &["audit", "verify"], &changed);
            assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
            // Once it is lived in, nothing is restored over it.
            let again = campkeeper(&test, &["restore", file], &changed);
            assert_eq!(again.status.code(), Some(1));
            assert!(said(&again).contains("not empty"), "{}", said(&again));
        }
        assert!(payments.is_sorted(), "{payments:?}");
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 8, "nothing half-written is left: {left:?}");
        test.finish().await;
    }

    async fn a_drill_proves_the_newest_backup_and_tells_once_a_week(test) {
        night_over(&test).await;
        enrolling(&test, "写作营").await;
        let made = run_job(&test, "backup").await;
        assert_eq!(made["summary"]["uploads"], 1, "{made:#}");
        assert_eq!(made["summary"]["missing"], 0, "{made:#}");
        for _ in 0..2 {
            let drilled = run_job(&test, "restore-drill").await;
            assert_eq!(drilled["summary"]["differences"], 0, "{drilled:#}");
            assert!(drilled["summary"]["auditRows"].as_i64() > Some(0), "{drilled:#}");
        }
        assert_eq!(told!(test, "backup_proved"), 1);
        assert_eq!(told!(test, "backup_unusable"), 0);
        let dir = test.app.context().settings.backup.dir.clone();
        let left: Vec<_> = std::fs::read_dir(dir).unwrap().collect();
        assert_eq!(left.len(), 1, "{left:?}");
        test.finish().await;
    }

    async fn a_damaged_backup_is_refused_and_told(test) {
        night_over(&test).await;
        let none = run_job(&test, "restore-drill").await;
        assert!(none["summary"]["error"].to_string().contains("no backup"), "{none:#}");
        run_job(&test, "backup").await;
        let file = newest(&test);
        let whole = std::fs::read(&file).unwrap();
        let mut altered = whole.clone();
        altered[whole.len() / 2] ^= 1;
        for damaged in [&altered[..], &whole[..whole.len() - 20]] {
            std::fs::write(&file, damaged).unwrap();
            let drilled = run_job(&test, "restore-drill").await;
            assert!(drilled["summary"]["error"].to_string().contains("damaged"), "{drilled:#}");
            let folder = tempfile::tempdir().unwrap();
            let changed = elsewhere(&test, folder.path()).await;
            let refused = campkeeper(&test, &["restore", file.to_str().unwrap()], &changed);
            assert_eq!(refused.status.code(), Some(1));
            assert!(said(&refused).contains("damaged"), "{}", said(&refused));
            assert!(!folder.path().join("new/campkeeper.db").exists());
        }
        // Both reasons were told, each once a day; no job alarm comes beside it.
        assert_eq!(told!(test, "backup_unusable"), 2);
        assert_eq!(told!(test, "job_failed"), 0);
        // Another master key opens nothing.
        std::fs::write(&file, whole).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let mut changed = elsewhere(&test, folder.path()).await;
        changed.push(("CAMPKEEPER__SECURITY__MASTER_KEY", format!("{}A=", "B".repeat(42))));
        let refused = campkeeper(&test, &["restore", file.to_str().unwrap()], &changed);
        assert!(said(&refused).contains("previous_master_keys"), "{}", said(&refused));
        test.finish().await;
    }

    async fn books_that_differ_are_not_restored(test) {
        night_over(&test).await;
        let camp = enrolling(&test, "写作营").await;
        let member = test.browser();
        let order_no = order(&member, camp.id, None).await;
        test.sandbox.wechat_pay().pay(&order_no).unwrap();
        until_status(&member, &order_no, "paid").await;
        let sql = "UPDATE payment_record SET paid_fen = paid_fen + 1 WHERE paid_fen > 0";
        execute(&test, sql.to_owned()).await;
        run_job(&test, "backup").await;
        let drilled = run_job(&test, "restore-drill").await;
        assert!(drilled["summary"]["error"].to_string().contains("disagree"), "{drilled:#}");
        assert_eq!(told!(test, "backup_unusable"), 1);
        let folder = tempfile::tempdir().unwrap();
        let changed = elsewhere(&test, folder.path()).await;
        let refused = campkeeper(&test, &["restore", newest(&test).to_str().unwrap()], &changed);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains("disagree about 1 payments"), "{}", said(&refused));
        test.finish().await;
    }
}
