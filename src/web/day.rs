//! Days as the API writes them.

use chrono::NaiveDate;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

use crate::domain::FieldError;

use super::error::{Problem, WebResult};

/// A day of the years 1 to 9999, written `YYYY-MM-DD` and in no other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Day(NaiveDate);

impl From<Day> for NaiveDate {
    fn from(day: Day) -> Self {
        day.0
    }
}

impl Day {
    fn parse(text: &str) -> Option<Self> {
        let [year, month, day] = <[&str; 3]>::try_from(text.split('-').collect::<Vec<_>>()).ok()?;
        let number = |text: &str, digits: usize| {
            let is_written_so = text.len() == digits && text.bytes().all(|b| b.is_ascii_digit());
            is_written_so.then(|| text.parse::<u16>().ok())?
        };
        let year = number(year, 4).filter(|year| *year > 0)?;
        let (month, day) = (number(month, 2)?, number(day, 2)?);
        NaiveDate::from_ymd_opt(year.into(), month.into(), day.into()).map(Self)
    }
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| D::Error::custom("not a day as YYYY-MM-DD"))
    }
}

/// The first and the last day of a list, either of which may be open.
///
/// # Errors
/// They stand the wrong way round.
pub(super) fn span(
    from: Option<Day>,
    to: Option<Day>,
) -> WebResult<(Option<NaiveDate>, Option<NaiveDate>)> {
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Problem::invalid("to", FieldError::BeforeStart));
    }
    Ok((from.map(Into::into), to.map(Into::into)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_written_in_one_way() {
        for text in ["0001-01-01", "2024-02-29", "2026-01-03", "9999-12-31"] {
            assert_eq!(Day::parse(text).unwrap().0.to_string(), text);
        }
        for text in [
            "",
            "2026-1-1",
            "2026-01-1",
            "26-01-01",
            "02026-01-01",
            "0000-01-01",
            "2026-02-29",
            "2026-13-01",
            "2026-01-01 ",
            "2026-01-01-",
            "2026/01/01",
            "-262143-01-01",
            "+262142-12-31",
            "+026-01-01",
            "２０２６-01-01",
            "20260101",
        ] {
            assert_eq!(Day::parse(text), None, "{text}");
        }
    }
}
