//! The states of a refund: each status with the data that belongs to it, and nothing else.

use chrono::TimeDelta;

use super::{FailureReason, RefundStatus};
use crate::domain::{Fen, RefundNo, Timestamp, UserId};

/// A person's decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    pub by: UserId,
    /// As the account was called at that time.
    pub name: String,
    pub at: Timestamp,
}

/// The approval that lets the money go. It stays with the refund to the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Approval {
    /// The first of two approvers; where one is enough, that one.
    pub first_approver: UserId,
    pub last: Decision,
    /// Until when it can be withdrawn; money moves from then on.
    pub undo_until: Timestamp,
}

/// The approval and the tries, taken along from status to status.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    pub approval: Approval,
    /// Tries so far, the one under way included.
    pub attempts: i64,
    /// WeChat Pay's number of the refund, once it has told one.
    pub wechat_refund_id: Option<String>,
}

/// The turn of a refund with the runner, business time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    At(Timestamp),
    /// Never: it could not read the row. Once that is mended, a person has it tried again.
    SetAside,
}

/// The time during which WeChat Pay has told nothing although it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Silence {
    /// Business time.
    pub since: Timestamp,
    /// The trouble that keeps us from asking, where a person has to mend it.
    pub blocked_by: Option<FailureReason>,
}

/// A refund that WeChat Pay has been asked for: unknown, or under way there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Processing {
    pub history: History,
    /// Queries since the last try.
    pub polls: i64,
    pub due: Due,
    /// Until when a runner holds it, by the wall.
    pub lease_until: Option<Timestamp>,
    /// Set while nothing is learnt.
    pub silence: Option<Silence>,
}

text_enum! {
    /// The way by which a payer got money that did not go back under our number.
    pub enum SettlementWay {
        /// A transfer between people.
        Transfer = "transfer",
        Cash = "cash",
        /// By hand in WeChat Pay's merchant platform.
        MerchantPlatform = "merchant_platform",
        Other = "other",
    }
}

/// A person's word that the payer has the money by another way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settlement {
    pub by: Decision,
    pub way: SettlementWay,
    /// The part of the payment that the payer got.
    pub amount: Fen,
}

/// The way in which people took a refund out of the machine's hands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ClosedAs {
    /// The payer has the money by another way.
    SettledOutside(Settlement),
    /// WeChat Pay has said CLOSED; the refund of this number took its place.
    ReplacedBy(RefundNo),
}

/// The state of a refund.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RefundState {
    Pending,
    /// One of two has approved.
    AwaitingSecond {
        first: Decision,
    },
    /// Money moves when it is due: not before the undo window has closed.
    Approved {
        history: History,
        due: Due,
    },
    Rejected {
        /// None where the system itself took it back, because the facts support it no more.
        by: Option<Decision>,
    },
    Processing(Processing),
    /// The money went back.
    Success {
        approval: Approval,
        attempts: i64,
        wechat_refund_id: String,
        at: Timestamp,
    },
    Failed {
        history: History,
        reason: FailureReason,
        retry_at: Due,
    },
    /// The machine is at its end.
    ManualRequired {
        history: History,
        reason: FailureReason,
    },
    /// Out of the machine's hands.
    Closed {
        /// None where nobody had let it go.
        history: Option<History>,
        /// The trouble that it was in, if it was.
        reason: Option<FailureReason>,
        closed_as: ClosedAs,
    },
}

impl ClosedAs {
    /// The word for it in the API.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::SettledOutside(_) => "settled_outside",
            Self::ReplacedBy(_) => "replaced",
        }
    }
}

impl Due {
    /// The moment, if there is one.
    #[must_use]
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::SetAside => None,
        }
    }
}

impl Silence {
    /// True if it has lasted so long by now.
    #[must_use]
    pub fn has_lasted(&self, long: TimeDelta, now: Timestamp) -> bool {
        self.since.plus(long) <= now
    }
}

/// Data that several states have, for readers who do not care which.
impl RefundState {
    /// The status that stands for it in the store and in the API.
    #[must_use]
    pub const fn status(&self) -> RefundStatus {
        match self {
            Self::Pending => RefundStatus::Pending,
            Self::AwaitingSecond { .. } => RefundStatus::AwaitingSecond,
            Self::Approved { .. } => RefundStatus::Approved,
            Self::Rejected { .. } => RefundStatus::Rejected,
            Self::Processing(_) => RefundStatus::Processing,
            Self::Success { .. } => RefundStatus::Success,
            Self::Failed { .. } => RefundStatus::Failed,
            Self::ManualRequired { .. } => RefundStatus::ManualRequired,
            Self::Closed { .. } => RefundStatus::Closed,
        }
    }

    /// True if nothing of it is on its way: people decide about it, or have said no.
    #[must_use]
    pub const fn waits_for_people(&self) -> bool {
        matches!(
            self,
            Self::Pending | Self::AwaitingSecond { .. } | Self::Rejected { .. }
        )
    }

