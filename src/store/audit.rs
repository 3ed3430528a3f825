//! The audit: chained rows, so that any that was edited, removed or added shows.
//!
//! A row's link is a hash over the link before it and the row, and is not stored: it needs no key.
//! The row keeps a MAC over its link, and the head one over number and last link. So each MAC can be
//! renewed under another key by itself, while rows are added.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde_json::Value;

use crate::domain::staff::{Actor, Channel};
use crate::domain::{ChainFault, Timestamp};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{Keyring, StoreError, StoreResult, Tx};

/// The derived key of the rows.
const PURPOSE: &str = "audit chain";
/// The derived key of the head: no row's MAC can pass for its.
const HEAD_PURPOSE: &str = "audit head";
/// The derived key of what is noted of the chain outside of the database.
const ANCHOR_PURPOSE: &str = "audit anchor";
/// Rows that are verified at a time.
const VERIFY_PAGE: i64 = 1000;

statements! {
    HEAD_LOCKED = "UPDATE audit_head SET seq = seq WHERE id = 1 RETURNING seq, link, mac";
    HEAD = "SELECT seq, link, mac FROM audit_head WHERE id = 1";
    INSERT = "INSERT INTO operation_log (seq, actor_id, actor_name, role, action, object_type, \
              object_id, details, channel, ip, created_at, mac) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    ADVANCE = "UPDATE audit_head SET seq = $1, link = $2, mac = $3 WHERE id = 1";
    RENEW = "UPDATE operation_log SET mac = $2 WHERE seq = $1 AND mac = $3";
    PAGE = "SELECT seq, actor_id, actor_name, role, action, object_type, object_id, details, \
            channel, ip, created_at, mac FROM operation_log WHERE seq > $1 ORDER BY seq LIMIT $2";
    ACTION_OF = "SELECT action FROM operation_log WHERE seq = $1";
    MAC_OF = "SELECT mac FROM operation_log WHERE seq = $1";
    HAS_STAFF = "SELECT CAST(COUNT(*) AS BIGINT) FROM system_user";
}

/// Where an action came from that no account did: the clock, a platform, the command line, or
/// somebody who has not signed in.
#[derive(Debug, Clone)]
pub struct Origin {
    /// The way in.
    pub channel: Channel,
    /// The address, where one is known.
    pub ip: Option<String>,
}

impl Origin {
    /// Our own work.
    pub const SYSTEM: Self = Self {
        channel: Channel::Job,
        ip: None,
    };
    /// Whoever has the machine.
    pub const COMMAND_LINE: Self = Self {
        channel: Channel::CommandLine,
        ip: None,
    };

    /// Somebody at the console who has not signed in.
    #[must_use]
    pub const fn stranger(ip: Option<String>) -> Self {
        Self {
            channel: Channel::Console,
            ip,
        }
    }

    /// Who it was, as the log has it instead of a name and a role.
    const fn name(&self) -> &'static str {
        match self.channel {
            Channel::Job | Channel::Callback | Channel::CommandLine => "system",
            Channel::Card | Channel::Chat | Channel::Console | Channel::H5 => "unknown",
        }
    }
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
    /// The MAC over its link, with the id of its key.
    pub mac: Vec<u8>,
}

/// What is noted of the chain outside of the database: that it has this place.
///
/// Whoever may write into the database can set it back as a whole, the end of the chain included.
/// What was noted elsewhere then is ahead of it, or no part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Anchor {
    place: Place,
    mac: Vec<u8>,
}

impl Anchor {
    /// Reads what [`Anchor::text`] wrote; none if it is not ours.
    #[must_use]
    pub fn read(keys: &Keyring, text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let (seq, link, mac) = (parts.next()?, parts.next()?, parts.next()?);
        let place = Place {
            seq: seq.parse().ok()?,
            link: STANDARD_NO_PAD.decode(link).ok()?,
        };
        let mac = STANDARD_NO_PAD.decode(mac).ok()?;
        let is_ours = keys.verify_kept_mac(ANCHOR_PURPOSE, &place.signed_bytes(), &mac);
        is_ours.then_some(Self { place, mac })
    }

    fn of(keys: &Keyring, place: Place) -> Self {
        let mac = keys.kept_mac(ANCHOR_PURPOSE, &place.signed_bytes());
        Self { place, mac }
    }

    /// One line that can be kept anywhere.
    #[must_use]
    pub fn text(&self) -> String {
        let encoded = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let Self { place, mac } = self;
        format!("{}:{}:{}", place.seq, encoded(&place.link), encoded(mac))
    }

