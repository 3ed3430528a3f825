//! Times of the planet: text with milliseconds and `+0800`, days that turn at Shanghai midnight
//! (zsxq §3).

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use chrono_tz::Asia::Shanghai;

const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.3f%z";

/// Years that are believed. The planet writes 2286 for "never"; far beyond, calendar arithmetic
/// itself would overflow.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2999;

/// The check-in day of an instant: its date in Asia/Shanghai.
pub fn shanghai_date(at: DateTime<Utc>) -> NaiveDate {
    at.with_timezone(&Shanghai).date_naive()
}

/// Reads `2026-01-03T21:04:05.123+0800`; `None` for anything else, the empty text included.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let at = DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z")
        .ok()?
        .to_utc();
    YEARS.contains(&at.year()).then_some(at)
}

/// Writes a time as the planet does: `2026-01-03T21:04:05.123+0800`.
pub(super) fn to_wire(at: DateTime<Utc>) -> String {
    at.with_timezone(&Shanghai).format(FORMAT).to_string()
}

/// Writes a time as a query value, already percent-encoded:
/// `2026-01-03T21%3A04%3A05.123%2B0800`.
pub(super) fn to_query(at: DateTime<Utc>) -> String {
    to_wire(at).replace(':', "%3A").replace('+', "%2B")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_the_planet_writes() {
        let cases = [
            (
                "2026-01-03T21:04:05.123+0800",
                Some("2026-01-03T13:04:05.123Z"),
            ),
            ("2026-01-03T21:04:05+0800", Some("2026-01-03T13:04:05Z")),
            ("2286-11-21T01:46:39.000+0800", Some("2286-11-20T17:46:39Z")),
            ("", None),
            ("2026-01-03", None),
            ("9999-12-31T23:59:59.999+0800", None),
            ("+262142-12-31T23:59:59.999+0000", None),
            ("1970-01-01T00:00:00.000+0800", None),
            ("2026-02-30T00:00:00.000+0800", None),
        ];
        for (text, expected) in cases {
            let expected = expected.map(|t| t.parse::<DateTime<Utc>>().unwrap());
            assert_eq!(parse(text), expected, "{text}");
        }
    }

    #[test]
    fn the_day_turns_at_shanghai_midnight() {
        let cases = [
            ("2026-01-03T23:59:59.999+0800", "2026-01-03"),
            ("2026-01-04T00:00:00.000+0800", "2026-01-04"),
            ("2026-01-03T16:00:00.000+0000", "2026-01-04"),
            ("2026-01-03T15:59:59.999+0000", "2026-01-03"),
        ];
        for (text, day) in cases {
            assert_eq!(
                shanghai_date(parse(text).unwrap()).to_string(),
                day,
                "{text}"
            );
        }
    }

    #[test]
    fn query_form_is_encoded_and_keeps_milliseconds() {
        let at = parse("2026-01-03T21:04:05.122+0800").unwrap();
        assert_eq!(to_query(at), "2026-01-03T21%3A04%3A05.122%2B0800");
        let whole = parse("2026-01-04T00:00:00.000+0800").unwrap();
        assert_eq!(to_query(whole), "2026-01-04T00%3A00%3A00.000%2B0800");
    }
}
