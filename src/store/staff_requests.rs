//! Requests of staff that carry a key of their own, with the first answer: whoever sends one again is
//! answered the same, and nothing is done twice.

use crate::domain::{Timestamp, UserId};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{Sealed, StoreResult, Tx};

/// The column that request and answer are sealed for.
pub const CONTENT: &str = "staff_request.content";

statements! {
    FORGET_ONE = "DELETE FROM staff_request WHERE user_id = $1 AND route = $2 AND request_key = $3 \
                  AND expires_at <= $4";
    CLAIM = "INSERT INTO staff_request (user_id, route, request_key, content, is_answered, \
             begun_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (user_id, route, request_key) DO NOTHING RETURNING id";
    FIND = "SELECT id, content, is_answered, begun_at FROM staff_request \
            WHERE user_id = $1 AND route = $2 AND request_key = $3 AND expires_at > $4";
    ANSWER = "UPDATE staff_request SET content = $2, is_answered = $3 WHERE id = $1 \
              AND is_answered = $4";
    RELEASE = "DELETE FROM staff_request WHERE id = $1 AND is_answered = $2";
    FORGET_OVER = "DELETE FROM staff_request WHERE id IN \
                   (SELECT id FROM staff_request WHERE expires_at <= $1 LIMIT $2)";
}

/// What names a request: whose it is, what it asks for, and the key that it carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestName {
    /// Who sends it.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// What it carries.
    pub key: String,
}

/// A request that is kept.
#[derive(Debug, Clone)]
pub struct KeptRequest {
    /// Its row.
    pub id: i64,
    /// What was asked and, once there is one, the answer; encrypted for [`CONTENT`].
    pub content: Sealed,
    /// Whether there is an answer.
    pub is_answered: bool,
    /// When its work began, by the wall.
    pub begun_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: i64,
    content: Vec<u8>,
    is_answered: bool,
    begun_at: i64,
}

/// Takes a name that nobody has, and answers its row; `None` if somebody has it. A name whose time is
/// over is free.
pub async fn claim(
    tx: &mut Tx,
    name: &RequestName,
    content: &Sealed,
    now: Timestamp,
    expires_at: Timestamp,
) -> StoreResult<Option<i64>> {
    tx.put_off(
        Statement::new(FORGET_ONE)
            .bind(name.user.0)
            .bind(&name.route)
            .bind(&name.key)
            .bind(now.micros()),
    );
    let claim = Statement::new(CLAIM)
        .bind(name.user.0)
        .bind(&name.route)
        .bind(&name.key)
        .bind(&content.0)
        .bind(false)
        .bind(now.micros())
        .bind(expires_at.micros());
    let row: Option<(i64,)> = tx.ask_one(claim).await?;
    Ok(row.map(|(id,)| id))
}

/// The request of this name whose time is not over.
pub async fn find(
    conn: &mut Conn,
    name: &RequestName,
    now: Timestamp,
) -> StoreResult<Option<KeptRequest>> {
    let row: Option<Row> = run!(conn, c => sqlx::query_as(FIND)
        .bind(name.user.0)
        .bind(&name.route)
        .bind(&name.key)
        .bind(now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|row| KeptRequest {
        id: row.id,
        content: Sealed(row.content),
        is_answered: row.is_answered,
        begun_at: Timestamp::from_micros(row.begun_at),
    }))
}

/// Keeps the answer of a request that has none; it has one already if this fails as stale.
pub fn answer(tx: &mut Tx, id: i64, content: &Sealed) {
    tx.put_off(
        Statement::new(ANSWER)
            .bind(id)
            .bind(&content.0)
            .bind(true)
            .bind(false)
            .guarded("staff_request", id),
    );
}

/// Forgets a request that was sent away before anything was done.
pub fn release(tx: &mut Tx, id: i64) {
    tx.put_off(Statement::new(RELEASE).bind(id).bind(false));
}

/// Deletes at most `limit` requests whose time is over; how many.
pub async fn forget_over(tx: &mut Tx, now: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(now.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}
