//! The program as a shell sees it: exit codes, what goes to stdout, and what a wrong configuration
//! is told.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a program that does not run must fail the test"
)]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

const KEY: &str = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";

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
        "check-cookie",
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
        stderr(&weak).contains("password: 密码至少 8 个字符"),
        "{}",
        stderr(&weak)
    );
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
