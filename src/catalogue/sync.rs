//! Why a sync of check-ins is not whole.

use serde::Serialize;
use strum::VariantNames;

use crate::domain::evidence::Suspicion;

/// Why a sync is not whole, or what its calendar lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum SyncFault {
    /// The planet takes the login no more.
    LoginOver,
    /// The planet does not answer.
    Unavailable,
    /// All calls of the day are spent.
    BudgetSpent,
    /// The account may not read the project.
    NoAccess,
    /// There is no such project.
    ProjectGone,
    /// The planet's answer is none that we know.
    UnexpectedAnswer,
    /// Somebody checked in between two pages, twice in a row.
    RankingUnsteady,
    /// More pages than are read.
    TooManyPages,
    /// The result could not be written.
    NotSaved,
    /// The ranking is clean and nobody is in it: a person has to confirm that.
    RankingEmpty,
    /// The ranking is clean and has lost many: a person has to confirm that.
    RankingShrunken,
    /// The camp follows another project by now.
    ProjectChanged,
}

impl From<Suspicion> for SyncFault {
    fn from(suspicion: Suspicion) -> Self {
        match suspicion {
            Suspicion::Empty => Self::RankingEmpty,
            Suspicion::Shrunken => Self::RankingShrunken,
        }
    }
}

/// What is missing of the posts of a sync whose ranking decides all the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum PostsFault {
    /// Only the newest could be read.
    OnlyNewest,
    /// The oldest may be missing.
    OldestMissing,
    /// None was read; the sentence of the [`SyncFault`] says why.
    Unread { cause: String },
}