    /// True if its money is reserved in the books: it is let go, and neither back nor given up
    /// (design §3, posting table).
    #[must_use]
    pub fn reserves_money(&self) -> bool {
        match self {
            Self::Approved { .. } | Self::Processing(_) | Self::Failed { .. } => true,
            // After CLOSED this number never pays.
            Self::ManualRequired { reason, .. } => *reason != FailureReason::Closed,
            Self::Pending
            | Self::AwaitingSecond { .. }
            | Self::Rejected { .. }
            | Self::Success { .. }
            | Self::Closed { .. } => false,
        }
    }

    /// A person's word that the payer has the money by another way.
    #[must_use]
    pub const fn settlement(&self) -> Option<&Settlement> {
        match self {
            Self::Closed {
                closed_as: ClosedAs::SettledOutside(settlement),
                ..
            } => Some(settlement),
            _ => None,
        }
    }

    /// True if a person is to decide about it.
    #[must_use]
    pub const fn waits_for_decision(&self) -> bool {
        matches!(self, Self::Pending | Self::AwaitingSecond { .. })
    }

    /// True if the payer has the money by another way.
    #[must_use]
    pub const fn is_settled_outside(&self) -> bool {
        self.settlement().is_some()
    }

    const fn history(&self) -> Option<&History> {
        match self {
            Self::Approved { history, .. }
            | Self::Processing(Processing { history, .. })
            | Self::Failed { history, .. }
            | Self::ManualRequired { history, .. } => Some(history),
            Self::Closed { history, .. } => history.as_ref(),
            Self::Pending
            | Self::AwaitingSecond { .. }
            | Self::Rejected { .. }
            | Self::Success { .. } => None,
        }
    }

    /// The approval that let the money go.
    #[must_use]
    pub fn approval(&self) -> Option<&Approval> {
        match self {
            Self::Success { approval, .. } => Some(approval),
            other => other.history().map(|history| &history.approval),
        }
    }

    /// The last decision of a person.
    #[must_use]
    pub fn decision(&self) -> Option<&Decision> {
        match self {
            Self::AwaitingSecond { first } => Some(first),
            Self::Rejected { by } => by.as_ref(),
            Self::Closed {
                closed_as: ClosedAs::SettledOutside(settlement),
                ..
            } => Some(&settlement.by),
            other => other.approval().map(|approval| &approval.last),
        }
    }

    /// The end of the time in which the approval could be withdrawn.
    #[must_use]
    pub fn undo_until(&self) -> Option<Timestamp> {
        self.approval().map(|approval| approval.undo_until)
    }

    /// Tries so far.
    #[must_use]
    pub fn attempts(&self) -> i64 {
        match self {
            Self::Success { attempts, .. } => *attempts,
            other => other.history().map_or(0, |history| history.attempts),
        }
    }

    /// The moment at which the runner looks at it next.
    #[must_use]
    pub const fn next_try_at(&self) -> Option<Timestamp> {
        match self {
            Self::Approved { due, .. }
            | Self::Processing(Processing { due, .. })
            | Self::Failed { retry_at: due, .. } => due.at(),
            Self::Pending
            | Self::AwaitingSecond { .. }
            | Self::Rejected { .. }
            | Self::Success { .. }
            | Self::ManualRequired { .. }
            | Self::Closed { .. } => None,
        }
    }

    /// The reason for which it failed, needs a person, or cannot be asked about.
    #[must_use]
    pub fn failure_reason(&self) -> Option<&FailureReason> {
        match self {
            Self::Failed { reason, .. } | Self::ManualRequired { reason, .. } => Some(reason),
            Self::Closed { reason, .. } => reason.as_ref(),
            Self::Processing(Processing { silence, .. }) => silence
                .as_ref()
                .and_then(|silence| silence.blocked_by.as_ref()),
            Self::Pending
            | Self::AwaitingSecond { .. }
            | Self::Approved { .. }
            | Self::Rejected { .. }
            | Self::Success { .. } => None,
        }
    }

    /// WeChat Pay's number of the refund.
    #[must_use]
    pub fn wechat_refund_id(&self) -> Option<&str> {
        match self {
            Self::Success {
                wechat_refund_id, ..
            } => Some(wechat_refund_id),
            other => other.history()?.wechat_refund_id.as_deref(),
        }
    }

    /// The moment at which the money went back.
    #[must_use]
    pub const fn refunded_at(&self) -> Option<Timestamp> {
        match self {
            Self::Success { at, .. } => Some(*at),
            _ => None,
        }
    }

    /// The number of the refund that took its place.
    #[must_use]
    pub const fn replaced_by(&self) -> Option<&RefundNo> {
        match self {
            Self::Closed {
                closed_as: ClosedAs::ReplacedBy(successor),
                ..
            } => Some(successor),
            _ => None,
        }
    }
}
