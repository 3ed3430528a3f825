//! A proposal as it is frozen and hashed: what an approval refers to.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::domain::versioned::Unreadable;
use crate::domain::{Fen, PaymentId, PlanetUserId, SyncId, Terms};

text_enum! {
    /// The ground on which money is to go back.
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
        /// A payment under another of our appids.
        OtherAppid = "other_appid",
        /// Proposed by a person against the judgement.
        Manual = "manual",
    }
}

text_enum! {
    /// A mark of a refund *to look at*: never in a one-click list, not pre-ticked.
    pub enum RefundFlag {
        /// Eligible only by the grace days.
        Grace = "grace",
        /// The ranking and the posts do not agree, or the member's own dates are not the project's.
        DaysDisagree = "days_disagree",
        /// The posts have never been read as a whole: nothing could be compared with the ranking.
        PostsMissing = "posts_missing",
        /// A person or a file has stated the days.
        Attested = "attested",
        /// The match of the member is not sure enough.
        LowConfidence = "low_confidence",
        /// Somebody else claims the same planet account.
        Contested = "contested",
        /// The member objects, or was right to object to the verdict or to a rejection.
        Appealed = "appealed",
        /// A person has rejected an earlier proposal of this payment, made against the judgement.
        RejectedBefore = "rejected_before",
    }
}

/// The proposal that an approval refers to: what decides about one payment, and nothing else. Frozen:
/// if any of it has changed since it was shown, the approval is refused and the proposal shown anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    pub payment_id: PaymentId,
    pub kind: RefundKind,
    pub amount_fen: Fen,
    /// Days that count, without grace.
    pub checked_in_days: i64,
    /// The rules that the member agreed to; none for a payment of an unknown order.
    pub terms: Option<Terms>,
    pub planet_user_id: Option<PlanetUserId>,
    /// Other members of the camp who claim the same account.
    pub rivals: i64,
    /// Sorted.
    pub flags: Vec<RefundFlag>,
    /// As the person gave it who proposed it against the judgement; else empty.
    pub reason: String,
}

/// Where a proposal was read from. It is kept beside it and not hashed: a new sync that changes
/// nothing about a member leaves what was shown as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Provenance {
    /// The sync that the days rest on; none for refunds that do not rest on days.
    pub sync_id: Option<SyncId>,
    /// Of the match, 0–100.
    pub confidence: i64,
    /// In words.
    pub match_reasons: Vec<String>,
}

/// A proposal that is no JSON, so that no hash stands for it either.
#[derive(Debug, thiserror::Error)]
#[error("a proposal cannot be written down")]
pub struct Unwritable(#[from] serde_json::Error);

impl Proposal {
    /// The version of the shape that [`Self::to_text`] writes.
    pub const VERSION: i64 = 2;

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

    /// Reads a stored proposal by the version that wrote it. The first one knew neither payment nor
    /// reason, which its row has.
    ///
    /// # Errors
    /// [`Unreadable`] for a version or a shape that this program does not know.
    pub fn read(
        version: i64,
        text: &str,
        payment_id: PaymentId,
        reason: &str,
    ) -> Result<Self, Unreadable> {
        const KIND: &str = "refund_proposal";
        let read = match version {
            Self::VERSION => serde_json::from_str(text),
            1 => serde_json::from_str(text).map(|old: ProposalV1| old.of(payment_id, reason)),
            _ => {
                return Err(Unreadable::Version {
                    kind: KIND,
                    version,
                });
            }
        };
        read.map_err(|error| Unreadable::Shape {
            kind: KIND,
            version,
            why: error.to_string(),
        })
    }

    /// The same, proposed for a reason of somebody's.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        Self {
            reason: reason.to_owned(),
            ..self
        }
    }

    /// True if it may be approved with others by one click.
    #[must_use]
    pub fn is_clear(&self) -> bool {
        self.flags.is_empty() && self.kind == RefundKind::Deposit
    }
}

/// The first version hashed what it was read from, too.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ProposalV1 {
    kind: RefundKind,
    amount_fen: Fen,
    checked_in_days: i64,
    terms: Option<Terms>,
    planet_user_id: Option<PlanetUserId>,
    flags: Vec<RefundFlag>,
}

impl ProposalV1 {
    fn of(self, payment_id: PaymentId, reason: &str) -> Proposal {
        Proposal {
            payment_id,
            kind: self.kind,
            amount_fen: self.amount_fen,
            checked_in_days: self.checked_in_days,
            terms: self.terms,
            planet_user_id: self.planet_user_id,
            // How many they were was not kept.
            rivals: i64::from(self.flags.contains(&RefundFlag::Contested)),
            flags: self.flags,
            reason: reason.to_owned(),
        }
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

#[cfg(test)]
mod tests {
    use super::super::samples::proposal;
    use super::*;

    #[test]
    fn the_hash_tells_every_change() {
        let shown = proposal(RefundKind::Deposit, vec![]);
        let hash = shown.hash().unwrap();
        assert_eq!(hash.len(), 64);
        assert_eq!(hash, shown.clone().hash().unwrap());
        type Change = fn(&mut Proposal);
        let changes: &[Change] = &[
            |p| p.payment_id = PaymentId(9),
            |p| p.kind = RefundKind::Manual,
            |p| p.checked_in_days = 8,
            |p| p.amount_fen = Fen::ZERO,
            |p| p.planet_user_id = None,
            |p| p.rivals = 1,
            |p| p.flags = vec![RefundFlag::Grace],
            |p| p.reason = "住院".to_owned(),
        ];
        for change in changes {
            let mut changed = shown.clone();
            change(&mut changed);
            assert_ne!(changed.hash().unwrap(), hash, "{changed:?}");
        }
    }

    #[test]
    fn a_proposal_is_read_by_the_version_that_wrote_it() {
        let shown = proposal(RefundKind::Manual, vec![RefundFlag::Contested]);
        let text = shown.to_text().unwrap();
        let read = |version, text: &str| Proposal::read(version, text, PaymentId(7), "住院");
        assert_eq!(read(Proposal::VERSION, &text), Ok(shown.clone()));
        let first = r#"{"kind":"manual","amountFen":9900,"syncId":4,"checkedInDays":7,"terms":null,
            "planetUserId":"300000000000007","confidence":100,"matchReasons":["甲"],
            "flags":["contested"]}"#;
        let expected = Proposal {
            rivals: 1,
            ..shown.because("住院")
        };
        assert_eq!(read(1, first), Ok(expected));
        assert!(matches!(read(3, &text), Err(Unreadable::Version { .. })));
        assert!(matches!(read(2, first), Err(Unreadable::Shape { .. })));
    }
}
