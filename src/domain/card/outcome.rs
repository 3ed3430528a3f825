//! The outcome of a card: later presses rest on it, and the card shows it.

use serde::{Deserialize, Serialize};

use super::super::command::Verb;
use super::super::message::{Decided, DecidedBefore, DecidedBy};
use super::super::versioned::Versioned;
use super::super::{Fen, PlanetUserId, RefundId, Timestamp};
use super::Proposal;

/// The end of a card's waiting, or a step towards it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Outcome {
    /// Somebody approves a list by it; how much of it, is not known yet.
    Reserved(Reservation),
    /// A list was approved.
    Approved(ListApproved),
    /// The approval of a list was taken back.
    Withdrawn(ListWithdrawn),
    /// One refund was decided.
    Refund(RefundDecided),
    /// Somebody has said who a member is.
    Match(MatchDecided),
    /// Somebody has said what they meant.
    Chosen(Chosen),
    /// The trouble that a notice told of was mended.
    Mended(Mended),
    /// An objection was answered.
    Answered(AppealDecided),
    /// It ended without a decision.
    Ended(Ended),
}

impl Versioned for Outcome {
    const KIND: &'static str = "outcome";
}

/// A list that somebody has taken to approve it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reservation {
    /// Their approvals by it are younger than this.
    pub made: DecidedBy,
    pub asked: Vec<RefundId>,
}

/// A list that was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListApproved {
    pub made: DecidedBy,
    pub asked: Vec<RefundId>,
    /// Those that were let go.
    pub refunds: Vec<RefundId>,
    /// The sum of that.
    pub sum: Fen,
    /// How many wait for a second approver.
    pub awaiting: usize,
    /// How many could not be approved.
    pub skipped: usize,
    /// Until when all of it can be taken back.
    pub undo_until: Option<Timestamp>,
}

/// A list whose approval was taken back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListWithdrawn {
    pub made: DecidedBy,
    /// Those that had been let go.
    pub refunds: Vec<RefundId>,
    /// How many were taken back.
    pub count: usize,
}

/// A refund that was decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundDecided {
    pub made: DecidedBy,
    pub refund: RefundId,
    pub amount: Fen,
    pub result: RefundResult,
}

/// The decision about a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "word",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum RefundResult {
    /// The money goes back.
    Approved {
        /// Until when that can be taken back.
        undo_until: Option<Timestamp>,
    },
    /// Approved; a colleague has to as well.
    AwaitingSecond,
    /// The money stays.
    Rejected {
        reason: String,
        /// This card offers to take that back.
        may_reopen: bool,
    },
    /// The approval was taken back.
    Withdrawn,
    /// The rejection was taken back.
    Reopened,
}

/// Somebody's word on who a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchDecided {
    pub made: DecidedBy,
    pub result: MatchResult,
    /// The card does not offer to take a match back.
    #[serde(default)]
    pub is_final: bool,
}

/// The account of a member, as somebody said it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "snake_case")]
pub enum MatchResult {
    /// This account.
    Matched {
        account: PlanetUserId,
        nickname: String,
    },
    /// None of those that were offered.
    NoneOfThese,
    /// That they are this account was taken back.
    Withdrawn {
        account: PlanetUserId,
        nickname: String,
    },
}

/// The camp that somebody meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Chosen {
    pub verb: Verb,
    pub camp_name: String,
}

/// The trouble that a notice told of was mended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mended {
    pub made: DecidedBy,
    pub how: Mending,
}

text_enum! {
    /// How something was mended.
    pub enum Mending {
        /// A sync was started.
        Sync = "sync",
        /// A ranking was confirmed.
        Ranking = "ranking",
        /// A refund is tried again.
        Retry = "retry",
        /// A camp's group was urged.
        Urge = "urge",
    }
}

/// An objection that was answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppealDecided {
    pub made: DecidedBy,
    pub is_accepted: bool,
    /// What the member reads.
    pub answer: String,
}

/// A card that ended without a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ended {
    pub why: Ending,
}

text_enum! {
    /// Why a card ended without a decision.
    pub enum Ending {
        /// A newer card has taken its place.
        Reissued = "renewed",
        /// Everything that it asked about was decided elsewhere.
        Settled = "done",
        /// Its time was over.
        Expired = "over",
    }
}

impl From<Ending> for Outcome {
    fn from(why: Ending) -> Self {
        Self::Ended(Ended { why })
    }
}

impl Outcome {
    /// The refunds that were decided by it, or whose decision was taken back. A first approval
    /// decides nothing for those who may be the second.
    #[must_use]
    pub fn refunds(&self) -> Vec<RefundId> {
        match self {
            Self::Approved(list) => list.refunds.clone(),
            Self::Withdrawn(list) => list.refunds.clone(),
            Self::Refund(decided) if decided.result != RefundResult::AwaitingSecond => {
                vec![decided.refund]
            }
            _ => Vec::new(),
        }
    }

