//! What Prometheus is told of the database: counts and ages, never a row.

use crate::domain::{RefundStatus, Timestamp};

use super::StoreResult;
use super::db::{Conn, run};

statements! {
    REFUNDS = "SELECT status, CAST(COUNT(*) AS BIGINT) FROM refund_record GROUP BY status";
    OVERDUE = "SELECT what, CAST(COUNT(*) AS BIGINT) FROM overdue_step GROUP BY what";
    INBOX = "SELECT CAST(COUNT(*) AS BIGINT), MIN(received_at) FROM inbound_event \
             WHERE status = 'pending'";
    OUTBOX = "SELECT CAST(COUNT(*) AS BIGINT), MIN(send_at) FROM notification_message \
              WHERE status = 'pending' AND send_at <= $1";
    DUE_REFUNDS = "SELECT CAST(COUNT(*) AS BIGINT), MIN(next_try_at) FROM refund_record \
                   WHERE status IN ('approved', 'processing', 'failed') AND next_try_at <= $1";
    LAST_SUCCESS = "SELECT finished_at FROM job_run WHERE job = $1 AND outcome = 'done' \
                    ORDER BY id DESC LIMIT 1";
}

/// A queue, and since when its oldest waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
struct QueueRow(i64, Option<i64>);

/// What waits in a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queued {
    /// How much waits.
    pub depth: i64,
    /// Since when the oldest does.
    pub since: Option<Timestamp>,
}

impl From<QueueRow> for Queued {
    fn from(QueueRow(depth, since): QueueRow) -> Self {
        let since = since.map(Timestamp::from_micros);
        Self { depth, since }
    }
}

/// How many refunds are in each status; a word that is none of ours is left out.
pub async fn refunds(conn: &mut Conn) -> StoreResult<Vec<(RefundStatus, i64)>> {
    let rows: Vec<(String, i64)> = run!(conn, c => sqlx::query_as(REFUNDS).fetch_all(c).await)?;
    let typed = rows
        .into_iter()
        .filter_map(|(status, count)| Some((status.parse().ok()?, count)));
    Ok(typed.collect())
}

/// How many steps of payments in custody `watch` has seen to be overdue, by what they wait for.
pub async fn overdue(conn: &mut Conn) -> StoreResult<Vec<(String, i64)>> {
    Ok(run!(conn, c => sqlx::query_as(OVERDUE).fetch_all(c).await)?)
}

/// The inbox, by the wall.
pub async fn inbox(conn: &mut Conn) -> StoreResult<Queued> {
    let row: QueueRow = run!(conn, c => sqlx::query_as(INBOX).fetch_one(c).await)?;
    Ok(row.into())
}

/// The messages whose time has come.
pub async fn outbox(conn: &mut Conn, now: Timestamp) -> StoreResult<Queued> {
    due(conn, OUTBOX, now).await
}

/// The refunds that the runner is to look at.
pub async fn due_refunds(conn: &mut Conn, now: Timestamp) -> StoreResult<Queued> {
    due(conn, DUE_REFUNDS, now).await
}

async fn due(conn: &mut Conn, sql: &'static str, now: Timestamp) -> StoreResult<Queued> {
    let row: QueueRow = run!(conn, c => sqlx::query_as(sql)
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(row.into())
}

/// When a job of the clock last came to its end, by the wall.
pub async fn last_success(conn: &mut Conn, job: &str) -> StoreResult<Option<Timestamp>> {
    let row: Option<(Option<i64>,)> = run!(conn, c => sqlx::query_as(LAST_SUCCESS)
        .bind(job)
        .fetch_optional(c)
        .await)?;
    Ok(row.and_then(|(at,)| at).map(Timestamp::from_micros))
}
