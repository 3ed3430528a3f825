//! A refund: a frozen proposal, a person's decision, and the one way in which money leaves.

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use super::{
    Fen, Machine, OrderStatus, PlanetUserId, SyncId, Terms, Timestamp, money::NotAnAmount,
};

mod account;
mod failure;
mod grounds;

pub use account::{NotTheirs, check_account};
pub use failure::FailureReason;
pub use grounds::{Claimant, DecidingSync, Grounds};

text_enum! {
    /// Where a refund is in its life (design §3).
    pub enum RefundStatus {
        /// Proposed; waits for a person.
        Pending = "pending",
        /// Approved by one person, waits for a second.
        AwaitingSecond = "awaiting_second",
        /// Approved; money moves when the undo window has closed.
        Approved = "approved",
        /// A person said no.
        Rejected = "rejected",
        /// Asked of WeChat Pay, outcome unknown or under way.
        Processing = "processing",
        /// The money went back.
        Success = "success",
        /// A try did not work; the next one is due later.
        Failed = "failed",
        /// Needs a person.
        ManualRequired = "manual_required",
        /// Settled by hand, or replaced by another refund.
        Closed = "closed",
    }
}

impl RefundStatus {
    /// Whether this refund holds a claim on the order's money: it may still be paid out, or was.
    #[must_use]
    pub const fn claims_money(self) -> bool {
        !matches!(
            self,
            Self::Pending | Self::AwaitingSecond | Self::Rejected | Self::Closed
        )
    }

    /// Whether nothing more will happen by itself or by review: what a camp waits for.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Rejected | Self::Success | Self::Closed)
    }
}

/// Whether a deposit goes back, or went, by the match of its member: through WeChat Pay or by hand.
/// Who the member is can then no longer be mended.
#[must_use]
pub fn rests_on_match(order: OrderStatus, refund: Option<RefundStatus>) -> bool {
    order != OrderStatus::Paid
        || refund.is_some_and(|refund| refund.claims_money() || refund == RefundStatus::Closed)
}

impl Machine for RefundStatus {
    const SUBJECT: &'static str = "refund";

    fn may_become(self, to: Self) -> bool {
        use RefundStatus::{
            Approved, AwaitingSecond, Closed, Failed, ManualRequired, Pending, Processing,
            Rejected, Success,
        };
        matches!(
            (self, to),
            (Pending, Approved | AwaitingSecond | Rejected)
                | (AwaitingSecond, Approved | Rejected)
                | (Rejected, Pending)
                | (Approved, Pending | Processing)
                | (Processing, Success | Failed | ManualRequired)
                | (Failed, Processing | ManualRequired)
                | (ManualRequired, Processing | Closed)
                // WeChat Pay's word, whenever it comes.
                | (Failed | ManualRequired, Success)
        )
    }
}

text_enum! {
    /// Why money is to go back.
    pub enum RefundKind {
        /// The deposit, earned by checking in.
        Deposit = "deposit",
        /// A second payment of the same person.
        Duplicate = "duplicate",
        /// A payment that was not the deposit.
        WrongAmount = "wrong_amount",
        /// A payment after the order had been closed.
        Late = "late",
        /// A payment of an order that we do not know.
        UnknownOrder = "unknown_order",
        /// Proposed by a person against the judgement.
        Manual = "manual",
    }
}

text_enum! {
    /// What makes a refund one *to look at*: never in a one-click list, not pre-ticked.
    pub enum RefundFlag {
        /// Eligible only by the grace days.
        Grace = "grace",
        /// The ranking and the posts do not agree.
        DaysDisagree = "days_disagree",
        /// Who the member is, is not sure enough.
        LowConfidence = "low_confidence",
        /// Somebody else claims the same planet account.
        Contested = "contested",
    }
}

/// Confidence below which a refund is one to look at (contract: `minConfidence` defaults to it).
pub const CLEAR_CONFIDENCE: i64 = 80;

/// Tries in all before a person is needed.
pub const MAX_ATTEMPTS: i64 = 3;

/// When to try again after the given number of tries: 5 minutes after the first, 10 after the
/// second, then never.
#[must_use]
pub const fn retry_after(attempts: i64) -> Option<TimeDelta> {
    match attempts {
        1 => Some(TimeDelta::minutes(5)),
        2 => Some(TimeDelta::minutes(10)),
        _ => None,
    }
}

/// When to ask WeChat Pay again about a refund under way, after so many questions: each minute up
/// to five minutes, then after 5, 10, 20 and every 30 minutes (wechat-pay-v3 §7.1).
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

/// After so long without any word of WeChat Pay's about a refund under way, people are told.
pub const SILENT_TOO_LONG: TimeDelta = TimeDelta::hours(3);

/// WeChat Pay refunds a payment for so long (wechat-pay-v3 §7.2).
pub const REFUNDABLE_FOR: TimeDelta = TimeDelta::days(365);

/// What an approval refers to. Frozen: if any of it has changed since it was shown, the approval
/// is refused and the proposal shown anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    /// Why money is to go back.
    pub kind: RefundKind,
    /// How much.
    pub amount_fen: Fen,
    /// The sync that the days rest on; none for refunds that do not rest on days.
    pub sync_id: Option<SyncId>,
    /// Days of the planet's ranking, without grace.
    pub checked_in_days: i64,
    /// The rules that the member agreed to; none for a payment of an unknown order.
    pub terms: Option<Terms>,
    /// Which planet account the member is.
    pub planet_user_id: Option<PlanetUserId>,
    /// How sure that is, 0–100.
    pub confidence: i64,
    /// Why, in words.
    pub match_reasons: Vec<String>,
    /// What a person must look at, sorted.
    pub flags: Vec<RefundFlag>,
}

