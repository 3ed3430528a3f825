//! Sessions of staff: a token is good only while its row is.

use crate::domain::{Timestamp, UserId};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    INSERT = "INSERT INTO staff_session (id, user_id, ip, created_at, expires_at) \
              VALUES ($1, $2, $3, $4, $5)";
    END_OLDEST = "UPDATE staff_session SET revoked_at = $2 \
                  WHERE user_id = $1 AND revoked_at IS NULL AND id NOT IN \
                  (SELECT id FROM staff_session WHERE user_id = $1 AND revoked_at IS NULL \
                  AND expires_at > $2 ORDER BY created_at DESC, id DESC LIMIT $3)";
    IS_LIVE = "SELECT CAST(COUNT(*) AS BIGINT) FROM staff_session \
               WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3";
    LIVE = "SELECT id, ip, created_at, expires_at FROM staff_session \
            WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
            ORDER BY created_at DESC, id DESC";
    COUNTS = "SELECT user_id, CAST(COUNT(*) AS BIGINT) FROM staff_session \
              WHERE revoked_at IS NULL AND expires_at > $1 GROUP BY user_id";
    REVOKE = "UPDATE staff_session SET revoked_at = $3 \
              WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL";
    REVOKE_ALL = "UPDATE staff_session SET revoked_at = $2 \
                  WHERE user_id = $1 AND revoked_at IS NULL";
    FORGET_OVER = "DELETE FROM staff_session WHERE id IN \
                   (SELECT id FROM staff_session WHERE expires_at <= $1 LIMIT $2)";
}

/// A session that is good.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct LiveSession {
    /// Its token names it; knowing it opens nothing.
    pub id: String,
    /// Where it was opened from.
    pub ip: Option<String>,
    created_at: i64,
    expires_at: i64,
}

impl LiveSession {
    /// When it was opened, by the wall.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        Timestamp::from_micros(self.created_at)
    }

    /// Until when it is good, by the wall.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        Timestamp::from_micros(self.expires_at)
    }
}

/// A session to be opened. Its times are the wall's.
#[derive(Debug, Clone)]
pub struct NewSession {
    /// Its token names it.
    pub id: String,
    /// Whose it is.
    pub user: UserId,
    /// Where it is opened from.
    pub ip: Option<String>,
    /// When it is opened.
    pub now: Timestamp,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

/// Opens a session, and ends the oldest of its account, so that there are no more than `most`.
pub fn insert(tx: &mut Tx, session: &NewSession, most: i64) {
    tx.put_off(
        Statement::new(END_OLDEST)
            .bind(session.user.0)
            .bind(session.now.micros())
            .bind(most - 1),
    );
    tx.put_off(
        Statement::new(INSERT)
            .bind(&session.id)
            .bind(session.user.0)
            .bind(&session.ip)
            .bind(session.now.micros())
            .bind(session.expires_at.micros()),
    );
}

/// Whether a session of this account has neither ended nor been ended.
pub async fn is_live(conn: &mut Conn, id: &str, user: UserId, now: Timestamp) -> StoreResult<bool> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(IS_LIVE)
        .bind(id)
        .bind(user.0)
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(count == 1)
}

/// The sessions of an account that are good, the newest first.
pub async fn live(conn: &mut Conn, user: UserId, now: Timestamp) -> StoreResult<Vec<LiveSession>> {
    Ok(run!(conn, c => sqlx::query_as(LIVE)
        .bind(user.0)
        .bind(now.micros())
        .fetch_all(c)
        .await)?)
}

/// How many sessions each account has, for accounts that have some.
pub async fn counts(conn: &mut Conn, now: Timestamp) -> StoreResult<Vec<(UserId, i64)>> {
    let rows: Vec<(i64, i64)> =
        run!(conn, c => sqlx::query_as(COUNTS).bind(now.micros()).fetch_all(c).await)?;
    let of_user = |(user, count)| (UserId(user), count);
    Ok(rows.into_iter().map(of_user).collect())
}

/// Ends one session of an account; `false` if it has none of this id that is not ended.
pub async fn revoke(tx: &mut Tx, id: &str, user: UserId, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(REVOKE)
        .bind(id)
        .bind(user.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Ends every session of an account.
pub async fn revoke_all(tx: &mut Tx, user: UserId, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(REVOKE_ALL)
        .bind(user.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Deletes at most `limit` sessions whose time is over; how many.
pub async fn forget_over(tx: &mut Tx, now: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(now.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}
