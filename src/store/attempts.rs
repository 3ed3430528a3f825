//! Calls that ask WeChat Pay for a refund: written before they go out, completed by what they are
//! answered. One without an outcome is a call of which nobody knows what it did.

use crate::domain::refund::AttemptOutcome;
use crate::domain::{RefundId, Timestamp, UnknownWord};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{StoreError, StoreResult, Tx};

const TABLE: &str = "refund_attempt";

statements! {
    OPEN = "INSERT INTO refund_attempt (refund_id, number, request_hash, mch_id, app_id, sent_at) \
            SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, $5 FROM refund_attempt \
            WHERE refund_id = $1 RETURNING id";
    COMPLETE = "UPDATE refund_attempt SET answered_at = $2, outcome = $3, error_code = $4, \
                request_id = $5 WHERE id = $1 AND outcome IS NULL";
    SET_CREATED = "UPDATE refund_attempt SET wechat_created_at = $2 WHERE id = (SELECT MAX(id) \
                   FROM refund_attempt WHERE refund_id = $1) AND NOT EXISTS (SELECT 1 FROM \
                   refund_attempt WHERE refund_id = $1 AND wechat_created_at IS NOT NULL)";
    OF_REFUND = "SELECT id, number, request_hash, mch_id, app_id, sent_at, answered_at, outcome, \
                 error_code, request_id, wechat_created_at FROM refund_attempt \
                 WHERE refund_id = $1 ORDER BY number";
}

/// The row of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttemptId(i64);

/// A call that is about to go out.
#[derive(Debug, Clone)]
pub struct NewAttempt {
    pub refund_id: RefundId,
    /// SHA-256 of the body, in hex.
    pub request_hash: String,
    pub mch_id: String,
    pub app_id: String,
    /// By the wall.
    pub sent_at: Timestamp,
}

/// The answer to a call.
#[derive(Debug, Clone)]
pub struct Answered {
    pub attempt: AttemptId,
    pub outcome: AttemptOutcome,
    /// WeChat Pay's code, where it refused.
    pub error_code: Option<String>,
    /// WeChat Pay's `Request-ID`.
    pub request_id: Option<String>,
    /// By the wall.
    pub at: Timestamp,
}

/// A call as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// 1 for the first call about its refund.
    pub number: i64,
    /// SHA-256 of the body, in hex.
    pub request_hash: String,
    pub mch_id: String,
    pub app_id: String,
    /// By the wall.
    pub sent_at: Timestamp,
    /// By the wall.
    pub answered_at: Option<Timestamp>,
    /// None: nobody knows what it did.
    pub outcome: Option<AttemptOutcome>,
    pub error_code: Option<String>,
    pub request_id: Option<String>,
    /// When WeChat Pay says that it accepted the refund.
    pub wechat_created_at: Option<Timestamp>,
}

#[derive(sqlx::FromRow)]
struct AttemptRow {
    id: i64,
    number: i64,
    request_hash: String,
    mch_id: String,
    app_id: String,
    sent_at: i64,
    answered_at: Option<i64>,
    outcome: Option<String>,
    error_code: Option<String>,
    request_id: Option<String>,
    wechat_created_at: Option<i64>,
}

impl TryFrom<AttemptRow> for Attempt {
    type Error = StoreError;

    fn try_from(row: AttemptRow) -> StoreResult<Self> {
        let outcome = row.outcome.as_deref().map(str::parse).transpose();
        let outcome = outcome.map_err(|unknown: UnknownWord| StoreError::Inconsistent {
            table: TABLE,
            id: row.id,
            what: unknown.to_string(),
        })?;
        Ok(Self {
            number: row.number,
            request_hash: row.request_hash,
            mch_id: row.mch_id,
            app_id: row.app_id,
            sent_at: Timestamp::from_micros(row.sent_at),
            answered_at: row.answered_at.map(Timestamp::from_micros),
            outcome,
            error_code: row.error_code,
            request_id: row.request_id,
            wechat_created_at: row.wechat_created_at.map(Timestamp::from_micros),
        })
    }
}

/// Writes down a call that is about to go out.
pub async fn open(tx: &mut Tx, attempt: &NewAttempt) -> StoreResult<AttemptId> {
    let (id,): (i64,) = run!(tx, c => sqlx::query_as(OPEN)
        .bind(attempt.refund_id.0)
        .bind(&attempt.request_hash)
        .bind(&attempt.mch_id)
        .bind(&attempt.app_id)
        .bind(attempt.sent_at.micros())
        .fetch_one(c)
        .await)?;
    Ok(AttemptId(id))
}

/// Writes what a call was answered, once.
pub fn complete(tx: &mut Tx, answered: &Answered) {
    let id = answered.attempt.0;
    tx.put_off(
        Statement::new(COMPLETE)
            .bind(id)
            .bind(answered.at.micros())
            .bind(answered.outcome.as_str())
            .bind(&answered.error_code)
            .bind(&answered.request_id)
            .guarded(TABLE, id),
    );
}

/// Keeps when WeChat Pay says that it accepted a refund, on its newest call; the first word counts.
pub fn set_created(tx: &mut Tx, refund: RefundId, at: Timestamp) {
    tx.put_off(Statement::new(SET_CREATED).bind(refund.0).bind(at.micros()));
}

/// The calls about a refund, oldest first.
pub async fn of_refund(conn: &mut Conn, refund: RefundId) -> StoreResult<Vec<Attempt>> {
    let rows: Vec<AttemptRow> =
        run!(conn, c => sqlx::query_as(OF_REFUND).bind(refund.0).fetch_all(c).await)?;
    rows.into_iter().map(Attempt::try_from).collect()
}
