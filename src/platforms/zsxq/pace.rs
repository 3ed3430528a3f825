//! When the next request may go out (zsxq §5): a rest after each, a longer pause after failures,
//! and so many a day. Pure bookkeeping; the waiting is done by the transport.

use std::time::Duration;

use chrono::NaiveDate;
use tokio::time::Instant;

/// Books what was sent, and when the next may be.
#[derive(Default)]
pub(super) struct Pace {
    day: Option<NaiveDate>,
    calls: u32,
    rest_until: Option<Instant>,
    pause_until: Option<Instant>,
}

impl Pace {
    /// Takes one request from the day's budget, 0 being no limit; false when it is spent.
    pub(super) fn spend(&mut self, today: NaiveDate, calls_per_day: u32) -> bool {
        if calls_per_day > 0 && self.calls_on(today) >= calls_per_day {
            return false;
        }
        self.calls = self.calls_on(today).saturating_add(1);
        self.day = Some(today);
        true
    }

    /// Requests counted for this day.
    pub(super) fn calls_on(&self, today: NaiveDate) -> u32 {
        if self.day == Some(today) {
            self.calls
        } else {
            0
        }
    }

    /// No request for so long from now, as after every request.
    pub(super) fn rest(&mut self, now: Instant, rest: Duration) {
        self.rest_until = self.rest_until.max(now.checked_add(rest));
    }

    /// No request for so long from now, because the planet is in trouble.
    pub(super) fn pause(&mut self, now: Instant, pause: Duration) {
        self.pause_until = self.pause_until.max(now.checked_add(pause));
    }

    /// Forgets the pause (not the rest): its reason may have been a cookie now replaced.
    pub(super) fn lift_pause(&mut self) {
        self.pause_until = None;
    }

    /// The earliest moment for the next request.
    pub(super) fn not_before(&self) -> Option<Instant> {
        self.rest_until.max(self.pause_until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: u32 = 2;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    #[test]
    fn budget_belongs_to_a_day() {
        let mut pace = Pace::default();
        assert!(pace.spend(day(1), LIMIT));
        assert!(pace.spend(day(1), LIMIT));
        assert!(!pace.spend(day(1), LIMIT));
        assert_eq!(pace.calls_on(day(1)), 2);
        assert_eq!(pace.calls_on(day(2)), 0);
        assert!(pace.spend(day(2), LIMIT));
        assert_eq!(pace.calls_on(day(2)), 1);
    }

    #[test]
    fn no_limit_still_counts() {
        let mut pace = Pace::default();
        assert!((0..1_000).all(|_| pace.spend(day(1), 0)));
        assert_eq!(pace.calls_on(day(1)), 1_000);
    }

    #[test]
    fn the_longer_wait_wins_and_a_pause_can_be_lifted() {
        let now = Instant::now();
        let after = |seconds| now.checked_add(Duration::from_secs(seconds));
        let mut pace = Pace::default();
        assert_eq!(pace.not_before(), None);
        pace.rest(now, Duration::from_secs(1));
        pace.pause(now, Duration::from_secs(60));
        pace.pause(now, Duration::from_secs(2));
        assert_eq!(pace.not_before(), after(60));
        pace.lift_pause();
        assert_eq!(pace.not_before(), after(1));
        pace.pause(now, Duration::from_secs(1));
        pace.rest(now, Duration::from_secs(3));
        assert_eq!(pace.not_before(), after(3));
    }
}
