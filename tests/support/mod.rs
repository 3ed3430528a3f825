//! Fresh databases of both engines for tests.

use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use campkeeper::store::{Db, DbOptions, Engine, Keyring};
use sqlx::{Connection as _, Executor as _};

/// A migrated database of its own, and its address.
pub struct TestDb {
    pub db: Db,
    pub url: String,
    _folder: Option<tempfile::TempDir>,
}

impl std::ops::Deref for TestDb {
    type Target = Db;

    fn deref(&self) -> &Db {
        &self.db
    }
}

pub fn test_keys() -> Arc<Keyring> {
    Arc::new(Keyring::new(&test_master_key().into(), &[]).unwrap())
}

pub fn test_master_key() -> String {
    base64::engine::general_purpose::STANDARD.encode([7u8; 32])
}

/// A migrated database of the given engine.
pub async fn fresh_db(engine: Engine) -> TestDb {
    let (url, folder) = match engine {
        Engine::Sqlite => {
            let folder = tempfile::tempdir().unwrap();
            (
                format!("sqlite://{}/test.db", folder.path().display()),
                Some(folder),
            )
        }
        Engine::Postgres => (fresh_postgres_url().await, None),
    };
    let db = Db::connect(&url, DbOptions { connections: 8 }, test_keys())
        .await
        .unwrap();
    db.migrate().await.unwrap();
    TestDb {
        db,
        url,
        _folder: folder,
    }
}

/// A new, empty database in the throwaway cluster.
pub async fn fresh_postgres_url() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let server = postgres_server();
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("t{}_{number}", std::process::id());
    let mut admin = sqlx::PgConnection::connect(server).await.unwrap();
    admin
        .execute(sqlx::AssertSqlSafe(format!(
            "DROP DATABASE IF EXISTS {name} WITH (FORCE)"
        )))
        .await
        .unwrap();
    admin
        .execute(sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}")))
        .await
        .unwrap();
    server.replace("/postgres?", &format!("/{name}?"))
}

/// The throwaway cluster: `CAMPKEEPER_TEST_POSTGRES`, or the one that the script starts.
fn postgres_server() -> &'static str {
    static SERVER: OnceLock<String> = OnceLock::new();
    SERVER.get_or_init(|| {
        if let Ok(url) = std::env::var("CAMPKEEPER_TEST_POSTGRES") {
            return url;
        }
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/scripts/test-postgres.sh");
        let started = Command::new(script)
            .output()
            .expect("scripts/test-postgres.sh runs");
        assert!(
            started.status.success(),
            "no PostgreSQL for the tests: {}",
            String::from_utf8_lossy(&started.stderr)
        );
        String::from_utf8(started.stdout).unwrap().trim().to_owned()
    })
}

/// Makes two tests of one: the body runs on SQLite and on PostgreSQL.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($db:ident) $body:block)+) => {$(
        mod $name {
            #[allow(unused_imports, reason = "not every body names its neighbours")]
            use super::*;

            $(#[$meta])*
            async fn body($db: $crate::support::TestDb) $body

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                body($crate::support::fresh_db(campkeeper::store::Engine::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                body($crate::support::fresh_db(campkeeper::store::Engine::Postgres).await).await;
            }
        }
    )+};
}
