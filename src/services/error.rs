//! Why a service did not do what was asked. The doors turn it into a status or a sentence.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::domain::refund::Unwritable;
use crate::domain::{BadMove, BindStatus, Forbidden, SyncId, Timestamp};
use crate::platforms::files::FilesError;
use crate::store::{KeyringError, StoreError};

/// The result of a service.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What is wrong with each field: its API name, and a short Chinese sentence.
pub type Fields = BTreeMap<&'static str, String>;

/// Why a service did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The input is not acceptable.
    #[error("invalid input: {}", listed(.0))]
    Invalid(Fields),
    /// There is no such thing, or it is not for this person to know.
    #[error("not found")]
    NotFound,
    /// The role does not allow it.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It cannot be done now, and the contract has a word for it.
    #[error("refused: {0}")]
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

/// A refusal that the contract has a word for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// 401: nobody has signed in, or the openid is needed and not known.
    Unauthenticated,
    /// 401: user name and password do not belong together.
    WrongPassword,
    /// 423: too many wrong passwords for this user name.
    Locked {
        /// Until when, by the wall.
        until: Timestamp,
    },
    /// 401: an access token that is none.
    TokenInvalid,
    /// 401: an access token whose time is over.
    TokenExpired,
    /// 403: the group code shows after binding.
    NotBound,
    /// 403: the token is of another order.
    NotYourOrder,
    /// 409: the person has paid for this camp.
    AlreadyEnrolled {
        /// Their order.
        order_no: String,
        /// Where its binding is.
        bind_status: BindStatus,
    },
    /// 409: the order is bound.
    AlreadyBound,
    /// 409: somebody has decided.
    AlreadyDecided {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
        /// What the refund is now.
        status: &'static str,
    },
    /// 409: what was shown is not what is.
    ProposalChanged,
    /// 409: not in this state; why, in a short Chinese sentence.
    WrongState(String),
    /// 409: not in this state before these fields are right.
    Incomplete(Fields),
    /// 409: the undo window has closed.
    UndoOver,
    /// 409: another person has to approve.
    NeedsSecondApprover,
    /// 409: a sync is running.
    SyncRunning {
        /// Which one.
        sync_id: SyncId,
    },
    /// 409: there is one already.
    Duplicate(String),
    /// 410: the seven days are over.
    BindExpired,
    /// 410: the link's time is over.
    LinkExpired,
    /// 413: more than is taken.
    TooLarge,
    /// 415: not a picture of a kind that is taken, whatever its name says.
    NotAPicture,
    /// 415: neither CSV nor xlsx, whatever its name says.
    NotATable,
    /// 422: the camp takes no one in.
    CampNotEnrolling,
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::WrongState(why) | Self::Duplicate(why) => f.write_str(why),
            Self::Incomplete(fields) => write!(f, "incomplete: {}", listed(fields)),
            other => write!(f, "{other:?}"),
        }
    }
}

/// Fields and what is wrong with them, in a line.
fn listed(fields: &Fields) -> String {
    let told = fields
        .iter()
        .map(|(field, what)| format!("{field}: {what}"));
    told.collect::<Vec<_>>().join("; ")
}

impl Error {
    /// One field and what is wrong with it.
    pub fn invalid(field: &'static str, what: impl Into<String>) -> Self {
        Self::Invalid(Fields::from([(field, what.into())]))
    }

    /// Whether running the same transaction again may go through: somebody else was first.
    #[must_use]
    pub const fn is_conflict(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_conflict())
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<BadMove> for Error {
    fn from(bad: BadMove) -> Self {
        tracing::debug!(%bad, "a move that is none");
        Self::Refused(Refusal::WrongState("当前状态不能做这个操作".to_owned()))
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
