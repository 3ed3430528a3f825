//! The program as a shell sees it: exit codes, what goes to stdout, and what a wrong configuration
//! is told.

#![expect(
    clippy::unwrap_used,
    reason = "a program that does not run must fail the test"
)]

mod settings;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

/// Another master key.
const OTHER_KEY: &str = "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg=";

/// A folder with nothing but a master key in its configuration.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let file = format!("[security]\nmaster_key = \"{KEY}\"\n");
        std::fs::write(folder.path().join("campkeeper.toml"), file).unwrap();
        Self(folder)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        run_in(self.0.path(), arguments, &[], "")
    }
}

fn run_in(folder: &Path, arguments: &[&str], variables: &[(&str, &str)], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(variables.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that refuses at once may have closed it.
    let _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn assert_code(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "{}", stderr(output));
}

#[test]
fn wrong_usage_is_two_and_help_is_none() {
    let place = Place::new();
    assert_code(&place.run(&["--help"]), 0);
    for wrong in [
        &[][..],
        &["nonsense"],
        &["user", "add"],
        &["job", "run", "no-such-job"],
    ] {
        let output = place.run(wrong);
        assert_code(&output, 2);
        assert_eq!(stdout(&output), "", "{wrong:?}");
    }
}

#[test]
fn results_are_on_stdout_and_json_if_asked_for() {
    let place = Place::new();
    let listed = place.run(&["job", "list", "--json"]);
    assert_code(&listed, 0);
    let names: Vec<String> = serde_json::from_str(&stdout(&listed)).unwrap();
    for name in [
        "advance-camps",
        "sync-checkins",
        "expire-bindings",
        "smart-match",
        "build-refund-lists",
        "run-refunds",
        "work-inbox",
        "send-outbox",
        "reconcile-payments",
        "trade-bill",
        "check-cookie",
        "reminders",
        "backup",
        "restore-drill",
        "retention",
    ] {
        assert!(names.iter().any(|known| known == name), "{name}: {names:?}");
    }
    let lines = stdout(&place.run(&["job", "list"]));
    assert_eq!(lines.lines().collect::<Vec<_>>(), names);
    let ran = place.run(&["job", "run", "advance-camps", "--json"]);
    assert_code(&ran, 0);
    let done: Value = serde_json::from_str(&stdout(&ran)).unwrap();
    assert_eq!(done["begun"], 0);
    let verified = place.run(&["audit", "verify", "--json"]);
    assert_code(&verified, 0);
    let verdict: Value = serde_json::from_str(&stdout(&verified)).unwrap();
    assert_eq!(verdict["intact"], true);
    let document: Value = serde_json::from_str(&stdout(&place.run(&["openapi"]))).unwrap();
    assert!(document["paths"]["/api/health"].is_object());
}

#[test]
fn the_jobs_are_listed_where_nothing_is_configured() {
    let folder = tempfile::tempdir().unwrap();
    let listed = run_in(folder.path(), &["job", "list"], &[], "");
    assert_code(&listed, 0);
    assert!(stdout(&listed).lines().any(|name| name == "backup"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn who_only_looks_makes_and_migrates_nothing() {
    use sqlx::{Connection as _, Executor as _};

    let place = Place::new();
    for looking in [&["audit", "verify"][..], &["backup", "a.backup"]] {
        let refused = place.run(looking);
        assert_code(&refused, 1);
        let said = stderr(&refused);
        assert!(said.contains("no database at database.url"), "{said}");
    }
    assert_code(&place.run(&["config", "get", "camp.default_grace_days"]), 0);
    assert!(!place.0.path().join("data").exists());

    assert_code(&place.run(&["migrate"]), 0);
    let url = format!("sqlite://{}/data/campkeeper.db", place.0.path().display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let older = "DELETE FROM _sqlx_migrations WHERE version = \
                 (SELECT MAX(version) FROM _sqlx_migrations)";
    conn.execute(older).await.unwrap();
    let applied = "SELECT COUNT(*) FROM _sqlx_migrations";
    let before: i64 = sqlx::query_scalar(applied)
        .fetch_one(&mut conn)
        .await
        .unwrap();
    for looking in [
        &["audit", "verify"][..],
        &["config", "get", "camp.default_grace_days"],
    ] {
        let refused = place.run(looking);
        assert_code(&refused, 1);
        assert!(
            stderr(&refused).contains("lacks 1 migrations"),
            "{}",
            stderr(&refused)
        );
    }
    assert_code(&place.run(&["backup", "a.backup"]), 0);
    assert!(place.0.path().join("a.backup").exists());
    let after: i64 = sqlx::query_scalar(applied)
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(
        after, before,
        "a backup is made before the upgrade, and not by it"
    );
}

#[test]
fn staff_are_made_from_stdin() {
    let place = Place::new();
    let add = |username: &str, password: &str| {
        let arguments = [
            "user",
            "add",
            "--username",
            username,
            "--role",
            "super_admin",
            "--password-stdin",
            "--json",
        ];
        run_in(place.0.path(), &arguments, &[], password)
    };
    let made = add("owner", "a long enough password\n");
    assert_code(&made, 0);
    let user: Value = serde_json::from_str(&stdout(&made)).unwrap();
    assert_eq!(
        (&user["username"], &user["role"]),
        (&"owner".into(), &"super_admin".into())
    );
    let again = add("owner", "a long enough password\n");
    assert_code(&again, 1);
    assert!(stderr(&again).contains("已被使用"), "{}", stderr(&again));
    let weak = add("other", "x\n");
    assert_code(&weak, 2);
    assert!(
        stderr(&weak).contains("密码至少 10 个字符"),
        "{}",
        stderr(&weak)
    );
}

#[tokio::test]
async fn a_locked_name_is_opened() {
    use sqlx::{Connection as _, Executor as _};

    let place = Place::new();
    let add = "user add --username owner --role super_admin --password-stdin";
    let add: Vec<&str> = add.split(' ').collect();
    let added = run_in(place.0.path(), &add, &[], "a long enough password\n");
    assert_code(&added, 0);
    let url = format!("sqlite://{}/data/campkeeper.db", place.0.path().display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let locked = "INSERT INTO login_failure (username, failures, last_failed_at, locked_until) \
                  VALUES ('owner', 5, 1, 4102444800000000)";
    conn.execute(locked).await.unwrap();
    let unlock = |name: &str| place.run(&["user", "unlock", name]);
    assert_eq!(stdout(&unlock("owner")), "owner can sign in again\n");
    assert_eq!(stdout(&unlock("owner")), "owner was not locked\n");
    assert_code(&unlock("nobody"), 1);
    let audited = "SELECT action || ' ' || channel FROM operation_log ORDER BY seq";
    let audited = sqlx::query_scalar::<_, String>(audited).fetch_all(&mut conn);
    let unlocked = "user.unlock command_line";
    let expected = ["user.create command_line", unlocked, unlocked];
    assert_eq!(audited.await.unwrap(), expected);
}

#[test]
fn what_we_write_is_nobody_else_s_on_the_machine() {
    use std::os::unix::fs::PermissionsExt as _;

    let place = Place::new();
    let mode = |name: &str| {
        let path = place.0.path().join(name);
        path.metadata().unwrap().permissions().mode() & 0o777
    };
    assert_code(&place.run(&["migrate"]), 0);
    assert_eq!(mode("data"), 0o700);
    assert_eq!(mode("data/campkeeper.db"), 0o600);
    assert_eq!(mode("data/uploads"), 0o700);
    // One that was open to others is closed, and so is what SQLite has put beside it.
    let database = place.0.path().join("data/campkeeper.db");
    let opened = std::fs::Permissions::from_mode(0o644);
    std::fs::set_permissions(&database, opened.clone()).unwrap();
    let wal = place.0.path().join("data/campkeeper.db-wal");
    std::fs::write(&wal, "").unwrap();
    std::fs::set_permissions(&wal, opened).unwrap();
    assert_code(&place.run(&["migrate"]), 0);
    assert_eq!(mode("data/campkeeper.db"), 0o600);
    assert!(!wal.exists() || mode("data/campkeeper.db-wal") == 0o600);
}

#[test]
fn the_example_is_a_valid_file_that_only_wants_a_key() {
    let folder = tempfile::tempdir().unwrap();
    let example = run_in(folder.path(), &["config", "example"], &[], "");
    assert_code(&example, 0);
    std::fs::write(folder.path().join("campkeeper.toml"), stdout(&example)).unwrap();
    let refused = run_in(folder.path(), &["migrate"], &[], "");
    assert_code(&refused, 2);
    assert!(stderr(&refused).contains("openssl rand -base64 32"));
    let key = [("CAMPKEEPER__SECURITY__MASTER_KEY", KEY)];
    assert_code(&run_in(folder.path(), &["migrate"], &key, ""), 0);
}

#[test]
fn a_wrong_key_is_named_with_the_way_to_mend_it() {
    let place = Place::new();
    for (variable, value, told) in [
        (
            "SECURITY__MASTER_KEY",
            "short",
            "security.master_key is not 32 bytes",
        ),
        (
            "SECURITY__PREVIOUS_MASTER_KEYS",
            "short",
            "security.previous_master_keys is not 32 bytes",
        ),
        ("SERVER__LISTEN", "nonsense", "server.listen cannot be used"),
        (
            "SERVER__PUBLIC_URL",
            "http://camp.example.com",
            "server.public_url is not an https",
        ),
        (
            "SERVER__TRUSTED_PROXIES",
            "10.0.0.0/99",
            "server.trusted_proxies.0",
        ),
        ("DATABASE__URL", "mysql://x", "database.url is no address"),
        ("FILES__URL", "s3://bucket", "files.url cannot be used"),
        (
            "LIMITS__REQUESTS_PER_MINUTE",
            "many",
            "limits.requests_per_minute must be a whole number",
        ),
        (
            "TEMPLATES__DIR",
            "no-such-folder",
            "templates.dir is no folder",
        ),
        (
            "WECOM__API_BASE",
            "http://camp.example.com",
            "wecom.api_base is not an https address",
        ),
        (
            "ZSXQ__API_BASE",
            "nonsense",
            "zsxq.api_base is not an https address",
        ),
        ("WECOM__CORP_ID", "ww1", "wecom.agent_id is missing"),
        ("WECHAT_PAY__MCH_ID", "1", "wechat_pay.app_id is missing"),
        ("ZSXQ__COOKIE", "x", "zsxq.group_id is missing"),
        ("NONSENSE__KEY", "x", "nonsense is no key of ours"),
    ] {
        let variable = format!("CAMPKEEPER__{variable}");
        let variables = [
            (variable.as_str(), value),
            ("CAMPKEEPER__SERVER__LISTEN", "127.0.0.1:0"),
        ];
        // The later one wins where both name the address to listen on.
        let variables = if variable.ends_with("LISTEN") {
            &variables[..1]
        } else {
            &variables
        };
        let output = run_in(place.0.path(), &["serve"], variables, "");
        assert_code(&output, 2);
        assert_eq!(stdout(&output), "", "{variable}");
        assert!(
            stderr(&output).contains(told),
            "{variable}: {}",
            stderr(&output)
        );
    }
}

#[tokio::test]
async fn a_job_that_runs_elsewhere_is_three() {
    use sqlx::{Connection as _, Executor as _};

    let place = Place::new();
    assert_code(&place.run(&["migrate"]), 0);
    let url = format!("sqlite://{}/data/campkeeper.db", place.0.path().display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    let held = "INSERT INTO job_run (job, scheduled_at, owner, lease_until, started_at) \
                VALUES ('advance-camps', 1, 'somebody else', 4102444800000000, 1)";
    conn.execute(held).await.unwrap();
    conn.close().await.unwrap();
    let output = place.run(&["job", "run", "advance-camps"]);
    assert_code(&output, 3);
    assert_eq!(stdout(&output), "");
}

#[test]
fn a_server_says_where_it_listens_and_how_to_make_the_first_account() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .arg("serve")
        .current_dir(place.0.path())
        .env_clear()
        .env("CAMPKEEPER__SERVER__LISTEN", "127.0.0.1:0")
        .env("CAMPKEEPER__SERVER__METRICS_LISTEN", "")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    told.read_line(&mut ready).unwrap();
    assert!(
        ready.starts_with("listening on http://127.0.0.1:"),
        "{ready}"
    );
    let terminated = Command::new("kill").arg(child.id().to_string()).status();
    assert!(terminated.unwrap().success());
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0), "{log}");
    assert!(log.contains("campkeeper user add --username"), "{log}");
    assert!(!log.contains("ERROR") && !log.contains('\u{1b}'), "{log}");
}

#[test]
fn the_log_is_an_object_a_line_where_it_is_wanted() {
    let place = Place::new();
    let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .arg("serve")
        .current_dir(place.0.path())
        .env_clear()
        .env("CAMPKEEPER__SERVER__LISTEN", "127.0.0.1:0")
        .env("CAMPKEEPER__SERVER__METRICS_LISTEN", "")
        .env("CAMPKEEPER__SERVER__LOG_FORMAT", "json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ready = String::new();
    let mut told = BufReader::new(child.stdout.take().unwrap());
    told.read_line(&mut ready).unwrap();
    let address = ready.trim().strip_prefix("listening on http://").unwrap();
    let mut stream = std::net::TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET /api/health HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let id = answer
        .lines()
        .find_map(|line| line.strip_prefix("x-request-id: "));
    let id = id.unwrap().to_owned();
    let terminated = Command::new("kill").arg(child.id().to_string()).status();
    assert!(terminated.unwrap().success());
    let mut log = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut log)
        .unwrap();
    child.wait().unwrap();
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}")))
        .collect();
    let of_request = lines
        .iter()
        .find(|line| line["request"]["id"] == id.as_str());
    let of_request = of_request.unwrap_or_else(|| panic!("{log}"));
    assert_eq!(of_request["message"], "request");
    assert_eq!(of_request["route"], "/api/health");
    assert_eq!(of_request["status"], 200);
    assert_eq!(of_request["level"], "INFO");
}
