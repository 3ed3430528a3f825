//! A member's days, one by one: what is known of each, and what cannot be known yet.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{CheckInSource, Terms, Timestamp};

text_enum! {
    /// What is known of one day of a member.
    pub enum DayState {
        /// The planet has a check-in of that day.
        CheckedIn = "checked_in",
        /// The day is over, and a sync that saw all of it found nothing.
        Missed = "missed",
        /// It is today, and no check-in has been seen so far.
        Open = "open",
        /// The day is over, but no sync has seen all of it yet.
        NotSynced = "not_synced",
        /// Yet to come.
        Future = "future",
    }
}

/// One day of a member's calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Day {
    /// The date in Shanghai.
    pub date: NaiveDate,
    /// What is known of it.
    pub state: DayState,
    /// The first check-in of that day, where its time is known.
    pub at: Option<Timestamp>,
    /// That it counts; none for a day that does not.
    pub receipt: Option<Receipt>,
}

/// A day with a check-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// The first check-in of that day, where its time is known.
    pub at: Option<Timestamp>,
    /// When it was first seen, where that is known.
    pub counted_at: Option<Timestamp>,
    /// By whose word.
    pub source: CheckInSource,
}

/// What a member has in hand for a day: a missing one is disputed the next morning, not at the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Receipt {
    /// When the day was counted.
    pub counted_at: Timestamp,
    /// It is their so manieth day.
    pub nth: i64,
    /// By whose word.
    pub source: CheckInSource,
}

/// The days of a camp as one member sees them on `today`. `checked_in` holds the days with a
/// check-in; `synced_at` is the moment up to which the planet has been read, none before the first
/// complete sync.
#[must_use]
pub fn calendar(
    terms: &Terms,
    today: NaiveDate,
    synced_at: Option<Timestamp>,
    checked_in: &BTreeMap<NaiveDate, Counted>,
) -> Vec<Day> {
    let state = |date: NaiveDate| {
        if checked_in.contains_key(&date) {
            DayState::CheckedIn
        } else if date > today {
            DayState::Future
        } else if date == today {
            DayState::Open
        } else if synced_at.is_some_and(|at| at >= end_of(date)) {
            DayState::Missed
        } else {
            DayState::NotSynced
        }
    };
    let mut nth = 0;
    let day = |date: NaiveDate| {
        let counted = checked_in.get(&date);
        nth += i64::from(counted.is_some());
        let receipt = |it: &Counted| {
            let (nth, source) = (nth, it.source);
            it.counted_at.map(|counted_at| Receipt {
                counted_at,
                nth,
                source,
            })
        };
        Day {
            date,
            state: state(date),
            at: counted.and_then(|it| it.at),
            receipt: counted.and_then(receipt),
        }
    };
    terms.days().map(day).collect()
}

/// The first moment after a day.
fn end_of(day: NaiveDate) -> Timestamp {
    Timestamp::start_of_day(day.succ_opt().unwrap_or(day))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::{super::Fen, *};

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    fn terms() -> Terms {
        Terms {
            deposit_fen: Fen::new(9900).unwrap(),
            start_date: day(1),
            end_date: day(5),
            total_days: 5,
            required_days: 3,
            grace_days: 0,
        }
    }

    fn states(today: u32, synced_at: Option<Timestamp>, checked_in: &[u32]) -> String {
        let counted = Counted {
            at: None,
            counted_at: Some(Timestamp::from_micros(7)),
            source: CheckInSource::Post,
        };
        let checked_in = checked_in.iter().map(|d| (day(*d), counted)).collect();
        let days = calendar(&terms(), day(today), synced_at, &checked_in);
        let words: Vec<&str> = days.iter().map(|day| day.state.as_str()).collect();
        words.join(" ")
    }

    #[test]
    fn says_of_each_day_no_more_than_is_known() {
        let midnight = |d| Timestamp::start_of_day(day(d));
        let just_before = |d| midnight(d).minus(TimeDelta::microseconds(1));
        for (today, synced_at, checked_in, expected) in [
            (1, None, &[][..], "open future future future future"),
            (3, None, &[], "not_synced not_synced open future future"),
            (
                3,
                Some(midnight(3)),
                &[1],
                "checked_in missed open future future",
            ),
            (
                3,
                Some(just_before(3)),
                &[1],
                "checked_in not_synced open future future",
            ),
            (
                3,
                Some(midnight(3)),
                &[3],
                "missed missed checked_in future future",
            ),
            (
                9,
                Some(midnight(6)),
                &[1, 5],
                "checked_in missed missed missed checked_in",
            ),
            (
                9,
                Some(midnight(5)),
                &[1],
                "checked_in missed missed missed not_synced",
            ),
        ] {
            assert_eq!(states(today, synced_at, checked_in), expected);
        }
    }

    #[test]
    fn keeps_the_time_of_a_check_in() {
        let at = Timestamp::start_of_day(day(2)).plus(TimeDelta::hours(9));
        let counted = Counted {
            at: Some(at),
            counted_at: None,
            source: CheckInSource::Post,
        };
        let days = calendar(&terms(), day(3), None, &BTreeMap::from([(day(2), counted)]));
        assert_eq!(days.len(), 5);
        assert_eq!(days[1].at, Some(at));
    }
}
