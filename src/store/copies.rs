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
const SQLITE_TABLES: &str = "SELECT name FROM sqlite_master \
                             WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite_%'";
const POSTGRES_TABLES: &str = "SELECT CAST(c.relname AS TEXT) FROM pg_catalog.pg_class c \
                               JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                               WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                               AND n.nspname = 'public' AND NOT EXISTS \
                               (SELECT 1 FROM pg_catalog.pg_depend d \
                               WHERE d.objid = c.oid AND d.deptype = 'e')";
/// What a database that was made to try a copy says of itself: nothing else is dropped.
const SCRATCH: &str = "campkeeper scratch";
const SCRATCHES: &str = "SELECT CAST(datname AS TEXT) FROM pg_catalog.pg_database \
                         WHERE pg_catalog.shobj_description(oid, 'pg_database') = $1";
/// Where the driver and the runner keep which migrations were applied.
const MIGRATIONS: &str = "_sqlx_migrations";
/// Hexadecimal digits that the name of a database for a trial ends in.
const SCRATCH_DIGITS: usize = 8;
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

/// What is at a place that a copy is to be put in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vacancy {
    /// No table.
    Bare,
    /// Our own tables alone, with which nobody has worked.
    Unused,
    /// Somebody has worked with it, or something in it is not ours.
    Taken,
}

/// Whether a copy may be put in the place of a database.
pub async fn vacancy(db: &Db) -> StoreResult<Vacancy> {
    let mut conn = db.read().await?;
    let tables = tables(&mut conn, db.engine()).await?;
    if tables.is_empty() {
        return Ok(Vacancy::Bare);
    }
    let is_ours = |table: &String| table == MIGRATIONS || Db::makes_table(db.engine(), table);
    if !tables.iter().all(is_ours) {
        return Ok(Vacancy::Taken);
    }
    for table in LIVED_IN {
        if !tables.iter().any(|it| it == table) {
            continue;
        }
        // Only names of ours make up the text.
        let rows = sqlx::AssertSqlSafe(format!("SELECT COUNT(*) FROM {table}"));
        let (rows,): (i64,) = run!(conn, c => sqlx::query_as(rows).fetch_one(c).await)?;
        if rows > 0 {
            return Ok(Vacancy::Taken);
        }
    }
    Ok(Vacancy::Unused)
}

async fn tables(conn: &mut Conn, engine: Engine) -> StoreResult<Vec<String>> {
    let sql = match engine {
        Engine::Sqlite => SQLITE_TABLES,
        Engine::Postgres => POSTGRES_TABLES,
    };
    let tables: Vec<(String,)> = run!(conn, c => sqlx::query_as(sql).fetch_all(c).await)?;
    Ok(tables.into_iter().map(|(table,)| table).collect())
}

/// Drops all tables of a database that is [`Vacancy::Unused`]: a copy of an older version would leave
/// those standing that it does not know.
pub async fn clear(db: &Db) -> StoreResult<()> {
    let engine = db.engine();
    db.write(move |tx| {
        Box::pin(async move {
            for table in tables(tx, engine).await? {
                // All of them are of ours; and whatever is in them goes with them or not at all.
                let drop = sqlx::AssertSqlSafe(format!("DROP TABLE {} CASCADE", checked(&table)?));
                run!(tx, c => sqlx::query(drop).execute(c).await.map(std::mem::drop))?;
            }
            Ok(())
        })
    })
    .await
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

/// Makes a new database beside the one at `url`, which says of itself that it may be dropped.
pub async fn make_beside(url: &str, name: &str) -> StoreResult<()> {
    let mut server = administer(url).await?;
    let name = checked(name)?;
    // Only names of ours make up the texts.
    let make = format!("CREATE DATABASE \"{name}\" TEMPLATE template0");
    server.execute(sqlx::AssertSqlSafe(make)).await?;
    let mark = format!("COMMENT ON DATABASE \"{name}\" IS '{SCRATCH}'");
    server.execute(sqlx::AssertSqlSafe(mark)).await?;
    Ok(sqlx::Connection::close(server).await?)
}

/// Drops a database that was made by [`make_beside`], and no other.
pub async fn drop_beside(url: &str, name: &str) -> StoreResult<()> {
    let mut server = administer(url).await?;
    if scratches(&mut server).await?.iter().any(|it| it == name) {
        let drop = format!("DROP DATABASE \"{}\" WITH (FORCE)", checked(name)?);
        server.execute(sqlx::AssertSqlSafe(drop)).await?;
    }
    Ok(sqlx::Connection::close(server).await?)
}

/// Drops what [`make_beside`] made under [`name_beside`] of this beginning and nobody uses: runs that
/// were cut off have left it behind.
pub async fn sweep_beside(url: &str, beginning: &str) -> StoreResult<()> {
    let mut server = administer(url).await?;
    for name in scratches(&mut server).await? {
        let rest = name.strip_prefix(beginning).unwrap_or_default();
        let is_such = rest.len() == SCRATCH_DIGITS && rest.bytes().all(|b| b.is_ascii_hexdigit());
        let Ok(plain) = checked(&name) else { continue };
        if !is_such {
            continue;
        }
        let drop = sqlx::AssertSqlSafe(format!("DROP DATABASE \"{plain}\""));
        if let Err(error) = server.execute(drop).await {
            tracing::warn!(%error, name, "a database that was made to try a backup is in use");
        }
    }
    Ok(sqlx::Connection::close(server).await?)
}

/// A name for [`make_beside`] that no other database has.
#[must_use]
pub fn name_beside(beginning: &str) -> String {
    format!("{beginning}{:08x}", rand::random::<u32>())
}

/// The databases of a server that were made by [`make_beside`].
async fn scratches(server: &mut PgConnection) -> StoreResult<Vec<String>> {
    let names: Vec<(String,)> = sqlx::query_as(SCRATCHES)
        .bind(SCRATCH)
        .fetch_all(server)
        .await?;
    Ok(names.into_iter().map(|(name,)| name).collect())
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

async fn administer(url: &str) -> StoreResult<PgConnection> {
    Ok(PgConnectOptions::from_str(url)?.connect().await?)
}
