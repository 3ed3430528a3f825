//! Calls that ask WeChat Pay for a refund.

text_enum! {
    /// The result of one call. One that was never answered has none, and may have taken effect.
    pub enum AttemptOutcome {
        /// WeChat Pay has the refund.
        Accepted = "accepted",
        /// Refused, for a reason that is this refund's.
        Refused = "refused",
        /// Refused, since the merchant account cannot refund.
        HeldUp = "held_up",
        /// Answered in a way that tells nothing.
        Unknown = "unknown",
    }
}
