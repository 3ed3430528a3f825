//! A refund: a frozen proposal, a person's decision, and the one way in which money leaves.

use chrono::TimeDelta;

use super::{Fen, OrderStatus, money::NotAnAmount};

mod account;
mod attempt;
mod changes;
mod failure;
mod grounds;
mod moves;
mod proposal;
#[cfg(test)]
pub(crate) mod samples;
mod state;
mod status;

pub use account::{NotTheirs, check_account};
pub use attempt::AttemptOutcome;
pub use changes::{Cause, Change, Difference};
pub use failure::FailureReason;
pub use grounds::{Appealed, Claimant, DecidingSync, Grounds, Posts};
pub use moves::Moved;
pub use proposal::{Proposal, Provenance, RefundFlag, RefundKind, Unwritable, hash_of};
pub use state::{
    Approval, ClosedAs, Decision, Due, History, Processing, RefundState, Settlement, SettlementWay,
    Silence,
};
pub use status::RefundStatus;

/// True if a deposit goes back, or went, by the match of its member: through WeChat Pay or by hand.
/// The match can then no longer be mended.
#[must_use]
pub fn rests_on_match(order: OrderStatus, refund: Option<RefundStatus>) -> bool {
    order != OrderStatus::Paid
        || refund.is_some_and(|refund| refund.commits_money() || refund == RefundStatus::Closed)
}

/// Confidence below which a refund is one to look at (contract: `minConfidence` defaults to it).
pub const CLEAR_CONFIDENCE: i64 = 80;

/// Tries in all before a person is needed.
pub const MAX_ATTEMPTS: i64 = 3;

/// The wait before the next try, after so many: 5 minutes after the first, 10 after the second,
/// none after that.
#[must_use]
pub const fn retry_after(attempts: i64) -> Option<TimeDelta> {
    match attempts {
        1 => Some(TimeDelta::minutes(5)),
        2 => Some(TimeDelta::minutes(10)),
        _ => None,
    }
}

/// The wait before the next query about a refund under way, after so many: a minute up to five
/// minutes, then 5, 10, 20 and always 30 minutes (wechat-pay-v3 §7.1).
#[must_use]
pub const fn poll_after(polls: i64) -> TimeDelta {
    match polls {
        ..=4 => TimeDelta::minutes(1),
        5 => TimeDelta::minutes(5),
        6 => TimeDelta::minutes(10),
        7 => TimeDelta::minutes(20),
        _ => TimeDelta::minutes(30),
    }
}

/// People are told of a refund under way after so long without a word from WeChat Pay.
pub const SILENT_TOO_LONG: TimeDelta = TimeDelta::minutes(15);

/// WeChat Pay refunds a payment for so long (wechat-pay-v3 §7.2).
pub const REFUNDABLE_FOR: TimeDelta = TimeDelta::days(365);

/// True if two people have to approve. `over_fen` = 0: one is always enough.
#[must_use]
pub const fn needs_second_approver(amount: Fen, over_fen: i64) -> bool {
    over_fen > 0 && amount.get() > over_fen
}

/// An approval would take more than was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refunds of {committed} fen and {asked} more exceed the {paid} fen paid")]
pub struct ExceedsPaid {
    pub paid: i64,
    /// To other refunds of the order.
    pub committed: i64,
    pub asked: i64,
}

/// The sum of an order's refunds never exceeds what was paid.
pub fn check_within_paid(paid: Fen, committed: Fen, asked: Fen) -> Result<(), ExceedsPaid> {
    let exceeds = ExceedsPaid {
        paid: paid.get(),
        committed: committed.get(),
        asked: asked.get(),
    };
    match committed.checked_add(asked) {
        Ok(sum) if sum <= paid && asked > Fen::ZERO => Ok(()),
        Ok(_) | Err(NotAnAmount) => Err(exceeds),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tries_after_five_and_ten_minutes() {
        let waits: Vec<_> = (1..=MAX_ATTEMPTS).map(retry_after).collect();
        assert_eq!(
            waits,
            [
                Some(TimeDelta::minutes(5)),
                Some(TimeDelta::minutes(10)),
                None
            ]
        );
    }

    #[test]
    fn polls_become_rarer() {
        let minutes: Vec<_> = (0..10)
            .map(|polls| poll_after(polls).num_minutes())
            .collect();
        assert_eq!(minutes, [1, 1, 1, 1, 1, 5, 10, 20, 30, 30]);
    }

    #[test]
    fn never_more_than_was_paid() {
        let fen = |n| Fen::new(n).unwrap();
        assert!(check_within_paid(fen(9900), fen(0), fen(9900)).is_ok());
        assert!(check_within_paid(fen(9900), fen(1), fen(9900)).is_err());
        assert!(check_within_paid(fen(9900), fen(0), fen(0)).is_err());
        assert!(check_within_paid(fen(9900), fen(i64::MAX), fen(1)).is_err());
    }

    #[test]
    fn large_amounts_need_a_second_person() {
        let fen = |n| Fen::new(n).unwrap();
        assert!(!needs_second_approver(fen(100), 0));
        assert!(!needs_second_approver(fen(100), 100));
        assert!(needs_second_approver(fen(101), 100));
    }
}
