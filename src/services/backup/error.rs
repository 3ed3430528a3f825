//! Why a backup was not made, or is not relied on.

use std::path::PathBuf;

use crate::domain::ChainFault;
use crate::domain::backup::BackupFault;
use crate::platforms::backup_file::BackupFileError;
use crate::platforms::files::FilesError;
use crate::platforms::postgres_tools::ToolError;
use crate::store::{KeyringError, StoreError};

/// Why a backup was not made, or is not relied on.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is none.
    #[error("there is no backup in backup.dir")]
    None,
    /// The newest is too old.
    #[error("the newest backup is {hours} hours old")]
    Old {
        /// Its age.
        hours: i64,
    },
    /// The disk said no.
    #[error("the disk said no: {0}")]
    Io(#[from] std::io::Error),
    /// The file is none of ours, damaged, or cannot be read.
    #[error(transparent)]
    File(#[from] BackupFileError),
    /// PostgreSQL's programs failed.
    #[error(transparent)]
    Tool(ToolError),
    /// The copy of the database is not whole.
    #[error("the copy of the database is damaged: {0}")]
    Copy(String),
    /// No key at hand opens it.
    #[error(
        "the backup is sealed under a key that is not at hand; add that one to \
         security.previous_master_keys"
    )]
    Key,
    /// The database is of another engine.
    #[error("the backup is of {found}, and database.url is not")]
    OtherEngine {
        /// What it is of.
        found: String,
    },
    /// Somebody has worked with the database.
    #[error("the database is not empty: a backup is restored into an empty one only")]
    NotEmpty,
    /// Beside the place lies what another database had not yet written into its file.
    #[error("{} is left of another database: move it away first", .0.display())]
    LeftBeside(PathBuf),
    /// The audit in it is broken.
    #[error("the audit in the backup is broken at row {seq}: {what}")]
    Audit {
        /// Where.
        seq: i64,
        /// What does not fit.
        what: ChainFault,
    },
    /// The books in it disagree with the orders.
    #[error("the books in the backup disagree about {payments} payments")]
    Books {
        /// How many.
        payments: usize,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be stored or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// We were told to stop.
    #[error("it was cut off")]
    Stopped,
    /// A thread of ours ended without an answer.
    #[error("the work ended without an answer")]
    Lost,
}

impl From<ToolError> for BackupError {
    fn from(error: ToolError) -> Self {
        match error {
            ToolError::Stopped { .. } => Self::Stopped,
            other => Self::Tool(other),
        }
    }
}

impl BackupError {
    /// What is said of it.
    #[must_use]
    pub const fn fault(&self) -> BackupFault {
        match self {
            Self::None => BackupFault::None,
            Self::Old { .. } => BackupFault::Old,
            Self::File(BackupFileError::Damaged(_) | BackupFileError::NotOurs) | Self::Copy(_) => {
                BackupFault::Damaged
            }
            Self::Key | Self::Store(StoreError::Sealed(KeyringError::UnknownKey)) => {
                BackupFault::Key
            }
            Self::Audit { .. } => BackupFault::Audit,
            Self::Books { .. } => BackupFault::Books,
            _ => BackupFault::NotTried,
        }
    }

    /// How many things are wrong, where they can be counted.
    #[must_use]
    pub const fn count(&self) -> usize {
        match self {
            Self::Books { payments } => *payments,
            _ => 0,
        }
    }
}
