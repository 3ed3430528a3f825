//! Why a sync of check-ins is not whole.

use serde::Serialize;
use strum::VariantNames;

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
    /// The result could not be written.
    NotSaved,
    /// The days are whole, and of the posts only the newest could be read.
    OnlyNewestPosts,
    /// The days are whole, and the oldest posts may be missing.
    OldestPostsMissing,
}
