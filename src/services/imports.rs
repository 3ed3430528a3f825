//! Tables that staff import: read in one way, within the memory that there is for them, and reported
//! in one way.

use serde::Serialize;

use crate::domain::table::{Line, RowChange, RowError};
use crate::platforms::sheets::{self, SheetError};

use super::{Context, Error, FieldError, Refusal, Result};

/// The largest file that is taken (design §8).
pub const MAX_FILE_BYTES: usize = sheets::MAX_BYTES;

/// Changes that a dry run shows line by line: as many as somebody may look through.
pub const MAX_CHANGES: usize = 1000;

/// The result of an import, or of its dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Rows that nothing was known of.
    pub added: usize,
    /// Rows that say something new.
    pub changed: usize,
    /// Rows that say what is known.
    pub unchanged: usize,
    /// Rows that were left out.
    pub errors: Vec<Fault>,
    /// In a dry run: the rows that say something new, the first [`MAX_CHANGES`] of them.
    #[serde(skip)]
    pub changes: Vec<RowChange>,
}

/// A row that was left out, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// As the spreadsheet counts it.
    pub row: usize,
    /// In Chinese.
    pub message: String,
}

/// The two ways of an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Write,
    /// It only says what it would do.
    DryRun,
}

/// Reads a file, one at a time, and makes of its rows what `parse` does.
///
/// # Errors
/// [`Error::Busy`]; [`Refusal::TooLarge`]; [`Refusal::NotATable`]; [`Error::Invalid`] for a table
/// that is not of the kind.
pub(super) async fn read<T: Send + 'static>(
    ctx: &Context,
    bytes: Vec<u8>,
    parse: fn(&[Line<'_>]) -> Result<T, FieldError>,
) -> Result<T> {
    let room = ctx.decoding.for_a_sheet().await?;
    let read = tokio::task::spawn_blocking(move || {
        // Kept until the file is read, even if nobody waits for it any more.
        let _room = room;
        let rows = sheets::read_rows(&bytes).map_err(|error| unreadable(&error))?;
        drop(bytes);
        let lines = rows.iter().map(|row| (row.number, row.cells.as_slice()));
        let lines: Vec<Line<'_>> = lines.collect();
        parse(&lines).map_err(|error| Error::invalid("file", error))
    });
    read.await
        .map_err(|_| Error::Invariant("a file could not be read to its end".to_owned()))?
}

impl Report {
    /// The same with what changes, line by line.
    pub(super) fn with_changes(mut self, mut changes: Vec<RowChange>) -> Self {
        changes.truncate(MAX_CHANGES);
        self.changes = changes;
        self
    }
}

/// Tells why rows were left out.
pub(super) fn told(ctx: &Context, errors: &[RowError]) -> Vec<Fault> {
    let fault = |error: &RowError| Fault {
        row: error.row,
        message: ctx.settings.catalogue.say(&error.fault),
    };
    errors.iter().map(fault).collect()
}

/// A file that is no table, as doors show it.
fn unreadable(error: &SheetError) -> Error {
    match error {
        SheetError::TooLarge => Refusal::TooLarge.into(),
        SheetError::TooManyRows => {
            let max = sheets::MAX_ROWS;
            Error::invalid("file", FieldError::TooMany { max })
        }
        SheetError::Empty => Error::invalid("file", FieldError::Empty),
        SheetError::Nul => Error::invalid("file", FieldError::HoldsNul),
        SheetError::Read(_)
        | SheetError::Encoding
        | SheetError::Foreign
        | SheetError::Csv(_)
        | SheetError::Workbook(_)
        | SheetError::Zip(_) => Refusal::NotATable.into(),
    }
}
