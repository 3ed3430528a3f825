//! The outbox: what is to be told to whom. A message is added by the transaction that gives the
//! reason for it, and sent later, so that nothing is told that did not happen.
//!
//! Whoever holds a message's lease may record what became of it, and nobody else: every write
//! names the lease, and its row count is checked.

use crate::domain::{CampId, CardId, Timestamp};

use super::db::{Conn, run};
use super::{Signal, StoreResult, Tx, held};

const TABLE: &str = "notification_message";

statements! {
    INSERT = "INSERT INTO notification_message (kind, channel, lane, recipient, camp_id, card_id, \
              body, dedupe_key, status, attempts, send_at, created_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'pending', 0, $9, $10) \
              ON CONFLICT (dedupe_key) DO NOTHING";
    // What is put off, or in the hands of another worker, holds back what comes after it: two
    // messages of one lane reach their reader in the order in which they became due.
    LEASE_DUE = "UPDATE notification_message SET lease_until = $3 \
                 WHERE status = 'pending' AND (lease_until IS NULL OR lease_until < $2) \
                 AND id IN (SELECT due.id FROM notification_message due \
                 WHERE due.status = 'pending' AND due.send_at <= $1 \
                 AND (due.retry_at IS NULL OR due.retry_at <= $2) \
                 AND (due.lease_until IS NULL OR due.lease_until < $2) \
                 AND NOT EXISTS (SELECT 1 FROM notification_message earlier \
                 WHERE earlier.status = 'pending' AND earlier.recipient = due.recipient \
                 AND earlier.lane = due.lane AND earlier.channel = due.channel \
                 AND (earlier.send_at, earlier.id) < (due.send_at, due.id) \
                 AND (earlier.retry_at > $2 OR earlier.lease_until >= $2)) \
                 ORDER BY due.send_at, due.id LIMIT $4) \
                 RETURNING id, kind, channel, lane, recipient, camp_id, card_id, body, attempts, \
                 send_at, lease_until, tried_at, carried_by, created_at";
    BEGIN_TRY = "UPDATE notification_message SET attempts = attempts + 1, tried_at = $3, \
                 lease_until = $4, carried_by = $5 \
                 WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    SETTLE = "UPDATE notification_message SET status = $3, lease_until = NULL, retry_at = NULL, \
              error = $4, sent_at = $5 WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    PUT_OFF = "UPDATE notification_message SET lease_until = NULL, send_at = $3, retry_at = $4, \
               tried_at = $5, carried_by = $6, error = $7 \
               WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    NOTE_DELIVERY = "INSERT INTO notification_delivery (member, at, message_id) \
                     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELIVERIES_SINCE = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_delivery \
                        WHERE member = $1 AND at > $2";
    FORGET_DELIVERIES = "DELETE FROM notification_delivery WHERE member = $1 AND at <= $2";
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
    /// Messages to one reader keep their order within a lane.
    pub enum Lane {
        /// What somebody has just asked for: it does not wait behind notices.
        Answer = "answer",
        /// What nobody waits for at this moment.
        Notice = "notice",
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
    /// Whether somebody waits for it.
    pub lane: Lane,
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

/// A message whose turn has come, leased to whoever reads this.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct DueMessage {
    /// Its row.
    pub id: i64,
    /// What it tells.
    pub kind: String,
    /// The way.
    #[sqlx(try_from = "String")]
    pub channel: Channel,
    /// Whether somebody waits for it.
    #[sqlx(try_from = "String")]
    pub lane: Lane,
    /// To whom.
    pub recipient: String,
    /// The camp it is about.
    pub camp_id: Option<i64>,
    /// The card it carries.
    pub card_id: Option<i64>,
    /// JSON.
    pub body: String,
    /// Calls that went out for it so far.
    pub attempts: i64,
    /// Not before, in microseconds of business time.
    pub send_at: i64,
    /// Until when it is ours, in microseconds by the wall.
    pub lease_until: i64,
    /// When a call went out whose answer nobody knows: its worker died, or no answer came.
    pub tried_at: Option<i64>,
    /// In whose text it was told by that call.
    pub carried_by: Option<i64>,
    /// Microseconds.
    pub created_at: i64,
}

/// A message that is not told now.
#[derive(Debug, Clone)]
pub struct PutOff {
    /// Not before, by the clock of business.
    pub send_at: Timestamp,
    /// Not before, by the wall.
    pub retry_at: Option<Timestamp>,
    /// The call whose answer is not known.
    pub tried_at: Option<Timestamp>,
    /// In whose text that call told it.
    pub carried_by: Option<i64>,
    /// Why.
    pub why: Option<String>,
}

/// Adds a message; `false` if its dedupe key is known.
pub async fn add(tx: &mut Tx, message: &NewMessage, now: Timestamp) -> StoreResult<bool> {
    let added = run!(tx, c => sqlx::query(INSERT)
        .bind(message.kind)
        .bind(message.channel.as_str())
        .bind(message.lane.as_str())
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
    let mut leased: Vec<DueMessage> = run!(tx, c => sqlx::query_as(LEASE_DUE)
        .bind(now.micros())
        .bind(wall_now.micros())
        .bind(lease_until.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    // What RETURNING answers has no order.
    leased.sort_by_key(|message| (message.send_at, message.id));
    Ok(leased)
}

/// A call for this message is about to go out; its lease is renewed.
///
/// # Errors
/// [`super::StoreError::Stale`] if the lease is another worker's by now: nothing may be sent.
pub async fn begin_try(
    tx: &mut Tx,
    message: &mut DueMessage,
    wall_now: Timestamp,
    lease_until: Timestamp,
    carried_by: Option<i64>,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(BEGIN_TRY)
        .bind(message.id)
        .bind(message.lease_until)
        .bind(wall_now.micros())
        .bind(lease_until.micros())
        .bind(carried_by)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, message.id)?;
    message.attempts += 1;
    message.lease_until = lease_until.micros();
    message.tried_at = Some(wall_now.micros());
    message.carried_by = carried_by;
    Ok(())
}

/// The message has had its end.
///
/// # Errors
/// [`super::StoreError::Stale`] if the lease is another worker's by now.
pub async fn settle(
    tx: &mut Tx,
    message: &DueMessage,
    status: MessageStatus,
    error: Option<&str>,
    at: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SETTLE)
        .bind(message.id)
        .bind(message.lease_until)
        .bind(status.as_str())
        .bind(error)
        .bind(at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, message.id)
}

/// The message goes back, to be told later.
///
/// # Errors
/// [`super::StoreError::Stale`] if the lease is another worker's by now.
pub async fn put_off(tx: &mut Tx, message: &DueMessage, put_off: &PutOff) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(PUT_OFF)
        .bind(message.id)
        .bind(message.lease_until)
        .bind(put_off.send_at.micros())
        .bind(put_off.retry_at.map(Timestamp::micros))
        .bind(put_off.tried_at.map(Timestamp::micros))
        .bind(put_off.carried_by)
        .bind(&put_off.why)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, message.id)
}

/// One member is about to be written to.
pub async fn note_delivery(
    tx: &mut Tx,
    member: &str,
    message_id: i64,
    wall_now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(NOTE_DELIVERY)
        .bind(member)
        .bind(wall_now.micros())
        .bind(message_id)
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// How often one member has been written to since `since`.
pub async fn deliveries_since(conn: &mut Conn, member: &str, since: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(DELIVERIES_SINCE)
        .bind(member)
        .bind(since.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Forgets when one member was written to, up to `until`.
pub async fn forget_deliveries(tx: &mut Tx, member: &str, until: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(FORGET_DELIVERIES)
        .bind(member)
        .bind(until.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}
