//! Copies of the whole database, and databases that are made to try a copy and dropped again. What
//! only one engine knows is not among the fixed statements of both.

use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use sqlx::{ConnectOptions as _, Executor as _, PgConnection};

use super::db::{Conn, run};
use super::{Db, Engine, StoreError, StoreResult};

statements! {
    UPLOAD_KEYS = "SELECT DISTINCT file_key FROM upload ORDER BY file_key";
}

/// How often, and how long after the last time, a database is tried to be taken out of use.
const LEAVE_TRIES: usize = 50;
const LEAVE_AGAIN_AFTER: Duration = Duration::from_millis(100);
const SQLITE_COPY: &str = "VACUUM INTO $1";
const SQLITE_CHECK: &str = "PRAGMA integrity_check(1)";
/// What SQLite says of a file that is whole.
const WHOLE: &str = "ok";
const SQLITE_TABLES: &str = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = $1";
const POSTGRES_TABLES: &str = "SELECT COUNT(*) FROM pg_catalog.pg_class c \
                               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                               WHERE c.relkind = 'r' AND n.nspname = 'public' AND c.relname = $1";
/// Tables of which one has a row as soon as anybody has worked with the database.
const LIVED_IN: &[&str] = &[
    "system_user",
    "training_camp",
    "payment_record",
    "operation_log",
    "planet_user",
];

/// Copies an embedded database, as it is at one moment, into a file that is not there yet. Writers
/// go on meanwhile.
pub async fn copy_sqlite(conn: &mut Conn, into: &Path) -> StoreResult<()> {
    let into = into.to_string_lossy().into_owned();
    run!(conn, c => sqlx::query(SQLITE_COPY).bind(into).execute(c).await.map(drop))?;
    Ok(())
}

/// Whether a file is an embedded database that is whole; else what SQLite says of it.
pub async fn check_sqlite(file: &Path) -> StoreResult<Result<(), String>> {
    let options = SqliteConnectOptions::new().filename(file).read_only(true);
    let mut connection = options.connect().await?;
    let checked: Result<(String,), _> = sqlx::query_as(SQLITE_CHECK)
        .fetch_one(&mut connection)
        .await;
    let (said,) = match checked {
        Ok(said) => said,
        Err(error) => (error.to_string(),),
    };
    Ok(if said == WHOLE { Ok(()) } else { Err(said) })
}

/// The keys of all uploads, each once.
pub async fn upload_keys(conn: &mut Conn) -> StoreResult<Vec<String>> {
    let keys: Vec<(String,)> = run!(conn, c => sqlx::query_as(UPLOAD_KEYS).fetch_all(c).await)?;
    Ok(keys.into_iter().map(|(key,)| key).collect())
}

/// Whether nobody has worked with a database yet: it has no tables, or nothing in them.
pub async fn is_empty(db: &Db) -> StoreResult<bool> {
    let mut conn = db.read().await?;
    for table in LIVED_IN {
        let tables = match db.engine() {
            Engine::Sqlite => SQLITE_TABLES,
            Engine::Postgres => POSTGRES_TABLES,
        };
        let (exists,): (i64,) =
            run!(conn, c => sqlx::query_as(tables).bind(*table).fetch_one(c).await)?;
        if exists == 0 {
            continue;
        }
        // Only names of ours make up the text.
        let rows = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let (rows,): (i64,) = run!(conn, c => sqlx::query_as(rows).fetch_one(c).await)?;
        if rows > 0 {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes an embedded database out of use, so that its file can be replaced.
///
/// # Errors
/// Somebody else has it open.
pub async fn leave_sqlite(file: &Path) -> StoreResult<()> {
    let options = SqliteConnectOptions::new().filename(file);
    // Only who is alone can leave the write-ahead log, and SQLite does not wait for that.
    let options = options.journal_mode(SqliteJournalMode::Delete);
    let mut tries = 1;
    loop {
        match options.connect().await {
            Ok(alone) => return Ok(sqlx::Connection::close(alone).await?),
            // Connections that were closed just now may still be on their way out.
            Err(_) if tries < LEAVE_TRIES => {
                tries += 1;
                tokio::time::sleep(LEAVE_AGAIN_AFTER).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Makes a new database beside the one at `url`.
pub async fn make_beside(url: &str, name: &str) -> StoreResult<()> {
    let sql = format!("CREATE DATABASE \"{}\" TEMPLATE template0", checked(name)?);
    administer(url, sql).await
}

/// Drops a database that was made by [`make_beside`].
pub async fn drop_beside(url: &str, name: &str) -> StoreResult<()> {
    let sql = format!(
        "DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)",
        checked(name)?
    );
    administer(url, sql).await
}

/// Names are ours, and plain.
fn checked(name: &str) -> StoreResult<&str> {
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    if is_plain {
        Ok(name)
    } else {
        Err(StoreError::UnknownEngine)
    }
}

async fn administer(url: &str, sql: String) -> StoreResult<()> {
    let options = PgConnectOptions::from_str(url)?;
    let mut connection: PgConnection = options.connect().await?;
    // Only names of ours make up the text.
    connection.execute(sqlx::AssertSqlSafe(sql)).await?;
    sqlx::Connection::close(connection).await?;
    Ok(())
}
