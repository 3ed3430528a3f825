//! Reasons for a refusal, as the one who is refused is told.

use serde::{Deserialize, Serialize};

use crate::domain::{RefundStatus, Timestamp};

/// The wish was refused, or a press asked for nothing that could be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum Refused {
    /// Their role does not allow it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// A platform is not set up; its block of the configuration.
    NotConfigured {
        /// The block.
        block: String,
    },
    /// A platform said no, or did not answer.
    Platform {
        /// Which one.
        platform: String,
    },
    /// Somebody was first.
    AlreadyDecided {
        /// Who.
        by: String,
        /// When.
        at: Timestamp,
    },
    /// What was shown is not what is.
    ProposalChanged,
    /// The undo window has closed.
    UndoOver,
    /// Another person has to approve.
    NeedsSecondApprover,
    /// A sync of the camp is running.
    SyncRunning,
    /// Nobody was ticked on a list.
    NothingTicked,
    /// A refund is to be rejected for no reason.
    NoReason,
    /// A refund that needs no retry.
    NoRetry {
        /// What it is now.
        status: RefundStatus,
    },
    /// The input is not acceptable.
    Invalid {
        /// Why, in sentences.
        reasons: Vec<String>,
    },
    /// It cannot be done in this state.
    WrongState {
        /// Why, in a sentence; empty where there is none.
        reason: String,
    },
}
