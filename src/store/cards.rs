//! Interactive cards: what each one was made of, who got it, what became of it, and the codes by
//! which it can still be changed.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::{CampId, CardId, CardState, Move, PlanetUserId, RefundId, Timestamp, UserId};

use super::db::{Conn, run};
use super::{Keyring, Sealed, StoreError, StoreResult, Tx, held};

const TABLE: &str = "bot_card";
/// The column that response codes are sealed for: whoever holds one can change the card.
const CODE: &str = "bot_card_code.response_code";
/// How long a response code is good, 72 hours (wecom-app §6), less an hour for being on the way.
const CODE_LIFE: TimeDelta = TimeDelta::hours(71);
/// Codes that are tried for one change at most.
const MAX_CODES: i64 = 8;

macro_rules! select_card {
    ($tail:literal) => {
        concat!(
            "SELECT id, kind, camp_id, subject, proposal, audience, state, outcome, decided_by, ",
            "expires_at FROM bot_card ",
            $tail
        )
    };
}

statements! {
    INSERT = "INSERT INTO bot_card (kind, camp_id, subject, proposal, audience, state, expires_at, \
              created_at, updated_at) VALUES ($1, $2, $3, $4, $5, 'open', $6, $7, $7) RETURNING id";
    BY_ID = select_card!("WHERE id = $1");
    ABOUT = select_card!("WHERE kind = $1 AND subject = $2 AND state = $3 ORDER BY id LIMIT 100");
    EXPIRING = select_card!("WHERE state = 'open' AND expires_at < $1 \
                             ORDER BY expires_at, id LIMIT $2");
    SUPERSEDED = select_card!(
        "WHERE state = 'open' \
         AND kind IN ('digest', 'batch', 'single', 'refund_failed', 'sync_failed') \
         AND EXISTS (SELECT 1 FROM bot_card n WHERE n.kind = bot_card.kind \
                     AND n.subject = bot_card.subject AND n.audience = bot_card.audience \
                     AND n.state = 'open' AND n.msgid IS NOT NULL AND n.id > bot_card.id) \
         ORDER BY id LIMIT $1"
    );
    LEFT_BEHIND = select_card!(
        "WHERE state = 'open' AND kind IN ('digest', 'batch', 'single') AND camp_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM refund_record r WHERE r.camp_id = bot_card.camp_id \
                         AND (r.status IN ('pending', 'awaiting_second') OR r.updated_at > $1)) \
         ORDER BY id LIMIT $2"
    );
    DECIDE = "UPDATE bot_card SET state = $3, outcome = $4, decided_by = $5, updated_at = $6 \
              WHERE id = $1 AND state = $2";
    SENT = "UPDATE bot_card SET msgid = $2, updated_at = $3 WHERE id = $1";
    ATTACH = "UPDATE notification_message SET card_id = $2 WHERE id = $1 AND card_id IS NULL";
    ADD_CODE = "INSERT INTO bot_card_code (card_id, wecom_userid, response_code, created_at) \
                VALUES ($1, $2, $3, $4)";
    CODES = "SELECT id, wecom_userid, response_code FROM bot_card_code WHERE card_id = $1 \
             AND used_at IS NULL AND created_at > $2 \
             ORDER BY CASE WHEN wecom_userid = '' THEN 1 ELSE 0 END, id DESC LIMIT $3";
    USE_CODE = "UPDATE bot_card_code SET used_at = $2 WHERE id = $1 AND used_at IS NULL";
    GIVE_BACK = "UPDATE bot_card_code SET used_at = NULL WHERE id = $1 AND used_at IS NOT NULL";
}

/// A card to be sent.
#[derive(Debug, Clone)]
pub struct NewCard {
    /// The template that lays it out.
    pub kind: String,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// What it is about: cards of one subject are decided together.
    pub subject: String,
    /// The frozen list that it was made of, or what else its buttons need.
    pub proposal: Value,
    /// The userids that it is sent to.
    pub audience: Vec<String>,
    /// After this moment its buttons only explain themselves.
    pub expires_at: Timestamp,
}

