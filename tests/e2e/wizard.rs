//! The wizard asks and writes a configuration file that works.

use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn campkeeper(arguments: &[&str], file: &Path, stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .arg("--config")
        .arg(file)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Who stops asking has closed its stdin.
    drop(child.stdin.take().unwrap().write_all(stdin.as_bytes()));
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn answers_become_a_file_that_only_its_owner_reads() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campkeeper.toml");
    let database = format!("sqlite://{}/camp.db", folder.path().display());
    let uploads = format!("file://{}/uploads", folder.path().display());
    let answers = [
        "nonsense",
        "127.0.0.1:8093",
        "http://camp.example.com",
        "https://camp.example.com",
        &database,
        &uploads,
        "ww1",
        "many",
        "1000002",
        "a \"secret\"",
        "token",
        "",
        "Zk3vQ8mWc1LrT5yHb7NxUe2JdPs9AfGo4KiRtVw6XqB",
        "lin.yue, chen.an",
        "",
        "",
    ];
    let done = campkeeper(
        &["config", "example", "--wizard"],
        &file,
        &(answers.join("\n") + "\n"),
    );
    let told = said(&done);
    assert_eq!(done.status.code(), Some(0), "{told}");
    assert!(
        told.contains("应为地址:端口") && told.contains("这一项要填"),
        "{told}"
    );
    assert_eq!(told.matches("请再填一次").count(), 4, "{told}");
    assert!(!told.contains("secret"), "an answer was repeated");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);

    for (key, value) in [
        ("server.public_url", "https://camp.example.com (file)"),
        ("wecom.agent_id", "1000002 (file)"),
        ("wecom.secret", "set (file)"),
        ("security.master_key", "set (file)"),
        ("notify.recipients", "[\"lin.yue\",\"chen.an\"] (file)"),
        ("zsxq.cookie", "not set (file)"),
    ] {
        let shown = campkeeper(&["config", "get", key], &file, "");
        assert_eq!(
            String::from_utf8_lossy(&shown.stdout).trim(),
            value,
            "{}",
            said(&shown)
        );
    }
    let before = std::fs::read(&file).unwrap();
    let again = campkeeper(&["config", "example", "--wizard"], &file, "\n\n\n");
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    assert_eq!(std::fs::read(&file).unwrap(), before);
}

#[test]
fn answers_that_end_early_leave_no_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("campkeeper.toml");
    let done = campkeeper(
        &["config", "example", "--wizard"],
        &file,
        "127.0.0.1:8093\n",
    );
    assert_eq!(done.status.code(), Some(1));
    assert!(said(&done).contains("没有写文件"), "{}", said(&done));
    assert!(!file.exists());
}
