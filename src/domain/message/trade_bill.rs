//! How WeChat Pay's bills stand to the books, told to the admins.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::domain::trade_bill::{BillFailure, BillState, DifferenceKind, Resolution};

/// Days of which the bill has been compared, or could not be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TradeBillCompared {
    /// The day before this was made.
    pub yesterday: NaiveDate,
    /// The days on which nothing differs.
    pub equal: Option<EqualDays>,
    /// The newest of the others.
    pub days: Vec<BillDay>,
    /// Others that are not named.
    pub more_days: usize,
    /// Differences, of whatever day, that are not named and wait for somebody.
    pub still_open: usize,
}

/// Days on which nothing differs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EqualDays {
    pub count: usize,
    pub from: NaiveDate,
    pub to: NaiveDate,
    /// Rows of their bills.
    pub rows: i64,
}

/// A day that differs, or has no bill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillDay {
    pub date: NaiveDate,
    pub state: BillState,
    pub failure: Option<BillFailure>,
    pub differences: Vec<BillDifference>,
}

/// A difference with its next step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BillDifference {
    pub kind: DifferenceKind,
    pub order_no: Option<String>,
    pub refund_no: Option<String>,
    pub ours_fen: Option<i64>,
    pub theirs_fen: Option<i64>,
    /// The ledger lacks its transfer.
    pub unposted: bool,
    pub next: Resolution,
}
