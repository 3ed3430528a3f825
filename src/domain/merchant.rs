//! The merchant account: what stops every refund at once, and how it is found to be over.

use chrono::TimeDelta;

use super::refund::FailureReason;
use super::{Fen, RefundId, Timestamp};

/// The wait before the next probe, after so many that were of no use: 5 minutes, then 10, 20 and
/// always 30.
#[must_use]
pub const fn probe_after(probes: i64) -> TimeDelta {
    match probes {
        ..=0 => TimeDelta::minutes(5),
        1 => TimeDelta::minutes(10),
        2 => TimeDelta::minutes(20),
        _ => TimeDelta::minutes(30),
    }
}

/// The merchant account cannot refund: nothing goes out but one refund at a time, which probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MerchantHold {
    pub reason: FailureReason,
    /// Business time.
    pub since: Timestamp,
    /// Probes that have not lifted it.
    pub probes: i64,
    /// Business time.
    pub next_probe_at: Timestamp,
    /// The refund that probes, or probed last.
    pub probe_refund: Option<RefundId>,
    /// Until when a probe is under way, by the wall.
    pub probe_until: Option<Timestamp>,
}

impl MerchantHold {
    /// True if the next probe is due and none is under way.
    #[must_use]
    pub fn may_be_probed(&self, now: Timestamp, wall_now: Timestamp) -> bool {
        self.next_probe_at <= now && self.probe_until.is_none_or(|until| until < wall_now)
    }

    /// True if `refund` is the probe that is under way.
    #[must_use]
    pub fn is_probed_by(&self, refund: RefundId, wall_now: Timestamp) -> bool {
        self.probe_refund == Some(refund) && self.probe_until.is_some_and(|until| until >= wall_now)
    }
}

/// Refunds that are to go out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    pub count: i64,
    /// What the merchant account needs for them.
    pub sum: Fen,
}

text_enum! {
    /// The cause for which an approved refund does not go out although it is due.
    pub enum WaitingFor {
        /// The merchant account cannot refund.
        Merchant = "merchant",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_000_000);

    #[test]
    fn probes_become_rarer() {
        let minutes: Vec<_> = (0..5).map(|n| probe_after(n).num_minutes()).collect();
        assert_eq!(minutes, [5, 10, 20, 30, 30]);
    }

    #[test]
    fn one_probe_at_a_time_and_a_dead_one_is_followed() {
        let second = TimeDelta::seconds(1);
        let hold = |probe_until| MerchantHold {
            reason: FailureReason::Refused,
            since: NOW,
            probes: 0,
            next_probe_at: NOW,
            probe_refund: Some(RefundId(7)),
            probe_until,
        };
        assert!(hold(None).may_be_probed(NOW, NOW));
        assert!(!hold(None).may_be_probed(NOW.minus(second), NOW), "not due");
        assert!(!hold(None).is_probed_by(RefundId(7), NOW), "it has ended");
        let under_way = hold(Some(NOW));
        assert!(!under_way.may_be_probed(NOW, NOW));
        assert!(under_way.is_probed_by(RefundId(7), NOW));
        assert!(!under_way.is_probed_by(RefundId(8), NOW));
        let later = NOW.plus(second);
        assert!(under_way.may_be_probed(NOW, later), "its runner is dead");
        assert!(!under_way.is_probed_by(RefundId(7), later));
    }
}
