//! Settings by the command line: stored, shown without secrets, and refused.

use serde_json::Value;

use crate::{KEY, OTHER_KEY, Place, assert_code, run_in, stderr, stdout};

#[test]
fn settings_are_stored_over_the_file_and_under_the_environment() {
    let place = Place::new();
    let set = |key: &str, value: &str, variables: &[(&str, &str)]| {
        run_in(place.0.path(), &["config", "set", key], variables, value)
    };
    let get = |key: &str| {
        let shown = place.run(&["config", "get", key]);
        assert_code(&shown, 0);
        stdout(&shown)
    };
    assert_eq!(get("refund.undo_seconds"), "60 (default)\n");
    assert_eq!(get("security.master_key"), "set (file)\n");
    assert_eq!(get("zsxq.cookie"), "not set (default)\n");

    let done = set("refund.undo_seconds", "90\n", &[]);
    assert_code(&done, 0);
    assert_eq!(stdout(&done), "refund.undo_seconds: 60 → 90\n");
    assert_eq!(get("refund.undo_seconds"), "90 (stored)\n");
    assert_code(
        &set("notify.recipients", "[\"lin.yue\", \"chen.an\"]", &[]),
        0,
    );
    assert_eq!(
        get("notify.recipients"),
        "[\"lin.yue\",\"chen.an\"] (stored)\n"
    );

    let variables = [("CAMPKEEPER__REFUND__UNDO_SECONDS", "5")];
    let hidden = set("refund.undo_seconds", "30", &variables);
    assert_code(&hidden, 0);
    assert!(stderr(&hidden).contains("CAMPKEEPER__REFUND__UNDO_SECONDS, which wins"));
    let shown = run_in(
        place.0.path(),
        &["config", "get", "refund.undo_seconds", "--json"],
        &variables,
        "",
    );
    let shown: Value = serde_json::from_str(&stdout(&shown)).unwrap();
    assert_eq!(shown["value"], 5);
    assert_eq!(shown["origin"], "environment");
    // A variable hides nothing that is wrong.
    assert_code(&set("refund.undo_seconds", "many", &variables), 2);

    let undone = place.run(&["config", "set", "refund.undo_seconds", "--unset"]);
    assert_eq!(stdout(&undone), "refund.undo_seconds: 30 → 60\n");
    assert_eq!(get("refund.undo_seconds"), "60 (default)\n");
    let verified = place.run(&["audit", "verify"]);
    assert_eq!(stdout(&verified), "intact: 4 rows\n");
}

/// Key, value, and what is said of it.
const UNUSABLE: &[(&str, &str, &str)] = &[
    ("zsxq.cooky", "x", "zsxq.cooky is no key of ours"),
    (
        "server.listen",
        "127.0.0.1:1",
        "server.listen cannot be changed while",
    ),
    (
        "database.url",
        "sqlite://x",
        "database.url cannot be changed while",
    ),
    ("files.url", "file://x", "files.url cannot be changed while"),
    (
        "security.master_key",
        KEY,
        "security.master_key cannot be changed while",
    ),
    (
        "refund.undo_seconds",
        "many",
        "refund.undo_seconds must be a whole number",
    ),
    (
        "notify.recipients",
        "[1",
        "notify.recipients must be a list",
    ),
    (
        "zsxq.api_base",
        "http://example.com",
        "zsxq.api_base is not an https address",
    ),
    ("zsxq.cookie", "hush", "zsxq.group_id is missing"),
    (
        "zsxq",
        "hush",
        "zsxq is a block, and what was given is no table",
    ),
    (
        "zsxq",
        "{\"cooky\": \"hush\"}",
        "zsxq.cooky is no key of ours",
    ),
    (
        "zsxq",
        "group_id = \"x\"\ncookie = \"hush\"",
        "zsxq.group_id is not a number",
    ),
    (
        "templates.dir",
        "no-such-folder",
        "templates.dir is no folder",
    ),
];

#[test]
fn a_setting_that_cannot_be_used_is_not_stored() {
    let place = Place::new();
    let set = |key: &str, value: &str| {
        let arguments = ["config", "set", key];
        run_in(place.0.path(), &arguments, &[], value)
    };
    for (key, value, told) in UNUSABLE {
        let refused = set(key, value);
        assert_code(&refused, 2);
        assert!(
            stderr(&refused).contains(told),
            "{key}: {}",
            stderr(&refused)
        );
        assert!(
            !stderr(&refused).contains("hush"),
            "{key}: {}",
            stderr(&refused)
        );
    }
    assert_eq!(stdout(&place.run(&["audit", "verify"])), "intact: 0 rows\n");
    assert_code(&place.run(&["config", "get", "zsxq.cooky"]), 2);
}

