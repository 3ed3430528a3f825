//! Rows that fit no state are left out of what people are shown, and logged once.

use crate::store::{Page, Rows, StoreError, StoreResult};

/// Takes the rows that could be read, and logs the others.
pub(super) fn readable<T>(rows: Rows<T>) -> Vec<T> {
    log(&rows.bad);
    rows.good
}

/// Answers a page as it was read, and logs the rows that are missing in it.
pub(super) fn logged<T>(page: Page<T>) -> Page<T> {
    log(&page.rows.bad);
    page
}

/// Takes what could be read of a row that is not what the work is about; one that fits no state is
/// logged, and holds up nothing.
///
/// # Errors
/// All others of the store.
pub(super) fn readable_one<T>(read: StoreResult<Option<T>>) -> StoreResult<Option<T>> {
    match read {
        Err(bad @ StoreError::Inconsistent { .. }) => {
            log(&[bad]);
            Ok(None)
        }
        read => read,
    }
}

/// Names in the log the rows that could not be read.
pub(super) fn log(bad: &[StoreError]) {
    for error in bad {
        let (table, id) = error.row().unzip();
        tracing::error!(
            table,
            id,
            error = error as &dyn std::error::Error,
            "a row cannot be read and is left out"
        );
    }
}
