//! Times as the planet writes them, and days as it counts them (zsxq §3).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

/// `2026-01-03T21:04:05.123+0800`.
pub(super) fn written(time: DateTime<Utc>) -> String {
    shifted(time)
        .format("%Y-%m-%dT%H:%M:%S%.3f+0800")
        .to_string()
}

/// Reads a time as written; milliseconds and an offset without colon.
pub(super) fn read(text: &str) -> Option<DateTime<Utc>> {
    // The pattern alone would also take a colon in the offset.
    let offset = text.get(text.len().checked_sub(5)?..)?;
    if !offset.starts_with(['+', '-']) {
        return None;
    }
    DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.3f%z")
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

/// The day in Shanghai that a moment belongs to.
pub(super) fn shanghai_day(time: DateTime<Utc>) -> NaiveDate {
    shifted(time).date_naive()
}

/// Midnight in Shanghai at the beginning of `day`.
pub(super) fn start_of(day: NaiveDate) -> DateTime<Utc> {
    let midnight = day.and_time(chrono::NaiveTime::MIN).and_utc();
    midnight
        .checked_sub_signed(TimeDelta::hours(8))
        .unwrap_or(midnight)
}

fn shifted(time: DateTime<Utc>) -> DateTime<Utc> {
    time.checked_add_signed(TimeDelta::hours(8)).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let text = "2026-01-03T21:04:05.123+0800";
        assert_eq!(written(read(text).unwrap()), text);
        for wrong in [
            "2026-01-03T21:04:05.123 0800",
            "2026-01-03T21:04:05.123+08:00",
            "",
            "2026",
        ] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn the_day_turns_at_midnight_in_shanghai() {
        let last = read("2026-01-03T23:59:59.999+0800").unwrap();
        let first = read("2026-01-04T00:00:00.000+0800").unwrap();
        assert_eq!(shanghai_day(last).to_string(), "2026-01-03");
        assert_eq!(shanghai_day(first).to_string(), "2026-01-04");
        assert_eq!(start_of(shanghai_day(first)), first);
    }
}
