//! Settings are changed while the product runs, and every instance follows within seconds.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use campkeeper::app::App;
use campkeeper::services::sync::{self, CookieState};
use campkeeper::store::{Engine, StoreError, system_config};
use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::time::Instant;
use wecom::callback::Envelope;
use wecom::crypto::Keys;

use crate::app::TestApp;
use crate::camp::enrolling;
use crate::for_both_engines;
use crate::main_job::run_job;
use crate::secrets::{bytes_of_sqlite, every_row};

/// What the planet gives out at the next login.
const FRESH: &str = "FFFFFFFF-0000-4000-8000-0123456789AB_FFEEDDCCBBAA9988";
/// How fast a change is followed.
const WITHIN: Duration = Duration::from_secs(5);

/// Runs the real program beside the product, with its configuration.
fn campkeeper(test: &TestApp, arguments: &[&str], stdin: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_campkeeper"))
        .args(arguments)
        .arg("--config")
        .arg(test.config_file())
        .envs(test.variables())
        .env("RUST_LOG", "error")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(stdin.as_bytes())
        .unwrap();
    child.wait_with_output().unwrap()
}

fn set(test: &TestApp, key: &str, value: &str) {
    let done = campkeeper(test, &["config", "set", key], value);
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    assert_eq!(said, "");
}

/// Waits until something holds.
pub async fn until(what: &str, holds: impl AsyncFn() -> bool) {
    let end = Instant::now() + WITHIN;
    while !holds().await {
        assert!(Instant::now() < end, "{what} after {WITHIN:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

async fn is_alive(app: &App) -> bool {
    let state = sync::check_cookie(&app.context()).await.unwrap();
    matches!(state, CookieState::Alive { .. })
}

/// Stores what no version of this program would.
pub async fn spoil(test: &TestApp, key: &'static str) {
    let ctx = test.app.context();
    let value = system_config::seal(ctx.keys(), key, "\"many\"").unwrap();
    let now = ctx.now();
    let stored = ctx.db.write(move |tx| {
        Box::pin(async move {
            let seen = system_config::generation(tx).await?;
            system_config::raise(tx, seen).await?;
            system_config::put(tx, key, &value, None, now).await?;
            Ok::<_, StoreError>(())
        })
    });
    stored.await.unwrap();
}

async fn alarms(test: &TestApp) -> usize {
    let rows = every_row(&test.database_url).await;
    let alarms = rows.iter().filter(|row| row.contains("setting_unusable"));
    alarms.count()
}

for_both_engines! {
    async fn a_new_cookie_is_used_by_the_next_sync_of_every_instance(test) {
        let camp = enrolling(&test, "写作营").await;
        test.sandbox.clock().set(camp.begins + TimeDelta::hours(12));
        run_job(&test, "advance-camps").await;
        test.sandbox.zsxq().set_token(FRESH);
        assert_eq!(run_job(&test, "sync-checkins").await["summary"]["incomplete"], 1);
        let other = test.second_instance().await;
        for app in [&test.app, &other] {
            assert!(!is_alive(app).await);
        }

        set(&test, "zsxq.cookie", &format!("{FRESH}\n"));

        for app in [&test.app, &other] {
            until("the old cookie", async || is_alive(app).await).await;
            // The other instance may be at it.
            until("no sync", async || {
                sync::sync_all(&app.context().into()).await.unwrap().complete == 1
            })
            .await;
        }
        let mut stored = every_row(&test.database_url).await.join("\n");
        assert!(stored.contains("config.set") && stored.contains("zsxq.cookie"));
        if test.database_url.starts_with("sqlite") {
            stored.push_str(&bytes_of_sqlite(&test.database_url));
        }
        let hex: String = FRESH.bytes().map(|byte| format!("{byte:02x}")).collect();
        for form in [FRESH, &hex, &hex.to_uppercase()] {
            assert!(!stored.contains(form), "the cookie is stored in clear");
        }
        let shown = campkeeper(&test, &["config", "get", "zsxq.cookie", "--json"], "");
        let shown: Value = serde_json::from_slice(&shown.stdout).unwrap();
        let expected = json!({"key": "zsxq.cookie", "value": {"set": true}, "origin": "stored"});
        assert_eq!(shown, expected);
        other.stop().await;
        test.finish().await;
    }

    async fn a_stored_value_gone_bad_is_told_once_and_stops_nothing(test) {
        let key = "camp.default_grace_days";
        let grace = |app: &App| app.context().settings.default_grace_days;
        set(&test, key, "3");
        until("the old grace", async || grace(&test.app) == 3).await;

        spoil(&test, key).await;

        until("no alarm", async || alarms(&test).await == 1).await;
        assert_eq!(grace(&test.app), 3, "what runs goes on as it was");
        let other = test.second_instance().await;
        assert_eq!(grace(&other), 1, "what starts goes by the file");
        tokio::time::sleep(WITHIN).await;
        assert_eq!(alarms(&test).await, 1);

        let over = |app: &App| app.context().settings.second_approver_over_fen;
        set(&test, "refund.second_approver_over_fen", "7");
        for app in [&test.app, &other] {
            until("the old limit", async || over(app) == 7).await;
        }
        assert_eq!((grace(&test.app), grace(&other)), (3, 1));
        assert_eq!(alarms(&test).await, 1, "told of again with another change");

        set(&test, key, "2");
        for app in [&test.app, &other] {
            until("the old grace", async || grace(app) == 2).await;
        }
        other.stop().await;
        test.finish().await;
    }

    async fn a_change_is_followed_where_it_belongs_and_leaves_the_rest_alone(test) {
        let ctx = test.app.context();
        ctx.planet().unwrap().self_user().await.unwrap();
        let app = test.sandbox.wecom().app();
        let (token, aes_key) = ("AnotherToken1", "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFE");
        set(&test, "wecom", &format!("token = \"{token}\"\nencoding_aes_key = \"{aes_key}\""));

        let keys = Keys::new(token, aes_key, &app.corp_id).unwrap();
        let now = ctx.wall_now().secs();
        let message = format!(
            "<xml><ToUserName>{}</ToUserName><FromUserName>lin.yue</FromUserName>\
             <CreateTime>{now}</CreateTime><MsgType>text</MsgType><Content>帮助</Content>\
             <MsgId>1</MsgId><AgentID>{}</AgentID></xml>",
            app.corp_id, app.agent_id
        );
        let sealed = Envelope::seal(&keys, message.as_bytes(), now, "nonce", [7; 16]).unwrap();
        let url = format!("{}/api/webhook/wecom/app?{}", test.url, sealed.to_query());
        let body = sealed.to_request_xml(&app.corp_id, None);
        until("the old keys", async || {
            let call = reqwest::Client::new().post(&url).body(body.clone());
            call.send().await.unwrap().status() == 200
        })
        .await;
        let old = test.sandbox.wecom().say("lin.yue", "帮助").await;
        assert!(!old.is_accepted());
        until("no answer", async || !test.sandbox.wecom().inbox("lin.yue").is_empty()).await;

        let after = test.app.context();
        assert!(after.planet().unwrap().cookie_expires_in().is_some(), "the client was kept");
        test.app.stop().await;
    }
}
