//! A proposal as it is frozen and hashed: what an approval refers to.

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use crate::domain::{Fen, PlanetUserId, SyncId, Terms};

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
        /// Proposed by a person against the judgement.
        Manual = "manual",
    }
}

text_enum! {
    /// A mark of a refund *to look at*: never in a one-click list, not pre-ticked.
    pub enum RefundFlag {
        /// Eligible only by the grace days.
        Grace = "grace",
        /// The ranking and the posts do not agree.
        DaysDisagree = "days_disagree",
        /// The match of the member is not sure enough.
        LowConfidence = "low_confidence",
        /// Somebody else claims the same planet account.
        Contested = "contested",
    }
}

/// The proposal that an approval refers to. Frozen: if any of it has changed since it was shown,
/// the approval is refused and the proposal shown anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Proposal {
    pub kind: RefundKind,
    pub amount_fen: Fen,
    /// The sync that the days rest on; none for refunds that do not rest on days.
    pub sync_id: Option<SyncId>,
    /// Days of the planet's ranking, without grace.
    pub checked_in_days: i64,
    /// The rules that the member agreed to; none for a payment of an unknown order.
    pub terms: Option<Terms>,
    pub planet_user_id: Option<PlanetUserId>,
    /// Of the match, 0–100.
    pub confidence: i64,
    /// In words.
    pub match_reasons: Vec<String>,
    /// Sorted.
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

    /// True if it may be approved with others by one click.
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