    /// How many rows it stands for.
    #[must_use]
    pub const fn rows(&self) -> i64 {
        self.place.seq
    }

    /// True if it is under the present key.
    #[must_use]
    pub fn is_present(&self, keys: &Keyring) -> bool {
        keys.is_present(&self.mac)
    }
}

/// The end of the chain, or the place that a walk along it has reached: how many rows there are up
/// to it, and the link of the last of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Place {
    /// The last row's number; 0 before the first.
    pub seq: i64,
    link: Vec<u8>,
}

impl Place {
    /// What the head's MAC covers.
    fn signed_bytes(&self) -> Vec<u8> {
        [self.seq.to_be_bytes().as_slice(), &self.link].concat()
    }

    /// The chain breaks behind here.
    const fn broken(&self, what: ChainFault) -> ChainStatus {
        let seq = self.seq + 1;
        ChainStatus::Broken { seq, what }
    }

    /// Steps onto the next row.
    ///
    /// # Errors
    /// The row that breaks the chain, and why.
    fn step(&mut self, keys: &Keyring, row: &Row) -> Result<(), ChainStatus> {
        let seq = self.seq + 1;
        if row.seq != seq {
            return Err(self.broken(ChainFault::Missing));
        }
        let link = row.link(&self.link);
        if !keys.verify_kept_mac(PURPOSE, &link, &row.mac) {
            return Err(self.broken(ChainFault::Altered));
        }
        *self = Self { seq, link };
        Ok(())
    }
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
        what: ChainFault,
    },
}

/// Appends entries and advances the head, which is what makes concurrent writers queue.
pub(super) async fn append(
    conn: &mut Conn,
    keys: &Keyring,
    entries: Vec<(Entry, Origin)>,
) -> StoreResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let head: Option<(i64, Vec<u8>, Vec<u8>)> = conn.ask_one(Statement::new(HEAD_LOCKED)).await?;
    let (seq, link, _) = head.ok_or(StoreError::Unanswered)?;
    let mut head = Place { seq, link };
    for (entry, origin) in entries {
        head.seq += 1;
        let mut row = row_of(head.seq, entry, origin);
        head.link = row.link(&head.link);
        row.mac = keys.kept_mac(PURPOSE, &head.link);
        insert(conn, &row);
    }
    advance(conn, keys, &head);
    Ok(())
}

fn advance(conn: &mut Conn, keys: &Keyring, head: &Place) {
    conn.put_off(
        Statement::new(ADVANCE)
            .bind(head.seq)
            .bind(&head.link)
            .bind(keys.kept_mac(HEAD_PURPOSE, &head.signed_bytes()))
            .guarded("audit_head", 1),
    );
}

fn row_of(seq: i64, entry: Entry, origin: Origin) -> Row {
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
            origin.name().to_owned(),
            origin.name().to_owned(),
            origin.channel.as_str().to_owned(),
            origin.ip,
        ),
    };
    Row {
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
    }
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
    /// Links the row to the one before it: every field with its length before it, so that moving a
    /// border between two fields changes the link too.
    fn link(&self, previous: &[u8]) -> Vec<u8> {
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
        digest(&SHA256, &bytes).as_ref().to_vec()
    }
}

/// Walks the whole chain and tells whether it holds.
pub async fn verify(conn: &mut Conn, keys: &Keyring) -> StoreResult<ChainStatus> {
    let mut reached = Place::default();
    let (head, mac) = loop {
        let rows = page(conn, reached.seq, VERIFY_PAGE).await?;
        if !rows.is_empty() {
            for row in rows {
                if let Err(broken) = reached.step(keys, &row) {
                    return Ok(broken);
                }
            }
            continue;
        }
        // Rows may be added while we walk: the end is looked at last.
        let (seq, link, mac): (i64, Vec<u8>, Vec<u8>) =
            run!(conn, c => sqlx::query_as(HEAD).fetch_one(c).await)?;
        let is_behind = seq > reached.seq && !page(conn, reached.seq, 1).await?.is_empty();
        if !is_behind {
            break (Place { seq, link }, mac);
        }
    };
    let is_new = head == Place::default() && mac.is_empty();
    let is_signed = is_new || keys.verify_kept_mac(HEAD_PURPOSE, &head.signed_bytes(), &mac);
    Ok(if head != reached {
        reached.broken(ChainFault::Cut)
    } else if !is_signed {
        reached.broken(ChainFault::SetBack)
    } else if is_new && has_staff(conn).await? {
        // Whoever is on the staff was put there by somebody, which is the first thing to be audited.
        reached.broken(ChainFault::Emptied)
    } else {
        ChainStatus::Intact { rows: reached.seq }
    })
}

