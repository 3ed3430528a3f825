//! Rows of `trade_bill` and `trade_bill_difference`, and what they mean.

use chrono::NaiveDate;

use super::{
    BillFailure, BillState, DIFFERENCES, Difference, DifferenceId, DifferenceKind, Resolution,
    Side, StoreError, StoreResult, TABLE, Timestamp,
};
use crate::domain::UnknownWord;

macro_rules! bill_columns {
    () => {
        "bill_date, state, failure, row_count, foreign_rows, compared_at"
    };
}
pub(super) use bill_columns;

macro_rules! difference_columns {
    () => {
        "id, bill_date, subject, kind, order_no, refund_no, ours, theirs, resolution, \
         resolved_by_name, resolved_at, note"
    };
}
pub(super) use difference_columns;

/// The bill of a day, as it was last compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredBill {
    pub day: NaiveDate,
    pub state: BillState,
    /// Why there is none, while there is none.
    pub failure: Option<BillFailure>,
    /// Rows of the bill.
    pub rows: i64,
    /// Those of them that are of other shops.
    pub foreign_rows: i64,
    pub compared_at: Option<Timestamp>,
}

/// A difference, with what somebody has decided about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDifference {
    pub id: DifferenceId,
    pub difference: Difference,
    pub resolution: Option<Resolution>,
    pub resolved_by: Option<String>,
    pub resolved_at: Option<Timestamp>,
    pub note: Option<String>,
}

#[derive(sqlx::FromRow)]
pub(in crate::store) struct BillRow {
    pub(super) bill_date: String,
    state: String,
    failure: Option<String>,
    row_count: i64,
    foreign_rows: i64,
    compared_at: Option<i64>,
}

impl TryFrom<BillRow> for StoredBill {
    type Error = StoreError;

    fn try_from(row: BillRow) -> StoreResult<Self> {
        let bad = |unknown: UnknownWord| inconsistent(TABLE, 0, unknown.to_string());
        let failure = row.failure.as_deref().map(str::parse);
        Ok(Self {
            day: day(TABLE, 0, &row.bill_date)?,
            state: row.state.parse().map_err(bad)?,
            failure: failure.transpose().map_err(bad)?,
            rows: row.row_count,
            foreign_rows: row.foreign_rows,
            compared_at: row.compared_at.map(Timestamp::from_micros),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(super) struct DifferenceRow {
    id: i64,
    bill_date: String,
    subject: String,
    kind: String,
    order_no: Option<String>,
    refund_no: Option<String>,
    ours: Option<String>,
    theirs: Option<String>,
    resolution: Option<String>,
    resolved_by_name: Option<String>,
    resolved_at: Option<i64>,
    note: Option<String>,
}

impl DifferenceRow {
    /// The day whose bill it is of.
    pub(super) fn day(&self) -> StoreResult<NaiveDate> {
        day(DIFFERENCES, self.id, &self.bill_date)
    }
}

impl TryFrom<DifferenceRow> for KeptDifference {
    type Error = StoreError;

    fn try_from(row: DifferenceRow) -> StoreResult<Self> {
        let bad = |unknown: UnknownWord| inconsistent(DIFFERENCES, row.id, unknown.to_string());
        let kind: DifferenceKind = row.kind.parse().map_err(bad)?;
        let resolution = row.resolution.as_deref().map(str::parse);
        let side = |text: Option<&str>| {
            let side = text.map(serde_json::from_str::<Side>).transpose();
            side.map_err(|_| inconsistent(DIFFERENCES, row.id, "a side".to_owned()))
        };
        Ok(Self {
            id: DifferenceId(row.id),
            resolution: resolution.transpose().map_err(bad)?,
            resolved_at: row.resolved_at.map(Timestamp::from_micros),
            difference: Difference {
                kind,
                ours: side(row.ours.as_deref())?,
                theirs: side(row.theirs.as_deref())?,
                subject: row.subject,
                order_no: row.order_no,
                refund_no: row.refund_no,
            },
            resolved_by: row.resolved_by_name,
            note: row.note,
        })
    }
}

fn day(table: &'static str, id: i64, text: &str) -> StoreResult<NaiveDate> {
    text.parse()
        .map_err(|_| inconsistent(table, id, format!("{text} is no day")))
}

fn inconsistent(table: &'static str, id: i64, what: String) -> StoreError {
    StoreError::Inconsistent { table, id, what }
}
