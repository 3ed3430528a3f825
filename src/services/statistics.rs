//! Reports: how camps went, and what became of their money.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};

use crate::domain::promise::was_kept;
use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, CampStatus, Timestamp};
use crate::store::camp_lists::CampFilter;
use crate::store::camps::Camp;
use crate::store::reports::{self, AlikeMembers, CampMoney};
use crate::store::{Conn, Listing as _};

use super::rows::readable;
use super::{Context, Error, FieldError, Result, reach_of};

/// Camps of one report at most: three years of a busy community.
pub const MAX_CAMPS: usize = 500;
/// Camps that members have had to do with: the others have nothing to report.
static REPORTED: [CampStatus; 5] = [
    CampStatus::Enrolling,
    CampStatus::Ongoing,
    CampStatus::Ended,
    CampStatus::Settling,
    CampStatus::Archived,
];

/// Some of many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Share {
    pub some: i64,
    pub all: i64,
}

/// How one camp went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CampReport {
    pub camp_id: CampId,
    pub name: String,
    pub starts: NaiveDate,
    /// Members who have paid.
    pub enrolled: i64,
    /// Of them, who checked in at all (参与率).
    pub participation: Share,
    /// Of them, whose days suffice (完成率).
    pub completion: Share,
    pub money: CampMoney,
    /// As of when the days are known; none before the first complete sync.
    pub synced_at: Option<Timestamp>,
}

/// The camps that begin in one month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonthReport {
    /// Its first day.
    pub month: NaiveDate,
    pub members: i64,
    pub completion: Share,
}

/// The camps of a span of time, and their sums.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub members: i64,
    pub money: CampMoney,
    /// Deposits that were back when it was promised, of those that went back.
    pub promises: Share,
    /// The newest first.
    pub camps: Vec<CampReport>,
    /// The oldest first; months without a camp are left out.
    pub months: Vec<MonthReport>,
}

impl CampMoney {
    /// What is left of what came in.
    #[must_use]
    pub fn net_fen(&self) -> i64 {
        self.paid_fen - self.returned_fen - self.settled_outside_fen
    }

    fn add(&mut self, other: &Self) {
        self.paid_fen += other.paid_fen;
        self.returned_fen += other.returned_fen;
        self.settled_outside_fen += other.settled_outside_fen;
        self.kept_fen += other.kept_fen;
    }
}

impl Share {
    fn add(&mut self, other: Self) {
        self.some += other.some;
        self.all += other.all;
    }

    /// In percent, rounded to the nearest; none of none.
    #[must_use]
    pub fn percent(self) -> Option<i64> {
        (self.all > 0).then(|| (self.some * 200 + self.all) / (self.all * 2))
    }
}

/// Reports on the camps of a span of time that somebody may see: those that ran on one of its days,
/// as the list of camps shows for the same days. Months are those in which the camps begin.
///
/// # Errors
/// [`Error::Forbidden`]; [`Error::Invalid`] for a span with more than [`MAX_CAMPS`] camps.
pub async fn report(
    ctx: &Context,
    actor: &Actor,
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
) -> Result<Report> {
    let reach = reach_of(actor, Action::ViewReports)?;
    let filter = CampFilter {
        statuses: &REPORTED,
        from,
        to,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        ..CampFilter::default()
    };
    let mut conn = ctx.db.read().await?;
    let camps = readable(filter.all(&mut conn).await?);
    if camps.len() > MAX_CAMPS {
        return Err(Error::invalid("from", FieldError::SpanTooLong));
    }
    let ids: Vec<CampId> = camps.iter().map(|camp| camp.id).collect();
    let camps = report_each(&mut conn, &camps, &ids).await?;
    let promises = promises_kept(&mut conn, &ids).await?;
    Ok(summed_up(camps, promises))
}

async fn report_each(conn: &mut Conn, camps: &[Camp], ids: &[CampId]) -> Result<Vec<CampReport>> {
    let members = reports::alike_members(conn, ids).await?;
    let money = reports::money(conn, ids).await?;
    let synced_at = reports::synced_at(conn, ids).await?;
    let each = camps.iter().map(|camp| {
        let members = members.get(&camp.id).map_or(&[][..], Vec::as_slice);
        let share = |counts: fn(&AlikeMembers) -> bool| Share {
            some: count(members.iter().filter(|group| counts(group))),
            all: count(members.iter()),
        };
        CampReport {
            camp_id: camp.id,
            name: camp.name.clone(),
            starts: camp.terms.start_date,
            enrolled: count(members.iter()),
            participation: share(|group| group.checked_in_days > 0),
            completion: share(|group| group.is_eligible),
            money: money.get(&camp.id).copied().unwrap_or_default(),
            synced_at: synced_at.get(&camp.id).copied(),
        }
    });
    Ok(each.collect())
}

fn count<'a>(groups: impl Iterator<Item = &'a AlikeMembers>) -> i64 {
    groups.map(|group| group.members).sum()
}

async fn promises_kept(conn: &mut Conn, camps: &[CampId]) -> Result<Share> {
    let mut kept = Share::default();
    for group in reports::returned_deposits(conn, camps).await? {
        let is_kept = was_kept(
            group.decision_by,
            group.money_days,
            group.decided_on,
            group.refunded_on,
        );
        kept.add(Share {
            some: if is_kept { group.deposits } else { 0 },
            all: group.deposits,
        });
    }
    Ok(kept)
}

fn summed_up(camps: Vec<CampReport>, promises: Share) -> Report {
    let mut money = CampMoney::default();
    let mut months: BTreeMap<NaiveDate, MonthReport> = BTreeMap::new();
    for camp in &camps {
        money.add(&camp.money);
        let month = camp.starts.with_day(1).unwrap_or(camp.starts);
        let report = months.entry(month).or_insert(MonthReport {
            month,
            members: 0,
            completion: Share::default(),
        });
        report.members += camp.enrolled;
        report.completion.add(camp.completion);
    }
    Report {
        members: camps.iter().map(|camp| camp.enrolled).sum(),
        money,
        promises,
        months: months.into_values().collect(),
        camps,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_rounded_to_the_nearest_percent() {
        for (some, all, percent) in [
            (0, 0, None),
            (1, 3, Some(33)),
            (2, 3, Some(67)),
            (1, 200, Some(1)),
        ] {
            assert_eq!(Share { some, all }.percent(), percent, "{some} of {all}");
        }
    }
}
