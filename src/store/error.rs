//! What can go wrong in the store.

/// The result of a store call.
pub type StoreResult<T> = Result<T, StoreError>;

/// What PostgreSQL says of a transaction that it undid because it and another one stood in each
/// other's way (SQLSTATE: deadlock_detected, serialization_failure).
const UNDONE_FOR_ANOTHER: [&str; 2] = ["40P01", "40001"];

/// Why the store could not do what was asked. "Not found" is an `Option`, not an error.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique rule of the schema was hit, or two transactions waited for each other: somebody
    /// else was first. The transaction is void; running it again sees what they wrote.
    #[error("another transaction was first")]
    Conflict,
    /// The guard of an update did not hold: the row is no longer what the caller saw.
    #[error("{table} {id} has changed in the meantime")]
    Stale {
        /// The table.
        table: &'static str,
        /// The row.
        id: i64,
    },
    /// A row fits no state. Never answered with a default.
    #[error("{table} {id} is inconsistent: {what}")]
    Inconsistent {
        /// The table.
        table: &'static str,
        /// The row.
        id: i64,
        /// What does not fit.
        what: String,
    },
    /// An encrypted column cannot be read with the keys at hand.
    #[error("an encrypted value cannot be read")]
    Sealed(#[from] super::KeyringError),
    /// A proposal that cannot be written down.
    #[error("a proposal cannot be kept")]
    Proposal(#[from] crate::domain::refund::Unwritable),
    /// The database is not reachable, full or shutting down.
    #[error("the database is not available")]
    Unavailable(#[source] sqlx::Error),
    /// Any other refusal of the database.
    #[error("the database refused")]
    Database(#[source] sqlx::Error),
    /// The writer stopped before it answered, or the work panicked: nothing was written.
    #[error("the database writer is gone")]
    WriterGone,
    /// The driver answered fewer statements than it was asked.
    #[error("the database left a statement unanswered")]
    Unanswered,
    /// The migrations could not be applied.
    #[error("the database could not be migrated")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The address is none that we know.
    #[error("database.url must begin with sqlite:// or postgres://")]
    UnknownEngine,
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Database(db) if db.is_unique_violation() => Self::Conflict,
            sqlx::Error::Database(db)
                if db
                    .code()
                    .is_some_and(|code| UNDONE_FOR_ANOTHER.contains(&code.as_ref())) =>
            {
                Self::Conflict
            }
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::WorkerCrashed => Self::Unavailable(error),
            _ => Self::Database(error),
        }
    }
}

/// Whether an update changed the one row it was meant for: its guard held.
pub(super) const fn held(rows: u64, table: &'static str, id: i64) -> StoreResult<()> {
    if rows == 1 {
        Ok(())
    } else {
        Err(StoreError::Stale { table, id })
    }
}

impl StoreError {
    /// The table and the row that it is about, if it is about one.
    #[must_use]
    pub const fn row(&self) -> Option<(&'static str, i64)> {
        match self {
            Self::Stale { table, id } | Self::Inconsistent { table, id, .. } => Some((*table, *id)),
            _ => None,
        }
    }

    /// Whether running the same transaction again may go through: somebody else was first.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict | Self::Stale { .. })
    }
}
