//! The command line as people and scripts call it: exit codes, results on stdout, the rest on
//! stderr.

use std::path::Path;
use std::process::{Command, Output};

use campkeeper::store::Engine;
use chrono::TimeDelta;
use sandbox::zsxq::CookieDeath;
use serde_json::{Value, json};

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::settings::until;

const PAYMENTS: &str = "order_no,planet_user_id,planet_nickname,wechat_nickname\n\
                        ord_1,5423 1919143797,小明同学,\nord_2,,谁也不是,\n";
const USERS: &str = "planet_user_id,planet_nickname,checkin_days\n54231919143797,小明同学,7\n";

fn campkeeper(arguments: &[&str], files: &[&Path]) -> Output {
    let flags = ["--payments", "--planet-users", "--out"];
    let mut command = Command::new(env!("CARGO_BIN_EXE_campkeeper"));
    command.args(arguments);
    for (flag, file) in flags.iter().zip(files) {
        command.arg(flag).arg(file);
    }
    command.output().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn exports_are_matched_without_a_configuration() {
    let folder = tempfile::tempdir().unwrap();
    let place = |name: &str| folder.path().join(name);
    let (payments, users, out) = (place("a.csv"), place("b.csv"), place("c.csv"));
    std::fs::write(&payments, PAYMENTS).unwrap();
    std::fs::write(&users, USERS).unwrap();

    let done = campkeeper(&["match"], &[&payments, &users, &out]);
    assert_eq!(done.status.code(), Some(0), "{}", said(&done));
    let result = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(result.contains("1 matched"), "{result}");
    assert_eq!(said(&done), "");
    let written = std::fs::read_to_string(&out).unwrap();
    let mut lines = written.lines();
    let headings = "order_no,planet_user_id,score,decision,reasons";
    assert_eq!(lines.next(), Some(headings));
    assert!(
        lines
            .next()
            .unwrap()
            .starts_with("ord_1,54231919143797,100,matched,")
    );
    assert!(lines.next().unwrap().starts_with("ord_2,,0,manual,"));

    let done = campkeeper(&["match", "--json"], &[&payments, &users, &out]);
    let summary: Value = serde_json::from_slice(&done.stdout).unwrap();
    let expected = json!({"payments": 2, "planetUsers": 1, "matched": 1, "review": 0, "manual": 1});
    assert_eq!(summary, expected);

    // What fails says why, and leaves the last result alone.
    let none = place("none.csv");
    for (files, word) in [
        ([none.as_path(), &users, &out], "none.csv"),
        ([users.as_path(), &users, &out], "no column order_no"),
        ([payments.as_path(), folder.path(), &out], "planet users"),
    ] {
        let failed = campkeeper(&["match"], &files);
        assert_eq!(failed.status.code(), Some(1), "{}", said(&failed));
        assert!(said(&failed).contains(word), "{word}: {}", said(&failed));
    }
    assert_eq!(std::fs::read_to_string(&out).unwrap(), written);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
    assert_eq!(left.len(), 3, "nothing half-written is left: {left:?}");
    let wrong = campkeeper(&["match"], &[&payments]);
    assert_eq!(wrong.status.code(), Some(2));
}

for_both_engines! {
    async fn a_roster_is_imported_beside_a_dry_run(test) {
        let place = test.hand_over().await;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("roster.csv");
        std::fs::write(&file, "成员编号,用户昵称\n12,小明同学\nx,坏行\n").unwrap();
        let import = |flags: &[&str]| {
            Command::new(env!("CARGO_BIN_EXE_campkeeper"))
                .args(["roster", "import", "--json", "--config"])
                .args([&place.file, &file])
                .args(flags)
                .envs(place.variables.iter().cloned())
                .env("RUST_LOG", "error")
                .output()
                .unwrap()
        };
        for (flags, counts) in [
            (&["--dry-run"][..], (1, 0)),
            (&[], (1, 0)),
            (&[], (0, 1)),
        ] {
            let done = import(flags);
            assert_eq!(done.status.code(), Some(0), "{}", said(&done));
            let report: Value = serde_json::from_slice(&done.stdout).unwrap();
            assert_eq!((report["added"].as_u64(), report["unchanged"].as_u64()), (Some(counts.0), Some(counts.1)));
            assert_eq!(report["errors"][0]["row"], 3);
            assert!(said(&done).contains("row 3: "), "{}", said(&done));
        }
        std::fs::write(&file, "用户昵称\n小明同学\n").unwrap();
        let refused = import(&[]);
        assert_eq!(refused.status.code(), Some(2), "{}", said(&refused));
    }

    async fn a_job_that_leaves_something_undone_says_what_it_did_and_fails(test) {
        let camp = enrolling(&test, "写作营").await;
        test.sandbox.clock().set(camp.begins + TimeDelta::hours(12));
        run_job(&test, "advance-camps").await;
        test.sandbox.zsxq().set_cookie_death(Some(CookieDeath::InBody));
        let ran = run_job(&test, "sync-checkins").await;
        let figures = json!({"complete": 0, "incomplete": 1, "skipped": 0});
        assert_eq!(ran["summary"], figures);
        let admin = test.staff("admin").await;
        let last_run = async || {
            let jobs = admin.get("/api/admin/jobs").await;
            let jobs = jobs.data()["items"].as_array().unwrap();
            let sync = jobs.iter().find(|job| job["name"] == "sync-checkins").unwrap();
            sync["lastRun"].clone()
        };
        // A tick that the clock has jumped over may run behind it.
        until("the sync is over", async || !last_run().await["outcome"].is_null()).await;
        let last_run = last_run().await;
        assert_eq!(last_run["outcome"], "failed");
        assert_eq!(last_run["summary"], figures, "what it did is an object here, too");

        let place = test.hand_over().await;
        let done = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
            .args(["job", "run", "sync-checkins", "--json", "--config"])
            .arg(&place.file)
            .envs(place.variables.iter().cloned())
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "{}", said(&done));
        assert_eq!(serde_json::from_slice::<Value>(&done.stdout).unwrap(), figures);
        assert!(!said(&done).contains("already exists"), "{}", said(&done));
    }
}
