//! The outbox: messages to people. One is added by the transaction that gives the reason for it, and
//! sent later, so that nothing is announced that did not happen.
//!
//! Whoever holds a message's lease may record what became of it, and nobody else: every write
//! names the lease, and its row count is checked.

use crate::domain::refund::Unwritable;
use crate::domain::{CampId, CardId, Message, Recipients, Timestamp, WecomUserid};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{Signal, StoreResult, Tx, held};

const TABLE: &str = "notification_message";
/// Between the userids of one message. No userid holds it.
const SEPARATOR: char = '|';

statements! {
    INSERT = "INSERT INTO notification_message (kind, version, channel, priority, recipient, \
              camp_id, card_id, body, dedupe_key, status, attempts, send_at, created_at, error) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 0, $11, $12, $13) \
              ON CONFLICT (dedupe_key) DO NOTHING";
    UNDELIVERED = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
                   WHERE status = 'failed' AND priority = 'notice' AND channel = 'wecom_app' \
                   AND created_at >= $1";
    WAITING = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_message \
               WHERE status = 'pending' AND send_at <= $1";
    // What is put off, or in the hands of another worker, holds back what comes after it: two
    // messages of one priority reach their reader in the order in which they became due.
    LEASE_DUE = "UPDATE notification_message SET lease_until = $3 \
                 WHERE status = 'pending' AND (lease_until IS NULL OR lease_until < $2) \
                 AND id IN (SELECT due.id FROM notification_message due \
                 WHERE due.status = 'pending' AND due.send_at <= $1 \
                 AND (due.retry_at IS NULL OR due.retry_at <= $2) \
                 AND (due.lease_until IS NULL OR due.lease_until < $2) \
                 AND NOT EXISTS (SELECT 1 FROM notification_message earlier \
                 WHERE earlier.status = 'pending' AND earlier.recipient = due.recipient \
                 AND earlier.priority = due.priority AND earlier.channel = due.channel \
                 AND (earlier.send_at, earlier.id) < (due.send_at, due.id) \
                 AND (earlier.retry_at > $2 OR earlier.lease_until >= $2)) \
                 ORDER BY due.send_at, due.id LIMIT $4) \
                 RETURNING id, kind, version, channel, priority, recipient, camp_id, card_id, \
                 body, attempts, send_at, lease_until, tried_at, carried_by, created_at";
    BEGIN_TRY = "UPDATE notification_message SET attempts = attempts + 1, tried_at = $3, \
                 lease_until = $4, carried_by = $5 \
                 WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    SETTLE = "UPDATE notification_message SET status = $3, lease_until = NULL, retry_at = NULL, \
              error = $4, sent_at = $5 WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    PUT_OFF = "UPDATE notification_message SET lease_until = NULL, send_at = $3, retry_at = $4, \
               tried_at = $5, carried_by = $6, error = $7 \
               WHERE id = $1 AND status = 'pending' AND lease_until = $2";
    RESEND = "UPDATE notification_message SET status = $3, send_at = $4, attempts = 0, \
              lease_until = NULL, retry_at = NULL, tried_at = NULL, carried_by = NULL, \
              sent_at = NULL, error = NULL WHERE id = $1 AND status = $2";
    LAST_OF_CAMP = "SELECT send_at, status = 'pending' AS is_pending FROM notification_message \
                    WHERE camp_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1";
    NOTE_DELIVERY = "INSERT INTO notification_delivery (member, at, message_id) \
                     VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    DELIVERIES_SINCE = "SELECT CAST(COUNT(*) AS BIGINT) FROM notification_delivery \
                        WHERE member = $1 AND at > $2";
    FORGET_DELIVERIES = "DELETE FROM notification_delivery WHERE member = $1 AND at <= $2";
}

text_enum! {
    /// The way a message goes.
    pub enum Channel {
        /// The app, to members of the corp.
        WecomApp = "wecom_app",
        /// A group's robot; the recipient is the camp whose key is used.
        GroupRobot = "group_robot",
    }
}