#[test]
fn the_keys_of_a_platform_are_set_together() {
    let place = Place::new();
    let set = |key: &str, value: &str| {
        let arguments = ["config", "set", key];
        run_in(place.0.path(), &arguments, &[], value)
    };
    let both = set(
        "zsxq",
        "{\"group_id\": \"15551441848112\", \"cookie\": \"hush\"}",
    );
    assert_code(&both, 0);
    let told = "zsxq.cookie: not set → set\nzsxq.group_id: \"\" → 15551441848112\n";
    assert_eq!(stdout(&both), told);
    let half = place.run(&["config", "set", "zsxq.group_id", "--unset"]);
    assert_code(&half, 2);
    assert_code(&place.run(&["config", "set", "zsxq", "--unset"]), 0);
    assert_eq!(
        stdout(&place.run(&["config", "get", "zsxq.group_id"])),
        "\"\" (default)\n"
    );
}

#[test]
fn no_block_shows_its_secrets() {
    let place = Place::new();
    let file = format!(
        "[security]\nmaster_key = \"{KEY}\"\nprevious_master_keys = [\"{OTHER_KEY}\"]\n\
         [database]\nurl = \"sqlite://data/hush.db\"\n\
         [wecom]\nproxy = \"http://hush@x\"\nsecret = \"hush\"\ntoken = \"hush\"\n\
         encoding_aes_key = \"hush\"\n\
         [wecom.smart_bot]\ntoken = \"hush\"\nencoding_aes_key = \"hush\"\n\
         [wechat_oauth]\nsecret = \"hush\"\n[wechat_pay]\napi_v3_key = \"hush\"\n\
         [zsxq]\ncookie = \"hush\"\n"
    );
    std::fs::write(place.0.path().join("campkeeper.toml"), file).unwrap();
    let example = stdout(&place.run(&["config", "example"]));
    let blocks: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix('[')?.strip_suffix(']'))
        .collect();
    assert!(blocks.len() > 10, "{blocks:?}");
    let odd = ["", "zsxq.", "zsxq.cookie.", "wecom.secret.x", ".zsxq"];
    for key in blocks.iter().chain(&odd) {
        for arguments in [
            &["config", "get", key][..],
            &["config", "get", key, "--json"],
        ] {
            let shown = place.run(arguments);
            let said = stdout(&shown) + &stderr(&shown);
            for secret in ["hush", KEY, OTHER_KEY] {
                assert!(!said.contains(secret), "{arguments:?}: {said}");
            }
            let code = if odd.contains(key) { 2 } else { 0 };
            assert_code(&shown, code);
        }
    }
    let planet = stdout(&place.run(&["config", "get", "zsxq"]));
    assert!(planet.contains("zsxq.cookie: set (file)\n"), "{planet}");
    assert!(
        planet.contains("zsxq.jitter_ms: 1000 (default)\n"),
        "{planet}"
    );
}

#[tokio::test]
async fn a_stored_value_that_cannot_be_read_stops_neither_the_start_nor_other_changes() {
    use sqlx::{Connection as _, Executor as _};

    let place = Place::new();
    let set = |key: &str, value: &str| run_in(place.0.path(), &["config", "set", key], &[], value);
    assert_code(
        &set("zsxq", "group_id = \"15551441848112\"\ncookie = \"hush\""),
        0,
    );
    let file =
        format!("[security]\nmaster_key = \"{KEY}\"\n[zsxq]\ngroup_id = \"15551441848112\"\n");
    std::fs::write(place.0.path().join("campkeeper.toml"), file).unwrap();
    let url = format!("sqlite://{}/data/campkeeper.db", place.0.path().display());
    let mut conn = sqlx::SqliteConnection::connect(&url).await.unwrap();
    conn.execute("UPDATE system_config SET value = x'00' WHERE config_key = 'zsxq.cookie'")
        .await
        .unwrap();
    conn.close().await.unwrap();

    let ran = place.run(&["job", "run", "advance-camps"]);
    assert_code(&ran, 0);
    assert!(stderr(&ran).contains("zsxq.cookie"), "{}", stderr(&ran));

    assert_code(&set("refund.undo_seconds", "90"), 0);
    for (key, value, told) in [
        ("refund.undo_seconds", "many", "refund.undo_seconds must be"),
        ("zsxq.group_id", "x", "zsxq."),
        (
            "wechat_oauth.app_id",
            "wx1",
            "wechat_oauth.secret is missing",
        ),
        (
            "templates.dir",
            "no-such-folder",
            "templates.dir is no folder",
        ),
    ] {
        let refused = set(key, value);
        assert_code(&refused, 2);
        assert!(
            stderr(&refused).contains(told),
            "{key}: {}",
            stderr(&refused)
        );
    }
    let shown = stdout(&place.run(&["config", "get", "refund.undo_seconds"]));
    assert_eq!(shown, "90 (stored)\n");
    assert_code(&set("zsxq.cookie", "hush"), 0);
}
