//! Whom the morning's reminders are for. Only members of the corp can be written to.

use chrono::NaiveDate;

use crate::domain::{CampId, PaymentId, Timestamp};

use super::StoreResult;
use super::db::{Conn, run};

statements! {
    NOT_JOINED = "SELECT p.id, c.id AS camp_id, c.name AS camp_name, p.wecom_userid, \
                  m.checked_in_days, COALESCE(p.required_days, 0) AS required_days \
                  FROM payment_record p JOIN camp_member m ON m.payment_id = p.id \
                  JOIN training_camp c ON c.id = p.camp_id \
                  WHERE p.status = 'paid' AND p.flag IS NULL AND p.wecom_userid IS NOT NULL \
                  AND p.paid_at <= $1 AND p.paid_at > $2 AND m.joined_at IS NULL \
                  AND c.status IN ('enrolling', 'ongoing') AND c.deleted_at IS NULL ORDER BY p.id";
    LAST_DAY = "SELECT p.id, c.id AS camp_id, c.name AS camp_name, p.wecom_userid, \
                m.checked_in_days, COALESCE(p.required_days, 0) AS required_days \
                FROM payment_record p JOIN camp_member m ON m.payment_id = p.id \
                JOIN training_camp c ON c.id = p.camp_id \
                WHERE p.status = 'paid' AND p.flag IS NULL AND p.wecom_userid IS NOT NULL \
                AND p.end_date = $1 AND m.checked_in_days < p.required_days \
                AND c.status = 'ongoing' AND c.deleted_at IS NULL ORDER BY p.id";
    CAMPS_ENDING = "SELECT id, name, end_date, CAST(0 AS BIGINT) AS waiting FROM training_camp \
                    WHERE end_date = $1 AND status = 'ongoing' AND deleted_at IS NULL ORDER BY id";
    CAMPS_TO_REVIEW = "SELECT c.id, c.name, c.end_date, CAST(COUNT(r.id) AS BIGINT) AS waiting \
                       FROM training_camp c JOIN refund_record r ON r.camp_id = c.id \
                       AND r.status IN ('pending', 'awaiting_second') \
                       WHERE c.end_date >= $1 AND c.end_date < $2 \
                       AND c.status IN ('ended', 'settling') AND c.deleted_at IS NULL \
                       GROUP BY c.id, c.name, c.end_date ORDER BY c.id";
}

#[derive(sqlx::FromRow)]
struct PayerRow {
    id: i64,
    camp_id: i64,
    camp_name: String,
    wecom_userid: String,
    checked_in_days: i64,
    required_days: i64,
}

/// Somebody who has paid for a camp and can be written to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Payer {
    pub payment_id: PaymentId,
    pub camp_id: CampId,
    pub camp_name: String,
    pub wecom_userid: String,
    pub checked_in_days: i64,
    pub required_days: i64,
}

impl From<PayerRow> for Payer {
    fn from(row: PayerRow) -> Self {
        Self {
            payment_id: PaymentId(row.id),
            camp_id: CampId(row.camp_id),
            camp_name: row.camp_name,
            wecom_userid: row.wecom_userid,
            checked_in_days: row.checked_in_days,
            required_days: row.required_days,
        }
    }
}

#[derive(sqlx::FromRow)]
struct CampRow {
    id: i64,
    name: String,
    end_date: String,
    waiting: i64,
}

/// A camp to be reminded of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Camp {
    pub id: CampId,
    pub name: String,
    /// Its last day.
    pub end_date: String,
    /// Refunds that wait for a person.
    pub waiting: i64,
}

impl From<CampRow> for Camp {
    fn from(row: CampRow) -> Self {
        Self {
            id: CampId(row.id),
            name: row.name,
            end_date: row.end_date,
            waiting: row.waiting,
        }
    }
}

/// Who has paid between two moments, and is not known to have joined the group.
pub async fn not_joined(
    conn: &mut Conn,
    after: Timestamp,
    until: Timestamp,
) -> StoreResult<Vec<Payer>> {
    let rows: Vec<PayerRow> = run!(conn, c => sqlx::query_as(NOT_JOINED)
        .bind(until.micros())
        .bind(after.micros())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Payer::from).collect())
}

/// Whose own last day this is, and who has not yet the days that they need.
pub async fn last_day(conn: &mut Conn, day: NaiveDate) -> StoreResult<Vec<Payer>> {
    let rows: Vec<PayerRow> = run!(conn, c => sqlx::query_as(LAST_DAY)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Payer::from).collect())
}

/// The camps whose last day this is.
pub async fn camps_ending(conn: &mut Conn, day: NaiveDate) -> StoreResult<Vec<Camp>> {
    let rows: Vec<CampRow> = run!(conn, c => sqlx::query_as(CAMPS_ENDING)
        .bind(day.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Camp::from).collect())
}

/// The camps that ended between two days, the second left out, with refunds that wait for a person.
pub async fn camps_to_review(
    conn: &mut Conn,
    from: NaiveDate,
    before: NaiveDate,
) -> StoreResult<Vec<Camp>> {
    let rows: Vec<CampRow> = run!(conn, c => sqlx::query_as(CAMPS_TO_REVIEW)
        .bind(from.to_string())
        .bind(before.to_string())
        .fetch_all(c)
        .await)?;
    Ok(rows.into_iter().map(Camp::from).collect())
}