async fn has_staff(conn: &mut Conn) -> StoreResult<bool> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(HAS_STAFF).fetch_one(c).await)?;
    Ok(count > 0)
}

/// Says whether the chain still has a place that was noted of it: the MAC of a row is over its link.
pub async fn has(conn: &mut Conn, keys: &Keyring, anchor: &Anchor) -> StoreResult<ChainStatus> {
    let Place { seq, link } = &anchor.place;
    let mac: Option<(Vec<u8>,)> =
        run!(conn, c => sqlx::query_as(MAC_OF).bind(seq).fetch_optional(c).await)?;
    Ok(match mac {
        Some((mac,)) if keys.verify_kept_mac(PURPOSE, link, &mac) => {
            ChainStatus::Intact { rows: *seq }
        }
        Some(_) => ChainStatus::Broken {
            seq: *seq,
            what: ChainFault::Replaced,
        },
        None => ChainStatus::Broken {
            seq: *seq,
            what: ChainFault::Cut,
        },
    })
}

/// The end of the chain as it can be noted elsewhere; none of a chain without rows, or whose end is
/// none that we wrote.
pub async fn anchor(conn: &mut Conn, keys: &Keyring) -> StoreResult<Option<Anchor>> {
    let (seq, link, mac): (i64, Vec<u8>, Vec<u8>) =
        run!(conn, c => sqlx::query_as(HEAD).fetch_one(c).await)?;
    let place = Place { seq, link };
    let is_signed = keys.verify_kept_mac(HEAD_PURPOSE, &place.signed_bytes(), &mac);
    Ok(is_signed.then(|| Anchor::of(keys, place)))
}

/// What a row says was done; none if there is no such row.
pub async fn action_at(conn: &mut Conn, seq: i64) -> StoreResult<Option<String>> {
    let action: Option<(String,)> =
        run!(conn, c => sqlx::query_as(ACTION_OF).bind(seq).fetch_optional(c).await)?;
    Ok(action.map(|(action,)| action))
}

async fn page(conn: &mut Conn, after: i64, limit: i64) -> StoreResult<Vec<Row>> {
    Ok(run!(conn, c => sqlx::query_as(PAGE).bind(after).bind(limit).fetch_all(c).await)?)
}

/// A part of the chain whose MACs are of the present key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Renewed {
    /// Up to here, so many of them by this call; there may be more.
    UpTo(Place, usize),
    /// The whole chain up to its present end.
    Whole,
    /// It breaks here. From this row on nothing is renewed: that would make the breach look whole.
    Broken(ChainStatus),
}

/// Renews the MACs of at most `limit` rows behind `from` that are not of the present key.
pub async fn renew(tx: &mut Tx, keys: &Keyring, from: Place, limit: i64) -> StoreResult<Renewed> {
    let mut reached = from;
    let rows = page(tx, reached.seq, limit).await?;
    if rows.is_empty() {
        return renew_head(tx, keys, reached).await;
    }
    let mut renewed = 0;
    for row in rows {
        if let Err(broken) = reached.step(keys, &row) {
            return Ok(Renewed::Broken(broken));
        }
        if !keys.is_present(&row.mac) {
            tx.put_off(
                Statement::new(RENEW)
                    .bind(row.seq)
                    .bind(keys.kept_mac(PURPOSE, &reached.link))
                    .bind(&row.mac),
            );
            renewed += 1;
        }
    }
    Ok(Renewed::UpTo(reached, renewed))
}

async fn renew_head(tx: &mut Tx, keys: &Keyring, reached: Place) -> StoreResult<Renewed> {
    let head: Option<(i64, Vec<u8>, Vec<u8>)> = tx.ask_one(Statement::new(HEAD_LOCKED)).await?;
    let (seq, link, mac) = head.ok_or(StoreError::Unanswered)?;
    let head = Place { seq, link };
    if head.seq > reached.seq {
        if page(tx, reached.seq, 1).await?.is_empty() {
            return Ok(Renewed::Broken(reached.broken(ChainFault::Cut)));
        }
        // Rows were added since the last look.
        return Ok(Renewed::UpTo(reached, 0));
    }
    let is_new = head == Place::default() && mac.is_empty();
    if is_new || keys.is_present(&mac) {
        return Ok(Renewed::Whole);
    }
    if head != reached || !keys.verify_kept_mac(HEAD_PURPOSE, &head.signed_bytes(), &mac) {
        return Ok(Renewed::Broken(reached.broken(ChainFault::Cut)));
    }
    advance(tx, keys, &head);
    Ok(Renewed::Whole)
}