text_enum! {
    /// Messages to one reader keep their order among those of one priority.
    pub enum Priority {
        /// Somebody has just asked for it: it does not wait behind notices.
        Reply = "reply",
        /// Nobody waits for it at this moment.
        Notice = "notice",
    }
}

text_enum! {
    /// The state of a message.
    pub enum MessageStatus {
        /// Waits for its turn.
        Pending = "pending",
        /// Taken by the platform.
        Sent = "sent",
        /// Refused for good.
        Failed = "failed",
        /// Nobody can say whether it arrived (group robots are asked once).
        Unknown = "unknown",
        /// Sent together with another one.
        Merged = "merged",
    }
}

/// A message to be sent.
#[derive(Debug, Clone)]
pub struct NewMessage {
    pub content: Message,
    pub to: Recipients,
    pub priority: Priority,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// The card it carries.
    pub card_id: Option<CardId>,
    /// A second message with this key is dropped.
    pub dedupe_key: Option<String>,
    /// Not before.
    pub send_at: Timestamp,
}

/// The hold of one worker on one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MessageLease {
    /// The message.
    pub id: i64,
    /// The end of the hold, by the wall.
    pub until: Timestamp,
}

/// A message whose turn has come, leased to whoever reads this.
#[derive(Debug, Clone)]
pub struct DueMessage {
    /// Its row.
    pub id: i64,
    pub content: Message,
    pub to: Recipients,
    pub priority: Priority,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// The card it carries.
    pub card_id: Option<CardId>,
    /// Calls that went out for it so far.
    pub attempts: i64,
    /// Not before, by the clock of business.
    pub send_at: Timestamp,
    /// Until when it is ours, by the wall.
    pub lease_until: Timestamp,
    /// When a call went out whose answer nobody knows: its worker died, or no answer came.
    pub tried_at: Option<Timestamp>,
    /// The message in whose text that call carried it.
    pub carried_by: Option<i64>,
    /// When it was added.
    pub created_at: Timestamp,
}

/// The last message of a kind about a camp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastOfCamp {
    /// Not before, by the clock of business.
    pub send_at: Timestamp,
    /// It is still to be sent.
    pub is_pending: bool,
}

impl DueMessage {
    /// The hold on it.
    #[must_use]
    pub const fn lease(&self) -> MessageLease {
        MessageLease {
            id: self.id,
            until: self.lease_until,
        }
    }
}

/// A due message that this program cannot read, leased like the others so that it can be ended.
#[derive(Debug, Clone)]
pub struct UnreadableMessage {
    /// The hold on it.
    pub lease: MessageLease,
    /// The stored word of its kind.
    pub kind: String,
    pub why: String,
}

#[derive(sqlx::FromRow)]
struct DueRow {
    id: i64,
    kind: String,
    version: i64,
    channel: String,
    priority: String,
    recipient: String,
    camp_id: Option<i64>,
    card_id: Option<i64>,
    body: String,
    attempts: i64,
    send_at: i64,
    lease_until: i64,
    tried_at: Option<i64>,
    carried_by: Option<i64>,
    created_at: i64,
}

impl DueRow {
    fn read(self) -> Result<DueMessage, UnreadableMessage> {
        let lease = MessageLease {
            id: self.id,
            until: Timestamp::from_micros(self.lease_until),
        };
        let unreadable = |why: String| UnreadableMessage {
            lease,
            kind: self.kind.clone(),
            why,
        };
        let content = Message::read(&self.kind, self.version, &self.body)
            .map_err(|error| unreadable(error.to_string()))?;
        let priority = self.priority.parse::<Priority>();
        Ok(DueMessage {
            id: self.id,
            content,
            to: recipients(&self.channel, &self.recipient).map_err(unreadable)?,
            priority: priority.map_err(|error| unreadable(format!("{error}")))?,
            camp_id: self.camp_id.map(CampId),
            card_id: self.card_id.map(CardId),
            attempts: self.attempts,
            send_at: Timestamp::from_micros(self.send_at),
            lease_until: lease.until,
            tried_at: self.tried_at.map(Timestamp::from_micros),
            carried_by: self.carried_by,
            created_at: Timestamp::from_micros(self.created_at),
        })
    }
}

