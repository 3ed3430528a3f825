//! Statements of a test's own, past the store: to set a scene, and to look behind it.

use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, Row as _};
use sqlx::{SqliteConnection, sqlite};

use crate::support::TestDb;

/// Books the payments of a scene that went past the services: nothing can go back of what never
/// came in.
const BOOK_PAID: &str = "INSERT INTO ledger_transfer (id, kind, debit, credit, amount_fen, \
    camp_id, payment_id, created_at) SELECT 'pay:' || p.order_no, 'plain', 'bank', \
    CASE WHEN p.camp_id IS NULL OR p.flag IS NOT NULL THEN 'suspense' ELSE 'held' END, p.paid_fen, \
    p.camp_id, p.id, 0 FROM payment_record p WHERE p.paid_fen > 0 AND NOT EXISTS \
    (SELECT 1 FROM ledger_transfer l WHERE l.payment_id = p.id)";

impl TestDb {
    /// Runs statements that both engines understand, but for `BYTES'00'`. A line that ends with a
    /// semicolon ends one. A payment that they add is in the books, too.
    pub async fn run(&self, sql: &str) {
        let books = sql
            .contains("INSERT INTO payment_record")
            .then_some(BOOK_PAID);
        for statement in sql.split(";\n").chain(books) {
            if self.is_sqlite() {
                let statement = AssertSqlSafe(statement.replace("BYTES", "x"));
                self.sqlite().await.execute(statement).await.unwrap();
            } else {
                let statement = AssertSqlSafe(statement.replace("BYTES'", "'\\x"));
                self.postgres().await.execute(statement).await.unwrap();
            }
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
