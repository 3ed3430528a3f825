//! What people have been asked to write next: one thing a person, until its time is over.

use crate::domain::Timestamp;
use crate::domain::dialogue::Dialogue;
use crate::domain::versioned::Versioned as _;

use super::db::{Conn, run};
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "chat_dialogue";

statements! {
    OF_PERSON = "SELECT version, payload FROM chat_dialogue \
                 WHERE wecom_userid = $1 AND expires_at > $2";
    PUT = "INSERT INTO chat_dialogue (wecom_userid, version, payload, expires_at) \
           VALUES ($1, $2, $3, $4) ON CONFLICT (wecom_userid) DO UPDATE \
           SET version = excluded.version, payload = excluded.payload, \
           expires_at = excluded.expires_at";
    END = "DELETE FROM chat_dialogue WHERE wecom_userid = $1 AND payload = $2";
    FORGET_OVER = "DELETE FROM chat_dialogue WHERE wecom_userid IN \
                   (SELECT wecom_userid FROM chat_dialogue WHERE expires_at <= $1 LIMIT $2)";
}

fn payload(dialogue: &Dialogue) -> StoreResult<String> {
    serde_json::to_string(dialogue).map_err(|error| StoreError::Inconsistent {
        table: TABLE,
        id: 0,
        what: error.to_string(),
    })
}

/// What somebody has been asked to write; none if nothing, or nothing that this program can read.
pub async fn of_person(
    conn: &mut Conn,
    person: &str,
    wall_now: Timestamp,
) -> StoreResult<Option<Dialogue>> {
    let row: Option<(i64, String)> = run!(conn, c => sqlx::query_as(OF_PERSON)
        .bind(person)
        .bind(wall_now.micros())
        .fetch_optional(c)
        .await)?;
    Ok(row.and_then(|(version, payload)| Dialogue::read(version, &payload).ok()))
}

/// Remembers what somebody has been asked to write, in the place of what was before.
pub async fn put(
    tx: &mut Tx,
    person: &str,
    dialogue: &Dialogue,
    expires_at: Timestamp,
) -> StoreResult<()> {
    let payload = payload(dialogue)?;
    run!(tx, c => sqlx::query(PUT)
        .bind(person)
        .bind(Dialogue::VERSION)
        .bind(&payload)
        .bind(expires_at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Waits for it no more; another one that was asked meanwhile stays.
pub async fn end(tx: &mut Tx, person: &str, dialogue: &Dialogue) -> StoreResult<()> {
    let payload = payload(dialogue)?;
    run!(tx, c => sqlx::query(END)
        .bind(person)
        .bind(&payload)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Deletes at most so many whose time is over; how many.
pub async fn forget_over(tx: &mut Tx, wall_now: Timestamp, limit: i64) -> StoreResult<u64> {
    let rows = run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(wall_now.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows)
}
