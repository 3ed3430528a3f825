//! Figures of camps, summed up by the database: of one camp or of many in one statement.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::ledger::Account;
use crate::domain::{CampId, Timestamp};

use super::StoreResult;
use super::db::{Conn, run};
use super::filter::{Bind, Conditions, bind_all};

/// The sums of some camps; `$camps` are the parameters of their ids.
macro_rules! select_sums {
    ($camps:literal) => {
        concat!(
            "SELECT camp_id, CAST(SUM(enrolled) AS BIGINT) AS enrolled, ",
            "CAST(SUM(joined) AS BIGINT) AS joined, ",
            "CAST(SUM(checked_in_days) AS BIGINT) AS checked_in_days, ",
            "CAST(SUM(paid_fen) AS BIGINT) AS paid_fen, ",
            "CAST(SUM(refunded_fen) AS BIGINT) AS refunded_fen, ",
            "CAST(SUM(refunds) AS BIGINT) AS refunds, ",
            "CAST(SUM(refunds_done) AS BIGINT) AS refunds_done FROM (",
            "SELECT camp_id, 1 AS enrolled, CASE WHEN joined THEN 1 ELSE 0 END AS joined, ",
            "checked_in_days, 0 AS paid_fen, 0 AS refunded_fen, 0 AS refunds, 0 AS refunds_done ",
            "FROM camp_member WHERE camp_id IN (",
            $camps,
            ") UNION ALL SELECT camp_id, 0, 0, 0, COALESCE(paid_fen, 0), 0, 0, 0 ",
            "FROM payment_record WHERE status IN ('paid', 'refunding', 'refunded') ",
            "AND camp_id IN (",
            $camps,
            ") UNION ALL SELECT camp_id, 0, 0, 0, 0, ",
            "CASE WHEN status = 'success' THEN amount_fen ELSE 0 END, ",
            "CASE WHEN replaced_by IS NULL THEN 1 ELSE 0 END, ",
            "CASE WHEN replaced_by IS NULL AND status = 'success' THEN 1 ELSE 0 END ",
            "FROM refund_record WHERE camp_id IN (",
            $camps,
            ")) AS figures GROUP BY camp_id"
        )
    };
}

/// The members of some camps, those alike together; `$camps` are the parameters of their ids.
macro_rules! select_alike {
    ($camps:literal) => {
        concat!(
            "SELECT camp_id, checked_in_days, match_status = 'matched' AS is_matched, ",
            "eligible AS is_eligible, joined AS has_joined, ",
            "CAST(COUNT(*) AS BIGINT) AS members FROM camp_member WHERE camp_id IN (",
            $camps,
            ") GROUP BY camp_id, checked_in_days, match_status = 'matched', eligible, joined ",
            "ORDER BY camp_id, checked_in_days"
        )
    };
}

/// What has moved in the books of some camps; `$camps` are the parameters of their ids.
macro_rules! select_moved {
    ($camps:literal) => {
        concat!(
            "SELECT camp_id, debit, credit, CAST(SUM(amount_fen) AS BIGINT) AS fen ",
            "FROM ledger_transfer WHERE kind IN ('plain', 'post') AND camp_id IN (",
            $camps,
            ") GROUP BY camp_id, debit, credit"
        )
    };
}

/// The deposits of some camps that went back, those alike in their promise and its days together;
/// days are counted from 1970-01-01 in Shanghai. `$camps` are the parameters of the camps' ids.
macro_rules! select_returned {
    ($camps:literal) => {
        concat!(
            "SELECT p.camp_id, p.promise_decision_by AS decision_by, ",
            "p.promise_money_days AS money_days, ",
            "(r.decided_at + 28800000000) / 86400000000 AS decided_on, ",
            "(r.refunded_at + 28800000000) / 86400000000 AS refunded_on, ",
            "CAST(COUNT(*) AS BIGINT) AS deposits ",
            "FROM payment_record p JOIN refund_record r ON r.payment_id = p.id ",
            "AND r.replaced_by IS NULL AND r.status = 'success' AND r.kind = 'deposit' ",
            "WHERE p.promise_decision_by IS NOT NULL AND p.promise_money_days IS NOT NULL ",
            "AND r.decided_at IS NOT NULL AND r.refunded_at IS NOT NULL AND p.camp_id IN (",
            $camps,
            ") GROUP BY p.camp_id, p.promise_decision_by, p.promise_money_days, ",
            "(r.decided_at + 28800000000) / 86400000000, ",
            "(r.refunded_at + 28800000000) / 86400000000"
        )
    };
}

