//! The trade bills of WeChat Pay, and where they and the books differ.

use chrono::NaiveDate;

use crate::domain::trade_bill::{
    BillFailure, BillState, Difference, DifferenceKind, Resolution, Side,
};
use crate::domain::{DifferenceId, Timestamp, UserId};

use super::bundle::Statement;
use super::db::Conn;
use super::filter::{Bind, Conditions};
use super::listing::{Key, ListSql, Order, listing};
use super::{Rows, StoreError, StoreResult, Tx};

mod row;
use row::{BillRow, DifferenceRow, bill_columns, difference_columns};
pub use row::{KeptDifference, StoredBill};

const TABLE: &str = "trade_bill";
const DIFFERENCES: &str = "trade_bill_difference";

statements! {
    /// Whoever writes about a day has its row first, so that two of them queue.
    TAKE_DAY = "INSERT INTO trade_bill (bill_date, state, row_count, foreign_rows, created_at, \
                updated_at) VALUES ($1, 'unavailable', 0, 0, $2, $2) \
                ON CONFLICT (bill_date) DO UPDATE SET updated_at = excluded.updated_at";
    BY_DATE = concat!("SELECT ", bill_columns!(), " FROM trade_bill WHERE bill_date = $1");
    LIST_HEAD = concat!("SELECT ", bill_columns!(), " FROM trade_bill WHERE TRUE");
    COMPARED = "SELECT bill_date FROM trade_bill WHERE bill_date >= $1 AND state <> 'unavailable'";
    SET_COMPARED = "UPDATE trade_bill SET state = $3, failure = NULL, row_count = $4, \
                    foreign_rows = $5, compared_at = $6, \
                    told_at = CASE WHEN $7 THEN NULL ELSE told_at END, updated_at = $6 \
                    WHERE bill_date = $1 AND state = $2";
    /// Of what was compared before, a bill that cannot be had now says nothing. Who was told today
    /// is not told again.
    SET_UNAVAILABLE = "UPDATE trade_bill SET failure = $2, \
                       told_at = CASE WHEN told_at < $3 THEN NULL ELSE told_at END, \
                       updated_at = $4 WHERE bill_date = $1 AND state = 'unavailable'";
    SET_STATE = "UPDATE trade_bill SET state = $3, updated_at = $4 \
                 WHERE bill_date = $1 AND state = $2";
    UNTOLD = concat!(
        "SELECT ", bill_columns!(), " FROM trade_bill WHERE told_at IS NULL \
         ORDER BY bill_date LIMIT $1"
    );
    SET_TOLD = "UPDATE trade_bill SET told_at = $2 WHERE bill_date = $1 AND told_at IS NULL";
    DIFFERENCES_OF = concat!(
        "SELECT ", difference_columns!(), " FROM trade_bill_difference \
         WHERE bill_date = $1 ORDER BY id"
    );
    DIFFERENCE = concat!(
        "SELECT ", difference_columns!(), " FROM trade_bill_difference WHERE id = $1"
    );
    COUNT_OPEN = "SELECT CAST(COUNT(*) AS BIGINT) FROM trade_bill_difference \
                  WHERE resolution IS NULL";
    ADD_DIFFERENCE = "INSERT INTO trade_bill_difference (bill_date, subject, kind, order_no, \
                      refund_no, ours, theirs, created_at, updated_at) \
                      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)";
    /// What is another difference now is open again.
    CHANGE_DIFFERENCE = "UPDATE trade_bill_difference SET kind = $2, order_no = $3, refund_no = $4, \
                         ours = $5, theirs = $6, resolution = NULL, resolved_by = NULL, \
                         resolved_by_name = NULL, resolved_at = NULL, note = NULL, updated_at = $7 \
                         WHERE id = $1";
    DROP_DIFFERENCE = "DELETE FROM trade_bill_difference WHERE id = $1";
    RESOLVE = "UPDATE trade_bill_difference SET resolution = $2, resolved_by = $3, \
               resolved_by_name = $4, resolved_at = $5, note = $6, updated_at = $5 \
               WHERE id = $1 AND resolution IS NULL";
}