/// A card as it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Card {
    /// Its row: the middle of its keys.
    pub id: CardId,
    /// The template that lays it out.
    pub kind: String,
    /// The camp it is about.
    pub camp_id: Option<CampId>,
    /// What it is about.
    pub subject: String,
    /// What it was made of.
    pub proposal: Value,
    /// The userids that it was sent to.
    pub audience: Vec<String>,
    /// Where it is in its life.
    pub state: CardState,
    /// What was decided.
    pub outcome: Option<Outcome>,
    /// Who decided.
    pub decided_by: Option<UserId>,
    /// After this moment its buttons only explain themselves.
    pub expires_at: Timestamp,
}

#[derive(sqlx::FromRow)]
struct CardRow {
    id: i64,
    kind: String,
    camp_id: Option<i64>,
    subject: String,
    proposal: String,
    audience: String,
    state: String,
    outcome: Option<String>,
    decided_by: Option<i64>,
    expires_at: i64,
}

impl TryFrom<CardRow> for Card {
    type Error = StoreError;

    fn try_from(row: CardRow) -> StoreResult<Self> {
        let bad = |what: &str| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: what.to_owned(),
        };
        Ok(Self {
            id: CardId(row.id),
            proposal: serde_json::from_str(&row.proposal).map_err(|_| bad("proposal"))?,
            audience: serde_json::from_str(&row.audience).map_err(|_| bad("audience"))?,
            state: row.state.parse().map_err(|_| bad("state"))?,
            outcome: row
                .outcome
                .as_deref()
                .map(serde_json::from_str)
                .transpose()
                .map_err(|_| bad("outcome"))?,
            kind: row.kind,
            camp_id: row.camp_id.map(CampId),
            subject: row.subject,
            decided_by: row.decided_by.map(UserId),
            expires_at: Timestamp::from_micros(row.expires_at),
        })
    }
}

/// What was decided on a card: what later presses rest on, and what it looks like.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The refunds that were let go, or withdrawn.
    pub refunds: Vec<RefundId>,
    /// The account that a member was said to be.
    pub account: Option<PlanetUserId>,
    /// How a list was taken to be approved.
    pub claim: Option<Claim>,
    /// What the templates show of it.
    pub shown: Value,
}

/// A list that somebody has taken to approve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// What they asked for.
    pub asked: Vec<RefundId>,
    /// Since when.
    pub since: Timestamp,
}

impl From<Value> for Outcome {
    /// One that nothing rests on but what it looks like.
    fn from(shown: Value) -> Self {
        Self {
            shown,
            ..Self::default()
        }
    }
}

/// What is written when a card goes from one state to another.
#[derive(Debug, Clone)]
pub struct Decision {
    /// From where to where.
    pub change: Move<CardState>,
    /// What was decided; none for a card that waits again.
    pub outcome: Option<Outcome>,
    /// By whom; none for WeChat Pay and the clock.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

/// A code that has been taken for one change of a card.
#[derive(Debug, Clone)]
pub struct TakenCode {
    /// Its row.
    pub id: i64,
    /// The code itself.
    pub response_code: String,
    /// Whose click brought it; empty for the one that came from sending.
    pub wecom_userid: String,
}

/// Adds a card.
pub async fn insert(tx: &mut Tx, card: &NewCard, now: Timestamp) -> StoreResult<CardId> {
    let audience = Value::from(card.audience.clone()).to_string();
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(&card.kind)
        .bind(card.camp_id.map(|id| id.0))
        .bind(&card.subject)
        .bind(card.proposal.to_string())
        .bind(audience)
        .bind(card.expires_at.micros())
        .bind(now.micros())
        .fetch_one(c)
        .await)?;
    Ok(CardId(id))
}

/// Gives a message its card; `false` if it has one.
pub async fn attach(tx: &mut Tx, message_id: i64, card: CardId) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(ATTACH)
        .bind(message_id)
        .bind(card.0)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// One card.
pub async fn by_id(conn: &mut Conn, id: CardId) -> StoreResult<Option<Card>> {
    let row: Option<CardRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    row.map(Card::try_from).transpose()
}

/// The cards of one kind and subject in a state, at most 100.
pub async fn about(
    conn: &mut Conn,
    kind: &str,
    subject: &str,
    state: CardState,
) -> StoreResult<Vec<Card>> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(ABOUT)
        .bind(kind)
        .bind(subject)
        .bind(state.as_str())
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Card::try_from).collect()
}

