//! The differences between a proposal as somebody was shown it and what the facts say now: what they
//! are told when their approval is refused.

use serde::{Deserialize, Serialize};

use super::{Proposal, RefundFlag};
use crate::domain::{Fen, PlanetUserId};

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, strum::VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Difference {
    /// Another number of days counts.
    Days { from: i64, to: i64 },
    /// Another amount was paid.
    Amount { from: Fen, to: Fen },
    /// The member is taken for another account, or for none.
    Account {
        from: Option<PlanetUserId>,
        to: Option<PlanetUserId>,
    },
    /// More or fewer others claim the account.
    Rivals { from: i64, to: i64 },
    /// Something is to be looked at that was not before.
    Raised { flag: RefundFlag },
    /// Something is no longer to be looked at.
    Lowered { flag: RefundFlag },
    /// The rules of the order.
    Terms,
    /// It is proposed on another ground.
    Kind,
    /// Somebody proposes it for another reason.
    Reason,
    /// The facts support no refund any more.
    NotOwed,
}

/// The kind of facts that people change by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// Who the member is.
    Identity,
    /// Days that a person or a file has stated.
    Statement,
    /// The proposal itself.
    Proposer,
}

/// A difference, and who made it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    pub difference: Difference,
    /// The name of the person; none where nobody did it by hand.
    pub by: Option<String>,
}

impl Difference {
    /// The facts by which a person may have caused it; none where people cause no such thing.
    #[must_use]
    pub const fn cause(&self) -> Option<Cause> {
        match self {
            Self::Account { .. }
            | Self::Rivals { .. }
            | Self::Raised {
                flag: RefundFlag::LowConfidence | RefundFlag::Contested,
            }
            | Self::Lowered {
                flag: RefundFlag::LowConfidence | RefundFlag::Contested,
            } => Some(Cause::Identity),
            Self::Days { .. }
            | Self::Raised {
                flag: RefundFlag::Attested,
            }
            | Self::Lowered {
                flag: RefundFlag::Attested,
            } => Some(Cause::Statement),
            Self::Kind | Self::Reason => Some(Cause::Proposer),
            _ => None,
        }
    }
}

impl Proposal {
    /// Everything in which `now` differs, the gravest first.
    #[must_use]
    pub fn differences(&self, now: &Self) -> Vec<Difference> {
        let mut found = Vec::new();
        let mut unless = |is_same: bool, difference: Difference| {
            if !is_same {
                found.push(difference);
            }
        };
        unless(self.kind == now.kind, Difference::Kind);
        let (from, to) = (self.amount_fen, now.amount_fen);
        unless(from == to, Difference::Amount { from, to });
        let (from, to) = (self.planet_user_id, now.planet_user_id);
        unless(from == to, Difference::Account { from, to });
        let (from, to) = (self.checked_in_days, now.checked_in_days);
        unless(from == to, Difference::Days { from, to });
        unless(self.terms == now.terms, Difference::Terms);
        let (from, to) = (self.rivals, now.rivals);
        unless(from == to, Difference::Rivals { from, to });
        unless(self.reason == now.reason, Difference::Reason);
        for flag in RefundFlag::ALL.iter().copied() {
            match (self.flags.contains(&flag), now.flags.contains(&flag)) {
                (false, true) => found.push(Difference::Raised { flag }),
                (true, false) => found.push(Difference::Lowered { flag }),
                _ => {}
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::proposal;
    use super::*;
    use crate::domain::RefundKind;

    #[test]
    fn every_difference_is_named() {
        use RefundFlag::{Contested, Grace};
        let shown = proposal(RefundKind::Deposit, vec![Grace]);
        assert!(shown.differences(&shown).is_empty());
        let now = Proposal {
            checked_in_days: 8,
            planet_user_id: None,
            rivals: 2,
            ..proposal(RefundKind::Deposit, vec![Contested])
        };
        let from = shown.planet_user_id;
        assert_eq!(
            shown.differences(&now),
            [
                Difference::Account { from, to: None },
                Difference::Days { from: 7, to: 8 },
                Difference::Rivals { from: 0, to: 2 },
                Difference::Lowered { flag: Grace },
                Difference::Raised { flag: Contested },
            ]
        );
        let manual = proposal(RefundKind::Manual, vec![Grace]).because("住院");
        assert_eq!(
            shown.differences(&manual),
            [Difference::Kind, Difference::Reason]
        );
    }
}