    /// The account that a member was said to be.
    #[must_use]
    pub const fn account(&self) -> Option<PlanetUserId> {
        match self {
            Self::Match(MatchDecided {
                result:
                    MatchResult::Matched { account, .. } | MatchResult::Withdrawn { account, .. },
                ..
            }) => Some(*account),
            _ => None,
        }
    }

    /// The same, as a card shows it on which it cannot be taken back.
    #[must_use]
    pub fn without_undo(mut self) -> Self {
        match &mut self {
            Self::Approved(ListApproved { undo_until, .. })
            | Self::Refund(RefundDecided {
                result: RefundResult::Approved { undo_until },
                ..
            }) => *undo_until = None,
            Self::Refund(RefundDecided {
                result: RefundResult::Rejected { may_reopen, .. },
                ..
            }) => *may_reopen = false,
            Self::Match(MatchDecided { is_final, .. }) => *is_final = true,
            _ => {}
        }
        self
    }

    /// Tells somebody who presses too late what was decided; none where nobody decided.
    #[must_use]
    pub fn told(&self, proposal: &Proposal) -> Option<DecidedBefore> {
        let (made, decision) = match self {
            Self::Reserved(list) => {
                let decision = Decided::Approved {
                    count: None,
                    sum: Fen::ZERO,
                    awaiting: 0,
                };
                (&list.made, decision)
            }
            Self::Approved(list) => (&list.made, list.told()),
            Self::Withdrawn(list) => (&list.made, Decided::Withdrawn),
            Self::Refund(decided) => (&decided.made, decided.told()),
            Self::Match(decided) => (&decided.made, decided.told(proposal)),
            Self::Mended(Mended { made, how }) => (
                made,
                match how {
                    Mending::Sync => Decided::Synced,
                    Mending::Ranking => Decided::Confirmed,
                    Mending::Retry => Decided::Retried,
                    Mending::Urge => Decided::Urged,
                },
            ),
            Self::Answered(decided) => (
                &decided.made,
                Decided::Answered {
                    name: match proposal {
                        Proposal::AppealOpened(appeal) => appeal.name.clone(),
                        _ => String::new(),
                    },
                    is_accepted: decided.is_accepted,
                },
            ),
            Self::Chosen(_) | Self::Ended(_) => return None,
        };
        Some(DecidedBefore {
            by: made.by.clone(),
            at: made.at,
            decision,
        })
    }
}

impl ListApproved {
    const fn told(&self) -> Decided {
        if self.refunds.is_empty() && self.awaiting > 0 {
            return Decided::AwaitingSecond {
                count: Some(self.awaiting),
            };
        }
        Decided::Approved {
            count: Some(self.refunds.len()),
            sum: self.sum,
            awaiting: self.awaiting,
        }
    }
}

impl RefundDecided {
    const fn told(&self) -> Decided {
        match self.result {
            RefundResult::Approved { .. } => Decided::Approved {
                count: Some(1),
                sum: self.amount,
                awaiting: 0,
            },
            RefundResult::AwaitingSecond => Decided::AwaitingSecond { count: None },
            RefundResult::Rejected { .. } => Decided::Rejected,
            RefundResult::Withdrawn | RefundResult::Reopened => Decided::Withdrawn,
        }
    }
}

impl MatchDecided {
    fn told(&self, proposal: &Proposal) -> Decided {
        let name = match proposal {
            Proposal::Match(question) => question.name.clone(),
            _ => String::new(),
        };
        match &self.result {
            MatchResult::Matched { account, nickname } => Decided::Matched {
                name,
                account: *account,
                nickname: nickname.clone(),
            },
            MatchResult::NoneOfThese => Decided::NotMatched { name },
            MatchResult::Withdrawn { .. } => Decided::MatchWithdrawn { name },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_approval_decides_nothing_for_others() {
        let decided = |result| {
            let made = DecidedBy {
                by: "林越".to_owned(),
                at: Timestamp::from_micros(0),
            };
            Outcome::Refund(RefundDecided {
                made,
                refund: RefundId(7),
                amount: Fen::ZERO,
                result,
            })
        };
        assert!(decided(RefundResult::AwaitingSecond).refunds().is_empty());
        let approved = decided(RefundResult::Approved { undo_until: None });
        assert_eq!(approved.refunds(), [RefundId(7)]);
        let payload = serde_json::to_string(&approved).unwrap();
        assert_eq!(Outcome::read(Outcome::VERSION, &payload), Ok(approved));
    }
}
