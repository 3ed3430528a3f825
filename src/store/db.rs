//! Two engines behind one door.

use std::ops::{Deref, DerefMut};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{PgConnection, PgPool, Postgres, Sqlite, SqliteConnection, SqlitePool, Transaction};
use tokio::sync::Notify;

use crate::domain::CampId;

use super::bundle::Statement;
use super::writer::Writer;
use super::{Keyring, StoreError, StoreResult, audit, private_file};

static SQLITE_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES_MIGRATIONS: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// How long a request waits for a connection before the database counts as unavailable.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(5);

/// Which engine keeps the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Engine {
    /// Embedded, one process.
    Sqlite,
    /// Several instances of us may share it.
    Postgres,
}

/// How many connections to keep.
#[derive(Debug, Clone, Copy)]
pub struct DbOptions {
    /// Connections for reading (SQLite), or in all (PostgreSQL).
    pub connections: u32,
}

impl Default for DbOptions {
    fn default() -> Self {
        Self { connections: 16 }
    }
}

/// Work that a commit may wake, so that nobody waits for a poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// Something came in.
    Inbox,
    /// Something is to be sent.
    Outbox,
    /// A refund is to be carried out.
    Refunds,
    /// The audit has become longer.
    Audit,
}

/// SQLite knows no such thing and needs none, so these are no statements of both engines.
const POSTGRES_LOCK: &str = "SELECT pg_advisory_xact_lock($1)";
const POSTGRES_SHARE_CAMP: &str = "SELECT pg_advisory_xact_lock_shared($1 + camp_id) \
                                   FROM payment_record WHERE order_no = $2 AND camp_id IS NOT NULL";

/// Camps' numbers begin above all others.
const FIRST_CAMP_LOCK: i64 = 1 << 32;

/// Something that only one write transaction at a time may do. Who takes several takes a camp's
/// first, and all of them before any row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lock {
    /// Choosing the refunds that a runner is to carry out.
    RefundClaims,
    /// Deciding who a member is, or that their deposit goes back: each rests on what the other has
    /// written, in rows that it does not write itself.
    Decisions,
    /// Doing to a camp what may be done only while nobody has paid for it. Payments share it
    /// ([`super::payments::to_confirm`]): none of them waits for another.
    Camp(CampId),
    /// Changing who may sign in, and signing in: a super admin has to remain, and no session may
    /// outlive the password that opened it.
    Accounts,
    /// Claiming a tick: whether its job runs already rests on rows of other ticks.
    JobClaims,
}

impl Lock {
    /// The number that PostgreSQL knows it by; kept for ever, since instances of two versions may
    /// run side by side.
    const fn number(self) -> i64 {
        match self {
            Self::RefundClaims => 1,
            Self::Decisions => 2,
            Self::Accounts => 3,
            Self::JobClaims => 4,
            Self::Camp(id) => FIRST_CAMP_LOCK + id.0,
        }
    }
}

/// The database: cheap to clone.
#[derive(Clone)]
pub struct Db {
    pool: Pool,
    keys: Arc<Keyring>,
    signals: Arc<[Notify; 4]>,
}

#[derive(Clone)]
enum Pool {
    Sqlite { readers: SqlitePool, writer: Writer },
    Postgres(PgPool),
}

/// A connection to read with.
pub struct Conn {
    inner: Inner,
    /// Statements that were put off, in order.
    pub(super) waiting: Vec<Statement>,
    /// Why the transaction itself cannot go on.
    pub(super) broken: Option<StoreError>,
    /// Whether a statement of the work has failed: what was put off behind it is lost, so nothing of
    /// the work may be kept, even if it goes on past the error.
    pub(super) has_failed: bool,
}

