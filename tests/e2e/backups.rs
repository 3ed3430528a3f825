//! Backups: made while money moves, proved, restored, and refused when they are damaged.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use campkeeper::services::backup;
use campkeeper::store::Engine;
use serde_json::Value;
use sqlx::{AssertSqlSafe, ConnectOptions as _, Connection as _, Executor as _};

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
    command(test, arguments, changed).output().unwrap()
}

fn command(test: &TestApp, arguments: &[&str], changed: &[(&str, String)]) -> Command {
    let mut variables = test.variables();
    for (name, value) in changed {
        variables.retain(|(other, _)| other != name);
        variables.push(((*name).to_owned(), value.clone()));
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_campkeeper"));
    command.args(arguments).arg("--config");
    command.arg(test.config_file()).envs(variables);
    command.env("RUST_LOG", "error");
    command
}

/// Does something to any database, which is made if it is an embedded one.
async fn do_at(url: &str, sql: String) {
    let sql = AssertSqlSafe(sql);
    if url.starts_with("sqlite") {
        let options: sqlx::sqlite::SqliteConnectOptions = url.parse().unwrap();
        let mut conn = options.create_if_missing(true).connect().await.unwrap();
        conn.execute(sql).await.unwrap();
        conn.close().await.unwrap();
    } else {
        let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
        conn.execute(sql).await.unwrap();
    }
}

/// The databases of the server whose names begin so.
async fn databases(url: &str, beginning: &str) -> Vec<String> {
    let mut conn = sqlx::PgConnection::connect(url).await.unwrap();
    let names =
        sqlx::query_scalar("SELECT CAST(datname AS TEXT) FROM pg_database ORDER BY datname");
    let names: Vec<String> = names.fetch_all(&mut conn).await.unwrap();
    let such = names.into_iter().filter(|name| name.starts_with(beginning));
    such.collect()
}

/// The name of the database of a test, and its address with the name given besides.
fn named_besides(test: &TestApp) -> (String, String) {
    let (server, rest) = test.database_url.split_once("/t").unwrap();
    let (name, parameters) = rest.split_once('?').unwrap();
    let name = format!("t{name}");
    let url = format!("{server}/?dbname={name}&{parameters}");
    (name, url)
}

fn left_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten();
    let names = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
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

    async fn a_lost_upload_is_told_and_keeps_nobody_from_the_money(test) {
        night_over(&test).await;
        enrolling(&test, "写作营").await;
        let uploads = test.config_file().with_file_name("uploads");
        for name in left_in(&uploads).iter().filter(|name| !name.starts_with('.')) {
            std::fs::remove_file(uploads.join(name)).unwrap();
        }
        for _ in 0..2 {
            let made = run_job(&test, "backup").await;
            assert_eq!(made["summary"]["missing"], 1, "{made:#}");
            let drilled = run_job(&test, "restore-drill").await;
            assert_eq!(drilled["summary"]["missing"], 1, "{drilled:#}");
        }
        const UNDONE: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM job_run WHERE outcome = 'failed' \
                              AND job IN ('backup', 'restore-drill')";
        assert_eq!(count(&test, UNDONE).await, 0);
        assert_eq!((told!(test, "backup_unusable"), told!(test, "backup_proved")), (1, 1));
        test.finish().await;
    }

    async fn what_is_not_ours_or_has_been_used_is_not_empty(test) {
        night_over(&test).await;
        run_job(&test, "backup").await;
        let file = newest(&test);
        let file = file.to_str().unwrap();
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir(folder.path().join("new")).unwrap();
        let changed = elsewhere(&test, folder.path()).await;
        let url = &changed[0].1;
        do_at(url, "CREATE TABLE wiki (id INTEGER)".to_owned()).await;
        let refused = campkeeper(&test, &["restore", file], &changed);
        assert_eq!(refused.status.code(), Some(1));
        assert!(said(&refused).contains("not empty"), "{}", said(&refused));
        do_at(url, "DROP TABLE wiki".to_owned()).await;
        // Our own tables without anybody's work make room.
        let migrated = campkeeper(&test, &["migrate"], &changed);
        assert_eq!(migrated.status.code(), Some(0), "{}", said(&migrated));
        let restored = campkeeper(&test, &["restore", file], &changed);
        assert_eq!(restored.status.code(), Some(0), "{}", said(&restored));
        test.finish().await;
    }

    async fn a_restore_that_was_cut_off_is_run_again(test) {
        night_over(&test).await;
        enrolling(&test, "写作营").await;
        run_job(&test, "backup").await;
        let folder = tempfile::tempdir().unwrap();
        let other = folder.path().join("other.backup");
        std::fs::copy(newest(&test), &other).unwrap();
        test.sandbox.clock().advance(chrono::TimeDelta::seconds(5));
        test.staff("admin").await;
        run_job(&test, "backup").await;
        let file = newest(&test);
        let file = file.to_str().unwrap();
        let changed = elsewhere(&test, folder.path()).await;
        // The end of the audit cannot be noted: the database is in its place, and its end is not.
        let note = folder.path().join("uploads/.audit-end");
        std::fs::create_dir_all(note.join("in the way")).unwrap();
        let cut_off = campkeeper(&test, &["restore", file], &changed);
        assert_eq!(cut_off.status.code(), Some(1), "{}", said(&cut_off));
        std::fs::remove_dir_all(&note).unwrap();
        let wrong = campkeeper(&test, &["restore", other.to_str().unwrap()], &changed);
        assert!(said(&wrong).contains("not empty"), "{}", said(&wrong));
        for _ in 0..2 {
            let again = campkeeper(&test, &["restore", file], &changed);
            let verified = campkeeper(&test, &["audit", "verify"], &changed);
            assert_eq!(verified.status.code(), Some(0), "{}", said(&verified));
            if again.status.code() == Some(1) {
                assert!(said(&again).contains("not empty"), "{}", said(&again));
                test.finish().await;
                return;
            }
            assert_eq!(again.status.code(), Some(0), "{}", said(&again));
        }
        panic!("it is restored over and over");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_old_database_left_beside_the_place_is_not_replayed() {
    let test = TestApp::start(Engine::Sqlite).await;
    night_over(&test).await;
    run_job(&test, "backup").await;
    let file = newest(&test);
    let folder = tempfile::tempdir().unwrap();
    let changed = elsewhere(&test, folder.path()).await;
    std::fs::create_dir(folder.path().join("new")).unwrap();
    for suffix in ["-wal", "-shm", "-journal"] {
        let name = format!("campkeeper.db{suffix}");
        let left = folder.path().join("new").join(&name);
        std::fs::write(&left, "left").unwrap();
        let refused = campkeeper(&test, &["restore", file.to_str().unwrap()], &changed);
        assert_eq!(refused.status.code(), Some(1), "{name}");
        assert!(said(&refused).contains(&name), "{}", said(&refused));
        std::fs::remove_file(left).unwrap();
        assert_eq!(left_in(&folder.path().join("new")), Vec::<String>::new());
    }
    let restored = campkeeper(&test, &["restore", file.to_str().unwrap()], &changed);
    assert_eq!(restored.status.code(), Some(0), "{}", said(&restored));
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_drill_touches_no_database_but_its_own() {
    const CAMPS: &str = "SELECT CAST(COUNT(*) AS BIGINT) FROM training_camp";
    let test = TestApp::start(Engine::Postgres).await;
    night_over(&test).await;
    let (name, url) = named_besides(&test);
    // Somebody else's, though it is called as if it were ours; and one that we left behind.
    let (theirs, ours) = (format!("{name}_drill"), format!("{name}_drill_0123abcd"));
    for made in [&theirs, &ours] {
        do_at(&test.database_url, format!("CREATE DATABASE {made}")).await;
    }
    let mark = format!("COMMENT ON DATABASE {ours} IS 'campkeeper scratch'");
    do_at(&test.database_url, mark).await;
    run_job(&test, "backup").await;
    enrolling(&test, "写作营").await;
    let changed = [("CAMPKEEPER__DATABASE__URL", url)];
    let drilled = campkeeper(&test, &["job", "run", "restore-drill"], &changed);
    assert_eq!(drilled.status.code(), Some(0), "{}", said(&drilled));
    assert_eq!(
        count(&test, CAMPS).await,
        1,
        "what came after the backup is there"
    );
    let left = databases(&test.database_url, &format!("{name}_")).await;
    assert_eq!(left, std::slice::from_ref(&theirs));
    do_at(&test.database_url, format!("DROP DATABASE {theirs}")).await;
    test.finish().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_told_to_stop_leaves_nothing_in_clear_behind() {
    use std::os::unix::fs::PermissionsExt as _;

    let test = TestApp::start(Engine::Postgres).await;
    night_over(&test).await;
    let folder = tempfile::tempdir().unwrap();
    let (programs, medium) = (folder.path().join("bin"), folder.path().join("medium"));
    for made in [&programs, &medium] {
        std::fs::create_dir(made).unwrap();
    }
    // Copies, and never comes to an end.
    let slow = programs.join("pg_dump");
    std::fs::write(&slow, "#!/bin/sh\nexec sleep 300\n").unwrap();
    std::fs::set_permissions(&slow, std::fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let file = medium.join("a.backup");
    let mut making = command(&test, &["backup", file.to_str().unwrap()], &[])
        .env("PATH", path)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let dir = test.app.context().settings.backup.dir.clone();
    let begun = std::time::Instant::now();
    while !left_in(&dir)
        .iter()
        .any(|name| name.starts_with(".campkeeper-copy-"))
    {
        assert!(begun.elapsed().as_secs() < 60, "nothing is copied");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(
        left_in(&medium),
        Vec::<String>::new(),
        "the copy is on the medium"
    );
    let told = Command::new("kill").arg(making.id().to_string()).status();
    assert!(told.unwrap().success());
    assert_eq!(making.wait().unwrap().code(), Some(1));
    assert_eq!(left_in(&dir), Vec::<String>::new());
    assert_eq!(left_in(&medium), Vec::<String>::new());
    test.finish().await;
}
