//! Fresh databases with orders that wait to be paid, and what is in them afterwards.

use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chrono::{Days, Utc};
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection, SqliteConnection};

use super::payments::{Claims, DEPOSIT_FEN};

/// Rows of one INSERT.
const CHUNK: usize = 500;
/// How long the inbox may take to be empty.
const WORKED_OFF_WITHIN: Duration = Duration::from_secs(60);

/// Where databases are made.
#[derive(Debug)]
pub(crate) enum Engine {
    Sqlite,
    /// The address of a server.
    Postgres(String),
}

/// A database of its own; its folder is removed when dropped.
pub(crate) struct Database {
    url: String,
    folder: tempfile::TempDir,
    runtime: tokio::runtime::Runtime,
}

/// SQLite, and PostgreSQL where there is one: that of `CAMPKEEPER_BENCH_POSTGRES` (empty: none), or
/// the tests' cluster, which syncs nothing to disk.
pub(crate) fn engines() -> Vec<Engine> {
    let named = std::env::var("CAMPKEEPER_BENCH_POSTGRES").ok();
    if named.as_deref() == Some("") {
        return vec![Engine::Sqlite];
    }
    let server = named.or_else(|| {
        let on_path = Command::new("initdb").arg("--version").output().is_ok();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("scripts/test-postgres.sh");
        let started = on_path
            .then(|| Command::new(script).output().ok())
            .flatten()?;
        let url = String::from_utf8(started.stdout).ok()?;
        (started.status.success()).then(|| url.trim().to_owned())
    });
    std::iter::once(Engine::Sqlite)
        .chain(server.map(Engine::Postgres))
        .collect()
}

impl Engine {
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres(_) => "postgres",
        }
    }

    /// An empty database.
    pub(crate) fn fresh(&self) -> Database {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let folder = tempfile::tempdir().expect("a folder for the bench");
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let url = match self {
            Self::Sqlite => format!("sqlite://{}/campkeeper.db", folder.path().display()),
            Self::Postgres(server) => {
                let number = NUMBER.fetch_add(1, Ordering::Relaxed);
                let name = format!("bench_{}_{number}", std::process::id());
                runtime.block_on(execute(server, format!("CREATE DATABASE {name}")));
                server.replace("/postgres?", &format!("/{name}?"))
            }
        };
        Database {
            url,
            folder,
            runtime,
        }
    }
}

/// Runs `$body` on a connection of the database's engine.
macro_rules! on {
    ($url:expr, $conn:ident => $body:expr) => {
        if $url.starts_with("sqlite:") {
            let mut $conn = SqliteConnection::connect($url)
                .await
                .expect("the database is there");
            $body
        } else {
            let mut $conn = PgConnection::connect($url)
                .await
                .expect("the server answers");
            $body
        }
    };
}

async fn execute(url: &str, sql: String) {
    let sql = AssertSqlSafe(sql);
    let done = on!(url, conn => conn.execute(sqlx::raw_sql(sql)).await.map(drop));
    done.expect("the rows can be added");
}

impl Database {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Adds a camp that takes people in, and its unpaid orders.
    pub(crate) fn add_orders(&self, claims: Claims, count: usize) {
        let now = Utc::now();
        let (today, micros) = (now.date_naive(), now.timestamp_micros());
        let camp = camp_id(claims);
        let (start, end) = (today + Days::new(1), today + Days::new(10));
        let add_camp = format!(
            "INSERT INTO training_camp (id, name, name_folded, deposit_fen, start_date, end_date, \
             total_days, required_days, grace_days, introduction_html, status, created_at, \
             updated_at) VALUES ({camp}, 'camp {camp}', 'camp{camp}', {DEPOSIT_FEN}, '{start}', \
             '{end}', 10, 7, 1, '', 'enrolling', {micros}, {micros})"
        );
        let order = |place: usize| {
            let claim = match claims {
                Claims::None => "NULL, NULL".to_owned(),
                Claims::Typed => format!("'{}', 'member {place}'", 10_000_000_000 + place),
            };
            format!(
                "('{}', {camp}, 'native', 'created', {DEPOSIT_FEN}, '{start}', '{end}', 10, 7, 1, \
                 {claim}, 'pending', {}, 0, {micros}, {micros})",
                claims.order_no(place),
                micros + 1_800_000_000,
            )
        };
        let places: Vec<usize> = (0..count).collect();
        let mut statements = vec![add_camp];
        for chunk in places.chunks(CHUNK) {
            let rows: Vec<_> = chunk.iter().map(|place| order(*place)).collect();
            statements.push(format!(
                "INSERT INTO payment_record (order_no, camp_id, channel, status, amount_fen, \
                 start_date, end_date, total_days, required_days, grace_days, claimed_planet_id, \
                 claimed_nickname, bind_status, expires_at, queries, created_at, updated_at) \
                 VALUES {}",
                rows.join(", ")
            ));
        }
        self.runtime
            .block_on(execute(&self.url, statements.join(";")));
    }

    /// Makes an uploaded picture the poster of the camp that takes people in.
    pub(crate) async fn show_poster(&self, upload: i64) {
        let sql = format!("UPDATE training_camp SET poster_upload_id = {upload}");
        execute(&self.url, sql).await;
    }

    /// Every order was paid once, made one member, and left one row in each log.
    pub(crate) fn check_applied_once(&self, claims: Claims, count: usize) {
        let camp = camp_id(claims);
        for counted in [
            format!("payment_record WHERE status = 'paid' AND flag IS NULL AND camp_id = {camp}"),
            format!("camp_member WHERE camp_id = {camp}"),
            format!(
                "order_status_log l JOIN payment_record p ON p.id = l.payment_id \
                 WHERE l.to_status = 'paid' AND p.camp_id = {camp}"
            ),
            format!(
                "member_status_log l JOIN camp_member m ON m.id = l.member_id \
                 WHERE m.camp_id = {camp}"
            ),
        ] {
            assert_eq!(self.count(&counted), count, "{counted}");
        }
    }

    /// Every callback was kept once, and is worked off before long.
    pub(crate) fn check_worked_off(&self, count: usize) {
        assert_eq!(self.count("inbound_event"), count);
        let began = std::time::Instant::now();
        while self.count("inbound_event WHERE status = 'done'") < count {
            assert!(
                began.elapsed() < WORKED_OFF_WITHIN,
                "the inbox is not worked off"
            );
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn count(&self, what: &str) -> usize {
        let sql = format!("SELECT CAST(COUNT(*) AS BIGINT) FROM {what}");
        let sql = AssertSqlSafe(sql);
        let url = self.url.as_str();
        let count: Result<i64, _> = self.runtime.block_on(async {
            on!(url, conn => sqlx::query_scalar(sql).fetch_one(&mut conn).await)
        });
        let count = count.expect("it can be counted");
        usize::try_from(count).expect("a count")
    }
}

const fn camp_id(claims: Claims) -> i64 {
    match claims {
        Claims::None => 1_000,
        Claims::Typed => 1_001,
    }
}
