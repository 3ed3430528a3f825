//! Ticks of the clock's jobs: one row per job and scheduled time, held under a lease.

use crate::domain::Timestamp;

use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    CLAIM = "INSERT INTO job_run (job, scheduled_at, owner, lease_until, started_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (job, scheduled_at) DO NOTHING";
    TAKE_OVER = "UPDATE job_run SET owner = $3, lease_until = $4, started_at = $5 \
                 WHERE job = $1 AND scheduled_at = $2 AND finished_at IS NULL AND lease_until < $5";
    RUNNING = "SELECT CAST(COUNT(*) AS BIGINT) FROM job_run \
               WHERE job = $1 AND finished_at IS NULL AND lease_until >= $2";
    EXTEND = "UPDATE job_run SET lease_until = $4 \
              WHERE job = $1 AND scheduled_at = $2 AND owner = $3 AND finished_at IS NULL";
    FINISH = "UPDATE job_run SET finished_at = $4, outcome = $5, summary = $6 \
              WHERE job = $1 AND scheduled_at = $2 AND owner = $3 AND finished_at IS NULL";
    NEWEST = "SELECT id, job, scheduled_at, owner, lease_until, started_at, finished_at, outcome, \
              summary FROM job_run WHERE job = $1 ORDER BY id DESC LIMIT 1";
    FORGET_OVER = "DELETE FROM job_run WHERE id IN (SELECT r.id FROM job_run r \
                   WHERE r.finished_at < $1 AND EXISTS (SELECT 1 FROM job_run n \
                   WHERE n.job = r.job AND n.id > r.id AND n.outcome = 'done') \
                   ORDER BY r.id LIMIT $2)";
    NEWEST_CARRIED_OUT = "SELECT id, job, scheduled_at, owner, lease_until, started_at, finished_at, \
                          outcome, summary FROM job_run WHERE job = $1 \
                          AND finished_at IS NOT NULL AND outcome <> 'skipped' \
                          ORDER BY id DESC LIMIT 1";
    NEWEST_WITH_FIGURES = "SELECT id, job, scheduled_at, owner, lease_until, started_at, finished_at, \
                           outcome, summary FROM job_run WHERE job = $1 \
                           AND finished_at IS NOT NULL AND summary LIKE $2 \
                           ORDER BY id DESC LIMIT 1";
    EVER_RAN = "SELECT CAST(COUNT(*) AS BIGINT) FROM (SELECT 1 FROM job_run LIMIT 1) AS first_run";
    LAST_TICK = "SELECT MAX(scheduled_at) FROM job_run WHERE job = $1";
}

/// What figures look like: an object; a failure without any is said in words.
const FIGURES: &str = "{%";

/// A tick that this instance holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tick {
    /// The job.
    pub job: &'static str,
    /// When it was due.
    pub scheduled_at: Timestamp,
    /// The instance that holds it.
    pub owner: String,
}

/// How a job went, newest run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct JobRunRow {
    /// Its row.
    pub id: i64,
    /// The job.
    pub job: String,
    /// Microseconds.
    pub scheduled_at: i64,
    /// The instance that ran it.
    pub owner: String,
    /// Microseconds, wall time.
    pub lease_until: i64,
    /// Microseconds, wall time.
    pub started_at: i64,
    /// Microseconds, wall time.
    pub finished_at: Option<i64>,
    /// `done` or `failed`.
    pub outcome: Option<String>,
    /// What it did, in a line.
    pub summary: Option<String>,
}

/// Claims a tick, or takes it over from an instance whose lease has run out. `wall_now` and
/// `lease_until` are wall time.
pub async fn claim(
    tx: &mut Tx,
    tick: &Tick,
    wall_now: Timestamp,
    lease_until: Timestamp,
) -> StoreResult<bool> {
    for sql in [CLAIM, TAKE_OVER] {
        let won = run!(tx, c => sqlx::query(sql)
            .bind(tick.job)
            .bind(tick.scheduled_at.micros())
            .bind(&tick.owner)
            .bind(lease_until.micros())
            .bind(wall_now.micros())
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if won == 1 {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether some instance is running the job now.
pub async fn is_running(conn: &mut Conn, job: &str, wall_now: Timestamp) -> StoreResult<bool> {
    let (running,): (i64,) = run!(conn, c => sqlx::query_as(RUNNING)
        .bind(job)
        .bind(wall_now.micros())
        .fetch_one(c)
        .await)?;
    Ok(running > 0)
}

/// Holds on to a tick; `false` if another instance has taken it over.
pub async fn extend(tx: &mut Tx, tick: &Tick, lease_until: Timestamp) -> StoreResult<bool> {
    let held = run!(tx, c => sqlx::query(EXTEND)
        .bind(tick.job)
        .bind(tick.scheduled_at.micros())
        .bind(&tick.owner)
        .bind(lease_until.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(held == 1)
}

/// Records how a tick went.
pub async fn finish(
    tx: &mut Tx,
    tick: &Tick,
    wall_now: Timestamp,
    outcome: &str,
    summary: &str,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(FINISH)
        .bind(tick.job)
        .bind(tick.scheduled_at.micros())
        .bind(&tick.owner)
        .bind(wall_now.micros())
        .bind(outcome)
        .bind(summary)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The newest run of a job.
pub async fn newest(conn: &mut Conn, job: &str) -> StoreResult<Option<JobRunRow>> {
    Ok(run!(conn, c => sqlx::query_as(NEWEST).bind(job).fetch_optional(c).await)?)
}

/// The newest run of a job that has come to an end, good or bad, and was not skipped.
pub async fn newest_carried_out(conn: &mut Conn, job: &str) -> StoreResult<Option<JobRunRow>> {
    Ok(run!(conn, c => sqlx::query_as(NEWEST_CARRIED_OUT).bind(job).fetch_optional(c).await)?)
}

/// The newest run of a job that says what it did in figures, whether or not it did all of it.
pub async fn newest_with_figures(conn: &mut Conn, job: &str) -> StoreResult<Option<JobRunRow>> {
    Ok(run!(conn, c => sqlx::query_as(NEWEST_WITH_FIGURES)
        .bind(job)
        .bind(FIGURES)
        .fetch_optional(c)
        .await)?)
}

/// True once any job has been claimed in this database.
pub async fn ever_ran(conn: &mut Conn) -> StoreResult<bool> {
    let (runs,): (i64,) = run!(conn, c => sqlx::query_as(EVER_RAN).fetch_one(c).await)?;
    Ok(runs > 0)
}

/// The last scheduled time of a job that any instance has claimed.
pub async fn last_tick(conn: &mut Conn, job: &str) -> StoreResult<Option<Timestamp>> {
    let (last,): (Option<i64>,) =
        run!(conn, c => sqlx::query_as(LAST_TICK).bind(job).fetch_one(c).await)?;
    Ok(last.map(Timestamp::from_micros))
}

/// Deletes at most so many runs that ended before a moment, but for what tells how a job last went. How
/// many were deleted.
pub async fn forget_over(tx: &mut Tx, before: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(before.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}