/// The bills of some days, the newest first; nothing set shows all.
#[derive(Debug, Clone, Copy, Default)]
pub struct BillFilter {
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, inclusive.
    pub to: Option<NaiveDate>,
}

listing!(BillFilter => StoredBill);

impl ListSql for BillFilter {
    type Row = BillRow;
    type Item = StoredBill;

    const SELECT: &'static str = LIST_HEAD;
    const FROM: &'static str = "FROM trade_bill WHERE TRUE";
    const ID: &'static str = "bill_date";
    const ORDER: Order = Order::Descending(&["bill_date"]);

    fn conditions(&self) -> Conditions {
        let mut conditions = Conditions::default();
        for (before, day) in [
            ("AND bill_date >= ", self.from),
            ("AND bill_date <= ", self.to),
        ] {
            if let Some(day) = day {
                conditions.value(before, Bind::Text(day.to_string()), "");
            }
        }
        conditions
    }

    fn key(row: &BillRow) -> Key {
        Key(vec![Bind::Text(row.bill_date.clone())])
    }

    fn read(row: BillRow) -> StoreResult<StoredBill> {
        row.try_into()
    }
}

/// A decision about a difference.
#[derive(Debug, Clone, Copy)]
pub struct Decision<'a> {
    pub resolution: Resolution,
    pub by: UserId,
    pub by_name: &'a str,
    pub note: Option<&'a str>,
    pub at: Timestamp,
}

/// Keeps others from writing about a day until this transaction ends; makes its row, if there is
/// none.
pub async fn take_day(tx: &mut Tx, day: NaiveDate, now: Timestamp) -> StoreResult<()> {
    let take = Statement::new(TAKE_DAY).bind(day.to_string());
    tx.ask([take.bind(now.micros())]).await?;
    Ok(())
}

/// The bill of a day.
pub async fn by_date(conn: &mut Conn, day: NaiveDate) -> StoreResult<Option<StoredBill>> {
    let row: Option<BillRow> = conn
        .ask_one(Statement::new(BY_DATE).bind(day.to_string()))
        .await?;
    row.map(TryInto::try_into).transpose()
}

/// The days from one on that have been compared.
pub async fn compared_since(conn: &mut Conn, from: NaiveDate) -> StoreResult<Vec<NaiveDate>> {
    let rows: Vec<(String,)> = conn
        .ask_all(Statement::new(COMPARED).bind(from.to_string()))
        .await?;
    // A day that is none is compared again, which is the safe side.
    let days = rows.into_iter().filter_map(|(day,)| day.parse().ok());
    Ok(days.collect())
}

/// What a comparison found of a day.
#[derive(Debug, Clone, Copy)]
pub struct Compared {
    pub state: BillState,
    pub rows: i64,
    pub foreign_rows: i64,
    /// The admins are to be told.
    pub is_news: bool,
}

/// Records that a day has been compared, if it still stands as it was seen.
pub fn set_compared(tx: &mut Tx, seen: &StoredBill, found: Compared, now: Timestamp) {
    tx.put_off(
        Statement::new(SET_COMPARED)
            .bind(seen.day.to_string())
            .bind(seen.state.as_str())
            .bind(found.state.as_str())
            .bind(found.rows)
            .bind(found.foreign_rows)
            .bind(now.micros())
            .bind(found.is_news)
            .guarded(TABLE, number(seen.day)),
    );
}

/// Writes how a day stands after something was settled, if it still stands as it was seen.
pub fn set_state(tx: &mut Tx, seen: &StoredBill, state: BillState, now: Timestamp) {
    tx.put_off(
        Statement::new(SET_STATE)
            .bind(seen.day.to_string())
            .bind(seen.state.as_str())
            .bind(state.as_str())
            .bind(now.micros())
            .guarded(TABLE, number(seen.day)),
    );
}

/// Records why there is no bill of a day, unless it has been compared before. `today`: the
/// beginning of this day.
pub fn set_unavailable(
    tx: &mut Tx,
    day: NaiveDate,
    failure: BillFailure,
    today: Timestamp,
    now: Timestamp,
) {
    tx.put_off(
        Statement::new(SET_UNAVAILABLE)
            .bind(day.to_string())
            .bind(failure.as_str())
            .bind(today.micros())
            .bind(now.micros()),
    );
}

