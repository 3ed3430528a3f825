//! Spreadsheets that people upload or name on the command line: CSV and xlsx become rows of text.
//!
//! Knows bytes, rows and cells; which row has the headings, and what a column means, is the business
//! of others. Everything is bounded, since an xlsx is a zip and may unpack to anything.

use std::io::Read;

mod delimited;
mod limits;
mod number;
mod package;
mod rows;
#[cfg(test)]
mod tests;
mod workbook;

pub use limits::{MAX_BYTES, MAX_CELL_CHARS, MAX_COLUMNS, MAX_ROWS, MAX_UNPACKED_BYTES};
pub use rows::{Row, SheetError};

const ZIP_MAGIC: &[u8] = b"PK\x03\x04";

/// Reads a whole source, at most [`MAX_BYTES`].
///
/// # Errors
/// [`SheetError::Read`], [`SheetError::TooLarge`], and those of [`read_rows`].
pub fn read_rows_from(source: impl Read) -> Result<Vec<Row>, SheetError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    source.take(limit).read_to_end(&mut bytes)?;
    read_rows(&bytes)
}

/// Reads the first sheet of an xlsx, or a CSV separated by comma, tab or semicolon in UTF-8,
/// UTF-16 (with its mark) or the GB 18030 that Excel writes on Chinese machines.
///
/// # Errors
/// Every variant of [`SheetError`] but [`SheetError::Read`].
pub fn read_rows(bytes: &[u8]) -> Result<Vec<Row>, SheetError> {
    if bytes.len() > MAX_BYTES {
        return Err(SheetError::TooLarge);
    }
    if bytes.starts_with(ZIP_MAGIC) {
        workbook::rows(bytes)
    } else {
        delimited::rows(bytes)
    }
}
