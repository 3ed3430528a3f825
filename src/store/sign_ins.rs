//! Sign-ins under way at a platform. Only hashes are kept of the state that was sent along and of what
//! the browser holds.

use crate::domain::Timestamp;

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{StoreResult, Tx};

statements! {
    ADD = "INSERT INTO oauth_state (state_hash, purpose, browser_hash, redirect, is_retry, \
           expires_at) VALUES ($1, $2, $3, $4, $5, $6)";
    BY_STATE = "SELECT browser_hash, redirect, is_retry, session_hash FROM oauth_state \
                WHERE state_hash = $1 AND purpose = $2 AND expires_at > $3";
    NEWEST_OF_BROWSER = "SELECT browser_hash, redirect, is_retry, session_hash FROM oauth_state \
                         WHERE browser_hash = $1 AND purpose = $2 AND expires_at > $3 \
                         ORDER BY expires_at DESC, state_hash LIMIT 1";
    TAKE = "UPDATE oauth_state SET taken_at = $4 WHERE state_hash = $1 AND browser_hash = $2 \
            AND purpose = $3 AND taken_at IS NULL AND expires_at > $4";
    FINISH = "UPDATE oauth_state SET session_hash = $2 WHERE state_hash = $1";
    FORGET_RETRIES = "UPDATE oauth_state SET is_retry = $3 WHERE browser_hash = $1 \
                      AND purpose = $2";
    FORGET_OVER = "DELETE FROM oauth_state WHERE state_hash IN \
                   (SELECT state_hash FROM oauth_state WHERE expires_at <= $1 LIMIT $2)";
}

/// A sign-in that was begun.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct SignIn {
    /// What the browser that began it is known by.
    pub browser_hash: Vec<u8>,
    /// Where to go afterwards.
    pub redirect: String,
    /// It was begun because the one before it came to nothing.
    pub is_retry: bool,
    /// The session that it opened, once it has come back.
    pub session_hash: Option<Vec<u8>>,
}

/// Remembers a sign-in under way.
pub fn add(
    tx: &mut Tx,
    state_hash: &[u8],
    purpose: &'static str,
    sign_in: &SignIn,
    expires_at: Timestamp,
) {
    tx.put_off(
        Statement::new(ADD)
            .bind(state_hash)
            .bind(purpose)
            .bind(&sign_in.browser_hash)
            .bind(&sign_in.redirect)
            .bind(sign_in.is_retry)
            .bind(expires_at.micros()),
    );
}

/// The sign-in of a state, until its time is over.
pub async fn by_state(
    conn: &mut Conn,
    state_hash: &[u8],
    purpose: &'static str,
    wall_now: Timestamp,
) -> StoreResult<Option<SignIn>> {
    Ok(run!(conn, c => sqlx::query_as(BY_STATE)
        .bind(state_hash)
        .bind(purpose)
        .bind(wall_now.micros())
        .fetch_optional(c)
        .await)?)
}

/// The newest sign-in that a browser has begun, until its time is over.
pub async fn newest_of_browser(
    conn: &mut Conn,
    browser_hash: &[u8],
    purpose: &'static str,
    wall_now: Timestamp,
) -> StoreResult<Option<SignIn>> {
    Ok(run!(conn, c => sqlx::query_as(NEWEST_OF_BROWSER)
        .bind(browser_hash)
        .bind(purpose)
        .bind(wall_now.micros())
        .fetch_optional(c)
        .await)?)
}

/// Takes a sign-in that this browser has begun, once; `false` for any other.
pub async fn take(
    tx: &mut Tx,
    state_hash: &[u8],
    browser_hash: &[u8],
    purpose: &'static str,
    wall_now: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(TAKE)
        .bind(state_hash)
        .bind(browser_hash)
        .bind(purpose)
        .bind(wall_now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Remembers the session that a sign-in has opened; its browser's next one is no retry.
pub fn finish(
    tx: &mut Tx,
    state_hash: &[u8],
    browser_hash: &[u8],
    purpose: &'static str,
    session_hash: &[u8],
) {
    tx.put_off(Statement::new(FINISH).bind(state_hash).bind(session_hash));
    tx.put_off(
        Statement::new(FORGET_RETRIES)
            .bind(browser_hash)
            .bind(purpose)
            .bind(false),
    );
}

/// Deletes at most `limit` sign-ins whose time is over; how many.
pub async fn forget_over(tx: &mut Tx, wall_now: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(wall_now.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}
