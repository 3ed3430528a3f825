//! Months as people type them: `本月`, `上个月`, `10月`, `十月`, `2026-10`.

use chrono::{Datelike as _, Days, Months, NaiveDate};

/// A month of a year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Month(NaiveDate);

impl Month {
    /// The month of a day.
    pub(super) fn of(day: NaiveDate) -> Self {
        Self(day.with_day(1).unwrap_or(day))
    }

    fn new(year: i32, month: u32) -> Option<Self> {
        NaiveDate::from_ymd_opt(year, month, 1).map(Self)
    }

    /// Its first day.
    pub(super) const fn first(self) -> NaiveDate {
        self.0
    }

    /// Its last day.
    pub(super) fn last(self) -> NaiveDate {
        let next = self.0.checked_add_months(Months::new(1));
        let last = next.and_then(|next| next.checked_sub_days(Days::new(1)));
        last.unwrap_or(self.0)
    }

    /// The month before it.
    pub(super) fn before(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }
}

/// Words for the present month, and for the one before.
const THIS: &[&str] = &["本月", "这个月", "这月", "当月", "thismonth", "by"];
const LAST: &[&str] = &["上月", "上个月", "lastmonth", "sy"];
/// The months by their Chinese numbers; those of two characters first.
const NUMBERS: &[(&str, u32)] = &[
    ("十一", 11),
    ("十二", 12),
    ("十", 10),
    ("一", 1),
    ("二", 2),
    ("三", 3),
    ("四", 4),
    ("五", 5),
    ("六", 6),
    ("七", 7),
    ("八", 8),
    ("九", 9),
];

/// The month that a whole word names; one without its year is the last that has begun.
pub(super) fn month_in(word: &str, today: NaiveDate) -> Option<Month> {
    let word = word.trim().trim_end_matches("的").to_lowercase();
    let this = Month::of(today);
    if THIS.contains(&word.as_str()) {
        return Some(this);
    }
    if LAST.contains(&word.as_str()) {
        return Some(this.before());
    }
    if let Some((year, month)) = word.split_once(['-', '/', '.', '年']) {
        let year: i32 = match year {
            "今" => today.year(),
            "去" => today.year() - 1,
            year if year.len() == 4 => year.parse().ok()?,
            _ => return None,
        };
        return Month::new(year, number(month.trim_end_matches(['月', '份']))?);
    }
    let month = number(
        word.strip_suffix("份")
            .unwrap_or(&word)
            .strip_suffix('月')?,
    )?;
    let of_this_year = Month::new(today.year(), month)?;
    if of_this_year.first() <= today {
        Some(of_this_year)
    } else {
        Month::new(today.year() - 1, month)
    }
}

fn number(text: &str) -> Option<u32> {
    let spoken = NUMBERS.iter().find(|(word, _)| *word == text);
    spoken
        .map(|(_, number)| *number)
        .or_else(|| text.parse().ok())
        .filter(|number| (1..=12).contains(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_read_as_people_say_them() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let today = day("2026-11-20");
        for (said, first) in [
            ("本月", Some("2026-11-01")),
            ("这个月", Some("2026-11-01")),
            ("上月", Some("2026-10-01")),
            ("上个月", Some("2026-10-01")),
            ("10月", Some("2026-10-01")),
            ("十月份", Some("2026-10-01")),
            ("十一月", Some("2026-11-01")),
            ("12月", Some("2025-12-01")),
            ("2026-10", Some("2026-10-01")),
            ("2025年9月", Some("2025-09-01")),
            ("去年9月", Some("2025-09-01")),
            ("2026/1", Some("2026-01-01")),
            ("13月", None),
            ("10", None),
            ("26-10", None),
            ("2026-13", None),
            ("写作营", None),
            ("月", None),
            ("", None),
        ] {
            let month = month_in(said, today);
            assert_eq!(month.map(Month::first), first.map(day), "{said}");
        }
        let month = month_in("上月", day("2026-01-05")).unwrap();
        assert_eq!(
            (month.first(), month.last()),
            (day("2025-12-01"), day("2025-12-31"))
        );
        assert_eq!(month.before().first(), day("2025-11-01"));
    }
}
