//! When a job is due, by a clock that is handed in.

use chrono::DateTime;
use chrono_tz::Asia::Shanghai;
use chrono_tz::Tz;
use croner::Cron;
use croner::parser::{CronParser, Seconds};

use crate::domain::Timestamp;

/// A schedule that cannot be read, or never comes.
#[derive(Debug, thiserror::Error)]
#[error("the schedule {cron:?} cannot be used: {why}")]
pub struct ScheduleError {
    /// The schedule.
    pub cron: String,
    /// What is wrong with it.
    pub why: String,
}

/// Times of the day and of the year in Asia/Shanghai.
#[derive(Debug, Clone)]
pub struct Schedule(Cron);

impl Schedule {
    /// Reads second, minute, hour, day, month and weekday.
    ///
    /// # Errors
    /// It is none.
    pub fn parse(cron: &str) -> Result<Self, ScheduleError> {
        CronParser::builder()
            .seconds(Seconds::Required)
            .build()
            .parse(cron)
            .map(Self)
            .map_err(|error| ScheduleError {
                cron: cron.to_owned(),
                why: error.to_string(),
            })
    }

    /// The last time at or before `now`: the tick that is due if nobody has run it.
    ///
    /// # Errors
    /// There never was one.
    pub fn last(&self, now: Timestamp) -> Result<Timestamp, ScheduleError> {
        let now = whole_second(now);
        let found = self.0.find_previous_occurrence(&now, true);
        found
            .map(Timestamp::from)
            .map_err(|error| self.never(&error))
    }

    /// The first time after `now`.
    ///
    /// # Errors
    /// There will be none.
    pub fn next(&self, now: Timestamp) -> Result<Timestamp, ScheduleError> {
        let now = whole_second(now);
        let found = self.0.find_next_occurrence(&now, false);
        found
            .map(Timestamp::from)
            .map_err(|error| self.never(&error))
    }

    fn never(&self, error: &croner::errors::CronError) -> ScheduleError {
        ScheduleError {
            cron: self.0.as_str().to_owned(),
            why: error.to_string(),
        }
    }
}

/// The second that a moment is in: croner would carry fractions over into its ticks, and no two
/// instances would agree on one.
fn whole_second(at: Timestamp) -> DateTime<Tz> {
    let second = Timestamp::from_micros(at.secs().saturating_mul(1_000_000));
    second.shanghai().with_timezone(&Shanghai)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Timestamp {
        DateTime::parse_from_rfc3339(text).unwrap().into()
    }

    #[test]
    fn ticks_are_those_of_shanghai() {
        for (cron, now, last, next) in [
            (
                "0 0 1 * * *",
                "2026-01-03T17:00:00Z",
                "2026-01-04T01:00:00+08:00",
                "2026-01-05T01:00:00+08:00",
            ),
            (
                "0 0 1 * * *",
                "2026-01-03T16:59:59.999999Z",
                "2026-01-03T01:00:00+08:00",
                "2026-01-04T01:00:00+08:00",
            ),
            (
                "0 5 * * * *",
                "2026-01-01T00:04:59+08:00",
                "2025-12-31T23:05:00+08:00",
                "2026-01-01T00:05:00+08:00",
            ),
            (
                "0 30 */6 * * *",
                "2026-01-01T06:30:00.000001+08:00",
                "2026-01-01T06:30:00+08:00",
                "2026-01-01T12:30:00+08:00",
            ),
        ] {
            let schedule = Schedule::parse(cron).unwrap();
            assert_eq!(
                schedule.last(time(now)).unwrap().rfc3339(),
                last,
                "{cron} {now}"
            );
            assert_eq!(
                schedule.next(time(now)).unwrap().rfc3339(),
                next,
                "{cron} {now}"
            );
        }
    }

    #[test]
    fn what_is_no_schedule_is_refused() {
        for cron in ["", "0 1 * * *", "0 61 * * * *", "whenever"] {
            assert!(Schedule::parse(cron).is_err(), "{cron}");
        }
    }
}
