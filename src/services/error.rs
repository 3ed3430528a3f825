//! Why a service did not do what was asked. The doors turn it into a status or a sentence.

use std::borrow::Cow;
use std::error::Error as StdError;
use std::time::Duration;

use serde_json::Value;

use crate::catalogue::{Duplicate, ErrorKind, Refusal, WrongState};
use crate::domain::refund::Unwritable;
use crate::domain::{BadMove, FieldError, FieldErrors, Forbidden};
use crate::platforms::files::FilesError;
use crate::store::{KeyringError, StoreError};

use super::backup::BackupError;

/// The result of a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is not acceptable.
    #[error("invalid input: {0:?}")]
    Invalid(FieldErrors),
    /// There is no such thing, or it is not for this person to know.
    #[error("not found")]
    NotFound,
    /// The role does not allow it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It cannot be done now, and the contract has a word for it.
    #[error("refused: {0:?}")]
    Refused(Refusal),
    /// A platform that it needs is not set up; its block of the configuration.
    #[error("{0} is not configured")]
    NotConfigured(&'static str),
    /// A platform said no.
    #[error("{platform} refused: {what}")]
    Platform {
        /// Which one.
        platform: &'static str,
        /// What it said, without secrets.
        what: String,
    },
    /// A platform did not answer, or what it did is not known.
    #[error("{platform} did not answer: {what}")]
    PlatformUnavailable {
        /// Which one.
        platform: &'static str,
        /// What happened, without secrets.
        what: String,
    },
    /// The store could not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A file could not be stored or read.
    #[error(transparent)]
    Files(#[from] FilesError),
    /// A backup was not made, or is not relied on.
    #[error(transparent)]
    Backup(#[from] BackupError),
    /// More is asked at once than is done at once.
    #[error("too much at once")]
    Busy {
        /// When to ask again.
        retry_after: Duration,
    },
    /// A password could not be hashed, or a token not signed.
    #[error("cryptography failed: {0}")]
    Crypto(&'static str),
    /// A job did a part of its work and not all of it; its figures say what.
    #[error("{0}")]
    PartlyDone(Value),
    /// A rule of ours was about to be broken; nothing was written.
    #[error("a rule was about to be broken: {0}")]
    Invariant(String),
}

impl Error {
    /// One field and what is wrong with it.
    pub fn invalid(field: &'static str, error: FieldError) -> Self {
        Self::Invalid(FieldErrors::from([(Cow::from(field), error)]))
    }

    /// As far as people may know it.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        let named = |platform: &str| platform.to_owned();
        match self {
            Self::Invalid(fields) => ErrorKind::Invalid(fields.clone()),
            Self::NotFound => ErrorKind::NotFound,
            Self::Forbidden(_) => ErrorKind::Forbidden,
            Self::Refused(refusal) => ErrorKind::Refused(refusal.clone()),
            Self::NotConfigured(platform) => ErrorKind::NotConfigured {
                platform: named(platform),
            },
            Self::Platform { platform, .. } => ErrorKind::PlatformRefused {
                platform: named(platform),
            },
            Self::PlatformUnavailable { platform, .. } => ErrorKind::PlatformUnavailable {
                platform: named(platform),
            },
            Self::Busy { retry_after } => ErrorKind::Busy {
                seconds: retry_after.as_secs(),
            },
            Self::Store(StoreError::Conflict | StoreError::Stale { .. }) => ErrorKind::Overtaken,
            Self::Store(StoreError::Unavailable(_) | StoreError::WriterGone) => {
                ErrorKind::DatabaseUnavailable
            }
            Self::Store(_)
            | Self::Files(_)
            | Self::Backup(_)
            | Self::Crypto(_)
            | Self::PartlyDone(_)
            | Self::Invariant(_) => ErrorKind::Internal,
        }
    }

    /// Whether running the same transaction again may go through: somebody else was first.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

/// An error and its causes in one line, for logs, records and the command line. A cause whose words
/// the line has already is left out.
#[must_use]
pub fn with_causes(error: &(dyn StdError + 'static)) -> String {
    let mut line = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let words = cause.to_string();
        if !line.contains(&words) {
            line.push_str(": ");
            line.push_str(&words);
        }
        next = cause.source();
    }
    line
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<WrongState> for Error {
    fn from(why: WrongState) -> Self {
        Self::Refused(why.into())
    }
}

impl From<Duplicate> for Error {
    fn from(of: Duplicate) -> Self {
        Self::Refused(of.into())
    }
}

impl From<BadMove> for Error {
    fn from(bad: BadMove) -> Self {
        WrongState::from(bad).into()
    }
}

impl From<Unwritable> for Error {
    fn from(error: Unwritable) -> Self {
        Self::Store(error.into())
    }
}

impl From<KeyringError> for Error {
    fn from(error: KeyringError) -> Self {
        Self::Store(error.into())
    }
}