/// The cards that still wait for somebody and expire before `before`, the first ones first.
pub async fn expiring(conn: &mut Conn, before: Timestamp, limit: i64) -> StoreResult<Vec<Card>> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(EXPIRING)
        .bind(before.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Card::try_from).collect()
}

/// Cards that still wait although their readers have got a newer one about the same.
pub async fn superseded(conn: &mut Conn, limit: i64) -> StoreResult<Vec<Card>> {
    let rows: Vec<CardRow> =
        run!(conn, c => sqlx::query_as(SUPERSEDED).bind(limit).fetch_all(c).await)?;
    rows.into_iter().map(Card::try_from).collect()
}

/// Cards about refunds that still wait although nothing of their camp does, nor has since `since`.
pub async fn left_behind(conn: &mut Conn, since: Timestamp, limit: i64) -> StoreResult<Vec<Card>> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(LEFT_BEHIND)
        .bind(since.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    rows.into_iter().map(Card::try_from).collect()
}

/// Writes a decision; `false` if somebody was first.
pub async fn decide(tx: &mut Tx, id: CardId, decision: &Decision) -> StoreResult<bool> {
    let outcome = decision.outcome.as_ref().map(serde_json::to_string);
    let outcome = outcome
        .transpose()
        .map_err(|error| StoreError::Inconsistent {
            table: TABLE,
            id: id.0,
            what: error.to_string(),
        })?;
    let rows = run!(tx, c => sqlx::query(DECIDE)
        .bind(id.0)
        .bind(decision.change.from().map(CardState::as_str))
        .bind(decision.change.to().as_str())
        .bind(outcome)
        .bind(decision.by.map(|user| user.0))
        .bind(decision.at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Notes under which number WeCom has taken the card.
pub async fn sent(tx: &mut Tx, id: CardId, msgid: &str, now: Timestamp) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(SENT)
        .bind(id.0)
        .bind(msgid)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, id.0)
}

/// Seals a response code for [`add_code`].
pub fn seal_code(keys: &Keyring, response_code: &str) -> StoreResult<Sealed> {
    Ok(keys.seal(CODE, response_code.as_bytes())?)
}

/// Keeps a response code: of the click of `wecom_userid`, or of sending if that is empty. Codes
/// live by the wall.
pub async fn add_code(
    tx: &mut Tx,
    card: CardId,
    wecom_userid: &str,
    code: &Sealed,
    wall_now: Timestamp,
) -> StoreResult<()> {
    run!(tx, c => sqlx::query(ADD_CODE)
        .bind(card.0)
        .bind(wecom_userid)
        .bind(&code.0)
        .bind(wall_now.micros())
        .execute(c)
        .await
        .map(drop))?;
    Ok(())
}

/// Takes one unused code, the newest of a click first: the one that came from sending is kept for
/// last, since it is the only one that needs no click. Each is given out once.
pub async fn take_code(
    tx: &mut Tx,
    keys: &Keyring,
    card: CardId,
    wall_now: Timestamp,
) -> StoreResult<Option<TakenCode>> {
    let rows: Vec<(i64, String, Vec<u8>)> = run!(tx, c => sqlx::query_as(CODES)
        .bind(card.0)
        .bind(wall_now.minus(CODE_LIFE).micros())
        .bind(MAX_CODES)
        .fetch_all(c)
        .await)?;
    for (id, wecom_userid, sealed) in rows {
        let won = run!(tx, c => sqlx::query(USE_CODE)
            .bind(id)
            .bind(wall_now.micros())
            .execute(c)
            .await
            .map(|done| done.rows_affected()))?;
        if won == 1 {
            return Ok(Some(TakenCode {
                id,
                response_code: keys.open_text(CODE, &Sealed(sealed))?,
                wecom_userid,
            }));
        }
    }
    Ok(None)
}

/// Gives back a code that was taken and, as far as anybody knows, not used.
pub async fn give_back_code(tx: &mut Tx, taken: &TakenCode) -> StoreResult<()> {
    run!(tx, c => sqlx::query(GIVE_BACK).bind(taken.id).execute(c).await.map(drop))?;
    Ok(())
}