/// The words of the columns `channel` and `recipient`.
fn columns_of(to: &Recipients) -> (Channel, String) {
    match to {
        Recipients::Members(userids) => {
            let userids: Vec<&str> = userids.iter().map(WecomUserid::as_str).collect();
            (Channel::WecomApp, userids.join("|"))
        }
        Recipients::Group(camp) => (Channel::GroupRobot, camp.to_string()),
    }
}

/// Reads what [`columns_of`] wrote.
fn recipients(channel: &str, recipient: &str) -> Result<Recipients, String> {
    match channel.parse::<Channel>() {
        Ok(Channel::WecomApp) => Ok(recipient.split(SEPARATOR).map(WecomUserid::new).collect()),
        Ok(Channel::GroupRobot) => {
            let camp = recipient.parse().map(CampId);
            let camp = camp.map_err(|_| format!("{recipient:?} is no camp"))?;
            Ok(Recipients::Group(camp))
        }
        Err(error) => Err(error.to_string()),
    }
}

/// When and why a message is sent later.
#[derive(Debug, Clone)]
pub struct PutOff {
    /// Not before, by the clock of business.
    pub send_at: Timestamp,
    /// Not before, by the wall.
    pub retry_at: Option<Timestamp>,
    /// The call whose answer is not known.
    pub tried_at: Option<Timestamp>,
    /// The message in whose text that call carried it.
    pub carried_by: Option<i64>,
    /// Why.
    pub why: Option<String>,
}

/// The last message of a kind about a camp, whomever it goes to.
pub async fn last_of_camp(
    conn: &mut Conn,
    kind: &str,
    camp: CampId,
) -> StoreResult<Option<LastOfCamp>> {
    let row: Option<(i64, bool)> = run!(conn, c => sqlx::query_as(LAST_OF_CAMP)
        .bind(camp.0)
        .bind(kind)
        .fetch_optional(c)
        .await)?;
    Ok(row.map(|(send_at, is_pending)| LastOfCamp {
        send_at: Timestamp::from_micros(send_at),
        is_pending,
    }))
}

/// Adds a message; `false` if its dedupe key is known.
pub async fn add(tx: &mut Tx, message: &NewMessage, now: Timestamp) -> StoreResult<bool> {
    let added = insert(tx, message, MessageStatus::Pending, None, now).await?;
    tx.wake(Signal::Outbox);
    Ok(added)
}

/// Keeps a message that there is nobody to tell; `false` if its dedupe key is known.
pub async fn add_undelivered(
    tx: &mut Tx,
    message: &NewMessage,
    now: Timestamp,
) -> StoreResult<bool> {
    let why = Some("there is nobody to tell");
    insert(tx, message, MessageStatus::Failed, why, now).await
}

