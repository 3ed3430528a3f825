//! A binding: which planet account a payment belongs to.

use chrono::TimeDelta;

use super::Machine;

text_enum! {
    /// Where the binding of a payment is in its life (design §3).
    pub enum BindStatus {
        /// The member has not said who they are, and still may.
        Pending = "pending",
        /// Bound.
        Completed = "completed",
        /// The seven days have passed; the smart match is next.
        Expired = "expired",
        /// The smart match could not tell, or staff undid the match; staff will decide.
        ManualRequired = "manual_required",
        /// The refund is done.
        Closed = "closed",
    }
}

impl Machine for BindStatus {
    const SUBJECT: &'static str = "binding";

    fn may_become(self, to: Self) -> bool {
        use BindStatus::{Closed, Completed, Expired, ManualRequired, Pending};
        matches!(
            (self, to),
            (Pending, Completed | Expired)
                | (Expired, Completed | ManualRequired)
                | (ManualRequired, Completed)
                // Staff undid the match: only a person binds it again.
                | (Completed, ManualRequired | Closed)
        )
    }
}

text_enum! {
    /// How a payment was bound.
    pub enum BindMethod {
        /// A link that we signed for one planet user.
        DynamicQrcode = "dynamic_qrcode",
        /// Typed by the member, before or after paying.
        UserFill = "user_fill",
        /// Found by the smart match.
        SmartMatch = "smart_match",
        /// Decided by staff.
        Manual = "manual",
    }
}

/// How long a member may bind after paying, seven days.
pub const BIND_WITHIN: TimeDelta = TimeDelta::days(7);

#[cfg(test)]
mod tests {
    use super::{super::machine::assert_table, *};

    #[test]
    fn moves_are_those_of_the_design_and_one_for_undoing() {
        use BindStatus::{Closed, Completed, Expired, ManualRequired, Pending};
        assert_table(
            BindStatus::ALL,
            &[
                (Pending, Completed),
                (Pending, Expired),
                (Expired, Completed),
                (Expired, ManualRequired),
                (ManualRequired, Completed),
                (Completed, ManualRequired),
                (Completed, Closed),
            ],
        );
    }
}
