//! The rows of a sheet while they are read, within what a file may have.

use std::io;

use thiserror::Error;

use super::limits::{MAX_CELL_CHARS, MAX_COLUMNS, MAX_KEPT_BYTES, MAX_ROWS};

/// What a cell takes beside its text, the allocator's share included.
const CELL_OVERHEAD_BYTES: usize = size_of::<String>() + 16;

/// Why a file could not be read.
#[derive(Debug, Error)]
pub enum SheetError {
    /// The source failed while it was read.
    #[error("cannot read the file")]
    Read(#[from] io::Error),
    /// Larger than is read, packed or unpacked, or a text in it is.
    #[error("the file is too large")]
    TooLarge,
    /// More than [`MAX_ROWS`].
    #[error("the file has more than {MAX_ROWS} rows")]
    TooManyRows,
    /// Neither UTF-8, UTF-16 nor GB 18030.
    #[error("the text of the file has an unknown encoding")]
    Encoding,
    /// U+0000 in its text, which PostgreSQL cannot keep; UTF-16 without its mark looks so.
    #[error("the text of the file has a NUL character")]
    Nul,
    /// A web page, an old or protected workbook, or another kind of file, whatever its name says.
    #[error(
        "the file is neither CSV nor xlsx: open it in a spreadsheet program and save it as xlsx"
    )]
    Foreign,
    /// Broken quoting, or another fault of the CSV.
    #[error("the file is not valid CSV")]
    Csv(#[from] csv::Error),
    /// Not a workbook, or a damaged one.
    #[error("the file is not a valid xlsx workbook: {0}")]
    Workbook(String),
    /// A zip file that cannot be unpacked.
    #[error("the file is not a valid xlsx workbook")]
    Zip(#[from] zip::result::ZipError),
    /// No row at all.
    #[error("the file is empty")]
    Empty,
}

/// A row that is not blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The row's number as a spreadsheet shows it, from 1.
    pub number: usize,
    /// Cells from the left as they are written; those after the last that is not blank are missing.
    pub cells: Vec<String>,
}

impl Row {
    /// The cell of a column; empty where the row ends before it.
    #[must_use]
    pub fn cell(&self, column: usize) -> &str {
        self.cells.get(column).map_or("", String::as_str)
    }
}

/// The rows read so far.
pub(super) struct Rows {
    rows: Vec<Row>,
    left_bytes: usize,
}

impl Rows {
    pub(super) fn new() -> Self {
        Self {
            rows: Vec::new(),
            left_bytes: MAX_KEPT_BYTES,
        }
    }

    /// Takes a cell of the row with this number, which is the last one or a new one. Blank cells
    /// make no row.
    pub(super) fn put(
        &mut self,
        number: usize,
        column: usize,
        text: &str,
    ) -> Result<(), SheetError> {
        if text.contains('\0') {
            return Err(SheetError::Nul);
        }
        if column >= MAX_COLUMNS || text.trim().is_empty() {
            return Ok(());
        }
        if self.rows.last().is_none_or(|last| last.number != number) {
            if self.rows.len() > MAX_ROWS {
                return Err(SheetError::TooManyRows);
            }
            let cells = Vec::new();
            self.rows.push(Row { number, cells });
        }
        let Some(last) = self.rows.last_mut() else {
            return Ok(());
        };
        let text = clipped(text);
        let new = (column + 1).saturating_sub(last.cells.len());
        let taken = text.len() + new * CELL_OVERHEAD_BYTES;
        let left = self.left_bytes.checked_sub(taken);
        self.left_bytes = left.ok_or(SheetError::TooLarge)?;
        last.cells
            .resize(last.cells.len().max(column + 1), String::new());
        if let Some(slot) = last.cells.get_mut(column) {
            text.clone_into(slot);
        }
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Vec<Row>, SheetError> {
        if self.rows.is_empty() {
            return Err(SheetError::Empty);
        }
        Ok(self.rows)
    }
}

/// What of a cell is kept.
pub(super) fn clipped(cell: &str) -> &str {
    let end = cell.char_indices().nth(MAX_CELL_CHARS);
    end.map_or(cell, |(end, _)| &cell[..end])
}
