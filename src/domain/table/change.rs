//! What a row of a file changes.

use crate::domain::PlanetUserId;

/// A row that says something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowChange {
    /// As the spreadsheet counts it.
    pub row: usize,
    /// The account that it speaks of, if one is known.
    pub account: Option<PlanetUserId>,
    /// 成员编号, where the file has one.
    pub member_number: Option<u32>,
    /// What was known; none where nothing was.
    pub before: Option<Vec<String>>,
    /// What is to be known.
    pub after: Vec<String>,
}
