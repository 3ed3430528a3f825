//! Interactive cards: what each one was made of, who got it, what became of it, and the codes by
//! which it can still be changed.

use chrono::TimeDelta;

use crate::domain::card::{CardKind, Outcome, WaitsFor};
use crate::domain::refund::Unwritable;
use crate::domain::versioned::Versioned as _;
use crate::domain::{CardId, CardState, Move, Timestamp, UserId};

use super::db::{Conn, run};
use super::{Keyring, Sealed, StoreResult, Tx, held};

mod row;

use row::CardRow;
pub use row::{Card, Cards, NewCard, UnreadableCard};

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
            "SELECT id, kind, camp_id, subject, version, proposal, audience, state, ",
            "outcome_version, outcome, decided_by, expires_at FROM bot_card ",
            $tail
        )
    };
}

statements! {
    INSERT = "INSERT INTO bot_card (kind, camp_id, subject, waits_for, version, proposal, \
              audience, state, expires_at, created_at, updated_at) \
              VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', $8, $9, $9) RETURNING id";
    BY_ID = select_card!("WHERE id = $1");
    ABOUT = select_card!("WHERE kind = $1 AND subject = $2 AND state = $3 \
                          AND set_apart_at IS NULL ORDER BY id LIMIT 100");
    EXPIRING = select_card!("WHERE state = 'open' AND set_apart_at IS NULL AND expires_at < $1 \
                             ORDER BY expires_at, id LIMIT $2");
    SUPERSEDED = select_card!(
        "WHERE state = 'open' AND set_apart_at IS NULL AND waits_for IN ($2, $3, $4) \
         AND EXISTS (SELECT 1 FROM bot_card n WHERE n.kind = bot_card.kind \
                     AND n.subject = bot_card.subject AND n.audience = bot_card.audience \
                     AND n.state = 'open' AND n.msgid IS NOT NULL AND n.id > bot_card.id) \
         ORDER BY id LIMIT $1"
    );
    LEFT_BEHIND = select_card!(
        "WHERE state = 'open' AND set_apart_at IS NULL AND waits_for = $3 AND camp_id IS NOT NULL \
         AND NOT EXISTS (SELECT 1 FROM refund_record r WHERE r.camp_id = bot_card.camp_id \
                         AND (r.status IN ('pending', 'awaiting_second') OR r.updated_at > $1)) \
         ORDER BY id LIMIT $2"
    );
    SET_APART = "UPDATE bot_card SET set_apart_at = $2 WHERE id = $1 AND set_apart_at IS NULL";
    DECIDE = "UPDATE bot_card SET state = $3, outcome_version = $4, outcome = $5, \
              decided_by = $6, updated_at = $7 WHERE id = $1 AND state = $2";
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

/// A change of a card's state, with its outcome.
#[derive(Debug, Clone)]
pub struct Decision {
    /// From where to where.
    pub change: Move<CardState>,
    /// None for a card that waits again.
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
    let proposal = &card.proposal;
    let payload = proposal.payload().map_err(Unwritable::from)?;
    let audience = serde_json::to_string(&card.audience).map_err(Unwritable::from)?;
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(INSERT)
        .bind(proposal.kind().as_str())
        .bind(card.camp_id.map(|id| id.0))
        .bind(proposal.subject())
        .bind(proposal.waits_for().as_str())
        .bind(proposal.version())
        .bind(payload)
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
pub async fn by_id(
    conn: &mut Conn,
    id: CardId,
) -> StoreResult<Option<Result<Card, UnreadableCard>>> {
    let row: Option<CardRow> =
        run!(conn, c => sqlx::query_as(BY_ID).bind(id.0).fetch_optional(c).await)?;
    Ok(row.map(Card::try_from))
}

/// The cards of one kind and subject in a state, at most 100.
pub async fn about(
    conn: &mut Conn,
    kind: CardKind,
    subject: &str,
    state: CardState,
) -> StoreResult<Cards> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(ABOUT)
        .bind(kind.as_str())
        .bind(subject)
        .bind(state.as_str())
        .fetch_all(c)
        .await)?;
    Ok(rows.into())
}

/// The cards that still wait for somebody and expire before `before`, the first ones first.
pub async fn expiring(conn: &mut Conn, before: Timestamp, limit: i64) -> StoreResult<Cards> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(EXPIRING)
        .bind(before.micros())
        .bind(limit)
        .fetch_all(c)
        .await)?;
    Ok(rows.into())
}

/// Cards that still wait although their readers have got a newer one about the same.
pub async fn superseded(conn: &mut Conn, limit: i64) -> StoreResult<Cards> {
    let [refunds, retry, sync] = WaitsFor::SUPERSEDED.map(WaitsFor::as_str);
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(SUPERSEDED)
        .bind(limit)
        .bind(refunds)
        .bind(retry)
        .bind(sync)
        .fetch_all(c)
        .await)?;
    Ok(rows.into())
}

/// Cards about refunds that still wait although nothing of their camp does, nor has since `since`.
pub async fn left_behind(conn: &mut Conn, since: Timestamp, limit: i64) -> StoreResult<Cards> {
    let rows: Vec<CardRow> = run!(conn, c => sqlx::query_as(LEFT_BEHIND)
        .bind(since.micros())
        .bind(limit)
        .bind(WaitsFor::Refunds.as_str())
        .fetch_all(c)
        .await)?;
    Ok(rows.into())
}

/// Sets a card apart that cannot be read, so that it is not met again among those that can; `false`
/// if that was done before.
pub async fn set_apart(tx: &mut Tx, id: CardId, now: Timestamp) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(SET_APART)
        .bind(id.0)
        .bind(now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Writes a decision; `false` if somebody was first.
pub async fn decide(tx: &mut Tx, id: CardId, decision: &Decision) -> StoreResult<bool> {
    let outcome = decision.outcome.as_ref();
    let payload = outcome.map(serde_json::to_string).transpose();
    let payload = payload.map_err(Unwritable::from)?;
    let rows = run!(tx, c => sqlx::query(DECIDE)
        .bind(id.0)
        .bind(decision.change.from().map(CardState::as_str))
        .bind(decision.change.to().as_str())
        .bind(outcome.map(|_| Outcome::VERSION))
        .bind(payload)
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