pub(super) enum Inner {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
    PostgresTx(Transaction<'static, Postgres>),
}

/// A write transaction. It reads like a [`Conn`]; what it audits and wakes happens at its end.
pub struct Tx {
    conn: Conn,
    audit: Vec<(audit::Entry, audit::Origin)>,
    wakes: Vec<Signal>,
}

/// The driver's connection that a statement runs on.
pub(super) enum Driver<'c> {
    Sqlite(&'c mut SqliteConnection),
    Postgres(&'c mut PgConnection),
}

/// Runs the same body on whichever driver `$conn` has, after what was put off: one SQL text, two
/// engines.
macro_rules! run {
    ($conn:expr, $c:ident => $body:expr) => {{
        $conn.flush().await?;
        match $conn.driver() {
            $crate::store::db::Driver::Sqlite($c) => $body,
            $crate::store::db::Driver::Postgres($c) => $body,
        }
    }};
}
pub(super) use run;

impl Db {
    /// Opens the database at `sqlite://path` or `postgres://…` without migrating it.
    pub async fn connect(url: &str, options: DbOptions, keys: Arc<Keyring>) -> StoreResult<Self> {
        let pool = if url.starts_with("sqlite:") {
            open_sqlite(url, options, Arc::clone(&keys)).await?
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let pool = PgPoolOptions::new()
                .max_connections(options.connections)
                .acquire_timeout(ACQUIRE_TIMEOUT)
                .connect(url)
                .await?;
            Pool::Postgres(pool)
        } else {
            return Err(StoreError::UnknownEngine);
        };
        Ok(Self {
            pool,
            keys,
            signals: Arc::new(std::array::from_fn(|_| Notify::new())),
        })
    }

    /// Applies the migrations that are missing.
    pub async fn migrate(&self) -> StoreResult<()> {
        match &self.pool {
            Pool::Sqlite { readers, .. } => SQLITE_MIGRATIONS.run(readers).await?,
            Pool::Postgres(pool) => POSTGRES_MIGRATIONS.run(pool).await?,
        }
        Ok(())
    }

    /// How many migrations this program knows for an engine.
    #[must_use]
    pub fn migrations(engine: Engine) -> i64 {
        i64::try_from(known(engine).iter().count()).unwrap_or(i64::MAX)
    }

    /// Whether some migration makes a table of this name.
    #[must_use]
    pub fn makes_table(engine: Engine, table: &str) -> bool {
        let making = format!("CREATE TABLE {table} (");
        let mut migrations = known(engine).iter();
        migrations.any(|migration| migration.sql.as_str().contains(&making))
    }

    /// Which engine this is.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        match self.pool {
            Pool::Sqlite { .. } => Engine::Sqlite,
            Pool::Postgres(_) => Engine::Postgres,
        }
    }

    /// The keys that columns are encrypted under.
    #[must_use]
    pub fn keys(&self) -> &Keyring {
        &self.keys
    }

    /// The same, for another database of ours.
    #[must_use]
    pub fn shared_keys(&self) -> Arc<Keyring> {
        Arc::clone(&self.keys)
    }

    /// A connection to read with.
    pub async fn read(&self) -> StoreResult<Conn> {
        Ok(Conn::new(match &self.pool {
            Pool::Sqlite { readers, .. } => Inner::Sqlite(readers.acquire().await?),
            Pool::Postgres(pool) => Inner::Postgres(pool.acquire().await?),
        }))
    }

    /// Runs `work` in one write transaction and answers when it is durable. An `Err` undoes all of
    /// it. `work` must take nothing from outside: no call may go out while it is open.
    ///
    /// On SQLite up to 16 waiting works share one commit, each behind its own savepoint.
    pub async fn write<T, E, F>(&self, work: F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + 'static,
    {
        let (value, wakes) = match &self.pool {
            Pool::Sqlite { writer, .. } => writer.write(work).await?,
            Pool::Postgres(pool) => self.write_postgres(pool, work).await?,
        };
        for signal in wakes {
            self.signal(signal).notify_one();
        }
        Ok(value)
    }

    async fn write_postgres<T, E, F>(&self, pool: &PgPool, work: F) -> Result<(T, Vec<Signal>), E>
    where
        E: From<StoreError>,
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, E>>,
    {
        #[expect(clippy::disallowed_methods, reason = "this is Db::write")]
        let transaction = pool.begin().await.map_err(StoreError::from)?;
        let mut tx = Tx::new(Conn::new(Inner::PostgresTx(transaction)));
        // Dropping the transaction on an early return rolls it back.
        let value = work(&mut tx).await?;
        tx.flush_audit(&self.keys).await?;
        tx.flush().await?;
        let wakes = std::mem::take(&mut tx.wakes);
        if let Inner::PostgresTx(transaction) = tx.conn.inner {
            transaction.commit().await.map_err(StoreError::from)?;
        }
        Ok((value, wakes))
    }

    /// Waits until a commit signals, at once if one has since the last wait.
    pub async fn signalled(&self, signal: Signal) {
        self.signal(signal).notified().await;
    }

    fn signal(&self, signal: Signal) -> &Notify {
        let [inbox, outbox, refunds, audit] = &*self.signals;
        match signal {
            Signal::Inbox => inbox,
            Signal::Outbox => outbox,
            Signal::Refunds => refunds,
            Signal::Audit => audit,
        }
    }

    /// Finishes what is being written and closes every connection.
    pub async fn close(&self) {
        match &self.pool {
            Pool::Sqlite { readers, writer } => {
                writer.close().await;
                readers.close().await;
            }
            Pool::Postgres(pool) => pool.close().await,
        }
    }
}

fn known(engine: Engine) -> &'static sqlx::migrate::Migrator {
    match engine {
        Engine::Sqlite => &SQLITE_MIGRATIONS,
        Engine::Postgres => &POSTGRES_MIGRATIONS,
    }
}

