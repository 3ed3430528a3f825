//! A member of a camp: one confirmed payment, bound to a planet account or not.

use super::Machine;

text_enum! {
    /// Whether we know which planet account a member is.
    pub enum MatchStatus {
        /// Nobody has confirmed it yet: a typed id is a claim, not a proof.
        Pending = "pending",
        /// Known.
        Matched = "matched",
        /// Neither the member nor the smart match could tell; staff will.
        Failed = "failed",
    }
}

impl Machine for MatchStatus {
    const SUBJECT: &'static str = "member";

    fn may_become(self, to: Self) -> bool {
        use MatchStatus::{Failed, Matched, Pending};
        matches!(
            (self, to),
            (Pending, Matched | Failed)
                | (Failed, Matched | Pending)
                // Contested by the rightful owner, or undone by staff.
                | (Matched, Pending)
        )
    }
}

/// Confidence of a binding that needs no doubt: the roster knows id and nickname together, the
/// link was signed by us, or a person decided.
pub const FULL_CONFIDENCE: i64 = 100;

#[cfg(test)]
mod tests {
    use super::{super::machine::assert_table, *};

    #[test]
    fn a_match_is_never_failed_without_being_doubted_first() {
        use MatchStatus::{Failed, Matched, Pending};
        assert_table(
            MatchStatus::ALL,
            &[
                (Pending, Matched),
                (Pending, Failed),
                (Failed, Matched),
                (Failed, Pending),
                (Matched, Pending),
            ],
        );
    }
}
