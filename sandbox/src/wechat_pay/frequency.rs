//! How often a merchant may ask for refunds: 150 times a second, 6 if the calls fail
//! (wechat-pay-v3 §7.2). By the wall clock: nobody's demo gets further by moving time.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

/// Refunds asked for within a second.
const PER_SECOND: usize = 150;
/// Calls that failed within a second, after which the next one has to wait.
const FAILURES_PER_SECOND: usize = 6;

/// The calls of the last second.
#[derive(Debug, Default)]
pub(super) struct Frequency {
    asked: VecDeque<DateTime<Utc>>,
    failed: VecDeque<DateTime<Utc>>,
}

impl Frequency {
    /// Whether one more call may come now.
    pub(super) fn allows(&mut self, now: DateTime<Utc>) -> bool {
        for seen in [&mut self.asked, &mut self.failed] {
            while seen
                .front()
                .is_some_and(|at| now.signed_duration_since(*at) >= TimeDelta::seconds(1))
            {
                seen.pop_front();
            }
        }
        self.asked.len() < PER_SECOND && self.failed.len() < FAILURES_PER_SECOND
    }

    pub(super) fn count(&mut self, now: DateTime<Utc>, has_failed: bool) {
        self.asked.push_back(now);
        if has_failed {
            self.failed.push_back(now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(1_760_000_000_000 + millis).unwrap()
    }

    /// How many calls pass that come a millisecond apart.
    fn passed(frequency: &mut Frequency, from: i64, calls: i64, has_failed: bool) -> usize {
        let mut passed = 0;
        for millis in from..from + calls {
            if frequency.allows(at(millis)) {
                frequency.count(at(millis), has_failed);
                passed += 1;
            }
        }
        passed
    }

    #[test]
    fn a_second_holds_so_many_and_the_next_as_many_again() {
        let mut frequency = Frequency::default();
        assert_eq!(passed(&mut frequency, 0, 400, false), 150);
        assert!(!frequency.allows(at(999)));
        assert!(frequency.allows(at(1_000)));
        assert_eq!(passed(&mut frequency, 2_000, 400, false), 150);
    }

    #[test]
    fn calls_that_fail_are_stopped_sooner() {
        let mut frequency = Frequency::default();
        assert_eq!(passed(&mut frequency, 0, 100, true), 6);
        assert_eq!(passed(&mut frequency, 1_100, 10, false), 10);
    }
}