/// The days of which the admins are to be told, oldest first.
pub async fn untold(conn: &mut Conn, limit: i64) -> StoreResult<Rows<StoredBill>> {
    let rows: Vec<BillRow> = conn.ask_all(Statement::new(UNTOLD).bind(limit)).await?;
    Ok(rows.into_iter().map(TryInto::try_into).collect())
}

/// Records that the admins have been told of a day, if nobody has told them.
pub fn set_told(tx: &mut Tx, day: NaiveDate, now: Timestamp) {
    let told = Statement::new(SET_TOLD).bind(day.to_string());
    tx.put_off(told.bind(now.micros()).guarded(TABLE, number(day)));
}

/// What names a day where a row is named by a number: 20261129.
fn number(day: NaiveDate) -> i64 {
    let digits = day.format("%Y%m%d").to_string();
    digits.parse().unwrap_or_default()
}

/// Where a day's bill and the books differ, oldest first.
pub async fn differences(conn: &mut Conn, day: NaiveDate) -> StoreResult<Rows<KeptDifference>> {
    let rows: Vec<DifferenceRow> = conn
        .ask_all(Statement::new(DIFFERENCES_OF).bind(day.to_string()))
        .await?;
    Ok(rows.into_iter().map(TryInto::try_into).collect())
}

/// One difference, and the day whose bill it is of.
pub async fn difference(
    conn: &mut Conn,
    id: DifferenceId,
) -> StoreResult<Option<(NaiveDate, KeptDifference)>> {
    let row: Option<DifferenceRow> = conn.ask_one(Statement::new(DIFFERENCE).bind(id.0)).await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let day = row.day()?;
    Ok(Some((day, row.try_into()?)))
}

/// Counts the differences that wait for somebody.
pub async fn count_open(conn: &mut Conn) -> StoreResult<i64> {
    let count: Option<(i64,)> = conn.ask_one(Statement::new(COUNT_OPEN)).await?;
    Ok(count.map_or(0, |(count,)| count))
}

/// Adds a difference of a day.
pub fn add_difference(tx: &mut Tx, day: NaiveDate, found: &Difference, now: Timestamp) {
    tx.put_off(
        Statement::new(ADD_DIFFERENCE)
            .bind(day.to_string())
            .bind(&found.subject)
            .bind(found.kind.as_str())
            .bind(&found.order_no)
            .bind(&found.refund_no)
            .bind(written(found.ours.as_ref()))
            .bind(written(found.theirs.as_ref()))
            .bind(now.micros()),
    );
}

/// Writes what has become of a difference; it waits for somebody again.
pub fn change_difference(tx: &mut Tx, id: DifferenceId, found: &Difference, now: Timestamp) {
    tx.put_off(
        Statement::new(CHANGE_DIFFERENCE)
            .bind(id.0)
            .bind(found.kind.as_str())
            .bind(&found.order_no)
            .bind(&found.refund_no)
            .bind(written(found.ours.as_ref()))
            .bind(written(found.theirs.as_ref()))
            .bind(now.micros())
            .guarded(DIFFERENCES, id.0),
    );
}

/// Drops a difference that there is no more.
pub fn drop_difference(tx: &mut Tx, id: DifferenceId) {
    let statement = Statement::new(DROP_DIFFERENCE).bind(id.0);
    tx.put_off(statement.guarded(DIFFERENCES, id.0));
}

/// Writes what somebody has decided about a difference, if nobody has before.
pub fn resolve(tx: &mut Tx, id: DifferenceId, decision: Decision<'_>) {
    tx.put_off(
        Statement::new(RESOLVE)
            .bind(id.0)
            .bind(decision.resolution.as_str())
            .bind(decision.by.0)
            .bind(decision.by_name)
            .bind(decision.at.micros())
            .bind(decision.note)
            .guarded(DIFFERENCES, id.0),
    );
}

fn written(side: Option<&Side>) -> Option<String> {
    // Numbers and texts always serialise.
    side.map(|side| serde_json::to_string(side).unwrap_or_default())
}