statements! {
    SUMS_OF_ONE = select_sums!("$1");
    ALIKE_IN_ONE = select_alike!("$1");
    SYNCED_HEAD = "SELECT c.id, y.started_at FROM training_camp c \
                   JOIN sync_run y ON y.id = c.current_sync_id WHERE TRUE";
    CHECK_INS_PER_DAY = "SELECT day, CAST(COUNT(*) AS BIGINT) FROM checkin_record \
                         WHERE camp_id = $1 AND day >= $2 AND day <= $3 \
                         GROUP BY day ORDER BY day";
}

/// The parameters of the camps' ids, before they are counted.
const CAMPS: &str = "{camps}";
const SUMS_OF_MANY: &str = select_sums!("{camps}");
const ALIKE_IN_MANY: &str = select_alike!("{camps}");
const MOVED_IN_MANY: &str = select_moved!("{camps}");
const RETURNED_IN_MANY: &str = select_returned!("{camps}");

/// Sums of one camp.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct CampSums {
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

/// Members of a camp who are alike in what is counted. A camp has some dozens of such groups,
/// however many members; what the days mean for them is the domain's to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, sqlx::FromRow)]
pub struct AlikeMembers {
    /// Days by the sync that decides, without grace.
    pub checked_in_days: i64,
    /// Whether it is known which planet account each of them is.
    pub is_matched: bool,
    /// Whether their days suffice by the terms of their own orders.
    pub is_eligible: bool,
    /// Whether they are in the group.
    pub has_joined: bool,
    /// How many they are.
    pub members: i64,
}

#[derive(sqlx::FromRow)]
struct OfCamp<T> {
    camp_id: i64,
    #[sqlx(flatten)]
    figures: T,
}

/// Puts the parameters of the camps' ids into a statement, and binds them.
fn of_camps(sql: &'static str, camps: &[CampId]) -> (sqlx::AssertSqlSafe<String>, Conditions) {
    let mut conditions = Conditions::default();
    let parameters = camps.iter().map(|id| conditions.bind(Bind::Number(id.0)));
    let parameters: Vec<_> = parameters.collect();
    // Only constants of ours and numbered parameters make up the text.
    let sql = sqlx::AssertSqlSafe(sql.replace(CAMPS, &parameters.join(", ")));
    (sql, conditions)
}

/// Sums up the camps of a list; one without members, payments and refunds has none.
pub async fn sums(conn: &mut Conn, camps: &[CampId]) -> StoreResult<BTreeMap<CampId, CampSums>> {
    if camps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let (sql, conditions) = of_camps(SUMS_OF_MANY, camps);
    let rows: Vec<OfCamp<CampSums>> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    let rows = rows.into_iter();
    Ok(rows.map(|row| (CampId(row.camp_id), row.figures)).collect())
}

/// Sums up one camp.
pub async fn sums_of(conn: &mut Conn, camp: CampId) -> StoreResult<CampSums> {
    let row: Option<OfCamp<CampSums>> =
        run!(conn, c => sqlx::query_as(SUMS_OF_ONE).bind(camp.0).fetch_optional(c).await)?;
    Ok(row.map(|row| row.figures).unwrap_or_default())
}

/// Counts the members of the camps of a list, those alike together, the fewest days first; a camp
/// without members has none.
pub async fn alike_members(
    conn: &mut Conn,
    camps: &[CampId],
) -> StoreResult<BTreeMap<CampId, Vec<AlikeMembers>>> {
    let mut groups: BTreeMap<CampId, Vec<AlikeMembers>> = BTreeMap::new();
    if camps.is_empty() {
        return Ok(groups);
    }
    let (sql, conditions) = of_camps(ALIKE_IN_MANY, camps);
    let rows: Vec<OfCamp<AlikeMembers>> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    for row in rows {
        let of_camp = groups.entry(CampId(row.camp_id)).or_default();
        of_camp.push(row.figures);
    }
    Ok(groups)
}

/// What the books say became of a camp's money, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CampMoney {
    /// What came in.
    pub paid_fen: i64,
    /// What went back by WeChat Pay.
    pub returned_fen: i64,
    /// What went back by another way.
    pub settled_outside_fen: i64,
    /// What the organiser keeps.
    pub kept_fen: i64,
}

#[derive(sqlx::FromRow)]
struct Moved {
    debit: String,
    credit: String,
    fen: i64,
}

