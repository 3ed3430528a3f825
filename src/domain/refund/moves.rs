//! The moves of a refund. Each takes the old state and gives the new one; the table of
//! [`RefundStatus`] has the last word on which there are.

use super::state::{
    Approval, ClosedAs, Decision, Due, History, Processing, RefundState, Settlement, Silence,
};
use super::{FailureReason, RefundStatus, poll_after};
use crate::domain::{BadMove, Machine as _, Move, RefundNo, Timestamp};

/// A move as it is to be written: under the guard of the old status, with its row in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    change: Move<RefundStatus>,
    state: RefundState,
}

impl Moved {
    fn new(from: RefundStatus, state: RefundState) -> Result<Self, BadMove> {
        let change = from.to(state.status())?;
        Ok(Self { change, state })
    }

    /// From which status to which.
    #[must_use]
    pub const fn change(&self) -> Move<RefundStatus> {
        self.change
    }

    /// The state after it.
    #[must_use]
    pub const fn state(&self) -> &RefundState {
        &self.state
    }

    /// The state after it.
    #[must_use]
    pub fn into_state(self) -> RefundState {
        self.state
    }
}

/// Decisions of people, and of the system about what nobody has decided yet.
///
/// # Errors
/// [`BadMove`], here and below, from a state that does not have the move.
impl RefundState {
    /// Gives the first of two approvals.
    pub fn approve_first(self, by: Decision) -> Result<Moved, BadMove> {
        match self {
            Self::Pending => Moved::new(self.status(), Self::AwaitingSecond { first: by }),
            other => Err(other.status().bad_move(RefundStatus::AwaitingSecond)),
        }
    }

    /// Gives the approval that lets the money go, once `undo_until` has passed.
    pub fn approve(self, by: Decision, undo_until: Timestamp) -> Result<Moved, BadMove> {
        let first_approver = match &self {
            Self::Pending => by.by,
            Self::AwaitingSecond { first } => first.by,
            other => return Err(other.status().bad_move(RefundStatus::Approved)),
        };
        self.release(Approval {
            first_approver,
            last: by,
            undo_until,
        })
    }

    /// Lets a refund go at once, in the place of one that had its approvals.
    pub fn approve_as_successor(self, replaced: &Approval, by: Decision) -> Result<Moved, BadMove> {
        match self {
            Self::Pending => self.release(Approval {
                first_approver: replaced.first_approver,
                undo_until: by.at,
                last: by,
            }),
            other => Err(other.status().bad_move(RefundStatus::Approved)),
        }
    }

    fn release(self, approval: Approval) -> Result<Moved, BadMove> {
        let due = Due::At(approval.undo_until);
        let history = History {
            approval,
            attempts: 0,
            wechat_refund_id: None,
        };
        Moved::new(self.status(), Self::Approved { history, due })
    }

    /// Takes an approval back.
    pub fn withdraw(self) -> Result<Moved, BadMove> {
        match self {
            Self::Approved { .. } => Moved::new(self.status(), Self::Pending),
            other => Err(other.status().bad_move(RefundStatus::Pending)),
        }
    }

    /// Rejects what waits for a decision. Without a person it is the system that takes it back.
    pub fn reject(self, by: Option<Decision>) -> Result<Moved, BadMove> {
        match self {
            Self::Pending | Self::AwaitingSecond { .. } => {
                Moved::new(self.status(), Self::Rejected { by })
            }
            other => Err(other.status().bad_move(RefundStatus::Rejected)),
        }
    }

    /// Takes a rejection, or a mistaken settlement, back.
    pub fn reopen(self) -> Result<Moved, BadMove> {
        match self {
            Self::Rejected { .. }
            | Self::Closed {
                closed_as: ClosedAs::SettledOutside(_),
                ..
            } => Moved::new(self.status(), Self::Pending),
            other => Err(other.status().bad_move(RefundStatus::Pending)),
        }
    }

