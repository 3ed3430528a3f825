//! Attempts at a password by the name typed: counted before they are looked at, so that of any number
//! at once only so many are looked at, and a lock holds for all of them.

use crate::domain::Timestamp;

use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    LOCKED_UNTIL = "SELECT locked_until FROM login_failure WHERE username = $1 \
                    AND locked_until > $2";
    FORGET_OLD = "DELETE FROM login_failure WHERE last_failed_at <= $1 \
                  AND (locked_until IS NULL OR locked_until <= $2)";
    COUNT = "INSERT INTO login_failure (username, failures, last_failed_at) VALUES ($1, 1, $2) \
             ON CONFLICT (username) DO UPDATE \
             SET failures = login_failure.failures + 1, last_failed_at = $2 \
             WHERE login_failure.locked_until IS NULL OR login_failure.locked_until <= $2 \
             RETURNING failures";
    TAKE_BACK = "UPDATE login_failure SET failures = failures - 1 \
                 WHERE username = $1 AND failures > 0";
    LOCK = "UPDATE login_failure SET locked_until = $2 WHERE username = $1 AND failures >= $3 \
            AND (locked_until IS NULL OR locked_until <= $4)";
    CLEAR = "DELETE FROM login_failure WHERE username = $1 \
             AND (locked_until IS NULL OR locked_until <= $2)";
    NAMES = "SELECT CAST(COUNT(*) AS BIGINT) FROM login_failure";
    FORGET = "DELETE FROM login_failure WHERE username = $1";
}

/// Until when a name is locked; none if it is not at `now`.
pub async fn locked_until(
    conn: &mut Conn,
    username: &str,
    now: Timestamp,
) -> StoreResult<Option<Timestamp>> {
    let row: Option<(i64,)> = run!(conn, c => sqlx::query_as(LOCKED_UNTIL)
        .bind(username)
        .bind(now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(until,)| Timestamp::from_micros(until)))
}

/// Counts an attempt, forgetting those up to `since`; how many there are now, or none while the name
/// is locked.
pub async fn count(
    tx: &mut Tx,
    username: &str,
    since: Timestamp,
    now: Timestamp,
) -> StoreResult<Option<i64>> {
    run!(tx, c => sqlx::query(FORGET_OLD)
        .bind(since.micros())
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    let row: Option<(i64,)> = run!(tx, c => sqlx::query_as(COUNT)
        .bind(username)
        .bind(now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(attempts,)| attempts))
}

/// Counts the names that were tried and are not forgotten.
pub async fn names(conn: &mut Conn) -> StoreResult<i64> {
    let (names,): (i64,) = run!(conn, c => sqlx::query_as(NAMES).fetch_one(c).await)?;
    Ok(names)
}

/// Takes back the counting of an attempt that was never looked at.
pub async fn take_back(tx: &mut Tx, username: &str) -> StoreResult<()> {
    run!(tx, c => sqlx::query(TAKE_BACK).bind(username).execute(c).await.map(drop))?;
    Ok(())
}

/// Locks a name that has as many attempts as `most`; true if it was not locked before.
pub async fn lock_if_spent(
    tx: &mut Tx,
    username: &str,
    most: i64,
    until: Timestamp,
    now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(LOCK)
        .bind(username)
        .bind(until.micros())
        .bind(most)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Forgets the attempts of a name that is not locked.
pub async fn clear(tx: &mut Tx, username: &str, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(CLEAR)
        .bind(username)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Forgets the attempts of a name and its lock; true if there were any.
pub async fn forget(tx: &mut Tx, username: &str) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(FORGET)
        .bind(username)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows > 0)
}
