//! Lists and sums of camps.

use chrono::NaiveDate;

use crate::domain::{CampId, CampStatus, Timestamp, UserId};

use super::StoreResult;
use super::camps::{Camp, CampRow, select_camp};
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};

statements! {
    LIST_HEAD = select_camp!("");
    COUNT_HEAD = "SELECT CAST(COUNT(*) AS BIGINT) FROM training_camp WHERE deleted_at IS NULL";
    STATS = "SELECT \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member WHERE camp_id = $1), \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member WHERE camp_id = $1 AND joined), \
             (SELECT CAST(COALESCE(SUM(checked_in_days), 0) AS BIGINT) FROM camp_member \
              WHERE camp_id = $1), \
             (SELECT CAST(COALESCE(SUM(paid_fen), 0) AS BIGINT) FROM payment_record \
              WHERE camp_id = $1 AND status IN ('paid', 'refunding', 'refunded')), \
             (SELECT CAST(COALESCE(SUM(amount_fen), 0) AS BIGINT) FROM refund_record \
              WHERE camp_id = $1 AND status = 'success'), \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record \
              WHERE camp_id = $1 AND replaced_by IS NULL), \
             (SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record \
              WHERE camp_id = $1 AND replaced_by IS NULL AND status = 'success')";
    OPEN_REFUNDS = "SELECT CAST(COUNT(*) AS BIGINT) FROM refund_record WHERE camp_id = $1 \
                    AND replaced_by IS NULL AND status NOT IN ('success', 'rejected', 'closed')";
    // Whose deposit is still here without a word about it: they are owed it, or nobody knows yet.
    // What `Refund::leaves_deposit_open` says is no word.
    UNLISTED = "SELECT CAST(COUNT(*) AS BIGINT) FROM camp_member m \
                JOIN payment_record p ON p.id = m.payment_id \
                WHERE m.camp_id = $1 AND p.status = 'paid' \
                AND (m.eligible OR m.match_status <> 'matched') AND NOT EXISTS \
                (SELECT 1 FROM refund_record r WHERE r.payment_id = p.id \
                 AND r.replaced_by IS NULL \
                 AND NOT (r.status = 'rejected' AND (r.decided_by IS NULL OR r.kind <> 'deposit')))";
}

/// Which camps are listed.
#[derive(Debug, Clone, Default)]
pub struct CampFilter {
    /// In one of these states; all, if empty.
    pub statuses: &'static [CampStatus],
    /// Not over before this day.
    pub from: Option<NaiveDate>,
    /// Not begun after this day.
    pub to: Option<NaiveDate>,
    /// Part of the name.
    pub text: Option<String>,
    /// Led or served by somebody.
    pub staffed_by: Option<UserId>,
}

/// Sums of one camp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CampSums {
    /// Members.
    pub enrolled: i64,
    /// Members in the group.
    pub joined: i64,
    /// Check-in days of all members together.
    pub checked_in_days: i64,
    /// What came in.
    pub paid_fen: i64,
    /// What went back.
    pub refunded_fen: i64,
    /// Refunds on the list.
    pub refunds: i64,
    /// Refunds whose money went back.
    pub refunds_done: i64,
}

impl CampFilter {
    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        let mut statuses = self.statuses.iter();
        if let Some(first) = statuses.next() {
            let text = |status: &CampStatus| Bind::Text(status.as_str().to_owned());
            conditions.value("AND status IN (", text(first), "");
            for status in statuses {
                conditions.value(", ", text(status), "");
            }
            conditions.fixed(")");
        }
        if let Some(from) = self.from {
            conditions.value("AND end_date >= ", Bind::Text(from.to_string()), "");
        }
        if let Some(to) = self.to {
            conditions.value("AND start_date <= ", Bind::Text(to.to_string()), "");
        }
        if let Some(text) = &self.text {
            conditions.contains("AND name_folded LIKE ", text, "");
        }
        if let Some(user) = self.staffed_by {
            conditions.staffed_by("AND id", user);
        }
        conditions
    }
}

/// A page of the camps that a filter lets through, newest first, and how many there are.
pub async fn list(
    conn: &mut Conn,
    filter: &CampFilter,
    limit: i64,
    offset: i64,
) -> StoreResult<(Vec<Camp>, i64)> {
    let conditions = filter.conditions();
    let tail = format!("ORDER BY start_date DESC, id DESC LIMIT {limit} OFFSET {offset}");
    // Only constants and numbers of ours make up the text; what people typed is bound.
    let page = sqlx::AssertSqlSafe(conditions.statement(LIST_HEAD, &tail));
    let count = sqlx::AssertSqlSafe(conditions.statement(COUNT_HEAD, ""));
    let (total,): (i64,) =
        run!(conn, c => bind_all!(sqlx::query_as(count), conditions).fetch_one(c).await)?;
    let rows: Vec<CampRow> =
        run!(conn, c => bind_all!(sqlx::query_as(page), conditions).fetch_all(c).await)?;
    let camps = rows
        .into_iter()
        .map(Camp::try_from)
        .collect::<Result<_, _>>()?;
    Ok((camps, total))
}

/// The sums of one camp.
pub async fn sums(conn: &mut Conn, id: CampId) -> StoreResult<CampSums> {
    let row: (i64, i64, i64, i64, i64, i64, i64) =
        run!(conn, c => sqlx::query_as(STATS).bind(id.0).fetch_one(c).await)?;
    let (enrolled, joined, checked_in_days, paid_fen, refunded_fen, refunds, refunds_done) = row;
    Ok(CampSums {
        enrolled,
        joined,
        checked_in_days,
        paid_fen,
        refunded_fen,
        refunds,
        refunds_done,
    })
}

/// Whether a settling camp can be put away: every refund has ended and nobody is left who is owed
/// one or may turn out to be, or nobody will wait longer.
pub async fn is_settled(
    conn: &mut Conn,
    camp: &Camp,
    give_up_before: Timestamp,
) -> StoreResult<bool> {
    if camp
        .settling_since
        .is_some_and(|since| since <= give_up_before)
    {
        return Ok(true);
    }
    let (open,): (i64,) =
        run!(conn, c => sqlx::query_as(OPEN_REFUNDS).bind(camp.id.0).fetch_one(c).await)?;
    let (unlisted,): (i64,) =
        run!(conn, c => sqlx::query_as(UNLISTED).bind(camp.id.0).fetch_one(c).await)?;
    Ok(open + unlisted == 0)
}

#[cfg(test)]
mod tests {
    use crate::domain::RefundStatus;

    use super::*;

    #[test]
    fn open_is_what_has_not_ended() {
        let (_, ended) = OPEN_REFUNDS.split_once("NOT IN (").unwrap();
        for status in RefundStatus::ALL {
            let is_named = ended.contains(&format!("'{status}'"));
            assert_eq!(is_named, status.has_ended(), "{status}");
        }
    }
}
