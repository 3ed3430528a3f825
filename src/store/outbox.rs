//! The outbox: what is to be told to whom. A message is added by the transaction that gives the
//! reason for it, and sent later, so that nothing is told that did not happen.

use crate::domain::{CampId, CardId, Timestamp};

use super::db::run;
use super::{Signal, StoreResult, Tx};

statements! {
    INSERT = "INSERT INTO notification_message (kind, channel, recipient, camp_id, card_id, body, \
              dedupe_key, status, attempts, next_try_at, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, 'pending', 0, $8, $9) \
              ON CONFLICT (dedupe_key) DO NOTHING";
    DUE = "SELECT id, kind, channel, recipient, camp_id, card_id, body, attempts, lease_until, \
           created_at FROM notification_message WHERE status = 'pending' AND next_try_at <= $1 \
           AND (lease_until IS NULL OR lease_until < $2) ORDER BY next_try_at, id LIMIT $3";
    LEASE = "UPDATE notification_message SET lease_until = $2, attempts = attempts + 1 \
             WHERE id = $1 AND status = 'pending' AND (lease_until IS NULL OR lease_until < $3)";
    SETTLE = "UPDATE notification_message SET status = $2, lease_until = NULL, error = $3, \
              sent_at = $4 WHERE id = $1 AND status = 'pending'";
    RETRY = "UPDATE notification_message SET lease_until = NULL, next_try_at = $2, error = $3 \
             WHERE id = $1 AND status = 'pending'";
    SENT_SINCE = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                  WHERE recipient = $1 AND sent_at > $2 AND status = 'sent'";
}

text_enum! {
    /// The way a message goes.
    pub enum Channel {
        /// The app, to one or several members of the corp (`|` between userids).
        WecomApp = "wecom_app",
        /// A group's robot; the recipient is the camp whose key is used.
        GroupRobot = "group_robot",
    }
}

text_enum! {
    /// What became of a message.
    pub enum MessageStatus {
        /// Waits for its turn.
        Pending = "pending",
        /// Taken by the platform.
        Sent = "sent",
        /// Refused for good.
        Failed = "failed",
        /// Nobody can say whether it arrived (group robots are asked once).
        Unknown = "unknown",
        /// Told together with another one.
        Merged = "merged",
    }
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// What it tells: `refund_done`, `sync_failed` …
    pub kind: &'static str,
    /// The way.
    pub channel: Channel,
    /// WeCom userids joined by `|`, or the camp's id for its group.
    pub recipient: String,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// The card it carries.
    pub card_id: Option<CardId>,
    /// JSON: what the template of its kind is filled with.
    pub body: serde_json::Value,
    /// A second message with this key is dropped.
    pub dedupe_key: Option<String>,
    /// Not before.
    pub send_at: Timestamp,
}

/// A message whose turn has come.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DueMessage {
    /// Its row.
    pub id: i64,
    /// What it tells.
    pub kind: String,
    /// The way, as a word of [`Channel`].
    pub channel: String,
    /// To whom.
    pub recipient: String,
    /// The camp it is about.
    pub camp_id: Option<i64>,
    /// The card it carries.
    pub card_id: Option<i64>,
    /// JSON.
    pub body: String,
    /// Tries so far, without this one.
    pub attempts: i64,
    /// The lease of a worker that died over it, in microseconds: whether it arrived is not known.
    pub lease_until: Option<i64>,
    /// Microseconds.
    pub created_at: i64,
}

/// Adds a message; `false` if its dedupe key is known.
pub async fn add(tx: &mut Tx, message: &NewMessage, now: Timestamp) -> StoreResult<bool> {
    let added = run!(tx, c => sqlx::query(INSERT)
        .bind(message.kind)
        .bind(message.channel.as_str())
        .bind(&message.recipient)
        .bind(message.camp_id.map(|id| id.0))
        .bind(message.card_id.map(|id| id.0))
        .bind(message.body.to_string())
        .bind(&message.dedupe_key)
        .bind(message.send_at.micros())
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    tx.wake(Signal::Outbox);
    Ok(added == 1)
}

/// Leases up to `limit` due messages until `lease_until`, oldest first.
pub async fn lease_due(
    tx: &mut Tx,
    now: Timestamp,
    wall_now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> StoreResult<Vec<DueMessage>> {
    let rows: Vec<DueMessage> = run!(tx, c => sqlx::query_as(DUE)
        .bind(now.micros())
        .bind(wall_now.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    let mut leased = Vec::with_capacity(rows.len());
    for row in rows {
        let won = run!(tx, c => sqlx::query(LEASE)
            .bind(row.id)
            .bind(lease_until.micros())
            .bind(wall_now.micros())
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if won == 1 {
            leased.push(row);
        }
    }
    Ok(leased)
}

/// The message has had its end.
pub async fn settle(
    tx: &mut Tx,
    id: i64,
    status: MessageStatus,
    error: Option<&str>,
    at: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(SETTLE)
        .bind(id)
        .bind(status.as_str())
        .bind(error)
        .bind(at.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// The message is to be tried again at `next_try_at`.
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

/// How many messages one recipient has been sent since `since`: their budget (wecom-app §4).
pub async fn sent_since(tx: &mut Tx, recipient: &str, since: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(tx, c => sqlx::query_as(SENT_SINCE)
        .bind(recipient)
        .bind(since.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}
