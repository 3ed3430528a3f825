//! Statements of a test's own, past the store: to set a scene, and to look behind it.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use sqlx::{SqliteConnection, sqlite};

use crate::support::TestDb;

impl TestDb {
    /// Runs statements that both engines understand, but for `BYTES'00'`.
    pub async fn run(&self, sql: &str) {
        if self.is_sqlite() {
            let script = AssertSqlSafe(sql.replace("BYTES", "x"));
            self.sqlite().await.execute(script).await.unwrap();
        } else {
            let script = AssertSqlSafe(sql.replace("BYTES'", "'\\x"));
            self.postgres().await.execute(script).await.unwrap();
        }
    }

    /// The first column of every row, as text.
    pub async fn texts(&self, sql: &str) -> Vec<String> {
        let statement = AssertSqlSafe(sql.to_owned());
        if self.is_sqlite() {
            let rows: Vec<sqlite::SqliteRow> =
                self.sqlite().await.fetch_all(statement).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        } else {
            let rows = self.postgres().await.fetch_all(statement).await.unwrap();
            rows.iter().map(|row| row.get(0)).collect()
        }
    }

    fn is_sqlite(&self) -> bool {
        self.url.starts_with("sqlite")
    }

    async fn sqlite(&self) -> SqliteConnection {
        SqliteConnection::connect(&self.url).await.unwrap()
    }

    async fn postgres(&self) -> PgConnection {
        PgConnection::connect(&self.url).await.unwrap()
    }
}