impl CampMoney {
    fn book(&mut self, moved: &Moved) {
        for (account, fen) in [(&moved.credit, moved.fen), (&moved.debit, -moved.fen)] {
            let sum = match account.parse() {
                // Shown positive.
                Ok(Account::Bank) => {
                    self.paid_fen -= fen;
                    continue;
                }
                Ok(Account::Returned) => &mut self.returned_fen,
                Ok(Account::SettledOutside) => &mut self.settled_outside_fen,
                Ok(Account::Kept) => &mut self.kept_fen,
                _ => continue,
            };
            *sum += fen;
        }
    }
}

/// Sums up the books of some camps; one whose books are empty has none.
pub async fn money(conn: &mut Conn, camps: &[CampId]) -> StoreResult<BTreeMap<CampId, CampMoney>> {
    let mut money: BTreeMap<CampId, CampMoney> = BTreeMap::new();
    if camps.is_empty() {
        return Ok(money);
    }
    let (sql, conditions) = of_camps(MOVED_IN_MANY, camps);
    let rows: Vec<OfCamp<Moved>> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    for row in rows {
        let of_camp = money.entry(CampId(row.camp_id)).or_default();
        of_camp.book(&row.figures);
    }
    Ok(money)
}

/// Deposits of a camp that went back, alike in what they were promised and when it happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnedDeposits {
    /// What their members were promised.
    pub decision_by: NaiveDate,
    pub money_days: i64,
    /// The day of the decision.
    pub decided_on: NaiveDate,
    /// The day on which the money was back.
    pub refunded_on: NaiveDate,
    /// How many they are.
    pub deposits: i64,
}

#[derive(sqlx::FromRow)]
struct ReturnedRow {
    decision_by: String,
    money_days: i64,
    decided_on: i64,
    refunded_on: i64,
    deposits: i64,
}

impl ReturnedRow {
    /// None where a day is none: what a report cannot count it leaves out.
    fn read(&self) -> Option<ReturnedDeposits> {
        let day = |days: i64| NaiveDate::from_epoch_days(i32::try_from(days).ok()?);
        Some(ReturnedDeposits {
            decision_by: self.decision_by.parse().ok()?,
            money_days: self.money_days,
            decided_on: day(self.decided_on)?,
            refunded_on: day(self.refunded_on)?,
            deposits: self.deposits,
        })
    }
}

/// Reads the deposits of some camps that went back and were promised something.
pub async fn returned_deposits(
    conn: &mut Conn,
    camps: &[CampId],
) -> StoreResult<Vec<ReturnedDeposits>> {
    if camps.is_empty() {
        return Ok(Vec::new());
    }
    let (sql, conditions) = of_camps(RETURNED_IN_MANY, camps);
    let rows: Vec<OfCamp<ReturnedRow>> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    let read = rows.iter().filter_map(|row| row.figures.read());
    Ok(read.collect())
}

/// Reads as of when the deciding syncs of the camps of a list have read the planet; a camp without
/// one is left out.
pub async fn synced_at(
    conn: &mut Conn,
    camps: &[CampId],
) -> StoreResult<BTreeMap<CampId, Timestamp>> {
    if camps.is_empty() {
        return Ok(BTreeMap::new());
    }
    let mut conditions = Conditions::default();
    conditions.among("AND c.id", camps.iter().map(|id| id.0));
    // Only constants of ours make up the text; the numbers are bound.
    let sql = sqlx::AssertSqlSafe(conditions.statement(SYNCED_HEAD, ""));
    let rows: Vec<(i64, i64)> =
        run!(conn, c => bind_all!(sqlx::query_as(sql), conditions).fetch_all(c).await)?;
    let at = |(camp, micros)| (CampId(camp), Timestamp::from_micros(micros));
    Ok(rows.into_iter().map(at).collect())
}

/// Counts the accounts that checked in on each day, between two days, both inclusive; days with
/// none, and those that cannot be read, are left out.
pub async fn check_ins_per_day(
    conn: &mut Conn,
    camp: CampId,
    from: NaiveDate,
    to: NaiveDate,
) -> StoreResult<BTreeMap<NaiveDate, i64>> {
    let rows: Vec<(String, i64)> = run!(conn, c => sqlx::query_as(CHECK_INS_PER_DAY)
        .bind(camp.0)
        .bind(from.to_string())
        .bind(to.to_string())
        .fetch_all(c)
        .await)?;
    let day = |(day, count): (String, i64)| Some((day.parse().ok()?, count));
    Ok(rows.into_iter().filter_map(day).collect())
}
