//! Why a field that somebody filled in is not taken. The sentence for each stands in
//! `message-templates/refusals.toml`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// The fields that are not taken, by their names in the API, each with its reason.
pub type FieldErrors = BTreeMap<Cow<'static, str>, FieldError>;

/// Why a field is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum FieldError {
    /// Nothing was filled in.
    Missing,
    /// It is not written as this field is written.
    Malformed,
    /// The request has no such field: it is misspelt, or belongs elsewhere.
    NoSuchField,
    /// It was sent more than once.
    Repeated,
    /// It holds U+0000, which PostgreSQL cannot keep.
    HoldsNul,
    /// Too few characters.
    TooShort { min: usize },
    /// Too many characters.
    TooLong { max: usize },
    /// Too few or too many characters, or some that a name cannot have.
    LengthOutOfRange { min: usize, max: usize },
    /// Too many of them.
    TooMany { max: usize },
    /// A number that is too small.
    TooSmall { min: i64 },
    /// A number that is too big.
    TooBig { max: i64 },
    /// A number, or how many there are, outside its range.
    OutOfRange { min: i64, max: i64 },
    /// Not above 0.
    NotPositive,
    /// More than another field allows.
    Exceeds { field: Cow<'static, str> },
    /// A start before today.
    InThePast,
    /// A start that was right when it was chosen and has passed since.
    HasPassed,
    /// An end that is not after the start.
    NotAfterStart,
    /// An end before the start, where the same day would do.
    BeforeStart,
    /// From start to end it is too long.
    SpanTooLong,
    /// An end after which the promised refund would come too late for WeChat Pay.
    PromiseTooLate { latest: NaiveDate },
    /// A volunteer who is a coach too.
    IsCoach,
    /// What it names is not there, or not any more.
    Unknown,
    /// What is named must be given with the hash of what was shown of it.
    WithoutHash,
    /// Exactly one of this field and another is to be given.
    NotExactlyOne { other: Cow<'static, str> },
    /// A password that is not the account's.
    Wrong,
    /// What was to be changed is the same as before.
    Unchanged,
    /// A password that very many people have.
    TooCommon,
    /// A password that is the user name.
    SameAsUsername,
    /// An empty file.
    Empty,
    /// A table without a column that tells accounts apart.
    NoIdColumn,
    /// A table of check-ins without a column of accounts.
    NoAccountColumn,
    /// A table with two columns of one name.
    ColumnTwice { heading: String },
    /// A table of check-ins with neither dates nor days.
    NoDayColumn,
    /// A table without a column of nicknames.
    NoNicknameColumn,
    /// A payment or refund of another merchant or application.
    NotOurs,
    /// An order that nobody has paid.
    NotPaid,
    /// A key of a request that was sent with something else before.
    KeyReused,
    /// A key does not go with files.
    NotWithFiles,
    /// A setting that takes a restart.
    NeedsRestart,
    /// A setting that the product cannot run with.
    Unusable,
}