    /// Gives a refund that needed a person back to the runner, under the same number.
    pub fn resume(self, now: Timestamp) -> Result<Moved, BadMove> {
        match self {
            Self::ManualRequired { history, .. } => Moved::new(
                RefundStatus::ManualRequired,
                Self::processing(history.with_next_try(), Due::At(now), None),
            ),
            other => Err(other.status().bad_move(RefundStatus::Processing)),
        }
    }

    /// Takes a refund out of the machine's hands, since the payer has the money by another way.
    /// Who calls this has made sure that nothing pays under its number.
    pub fn settle(self, settlement: Settlement) -> Result<Moved, BadMove> {
        let from = self.status();
        let (history, reason) = match self {
            Self::Pending | Self::AwaitingSecond { .. } | Self::Rejected { .. } => (None, None),
            Self::Approved { history, .. } | Self::Processing(Processing { history, .. }) => {
                (Some(history), None)
            }
            Self::Failed {
                history, reason, ..
            }
            | Self::ManualRequired { history, reason } => (Some(history), Some(reason)),
            Self::Success { .. } | Self::Closed { .. } => {
                return Err(from.bad_move(RefundStatus::Closed));
            }
        };
        Moved::new(
            from,
            Self::Closed {
                history,
                reason,
                closed_as: ClosedAs::SettledOutside(settlement),
            },
        )
    }

    /// Ends a number that WeChat Pay has said is dead: another takes its place.
    pub fn replace_by(self, successor: RefundNo) -> Result<Moved, BadMove> {
        match self {
            Self::ManualRequired { history, reason } => Moved::new(
                RefundStatus::ManualRequired,
                Self::Closed {
                    history: Some(history),
                    reason: Some(reason),
                    closed_as: ClosedAs::ReplacedBy(successor),
                },
            ),
            other => Err(other.status().bad_move(RefundStatus::Closed)),
        }
    }
}

/// Moves of the runner, and those that WeChat Pay reports.
impl RefundState {
    /// Begins the next try, under a lease.
    pub fn send(self, now: Timestamp, lease_until: Timestamp) -> Result<Moved, BadMove> {
        let from = self.status();
        match self {
            Self::Approved { history, .. } | Self::Failed { history, .. } => Moved::new(
                from,
                Self::processing(history.with_next_try(), Due::At(now), Some(lease_until)),
            ),
            other => Err(other.status().bad_move(RefundStatus::Processing)),
        }
    }

    /// Counts a try that WeChat Pay knows of although our books say that nothing was sent yet.
    pub fn discover_try(self) -> Result<Moved, BadMove> {
        match self {
            Self::Approved { history, due } => Moved::new(
                RefundStatus::Approved,
                Self::processing(history.with_next_try(), due, None),
            ),
            other => Err(other.status().bad_move(RefundStatus::Processing)),
        }
    }

    /// Takes an approved refund up without a try, since it has to be left to people.
    pub fn take_up(self) -> Result<Moved, BadMove> {
        match self {
            Self::Approved { history, due } => {
                Moved::new(RefundStatus::Approved, Self::processing(history, due, None))
            }
            other => Err(other.status().bad_move(RefundStatus::Processing)),
        }
    }

    /// Takes a try back that certainly moved no money, since the merchant account cannot pay for
    /// now: it does not count, and the refund lines up behind those that are due.
    pub fn hold_back(self, now: Timestamp) -> Result<Moved, BadMove> {
        match self {
            Self::Processing(Processing { history, .. }) => {
                let history = History {
                    attempts: (history.attempts - 1).max(0),
                    ..history
                };
                let due = Due::At(now);
                Moved::new(RefundStatus::Processing, Self::Approved { history, due })
            }
            other => Err(other.status().bad_move(RefundStatus::Approved)),
        }
    }

    /// Ends a try that certainly moved no money.
    pub fn fail(self, reason: FailureReason, retry_at: Timestamp) -> Result<Moved, BadMove> {
        match self {
            Self::Processing(Processing { history, .. }) => Moved::new(
                RefundStatus::Processing,
                Self::Failed {
                    history,
                    reason,
                    retry_at: Due::At(retry_at),
                },
            ),
            other => Err(other.status().bad_move(RefundStatus::Failed)),
        }
    }

