//! The inbox: what a platform told us, stored before it is answered and worked off later.

use crate::domain::Timestamp;

use super::db::run;
use super::{Sealed, Signal, StoreResult, Tx};

/// The column that payloads are sealed for: they hold what people wrote.
const PAYLOAD: &str = "inbound_event.payload";

statements! {
    INSERT = "INSERT INTO inbound_event (source, dedupe_key, payload, status, attempts, \
              next_try_at, received_at) VALUES ($1, $2, $3, 'pending', 0, $4, $4) \
              ON CONFLICT (source, dedupe_key) DO NOTHING";
    DUE = "SELECT id, source, payload, attempts FROM inbound_event \
           WHERE status = 'pending' AND next_try_at <= $1 \
           AND (lease_until IS NULL OR lease_until < $2) ORDER BY next_try_at, id LIMIT $3";
    LEASE = "UPDATE inbound_event SET lease_until = $2, attempts = attempts + 1 \
             WHERE id = $1 AND status = 'pending' AND (lease_until IS NULL OR lease_until < $3)";
    DONE = "UPDATE inbound_event SET status = 'done', lease_until = NULL, error = NULL \
            WHERE id = $1 AND status = 'pending'";
    RETRY = "UPDATE inbound_event SET lease_until = NULL, next_try_at = $2, error = $3 \
             WHERE id = $1 AND status = 'pending'";
    GIVE_UP = "UPDATE inbound_event SET status = 'failed', lease_until = NULL, error = $2 \
               WHERE id = $1 AND status = 'pending'";
    FORGET = "DELETE FROM inbound_event WHERE received_at < $1 AND status <> 'pending'";
}

/// An event to be worked off.
#[derive(Debug, Clone)]
pub struct InboundEvent {
    /// Its row.
    pub id: i64,
    /// `wecom_app`.
    pub source: String,
    /// What came in, decrypted and verified.
    pub payload: Vec<u8>,
    /// Tries so far, this one included.
    pub attempts: i64,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    id: i64,
    source: String,
    payload: Vec<u8>,
    attempts: i64,
}

/// Stores an event; `false` if it has been stored before.
pub async fn store(
    tx: &mut Tx,
    source: &str,
    dedupe_key: &str,
    payload: &Sealed,
    now: Timestamp,
) -> StoreResult<bool> {
    let added = run!(tx, c => sqlx::query(INSERT)
        .bind(source)
        .bind(dedupe_key)
        .bind(&payload.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    if added == 1 {
        tx.wake(Signal::Inbox);
    }
    Ok(added == 1)
}

/// Seals a payload for [`store`].
pub fn seal(keys: &super::Keyring, payload: &[u8]) -> StoreResult<Sealed> {
    Ok(keys.seal(PAYLOAD, payload)?)
}

/// Leases up to `limit` due events until `lease_until`, oldest first.
pub async fn lease_due(
    tx: &mut Tx,
    keys: &super::Keyring,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> StoreResult<Vec<InboundEvent>> {
    let rows: Vec<EventRow> = run!(tx, c => sqlx::query_as(DUE)
        .bind(now.micros())
        .bind(now.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        let won = run!(tx, c => sqlx::query(LEASE)
            .bind(row.id)
            .bind(lease_until.micros())
            .bind(now.micros())
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if won == 1 {
            leased.push(InboundEvent {
                id: row.id,
                source: row.source,
                payload: keys.open(PAYLOAD, &Sealed(row.payload))?,
                attempts: row.attempts + 1,
            });
        }
    }
    Ok(leased)
}

/// The event has been worked off.
pub async fn done(tx: &mut Tx, id: i64) -> StoreResult<()> {
    run!(tx, c => sqlx::query(DONE).bind(id).execute(c).await.map(drop))?;
    Ok(())
}

/// The event is to be tried again at `next_try_at`.
pub async fn retry(tx: &mut Tx, id: i64, next_try_at: Timestamp, error: &str) -> StoreResult<()> {
    run!(tx, c => sqlx::query(RETRY)
        .bind(id)
        .bind(next_try_at.micros())
        .bind(error)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The event cannot be worked off; it is kept for people to see.
pub async fn give_up(tx: &mut Tx, id: i64, error: &str) -> StoreResult<()> {
    run!(tx, c => sqlx::query(GIVE_UP).bind(id).bind(error).execute(c).await.map(drop))?;
    Ok(())
}

/// Forgets worked-off events older than `before`: dedupe keys live 30 days (contract).
pub async fn forget(tx: &mut Tx, before: Timestamp) -> StoreResult<u64> {
    let gone = run!(tx, c => sqlx::query(FORGET)
        .bind(before.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(gone)
}
