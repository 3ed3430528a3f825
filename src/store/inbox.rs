//! The inbox: what a platform told us, stored before it is answered and worked off later.

use crate::domain::Timestamp;

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{Sealed, Signal, StoreResult, Tx};

const TABLE: &str = "inbound_event";

/// The column that payloads are sealed for: they hold what people wrote.
const PAYLOAD: &str = "inbound_event.payload";

statements! {
    INSERT = "INSERT INTO inbound_event (source, dedupe_key, payload, status, attempts, \
              next_try_at, received_at) VALUES ($1, $2, $3, 'pending', 0, $4, $4) \
              ON CONFLICT (source, dedupe_key) DO NOTHING";
    LEASE_DUE = "UPDATE inbound_event SET lease_until = $2, attempts = attempts + 1 \
                 WHERE status = 'pending' AND (lease_until IS NULL OR lease_until < $1) \
                 AND id IN (SELECT id FROM inbound_event WHERE status = 'pending' \
                 AND next_try_at <= $1 AND (lease_until IS NULL OR lease_until < $1) \
                 ORDER BY next_try_at, id LIMIT $3) \
                 RETURNING id, source, payload, attempts, lease_until";
    WAITING = "SELECT CAST(COUNT(*) AS BIGINT) FROM inbound_event WHERE status = 'pending'";
    END = "UPDATE inbound_event SET status = $3, lease_until = NULL, error = $4 \
           WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    FORGET_OVER = "DELETE FROM inbound_event WHERE id IN (SELECT id FROM inbound_event \
                   WHERE status <> 'pending' AND received_at < $1 ORDER BY id LIMIT $2)";
    RETRY = "UPDATE inbound_event SET lease_until = NULL, next_try_at = $3, error = $4 \
             WHERE id = $1 AND status = 'pending' AND lease_until = $2";
}

/// An event to be worked off, leased to whoever reads this.
#[derive(Debug, Clone)]
pub struct InboundEvent {
    /// Its row.
    pub id: i64,
    /// `wecom_app`.
    pub source: String,
    /// What came in, verified and opened.
    pub payload: Vec<u8>,
    /// Tries so far, this one included.
    pub attempts: i64,
    /// The right to record what becomes of it.
    pub lease: Lease,
}

/// The right to record what became of an event, for as long as it lasts; shown as the event's
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lease {
    id: i64,
    until: i64,
}

text_enum! {
    /// How an event ended.
    pub enum End {
        /// It has been worked off.
        Done = "done",
        /// It cannot be worked off; it is kept for people to see.
        Failed = "failed",
    }
}

#[derive(sqlx::FromRow)]
struct EventRow {
    id: i64,
    source: String,
    payload: Vec<u8>,
    attempts: i64,
    lease_until: i64,
}

/// Stores an event, unless it has been stored before.
pub fn store(tx: &mut Tx, source: &str, dedupe_key: &str, payload: &Sealed, now: Timestamp) {
    tx.put_off(
        Statement::new(INSERT)
            .bind(source)
            .bind(dedupe_key)
            .bind(&payload.0)
            .bind(now.micros()),
    );
    tx.wake(Signal::Inbox);
}

/// Seals a payload for [`store`].
pub fn seal(keys: &super::Keyring, payload: &[u8]) -> StoreResult<Sealed> {
    Ok(keys.seal(PAYLOAD, payload)?)
}

/// Counts the events that are not worked off.
pub async fn waiting(conn: &mut Conn) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(WAITING).fetch_one(c).await)?;
    Ok(count)
}

/// Leases up to `limit` due events until `lease_until`, oldest first. One that cannot be read ends
/// at once.
pub async fn lease_due(
    tx: &mut Tx,
    keys: &super::Keyring,
    now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> StoreResult<Vec<InboundEvent>> {
    let lease = Statement::new(LEASE_DUE)
        .bind(now.micros())
        .bind(lease_until.micros())
        .bind(limit);
    let mut rows: Vec<EventRow> = tx.ask_all(lease).await?;
    // What RETURNING answers has no order; events are worked off as they came.
    rows.sort_by_key(|row| row.id);
    let mut events = Vec::with_capacity(rows.len());
    for row in rows {
        let lease = Lease {
            id: row.id,
            until: row.lease_until,
        };
        match keys.open(PAYLOAD, &Sealed(row.payload)) {
            Ok(payload) => events.push(InboundEvent {
                id: row.id,
                source: row.source,
                payload,
                attempts: row.attempts,
                lease,
            }),
            // Its key is gone. It cannot be worked off, and must not keep the others from it.
            Err(error) => {
                tracing::error!(event = row.id, %error, "an event cannot be read any more");
                let why = Some("sealed under a key that is gone");
                end(tx, lease, End::Failed, why);
            }
        }
    }
    Ok(events)
}

/// Deletes at most so many events that have had their end and came in before a moment: until then
/// their keys tell a replay. How many were deleted.
pub async fn forget_over(tx: &mut Tx, before: Timestamp, limit: i64) -> StoreResult<u64> {
    Ok(run!(tx, c => sqlx::query(FORGET_OVER)
        .bind(before.micros())
        .bind(limit)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?)
}

/// The event has had its end. The work fails with [`super::StoreError::Stale`] if the lease is
/// another worker's by now.
pub fn end(tx: &mut Tx, lease: Lease, end: End, error: Option<&str>) {
    tx.put_off(
        Statement::new(END)
            .bind(lease.id)
            .bind(lease.until)
            .bind(end.as_str())
            .bind(error)
            .guarded(TABLE, lease.id),
    );
}

/// The event is to be tried again at `next_try_at`. The work fails with
/// [`super::StoreError::Stale`] if the lease is another worker's by now.
pub fn retry(tx: &mut Tx, lease: Lease, next_try_at: Timestamp, error: &str) {
    tx.put_off(
        Statement::new(RETRY)
            .bind(lease.id)
            .bind(lease.until)
            .bind(next_try_at.micros())
            .bind(error)
            .guarded(TABLE, lease.id),
    );
}

impl std::fmt::Display for Lease {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.id)
    }
}