/// A proposal that is no JSON, so that no hash stands for it either.
#[derive(Debug, thiserror::Error)]
#[error("a proposal cannot be written down")]
pub struct Unwritable(#[from] serde_json::Error);

impl Proposal {
    /// SHA-256 over all of it, in lower-case hex: what `proposalHash` names.
    ///
    /// # Errors
    /// Those of [`Self::to_text`].
    pub fn hash(&self) -> Result<String, Unwritable> {
        Ok(hash_of(&self.to_text()?))
    }

    /// The JSON that the hash covers and the store keeps.
    ///
    /// # Errors
    /// [`Unwritable`] if there is none.
    pub fn to_text(&self) -> Result<String, Unwritable> {
        Ok(serde_json::to_string(self)?)
    }

    /// Whether it may be approved with others by one click.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.flags.is_empty() && self.kind == RefundKind::Deposit
    }
}

/// The hash of a proposal as it is kept.
#[must_use]
pub fn hash_of(text: &str) -> String {
    let hash = digest(&SHA256, text.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A decision about a refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Approval {
    /// `approved`, or `awaiting_second`.
    pub to: RefundStatus,
    /// Until when it can be withdrawn; money moves from then on.
    pub undo_until: Timestamp,
}

/// What an approval by one person leads to. `second_approver_over_fen` = 0: one is enough.
#[must_use]
pub fn approve(
    amount: Fen,
    second_approver_over_fen: i64,
    undo_seconds: u32,
    now: Timestamp,
) -> Approval {
    let needs_second = second_approver_over_fen > 0 && amount.get() > second_approver_over_fen;
    let to = if needs_second {
        RefundStatus::AwaitingSecond
    } else {
        RefundStatus::Approved
    };
    Approval {
        to,
        undo_until: now.plus(TimeDelta::seconds(i64::from(undo_seconds))),
    }
}

/// Why an approval would take more than was paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("refunds of {claimed} fen and {asked} more exceed the {paid} fen paid")]
pub struct ExceedsPaid {
    /// What was paid.
    pub paid: i64,
    /// What other refunds of the order already claim.
    pub claimed: i64,
    /// What is asked for.
    pub asked: i64,
}

/// The sum of an order's refunds never exceeds what was paid.
pub fn check_within_paid(paid: Fen, claimed: Fen, asked: Fen) -> Result<(), ExceedsPaid> {
    let exceeds = ExceedsPaid {
        paid: paid.get(),
        claimed: claimed.get(),
        asked: asked.get(),
    };
    match claimed.checked_add(asked) {
        Ok(sum) if sum <= paid && asked > Fen::ZERO => Ok(()),
        Ok(_) | Err(NotAnAmount) => Err(exceeds),
    }
}

#[cfg(test)]
mod tests {
    use super::{super::machine::assert_table, *};

    #[test]
    fn moves_are_those_of_the_design() {
        use RefundStatus::{
            Approved, AwaitingSecond, Closed, Failed, ManualRequired, Pending, Processing,
            Rejected, Success,
        };
        assert_table(
            RefundStatus::ALL,
            &[
                (Pending, Approved),
                (Pending, AwaitingSecond),
                (Pending, Rejected),
                (AwaitingSecond, Approved),
                (AwaitingSecond, Rejected),
                (Rejected, Pending),
                (Approved, Pending),
                (Approved, Processing),
                (Processing, Success),
                (Processing, Failed),
                (Processing, ManualRequired),
                (Failed, Processing),
                (Failed, ManualRequired),
                (Failed, Success),
                (ManualRequired, Processing),
                (ManualRequired, Closed),
                (ManualRequired, Success),
            ],
        );
    }

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
    fn the_hash_tells_every_change() {
        let proposal = Proposal {
            kind: RefundKind::Deposit,
            amount_fen: Fen::new(9900).unwrap(),
            sync_id: Some(SyncId(4)),
            checked_in_days: 7,
            terms: None,
            planet_user_id: Some(PlanetUserId(300_000_000_000_007)),
            confidence: 100,
            match_reasons: vec!["星球编号一致".to_owned()],
            flags: vec![],
        };
        let hash = proposal.hash().unwrap();
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, proposal.clone().hash().unwrap());
        for changed in [
            Proposal {
                checked_in_days: 8,
                ..proposal.clone()
            },
            Proposal {
                sync_id: Some(SyncId(5)),
                ..proposal.clone()
            },
            Proposal {
                amount_fen: Fen::ZERO,
                ..proposal.clone()
            },
            Proposal {
                confidence: 99,
                ..proposal.clone()
            },
            Proposal {
                flags: vec![RefundFlag::Grace],
                ..proposal.clone()
            },
        ] {
            assert_ne!(changed.hash().unwrap(), hash);
        }
    }

    #[test]
    fn large_amounts_need_a_second_person() {
        let now = Timestamp::from_micros(0);
        let fen = |n| Fen::new(n).unwrap();
        assert_eq!(approve(fen(100), 0, 60, now).to, RefundStatus::Approved);
        assert_eq!(approve(fen(100), 100, 60, now).to, RefundStatus::Approved);
        assert_eq!(
            approve(fen(101), 100, 60, now).to,
            RefundStatus::AwaitingSecond
        );
        assert_eq!(
            approve(fen(100), 0, 60, now).undo_until,
            now.plus(TimeDelta::seconds(60))
        );
    }
}
