//! Objections: a member says that a day, the verdict on their days or a person's no is wrong, and
//! somebody who did not decide it answers.

use chrono::{NaiveDate, TimeDelta};

use super::calendar::DayState;
use super::machine::Machine;
use super::refund::Decision;
use super::{AppealId, CampStatus, Timestamp};

/// A person's no can be objected to for so long; then it is final.
pub const REJECTION_STANDS: TimeDelta = TimeDelta::days(7);

text_enum! {
    /// What a member objects to.
    pub enum AppealKind {
        /// A day that was not counted.
        Day = "day",
        /// That their days do not suffice.
        Verdict = "verdict",
        /// A person's no.
        Rejection = "rejection",
    }
}

text_enum! {
    /// Where an objection stands.
    pub enum AppealStatus {
        /// It waits for its answer, and holds its deposit.
        Open = "open",
        /// The member is right.
        Accepted = "accepted",
        /// It stays as it was.
        Refused = "refused",
    }
}

impl Machine for AppealStatus {
    const SUBJECT: &'static str = "appeal";

    fn may_become(self, to: Self) -> bool {
        matches!((self, to), (Self::Open, Self::Accepted | Self::Refused))
    }
}

/// An objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appeal {
    pub id: AppealId,
    pub kind: AppealKind,
    /// The day that it is about; none for the other kinds.
    pub day: Option<NaiveDate>,
    /// In the member's words.
    pub text: String,
    pub status: AppealStatus,
    pub made_at: Timestamp,
    /// None while it is open.
    pub answer: Option<Answer>,
}

/// The answer to an objection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What the member reads.
    pub text: String,
    pub by: Decision,
}

/// What a member may object to at this moment: each kind has its own time.
#[derive(Debug, Clone, Default)]
pub struct Contestable {
    pub camp: Option<CampStatus>,
    /// What is known of the day they mean; none where it is no day of theirs.
    pub day: Option<DayState>,
    /// Until when the verdict is not final; none where there is none against them.
    pub verdict_until: Option<Timestamp>,
    /// Who said no, and when; none where nobody did.
    pub rejected: Option<Decision>,
}

impl Contestable {
    /// True if an objection of this kind is in time. A day is open from the morning after, once a
    /// sync that saw all of it found nothing, and as long as the camp runs.
    #[must_use]
    pub fn is_open(&self, kind: AppealKind, now: Timestamp) -> bool {
        match kind {
            AppealKind::Day => {
                self.camp == Some(CampStatus::Ongoing) && self.day == Some(DayState::Missed)
            }
            AppealKind::Verdict => self.verdict_until.is_some_and(|until| now < until),
            AppealKind::Rejection => self
                .rejected
                .as_ref()
                .is_some_and(|no| now < no.at.plus(REJECTION_STANDS)),
        }
    }

    /// The moment from which an objection of this kind is to the same thing as one now.
    #[must_use]
    pub fn since(&self, kind: AppealKind, refused_at: Option<Timestamp>) -> Option<Timestamp> {
        match kind {
            AppealKind::Day => None,
            AppealKind::Verdict => refused_at,
            AppealKind::Rejection => self.rejected.as_ref().map(|no| no.at),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AppealStatus::{self, Accepted, Open, Refused};
    use super::*;
    use crate::domain::UserId;
    use crate::domain::machine::assert_table;

    #[test]
    fn the_whole_table() {
        assert_table(AppealStatus::ALL, &[(Open, Accepted), (Open, Refused)]);
    }

    #[test]
    fn each_kind_has_its_own_time() {
        use AppealKind::{Day, Rejection, Verdict};
        let at = Timestamp::from_micros(0);
        let day = |camp, day| Contestable {
            camp: Some(camp),
            day,
            ..Contestable::default()
        };
        let verdict = Contestable {
            verdict_until: Some(at.plus(TimeDelta::hours(72))),
            ..Contestable::default()
        };
        let rejection = Contestable {
            rejected: Some(Decision {
                by: UserId(1),
                name: "林越".to_owned(),
                at,
            }),
            ..Contestable::default()
        };
        let missed = Some(DayState::Missed);
        for (contestable, kind, hours, is_open) in [
            (&day(CampStatus::Ongoing, missed), Day, 0, true),
            (&day(CampStatus::Ended, missed), Day, 0, false),
            (&day(CampStatus::Ongoing, None), Day, 0, false),
            (
                &day(CampStatus::Ongoing, Some(DayState::Open)),
                Day,
                0,
                false,
            ),
            (
                &day(CampStatus::Ongoing, Some(DayState::NotSynced)),
                Day,
                0,
                false,
            ),
            (
                &day(CampStatus::Ongoing, Some(DayState::CheckedIn)),
                Day,
                0,
                false,
            ),
            (&verdict, Verdict, 71, true),
            (&verdict, Verdict, 72, false),
            (&verdict, Rejection, 0, false),
            (&rejection, Rejection, 7 * 24 - 1, true),
            (&rejection, Rejection, 7 * 24, false),
            (&rejection, Verdict, 0, false),
        ] {
            let now = at.plus(TimeDelta::hours(hours));
            assert_eq!(
                contestable.is_open(kind, now),
                is_open,
                "{kind} after {hours} h"
            );
        }
    }
}
