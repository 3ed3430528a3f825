//! Who gets the deposit back, and who still can.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::Terms;

text_enum! {
    /// What the days say about a member.
    pub enum Judgement {
        /// The days suffice.
        Eligible = "eligible",
        /// They suffice only with the grace days: a person always looks.
        ByGrace = "by_grace",
        /// They do not suffice.
        NotEligible = "not_eligible",
    }
}

impl Judgement {
    /// `checked_in_days + grace_days ≥ required_days` (design §3).
    #[must_use]
    pub const fn of(checked_in_days: i64, terms: &Terms) -> Self {
        Days::of(checked_in_days, terms).judgement()
    }

    /// Whether the deposit may go back.
    #[must_use]
    pub const fn is_eligible(self) -> bool {
        matches!(self, Self::Eligible | Self::ByGrace)
    }
}

/// A member's days, and those that the terms ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Days {
    /// Days that the member has checked in.
    pub checked_in: i64,
    /// Days that earn the deposit back.
    pub required: i64,
    /// Days that may be missing all the same.
    pub grace: i64,
}

impl Days {
    /// The days of a member under their terms.
    #[must_use]
    pub const fn of(checked_in_days: i64, terms: &Terms) -> Self {
        Self {
            checked_in: checked_in_days,
            required: terms.required_days,
            grace: terms.grace_days,
        }
    }

    /// What they say about the member.
    #[must_use]
    pub const fn judgement(self) -> Judgement {
        if self.checked_in >= self.required {
            Judgement::Eligible
        } else if self.checked_in + self.grace >= self.required {
            Judgement::ByGrace
        } else {
            Judgement::NotEligible
        }
    }

    /// Days that are missing, without grace.
    #[must_use]
    pub fn missing(self) -> i64 {
        (self.required - self.checked_in).max(0)
    }
}

impl std::fmt::Display for Days {
    /// As staff and members read them: `8/7`, or `6+宽限1/7` where grace was used.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self {
            checked_in,
            required,
            grace,
        } = self;
        match self.judgement() {
            Judgement::ByGrace => write!(f, "{checked_in}+宽限{grace}/{required}"),
            Judgement::Eligible | Judgement::NotEligible => write!(f, "{checked_in}/{required}"),
        }
    }
}

/// The days as staff and members read them: `8/7`, or `6+宽限1/7` where grace was used.
#[must_use]
pub fn days_shown(checked_in_days: i64, terms: &Terms) -> String {
    Days::of(checked_in_days, terms).to_string()
}

/// Whether and when a member of a running camp can still make it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outlook {
    /// Whether enough days are left.
    pub reachable: bool,
    /// The first day on which the days can suffice, checking in every day from now on; `None`
    /// once they suffice or cannot any more.
    pub earliest_eligible_date: Option<NaiveDate>,
}

/// What is still possible on `today`, not counting grace, which is for people to give.
#[must_use]
pub fn outlook(
    checked_in_days: i64,
    checked_in_today: bool,
    terms: &Terms,
    today: NaiveDate,
) -> Outlook {
    let missing = terms.required_days - checked_in_days;
    if missing <= 0 {
        return Outlook {
            reachable: true,
            earliest_eligible_date: None,
        };
    }
    let mut open_days = terms
        .days()
        .filter(|day| *day > today || (*day == today && !checked_in_today));
    let date = usize::try_from(missing - 1)
        .ok()
        .and_then(|skipped| open_days.nth(skipped));
    Outlook {
        reachable: date.is_some(),
        earliest_eligible_date: date,
    }
}

#[cfg(test)]
mod tests {
    use super::{super::Fen, *};

    fn terms() -> Terms {
        Terms {
            deposit_fen: Fen::new(9900).unwrap(),
            start_date: day(1),
            end_date: day(10),
            total_days: 10,
            required_days: 7,
            grace_days: 1,
        }
    }

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2026, 1, d).unwrap()
    }

    #[test]
    fn judges_by_days_and_shows_the_grace() {
        for (days, judgement, shown) in [
            (10, Judgement::Eligible, "10/7"),
            (7, Judgement::Eligible, "7/7"),
            (6, Judgement::ByGrace, "6+宽限1/7"),
            (5, Judgement::NotEligible, "5/7"),
            (0, Judgement::NotEligible, "0/7"),
        ] {
            assert_eq!(Judgement::of(days, &terms()), judgement, "{days}");
            assert_eq!(days_shown(days, &terms()), shown);
        }
    }

    #[test]
    fn says_what_can_still_be_reached() {
        for (days, today_done, today, reachable, date) in [
            (0, false, day(1), true, Some(day(7))),
            (1, true, day(1), true, Some(day(7))),
            (3, false, day(6), true, Some(day(9))),
            (3, true, day(6), true, Some(day(10))),
            (3, true, day(7), false, None),
            (7, true, day(7), true, None),
            (6, false, day(11), false, None),
        ] {
            let outlook = outlook(days, today_done, &terms(), today);
            assert_eq!(
                (outlook.reachable, outlook.earliest_eligible_date),
                (reachable, date)
            );
        }
    }
}