    /// Leaves a refund to people. `told`: WeChat Pay's number of it, where it has just told one.
    pub fn require_person(
        self,
        reason: FailureReason,
        told: Option<String>,
    ) -> Result<Moved, BadMove> {
        let from = self.status();
        match self {
            Self::Processing(Processing { history, .. }) | Self::Failed { history, .. } => {
                let history = history.known_as(told);
                Moved::new(from, Self::ManualRequired { history, reason })
            }
            other => Err(other.status().bad_move(RefundStatus::ManualRequired)),
        }
    }

    /// Ends a refund whose money went back. WeChat Pay's word on that counts whenever it comes.
    pub fn succeed(self, wechat_refund_id: String, at: Timestamp) -> Result<Moved, BadMove> {
        let from = self.status();
        match self {
            Self::Processing(Processing { history, .. })
            | Self::Failed { history, .. }
            | Self::ManualRequired { history, .. } => Moved::new(
                from,
                Self::Success {
                    approval: history.approval,
                    attempts: history.attempts,
                    wechat_refund_id,
                    at,
                },
            ),
            other => Err(other.status().bad_move(RefundStatus::Success)),
        }
    }

    const fn processing(history: History, due: Due, lease_until: Option<Timestamp>) -> Self {
        Self::Processing(Processing {
            history,
            polls: 0,
            due,
            lease_until,
            silence: None,
        })
    }
}

/// Changes within a status.
impl RefundState {
    /// Brings the next look of the runner forward; `None` where it does not look.
    #[must_use]
    pub fn made_due(self, now: Timestamp) -> Option<Self> {
        let due = Due::At(now);
        Some(match self {
            Self::Approved { history, .. } => Self::Approved { history, due },
            Self::Processing(processing) => Self::Processing(Processing { due, ..processing }),
            Self::Failed {
                history, reason, ..
            } => Self::Failed {
                history,
                reason,
                retry_at: due,
            },
            _ => return None,
        })
    }

    /// Takes over how WeChat Pay says that a refund ended without money, where people have it
    /// already; `None` if that says nothing new. After CLOSED nothing but money changes it
    /// (wechat-pay-v3 §7.3).
    #[must_use]
    pub fn corrected(self, reason: FailureReason, told: String) -> Option<Self> {
        match self {
            Self::ManualRequired {
                history,
                reason: known,
            } if known != FailureReason::Closed && known != reason => Some(Self::ManualRequired {
                history: history.known_as(Some(told)),
                reason,
            }),
            _ => None,
        }
    }
}

impl Processing {
    /// Held by a runner.
    #[must_use]
    pub fn leased(self, until: Timestamp) -> RefundState {
        RefundState::Processing(Self {
            lease_until: Some(until),
            ..self
        })
    }

    /// Reported to be under way; queried again later.
    #[must_use]
    pub fn under_way(self, wechat_refund_id: String, now: Timestamp) -> RefundState {
        let polled = self.polled(now);
        RefundState::Processing(Self {
            history: polled.history.known_as(Some(wechat_refund_id)),
            silence: None,
            ..polled
        })
    }

    /// Nothing was learnt; queried again later.
    #[must_use]
    pub fn unknown(self, blocked_by: Option<FailureReason>, now: Timestamp) -> RefundState {
        let since = self.silence.as_ref().map_or(now, |silence| silence.since);
        RefundState::Processing(Self {
            silence: Some(Silence { since, blocked_by }),
            ..self.polled(now)
        })
    }

    fn polled(self, now: Timestamp) -> Self {
        Self {
            due: Due::At(now.plus(poll_after(self.polls))),
            polls: self.polls + 1,
            lease_until: None,
            ..self
        }
    }
}

impl History {
    fn with_next_try(self) -> Self {
        Self {
            attempts: self.attempts + 1,
            ..self
        }
    }

    fn known_as(self, told: Option<String>) -> Self {
        Self {
            wechat_refund_id: told.or(self.wechat_refund_id),
            ..self
        }
    }
}

#[cfg(test)]
mod tests;
