//! Sessions of staff: a token is good only while its row is.

use crate::domain::{Timestamp, UserId};

use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    INSERT = "INSERT INTO staff_session (id, user_id, created_at, expires_at) \
              VALUES ($1, $2, $3, $4)";
    IS_LIVE = "SELECT CAST(COUNT(*) AS BIGINT) FROM staff_session \
               WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND expires_at > $3";
    REVOKE = "UPDATE staff_session SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_ALL = "UPDATE staff_session SET revoked_at = $2 \
                  WHERE user_id = $1 AND revoked_at IS NULL";
    FORGET_EXPIRED = "DELETE FROM staff_session WHERE user_id = $1 AND expires_at <= $2";
}

/// Opens a session. `now` and `expires_at` are wall time.
pub async fn insert(
    tx: &mut Tx,
    id: &str,
    user: UserId,
    now: Timestamp,
    expires_at: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(FORGET_EXPIRED)
        .bind(user.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(drop))?;
    run!(tx, c => sqlx::query(INSERT)
        .bind(id)
        .bind(user.0)
        .bind(now.micros())
        .bind(expires_at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
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

/// Ends one session.
pub async fn revoke(tx: &mut Tx, id: &str, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(REVOKE).bind(id).bind(now.micros()).execute(c).await.map(drop))?;
    Ok(())
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
