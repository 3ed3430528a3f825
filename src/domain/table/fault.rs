//! What is wrong with one row of an import. The sentence for each stands in
//! `message-templates/refusals.toml`; it names the column by the heading that the file has, and says
//! what to do.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Why a cell holds no exact digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inexact {
    /// A spreadsheet program has rounded them, or may have.
    Rounded,
    /// Something else than digits.
    NotDigits,
}

/// Why a row is left out; `column` is the heading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RowFault {
    /// Nothing in any of these columns, of which every row needs one.
    NobodyNamed { columns: Vec<String> },
    /// Not a number of as many digits as an account's.
    NotAnId { column: String },
    /// A spreadsheet program has rounded the number, or may have.
    Rounded { column: String },
    /// Not a whole number.
    NotANumber { column: String },
    /// The same stands in an earlier row.
    RepeatedOf { column: String, row: usize },
    /// Nobody knows the account.
    UnknownAccount { column: String },
    /// Not a date.
    NotADate { column: String },
    /// Not a time of the day.
    NotATime { column: String },
    /// Not a number of days.
    NotDays { column: String },
    /// More days than the camp has.
    TooManyDays { column: String, most: i64 },
    /// Not a day of the camp.
    OutsideCamp {
        column: String,
        from: NaiveDate,
        to: NaiveDate,
    },
    /// A day that has not begun.
    InFuture { column: String },
    /// A file has stated the account's days as a number; one day more or less of it says nothing.
    HasTotal { column: String, days: i64 },
    /// An earlier row gives the account another number of days.
    Contradicts { column: String, row: usize },
}

/// A row that was left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowError {
    /// The row's number as a spreadsheet shows it.
    pub row: usize,
    /// What is wrong with it.
    pub fault: RowFault,
}
