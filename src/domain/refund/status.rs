//! The words for where a refund stands, and the moves between them.

use crate::domain::Machine;

text_enum! {
    /// The status of a refund (design §3).
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
        /// Settled outside, or replaced by another refund.
        Closed = "closed",
    }
}

impl RefundStatus {
    /// True if money of the order is committed to this refund: it may still be paid out, or was.
    #[must_use]
    pub const fn commits_money(self) -> bool {
        !matches!(
            self,
            Self::Pending | Self::AwaitingSecond | Self::Rejected | Self::Closed
        )
    }

    /// True if nothing more will happen by itself or by review: what a camp waits for.
    #[must_use]
    pub const fn has_ended(self) -> bool {
        matches!(self, Self::Rejected | Self::Success | Self::Closed)
    }
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
                // Back to approved: the merchant account cannot pay for now.
                | (Processing, Approved | Success | Failed | ManualRequired)
                | (Failed, Processing | ManualRequired)
                | (ManualRequired, Processing)
                // A person's word that it was settled outside, and the word that it was not.
                | (
                    Pending | AwaitingSecond | Approved | Rejected | Processing | Failed
                        | ManualRequired,
                    Closed
                )
                | (Closed, Pending)
                // WeChat Pay's word, whenever it comes.
                | (Failed | ManualRequired, Success)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::machine::assert_table;

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
                (Processing, Approved),
                (Processing, Success),
                (Processing, Failed),
                (Processing, ManualRequired),
                (Failed, Processing),
                (Failed, ManualRequired),
                (Failed, Success),
                (ManualRequired, Processing),
                (Pending, Closed),
                (AwaitingSecond, Closed),
                (Approved, Closed),
                (Rejected, Closed),
                (Processing, Closed),
                (Failed, Closed),
                (ManualRequired, Closed),
                (Closed, Pending),
                (ManualRequired, Success),
            ],
        );
    }
}
