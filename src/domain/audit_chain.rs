//! What may be wrong with the chain of the audit.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

/// Why the audit is not what was written.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, VariantNames, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ChainFault {
    /// A row is not there.
    #[error("a row is missing")]
    Missing,
    /// A row is none that we wrote, or not as we wrote it.
    #[error("a row was edited or added")]
    Altered,
    /// The last rows are not there.
    #[error("rows are missing at the end")]
    Cut,
    /// The end of the chain is none that we wrote.
    #[error("the end was set back")]
    SetBack,
    /// There is staff, and nothing that anybody has done.
    #[error("every row is gone")]
    Emptied,
    /// What was noted elsewhere of the chain is no part of it.
    #[error("the chain is not the one that was noted outside of the database")]
    Replaced,
    /// What was noted elsewhere is none that we wrote.
    #[error("what was noted outside of the database was edited, or its key is gone")]
    NoteAltered,
}
