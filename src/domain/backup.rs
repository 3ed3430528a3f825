//! Which backups are kept, and what can be wrong with one.

use std::collections::BTreeSet;

use chrono::{Datelike as _, NaiveDate, TimeDelta};

use super::Timestamp;

/// So many days every day's backup is kept; of older ones, one a week.
const DAILY_FOR: i64 = 7;

text_enum! {
    /// Why there is no backup that could be relied on.
    pub enum BackupFault {
        /// There is none.
        None = "none",
        /// The newest is from days ago.
        Old = "old",
        /// It could not be made.
        NotMade = "not_made",
        /// It was altered, or is not all there.
        Damaged = "damaged",
        /// No key that we have opens it.
        Key = "key",
        /// The audit in it is broken.
        Audit = "audit",
        /// The books in it disagree with the orders.
        Books = "books",
        /// Uploaded files are missing in it.
        Uploads = "uploads",
        /// It could not be tried.
        NotTried = "not_tried",
    }
}

/// Chooses of the backups of these moments those that can go: all but the newest of each of the last
/// days, the first of each week before that, and the newest of all. Of what is older than
/// `keep_days`, nothing else stays.
#[must_use]
pub fn dispensable(made: &[Timestamp], now: Timestamp, keep_days: u16) -> Vec<Timestamp> {
    let mut sorted = made.to_vec();
    sorted.sort_unstable();
    let mut kept = BTreeSet::new();
    kept.extend(sorted.last().copied());
    let (mut days, mut weeks) = (BTreeSet::new(), BTreeSet::new());
    let since = |days: i64| now.minus(TimeDelta::days(days));
    for at in sorted.iter().rev() {
        if *at >= since(DAILY_FOR) && days.insert(at.shanghai_day()) {
            kept.insert(*at);
        }
    }
    for at in &sorted {
        let is_kept = *at < since(DAILY_FOR) && *at >= since(keep_days.into());
        if is_kept && weeks.insert(week_of(at.shanghai_day())) {
            kept.insert(*at);
        }
    }
    sorted.retain(|at| !kept.contains(at));
    sorted
}

/// Year and number of a week.
#[must_use]
pub fn week_of(day: NaiveDate) -> (i32, u32) {
    let week = day.iso_week();
    (week.year(), week.week())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_000_000_000_000);

    fn ago(hours: i64) -> Timestamp {
        NOW.minus(TimeDelta::hours(hours))
    }

    #[test]
    fn days_then_weeks_then_nothing() {
        let nightly: Vec<Timestamp> = (0..60).map(|day| ago(24 * day)).collect();
        let gone = dispensable(&nightly, NOW, 30);
        let left: Vec<_> = nightly.iter().filter(|at| !gone.contains(at)).collect();
        let recent = left.iter().filter(|at| ***at >= ago(24 * 7)).count();
        assert_eq!(recent, 8);
        let older = left.len() - recent;
        assert!((3..=4).contains(&older), "{older}");
        assert!(left.iter().all(|at| **at >= ago(24 * 30)));
    }

    #[test]
    fn of_one_day_the_newest_stays_and_the_newest_of_all_always() {
        assert_eq!(
            dispensable(&[ago(3), ago(2), ago(1)], NOW, 30),
            [ago(3), ago(2)]
        );
        assert_eq!(dispensable(&[ago(5000)], NOW, 30), []);
        assert_eq!(dispensable(&[ago(5000), ago(4000)], NOW, 30), [ago(5000)]);
        assert_eq!(dispensable(&[], NOW, 30), []);
    }

    #[test]
    fn thinning_every_night_keeps_what_thinning_once_would() {
        let mut there = Vec::new();
        let mut now = ago(24 * 90);
        for _ in 0..90 {
            now = now.plus(TimeDelta::days(1));
            there.push(now);
            let gone = dispensable(&there, now, 30);
            there.retain(|at| !gone.contains(at));
        }
        assert!((11..=13).contains(&there.len()), "{}", there.len());
    }
}
