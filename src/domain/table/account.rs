//! The column that says whose row it is.

use super::cell::digits;
use super::fault::{Inexact, RowFault};
use crate::domain::PlanetUserId;

/// What the column of accounts is called.
pub const ACCOUNT: &[&str] = &[
    "planet_user_id",
    "user_id",
    "用户id",
    "星球用户id",
    "星球id",
];

/// Zeros at the end of an id that only a spreadsheet program's rounding leaves there.
const ROUNDED: &str = "000000";
/// Digits of a `user_id` (10–15, zsxq §3; a little room on either side).
const ID_DIGITS: std::ops::RangeInclusive<usize> = 8..=18;

/// Reads the account of a row from the cell under this heading.
///
/// # Errors
/// [`RowFault::Rounded`] or [`RowFault::NotAnId`].
pub fn account(cell: &str, column: String) -> Result<PlanetUserId, RowFault> {
    let id = match digits(cell) {
        Ok(id) if !ID_DIGITS.contains(&id.len()) => return Err(RowFault::NotAnId { column }),
        Ok(id) if id.ends_with(ROUNDED) => return Err(RowFault::Rounded { column }),
        Ok(id) => id,
        Err(Inexact::Rounded) => return Err(RowFault::Rounded { column }),
        Err(Inexact::NotDigits) => return Err(RowFault::NotAnId { column }),
    };
    id.parse()
        .map(PlanetUserId)
        .map_err(|_| RowFault::NotAnId { column })
}
