//! What is known of the merchant account: the hold that stops every refund, and the answers of
//! WeChat Pay that were no result, counted for all instances.

use crate::domain::merchant::{MerchantHold, Waiting};
use crate::domain::refund::FailureReason;
use crate::domain::{Fen, RefundId, Timestamp};

use super::bundle::Statement;
use super::db::{Conn, run};
use super::{StoreError, StoreResult, Tx, held};

const TABLE: &str = "merchant_hold";
/// The number of the one row.
const ID: i64 = 1;

statements! {
    HOLD = "SELECT reason, since, probes, next_probe_at, probe_refund_id, probe_until \
            FROM merchant_hold WHERE id = 1";
    PLACE = "INSERT INTO merchant_hold (id, reason, since, probes, next_probe_at) \
             VALUES (1, $1, $2, 0, $3) ON CONFLICT (id) DO NOTHING";
    BEGIN_PROBE = "UPDATE merchant_hold SET probe_refund_id = $1, probe_until = $2 \
                   WHERE id = 1 AND since = $3 AND probes = $4 \
                   AND (probe_until IS NULL OR probe_until < $5)";
    END_PROBE = "UPDATE merchant_hold SET reason = $3, probes = probes + 1, next_probe_at = $4, \
                 probe_until = NULL WHERE id = 1 AND probe_refund_id = $1 AND probes = $2 \
                 AND probe_until IS NOT NULL";
    BRING_PROBE_FORWARD = "UPDATE merchant_hold SET next_probe_at = $1 \
                           WHERE id = 1 AND next_probe_at > $1";
    LIFT = "DELETE FROM merchant_hold WHERE id = 1 AND probe_refund_id = $1";
    WAITING = "SELECT CAST(COUNT(*) AS BIGINT), CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) \
               FROM refund_record WHERE next_try_at IS NOT NULL AND (status IN ('approved', \
               'failed') OR status = 'processing' AND lease_until IS NOT NULL \
               AND wechat_refund_id IS NULL)";
    ADD_WRONG_ANSWER = "INSERT INTO wrong_answer (at) VALUES ($1)";
    FORGET_WRONG_ANSWERS = "DELETE FROM wrong_answer WHERE at < $1";
    WRONG_ANSWERS = "SELECT CAST(COUNT(*) AS BIGINT) FROM wrong_answer WHERE at > $1";
}

#[derive(sqlx::FromRow)]
struct HoldRow {
    reason: String,
    since: i64,
    probes: i64,
    next_probe_at: i64,
    probe_refund_id: Option<i64>,
    probe_until: Option<i64>,
}

impl From<HoldRow> for MerchantHold {
    fn from(row: HoldRow) -> Self {
        Self {
            reason: FailureReason::parse(&row.reason),
            since: Timestamp::from_micros(row.since),
            probes: row.probes,
            next_probe_at: Timestamp::from_micros(row.next_probe_at),
            probe_refund: row.probe_refund_id.map(RefundId),
            probe_until: row.probe_until.map(Timestamp::from_micros),
        }
    }
}

/// The hold, if there is one.
pub async fn hold(conn: &mut Conn) -> StoreResult<Option<MerchantHold>> {
    let row: Option<HoldRow> = run!(conn, c => sqlx::query_as(HOLD).fetch_optional(c).await)?;
    Ok(row.map(MerchantHold::from))
}

/// Stops every refund; `false` if they are stopped already.
pub async fn place(
    tx: &mut Tx,
    reason: &FailureReason,
    now: Timestamp,
    next_probe_at: Timestamp,
) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(PLACE)
        .bind(reason.as_str())
        .bind(now.micros())
        .bind(next_probe_at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// Says that `refund` probes until `until`, if the hold still is as it was `seen` and nobody else
/// probes.
pub async fn begin_probe(
    tx: &mut Tx,
    seen: &MerchantHold,
    refund: RefundId,
    until: Timestamp,
    wall_now: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(BEGIN_PROBE)
        .bind(refund.0)
        .bind(until.micros())
        .bind(seen.since.micros())
        .bind(seen.probes)
        .bind(wall_now.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, ID)
}

/// Says that the probe of `refund` was of no use, why, and when the next one is due.
pub async fn end_probe(
    tx: &mut Tx,
    seen: &MerchantHold,
    refund: RefundId,
    reason: &FailureReason,
    next_probe_at: Timestamp,
) -> StoreResult<()> {
    let rows = run!(tx, c => sqlx::query(END_PROBE)
        .bind(refund.0)
        .bind(seen.probes)
        .bind(reason.as_str())
        .bind(next_probe_at.micros())
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    held(rows, TABLE, ID)
}

/// Brings the next probe forward to `now`.
pub async fn bring_probe_forward(tx: &mut Tx, now: Timestamp) -> StoreResult<()> {
    run!(tx, c => sqlx::query(BRING_PROBE_FORWARD).bind(now.micros()).execute(c).await.map(drop))?;
    Ok(())
}

/// Lifts the hold if `refund` is the one that probed; `false` if nothing was lifted.
pub async fn lift(tx: &mut Tx, refund: RefundId) -> StoreResult<bool> {
    let rows = run!(tx, c => sqlx::query(LIFT)
        .bind(refund.0)
        .execute(c)
        .await
        .map(|done| done.rows_affected()))?;
    Ok(rows == 1)
}

/// The refunds that are let go and that WeChat Pay has not accepted, those that a runner is just
/// about to send among them.
pub async fn waiting(conn: &mut Conn) -> StoreResult<Waiting> {
    let (count, sum): (i64, i64) = run!(conn, c => sqlx::query_as(WAITING).fetch_one(c).await)?;
    let sum = Fen::new(sum).map_err(|_| StoreError::Inconsistent {
        table: "refund_record",
        id: 0,
        what: "a sum of amounts".to_owned(),
    })?;
    Ok(Waiting { count, sum })
}

/// Counts an answer that was no result, and forgets those from before `forget_before`.
pub fn add_wrong_answer(tx: &mut Tx, at: Timestamp, forget_before: Timestamp) {
    tx.put_off(Statement::new(ADD_WRONG_ANSWER).bind(at.micros()));
    tx.put_off(Statement::new(FORGET_WRONG_ANSWERS).bind(forget_before.micros()));
}

/// How many answers since `after` were no result, in all instances.
pub async fn wrong_answers(conn: &mut Conn, after: Timestamp) -> StoreResult<i64> {
    let (count,): (i64,) = run!(conn, c => sqlx::query_as(WRONG_ANSWERS)
        .bind(after.micros())
        .fetch_one(c)
        .await)?;
    Ok(count)
}
