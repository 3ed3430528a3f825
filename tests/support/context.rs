//! What the services work with, on a database of a test's own and without any platform: a test that
//! needs one, or another setting, puts it in.

use std::sync::Arc;

use campkeeper::catalogue::Catalogue;
use campkeeper::domain::Clock;
use campkeeper::domain::promise::PromiseRules;
use campkeeper::platforms::files::Files;
use campkeeper::services::{BackupSettings, Context, Reminders, Settings, WallClock};

use crate::support::TestDb;

pub async fn context(
    db: &TestDb,
    clock: Arc<dyn Clock>,
    wall: Arc<dyn WallClock>,
    settings: Settings,
    files: &tempfile::TempDir,
) -> Context {
    let address = format!("file://{}", files.path().display());
    Context {
        db: db.db.clone(),
        clock,
        wall,
        clients: Arc::default(),
        files: Files::open(&address).await.unwrap(),
        passwords: Default::default(),
        decoding: Default::default(),
        settings: Arc::new(settings),
        stop: Default::default(),
    }
}

/// One approval is enough, and nobody is told of anything.
pub fn settings() -> Settings {
    Settings {
        public_url: "https://camp.example.com".to_owned(),
        requests_per_minute: 0,
        default_grace_days: 1,
        promise: PromiseRules {
            list_within: 2,
            decision_within: 3,
            money_within: 1,
            appeal_hours: 72,
            answer_within: 2,
        },
        undo_seconds: 60,
        second_approver_over_fen: 0,
        funds_account: None,
        recipients: Vec::new(),
        app_messages: true,
        corp_id: String::new(),
        agent_id: 0,
        oauth_base: String::new(),
        login_base: String::new(),
        catalogue: Arc::new(Catalogue::load("").unwrap()),
        templates_dir: String::new(),
        wechat_oauth: None,
        reminders: Reminders {
            not_joined: true,
            ends_tomorrow: true,
            ended: true,
        },
        backup: BackupSettings {
            dir: "none".into(),
            keep_days: 30,
            database_url: String::new().into(),
        },
    }
}
