//! The audit: rows chained by HMAC, so that any that was edited, removed or added shows.

use serde_json::Value;

use crate::domain::{Timestamp, staff::Actor};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{Keyring, StoreError, StoreResult};

/// The derived key of the chain.
const PURPOSE: &str = "audit chain";
/// Rows that are verified at a time.
const VERIFY_PAGE: i64 = 1000;

statements! {
    HEAD_LOCKED = "UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, mac";
    HEAD = "SELECT seq, mac FROM audit_head WHERE id = 1";
    INSERT = "INSERT INTO operation_log (seq, actor_id, actor_name, role, action, object_type, \
              object_id, details, channel, ip, created_at, mac) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ADVANCE = "UPDATE audit_head SET seq = $1, mac = $2 WHERE id = 1";
    PAGE = "SELECT seq, actor_id, actor_name, role, action, object_type, object_id, details, \
            channel, ip, created_at, mac FROM operation_log WHERE seq > $1 ORDER BY seq LIMIT $2";
}

/// One action, as it is remembered.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Who did it; none for the clock and the platforms.
    pub actor: Option<Actor>,
    /// What was done: `refund.approve`.
    pub action: &'static str,
    /// To what kind of thing: `refund`.
    pub object_type: &'static str,
    /// To which one.
    pub object_id: String,
    /// What else is to be known. No secrets, no openids.
    pub details: Value,
    /// When.
    pub at: Timestamp,
}

/// A row of the audit.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct Row {
    /// Its place in the chain, from 1 without gaps.
    pub seq: i64,
    /// The account, if a person did it.
    pub actor_id: Option<i64>,
    /// The name at that time.
    pub actor_name: String,
    /// The role at that time.
    pub role: String,
    /// What was done.
    pub action: String,
    /// To what kind of thing.
    pub object_type: String,
    /// To which one.
    pub object_id: String,
    /// JSON.
    pub details: String,
    /// Card, chat, console, job …
    pub channel: String,
    /// From which address.
    pub ip: Option<String>,
    /// Microseconds.
    pub created_at: i64,
    /// HMAC over the row before it and this one.
    pub mac: Vec<u8>,
}

/// The chain as its verification found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainStatus {
    /// Every row is as it was written, and none is missing.
    Intact {
        /// How many there are.
        rows: i64,
    },
    /// The chain is broken at this row: it or a neighbour was edited, removed or added.
    Broken {
        /// Its place in the chain.
        seq: i64,
        /// What does not fit.
        what: &'static str,
    },
}

/// Appends entries and advances the head, which is what makes concurrent writers queue.
pub(super) async fn append(
    conn: &mut Conn,
    keys: &Keyring,
    entries: Vec<Entry>,
) -> StoreResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let head: Option<(i64, Vec<u8>)> = conn.ask_one(Statement::new(HEAD_LOCKED)).await?;
    let (mut seq, mut mac) = head.ok_or(StoreError::Unanswered)?;
    for entry in entries {
        seq += 1;
        let row = chain(keys, seq, &mac, entry);
        insert(conn, &row);
        mac = row.mac;
    }
    conn.put_off(
        Statement::new(ADVANCE)
            .bind(seq)
            .bind(&mac)
            .guarded("audit_head", 1),
    );
    Ok(())
}

fn chain(keys: &Keyring, seq: i64, previous: &[u8], entry: Entry) -> Row {
    let (actor_id, actor_name, role, channel, ip) = match entry.actor {
        Some(actor) => (
            Some(actor.user_id.0),
            actor.name,
            actor.role.as_str().to_owned(),
            actor.channel.as_str().to_owned(),
            actor.ip,
        ),
        None => (
            None,
            "system".to_owned(),
            "system".to_owned(),
            "job".to_owned(),
            None,
        ),
    };
    let mut row = Row {
        seq,
        actor_id,
        actor_name,
        role,
        action: entry.action.to_owned(),
        object_type: entry.object_type.to_owned(),
        object_id: entry.object_id,
        details: entry.details.to_string(),
        channel,
        ip,
        created_at: entry.at.micros(),
        mac: Vec::new(),
    };
    row.mac = keys.mac(PURPOSE, &row.signed_bytes(previous)).to_vec();
    row
}

fn insert(conn: &mut Conn, row: &Row) {
    conn.put_off(
        Statement::new(INSERT)
            .bind(row.seq)
            .bind(row.actor_id)
            .bind(&row.actor_name)
            .bind(&row.role)
            .bind(&row.action)
            .bind(&row.object_type)
            .bind(&row.object_id)
            .bind(&row.details)
            .bind(&row.channel)
            .bind(&row.ip)
            .bind(row.created_at)
            .bind(&row.mac),
    );
}

impl Row {
    /// What the MAC covers: every field with its length before it, so that moving a border
    /// between two fields changes it too.
    fn signed_bytes(&self, previous: &[u8]) -> Vec<u8> {
        let numbers = [self.seq, self.actor_id.unwrap_or(-1), self.created_at];
        let ip = self.ip.as_deref().unwrap_or("");
        let texts = [
            &self.actor_name,
            &self.role,
            &self.action,
            &self.object_type,
            &self.object_id,
            &self.details,
            &self.channel,
            ip,
        ];
        let mut bytes = previous.to_vec();
        for number in numbers {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for text in texts {
            bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
            bytes.extend_from_slice(text.as_bytes());
        }
        bytes
    }
}

/// Walks the whole chain and tells whether it holds.
pub async fn verify(conn: &mut Conn, keys: &Keyring) -> StoreResult<ChainStatus> {
    let (head_seq, head_mac): (i64, Vec<u8>) =
        run!(conn, c => sqlx::query_as(HEAD).fetch_one(c).await)?;
    let (mut seq, mut mac) = (0, Vec::new());
    loop {
        let page: Vec<Row> =
            run!(conn, c => sqlx::query_as(PAGE).bind(seq).bind(VERIFY_PAGE).fetch_all(c).await)?;
        if page.is_empty() {
            break;
        }
        for row in page {
            if row.seq != seq + 1 {
                return Ok(ChainStatus::Broken {
                    seq: seq + 1,
                    what: "a row is missing",
                });
            }
            if !keys.verify_mac(PURPOSE, &row.signed_bytes(&mac), &row.mac) {
                return Ok(ChainStatus::Broken {
                    seq: row.seq,
                    what: "a row was edited or added",
                });
            }
            (seq, mac) = (row.seq, row.mac);
        }
    }
    if (head_seq, &head_mac) == (seq, &mac) {
        Ok(ChainStatus::Intact { rows: seq })
    } else {
        Ok(ChainStatus::Broken {
            seq: seq + 1,
            what: "rows are missing at the end",
        })
    }
}
