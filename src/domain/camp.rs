//! A camp: its life, and the terms that a member agrees to.

use chrono::{Days, NaiveDate};
use serde::{Deserialize, Serialize};

use super::{Fen, Machine, Timestamp};

text_enum! {
    /// Where a camp is in its life (design §3).
    pub enum CampStatus {
        /// Something required is still missing.
        Draft = "draft",
        /// Complete, not published.
        Pending = "pending",
        /// Published: members may pay.
        Enrolling = "enrolling",
        /// From its start date to its end date, both inclusive.
        Ongoing = "ongoing",
        /// From the day after the end date.
        Ended = "ended",
        /// The refund list has been built.
        Settling = "settling",
        /// Nothing of it is in custody any more.
        Archived = "archived",
    }
}

impl CampStatus {
    /// Whether members see the camp (contract, Member API).
    #[must_use]
    pub const fn is_shown_to_members(self) -> bool {
        matches!(self, Self::Enrolling | Self::Ongoing)
    }

    /// Whether the camp is over, so that its check-ins decide about deposits.
    #[must_use]
    pub const fn is_over(self) -> bool {
        matches!(self, Self::Ended | Self::Settling | Self::Archived)
    }

    /// The move that the calendar asks for, if any. One step: the caller asks again.
    #[must_use]
    pub fn due_by_calendar(self, terms: &Terms, today: NaiveDate) -> Option<Self> {
        match self {
            Self::Enrolling if today >= terms.start_date => Some(Self::Ongoing),
            Self::Ongoing if today > terms.end_date => Some(Self::Ended),
            _ => None,
        }
    }
}

impl Machine for CampStatus {
    const SUBJECT: &'static str = "camp";

    fn may_become(self, to: Self) -> bool {
        use CampStatus::{Archived, Draft, Ended, Enrolling, Ongoing, Pending, Settling};
        matches!(
            (self, to),
            (Draft, Pending)
                | (Pending, Draft | Enrolling)
                | (Enrolling, Pending | Ongoing)
                | (Ongoing, Ended)
                | (Ended, Settling)
                | (Settling, Archived)
                | (Archived, Settling)
        )
    }
}

/// After how many days people are told of a camp that still settles.
pub const LINGERS_AFTER_DAYS: i64 = 60;

/// A camp that was reopened is not put away again within so many days.
pub const REOPENED_FOR_DAYS: i64 = 7;

/// The access token of a member lives until this many days after the camp's end (plan v2 §1.4).
pub const ACCESS_TOKEN_DAYS_AFTER_END: u64 = 7;

/// The rules that a member agrees to by ordering. They are copied onto the order and are what the
/// refund is judged by; later edits of the camp do not reach back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Terms {
    pub deposit_fen: Fen,
    /// The first day that counts.
    pub start_date: NaiveDate,
    /// The last day that counts.
    pub end_date: NaiveDate,
    /// Days of the planet's check-in project.
    pub total_days: i64,
    /// Days that earn the deposit back.
    pub required_days: i64,
    /// Days that may be missing all the same; who needs them is always looked at by a person.
    pub grace_days: i64,
}

impl Terms {
    /// Days from start to end, both inclusive.
    #[must_use]
    pub fn calendar_days(&self) -> i64 {
        (self.end_date - self.start_date).num_days() + 1
    }

    /// Days of the camp that have begun by `today`: 0 before the start, all after the end.
    #[must_use]
    pub fn days_begun(&self, today: NaiveDate) -> i64 {
        ((today - self.start_date).num_days() + 1).clamp(0, self.calendar_days())
    }

    /// Every day of the camp, in order.
    pub fn days(&self) -> impl Iterator<Item = NaiveDate> + use<> {
        let end = self.end_date;
        self.start_date
            .iter_days()
            .take_while(move |day| *day <= end)
    }

    /// The first moment after the camp: a sync that starts from here on sees all of it.
    #[must_use]
    pub fn over_at(&self) -> Timestamp {
        Timestamp::start_of_day(self.end_date.succ_opt().unwrap_or(self.end_date))
    }

    /// Until when a member's access token for this camp works.
    #[must_use]
    pub fn access_until(&self) -> Timestamp {
        let last = self
            .end_date
            .checked_add_days(Days::new(ACCESS_TOKEN_DAYS_AFTER_END + 1));
        Timestamp::start_of_day(last.unwrap_or(self.end_date))
    }
}

#[cfg(test)]
mod tests {
    use super::{super::machine::assert_table, *};

    #[test]
    fn moves_are_those_of_the_design() {
        use CampStatus::{Archived, Draft, Ended, Enrolling, Ongoing, Pending, Settling};
        assert_table(
            CampStatus::ALL,
            &[
                (Draft, Pending),
                (Pending, Draft),
                (Pending, Enrolling),
                (Enrolling, Pending),
                (Enrolling, Ongoing),
                (Ongoing, Ended),
                (Ended, Settling),
                (Settling, Archived),
                (Archived, Settling),
            ],
        );
    }

    fn terms() -> Terms {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        Terms {
            deposit_fen: Fen::new(9900).unwrap(),
            start_date: day(1),
            end_date: day(10),
            total_days: 10,
            required_days: 7,
            grace_days: 1,
        }
    }

    #[test]
    fn the_calendar_moves_a_camp_on_its_first_day_and_the_day_after_its_last() {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        let before = terms().start_date.pred_opt().unwrap();
        assert_eq!(
            CampStatus::Enrolling.due_by_calendar(&terms(), before),
            None
        );
        assert_eq!(
            CampStatus::Enrolling.due_by_calendar(&terms(), day(1)),
            Some(CampStatus::Ongoing)
        );
        assert_eq!(CampStatus::Ongoing.due_by_calendar(&terms(), day(10)), None);
        assert_eq!(
            CampStatus::Ongoing.due_by_calendar(&terms(), day(11)),
            Some(CampStatus::Ended)
        );
        assert_eq!(CampStatus::Draft.due_by_calendar(&terms(), day(11)), None);
    }

    #[test]
    fn days_are_inclusive() {
        let terms = terms();
        assert_eq!(terms.calendar_days(), 10);
        assert_eq!(terms.days().count(), 10);
        assert_eq!(
            terms.days_begun(NaiveDate::from_ymd_opt(2025, 12, 31).unwrap()),
            0
        );
        assert_eq!(
            terms.days_begun(NaiveDate::from_ymd_opt(2026, 1, 1).unwrap()),
            1
        );
        assert_eq!(
            terms.days_begun(NaiveDate::from_ymd_opt(2026, 2, 1).unwrap()),
            10
        );
        assert_eq!(terms.over_at().rfc3339(), "2026-01-11T00:00:00+08:00");
    }
}