async fn open_sqlite(url: &str, options: DbOptions, keys: Arc<Keyring>) -> StoreResult<Pool> {
    let connect = SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(ACQUIRE_TIMEOUT);
    private_file::close_to_others(connect.get_filename()).map_err(sqlx::Error::Io)?;
    let readers = SqlitePoolOptions::new()
        .max_connections(options.connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_with(connect.clone())
        .await?;
    let writer = SqlitePoolOptions::new()
        .max_connections(1)
        .connect_with(connect)
        .await?;
    let connection = writer.acquire().await?;
    Ok(Pool::Sqlite {
        readers,
        writer: Writer::start(Conn::new(Inner::Sqlite(connection)), keys)?,
    })
}

impl Conn {
    const fn new(inner: Inner) -> Self {
        Self {
            inner,
            waiting: Vec::new(),
            broken: None,
            has_failed: false,
        }
    }

    /// The driver; what was put off is to be flushed first.
    pub(super) fn driver(&mut self) -> Driver<'_> {
        match &mut self.inner {
            Inner::Sqlite(connection) => Driver::Sqlite(connection),
            Inner::Postgres(connection) => Driver::Postgres(connection),
            Inner::PostgresTx(transaction) => Driver::Postgres(transaction),
        }
    }

    /// Prepares a statement without running it: whether the engine understands it.
    pub async fn prepare(&mut self, sql: &'static str) -> StoreResult<()> {
        use sqlx::{Executor as _, SqlSafeStr as _};
        run!(self, c => c.prepare(sql.into_sql_str()).await.map(drop))?;
        Ok(())
    }
}

impl Tx {
    pub(super) fn new(conn: Conn) -> Self {
        Self {
            conn,
            audit: Vec::new(),
            wakes: Vec::new(),
        }
    }

    /// Adds a row to the audit chain; it is written by the last statement of the transaction.
    pub fn audit(&mut self, entry: audit::Entry) {
        self.audit_from(audit::Origin::SYSTEM, entry);
    }

    /// The same for what no account did, and where it came from.
    pub fn audit_from(&mut self, origin: audit::Origin, entry: audit::Entry) {
        self.audit.push((entry, origin));
        self.wake(Signal::Audit);
    }

    /// Wakes a worker once this transaction is durable.
    pub fn wake(&mut self, signal: Signal) {
        self.wakes.push(signal);
    }

    /// Waits until no other transaction holds `lock`, and holds it until this one ends. On SQLite
    /// there is nothing to wait for: one transaction writes at a time.
    pub async fn lock(&mut self, lock: Lock) -> StoreResult<()> {
        let wait = Statement::new(POSTGRES_LOCK).bind(lock.number());
        self.ask_postgres(wait).await
    }

    /// Waits until no other transaction holds the lock of an order's camp for itself alone, and
    /// keeps them from it until this one ends.
    pub(super) async fn share_camp_of(&mut self, order_no: &str) -> StoreResult<()> {
        let wait = Statement::new(POSTGRES_SHARE_CAMP);
        let wait = wait.bind(FIRST_CAMP_LOCK).bind(order_no);
        self.ask_postgres(wait).await
    }

    async fn ask_postgres(&mut self, statement: Statement) -> StoreResult<()> {
        if matches!(self.driver(), Driver::Postgres(_)) {
            self.ask([statement]).await?;
        }
        Ok(())
    }

    /// Forgets what a failed work asked for; the connection goes on to the next.
    pub(super) fn reset(&mut self) {
        self.audit.clear();
        self.wakes.clear();
        self.drop_put_off();
    }

    /// Undoes whatever is open and forgets everything.
    pub(super) async fn abandon(&mut self) {
        self.waiting.clear();
        self.reset();
        self.put_off_control("ROLLBACK");
        // There may be nothing to undo any more: SQLite undoes a transaction by itself when the disk is
        // full. That this failed must not stand in the way of the next.
        let _ = self.flush().await;
        self.waiting.clear();
        self.reset();
        self.broken = None;
    }

    pub(super) fn take_wakes(&mut self) -> Vec<Signal> {
        std::mem::take(&mut self.wakes)
    }

    pub(super) async fn flush_audit(&mut self, keys: &Keyring) -> StoreResult<()> {
        let entries = std::mem::take(&mut self.audit);
        audit::append(&mut self.conn, keys, entries).await
    }
}

impl Deref for Tx {
    type Target = Conn;

    fn deref(&self) -> &Conn {
        &self.conn
    }
}

impl DerefMut for Tx {
    fn deref_mut(&mut self) -> &mut Conn {
        &mut self.conn
    }
}