/// Counts the notices to people since `since` that reached nobody.
pub async fn undelivered(conn: &mut Conn, since: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(UNDELIVERED)
        .bind(since.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Counts the messages that are due and not sent.
pub async fn waiting(conn: &mut Conn, now: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(WAITING)
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}

async fn insert(
    tx: &mut Tx,
    message: &NewMessage,
    status: MessageStatus,
    error: Option<&str>,
    now: Timestamp,
) -> StoreResult<bool> {
    let (channel, recipient) = columns_of(&message.to);
    let body = message.content.payload().map_err(Unwritable::from)?;
    let added = run!(tx, c => sqlx::query(INSERT)
        .bind(message.content.kind())
        .bind(message.content.version())
        .bind(channel.as_str())
        .bind(message.priority.as_str())
        .bind(&recipient)
        .bind(message.camp_id.map(|id| id.0))
        .bind(message.card_id.map(|id| id.0))
        .bind(&body)
        .bind(&message.dedupe_key)
        .bind(status.as_str())
        .bind(message.send_at.micros())
        .bind(now.micros())
        .bind(error)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(added == 1)
}

/// Leases up to `limit` due messages until `lease_until`, oldest first. One that cannot be read is
/// leased too: it is for the caller to end.
pub async fn lease_due(
    tx: &mut Tx,
    now: Timestamp,
    wall_now: Timestamp,
    lease_until: Timestamp,
    limit: i64,
) -> StoreResult<Vec<Result<DueMessage, UnreadableMessage>>> {
    let lease = Statement::new(LEASE_DUE)
        .bind(now.micros())
        .bind(wall_now.micros())
        .bind(lease_until.micros())
        .bind(limit);
    let mut leased: Vec<DueRow> = tx.ask_all(lease).await?;
    // What RETURNING answers has no order.
    leased.sort_by_key(|row| (row.send_at, row.id));
    Ok(leased.into_iter().map(DueRow::read).collect())
}

/// Marks a message as tried, before a call for it goes out, and renews its lease. The work fails
/// with [`super::StoreError::Stale`] if the lease is another worker's by now: nothing may be sent.
pub fn begin_try(
    tx: &mut Tx,
    message: &mut DueMessage,
    wall_now: Timestamp,
    lease_until: Timestamp,
    carried_by: Option<i64>,
) {
    tx.put_off(
        Statement::new(BEGIN_TRY)
            .bind(message.id)
            .bind(message.lease_until.micros())
            .bind(wall_now.micros())
            .bind(lease_until.micros())
            .bind(carried_by)
            .guarded(TABLE, message.id),
    );
    message.attempts += 1;
    message.lease_until = lease_until;
    message.tried_at = Some(wall_now);
    message.carried_by = carried_by;
}

/// Ends a message. The work fails with [`super::StoreError::Stale`] if the lease is another
/// worker's by now.
pub fn settle(
    tx: &mut Tx,
    lease: MessageLease,
    status: MessageStatus,
    error: Option<&str>,
    at: Timestamp,
) {
    tx.put_off(
        Statement::new(SETTLE)
            .bind(lease.id)
            .bind(lease.until.micros())
            .bind(status.as_str())
            .bind(error)
            .bind(at.micros())
            .guarded(TABLE, lease.id),
    );
}

/// Has a message that has ended as `from` sent again.
///
/// # Errors
/// [`super::StoreError::Stale`] if it is something else by now.
pub async fn resend(
    tx: &mut Tx,
    id: i64,
    from: MessageStatus,
    send_at: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(RESEND)
        .bind(id)
        .bind(from.as_str())
        .bind(MessageStatus::Pending.as_str())
        .bind(send_at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    tx.wake(Signal::Outbox);
    held(rows, TABLE, id)
}

/// Gives a message back, to be sent later.
///
/// # Errors
/// [`super::StoreError::Stale`] if the lease is another worker's by now.
pub async fn put_off(tx: &mut Tx, message: &DueMessage, put_off: &PutOff) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(PUT_OFF)
        .bind(message.id)
        .bind(message.lease_until.micros())
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

/// Counts that one member is about to be written to.
pub fn note_delivery(tx: &mut Tx, member: &str, message_id: i64, wall_now: Timestamp) {
    tx.put_off(
        Statement::new(NOTE_DELIVERY)
            .bind(member)
            .bind(wall_now.micros())
            .bind(message_id),
    );
}

/// Counts the messages to one member since `since`.
pub async fn deliveries_since(conn: &mut Conn, member: &str, since: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(DELIVERIES_SINCE)
        .bind(member)
        .bind(since.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}

/// Forgets when one member was written to, up to `until`.
pub fn forget_deliveries(tx: &mut Tx, member: &str, until: Timestamp) {
    let forget = Statement::new(FORGET_DELIVERIES);
    tx.put_off(forget.bind(member).bind(until.micros()));
}
