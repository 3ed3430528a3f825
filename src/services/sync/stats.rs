//! A camp's check-ins in figures, resting on the sync that decides.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, Timestamp};
use crate::services::{Context, Error, Result, require};
use crate::store::{camps, reports, syncs};

/// Check-ins of one day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DayCount {
    /// The day in Shanghai.
    pub date: NaiveDate,
    /// Accounts that checked in on it.
    pub count: i64,
}

/// Members with the same number of days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaysCount {
    /// So many days.
    pub days: i64,
    /// So many members.
    pub members: i64,
}

/// A camp's check-ins in figures.
#[derive(Debug, Clone, PartialEq)]
pub struct Stats {
    /// Every day of the camp that has begun, in order.
    pub daily: Vec<DayCount>,
    /// Members by days, ascending.
    pub distribution: Vec<DaysCount>,
    /// Days per member, to two decimals; 0 without members.
    pub average: f64,
    /// Members whose days suffice.
    pub eligible: i64,
    /// Members.
    pub total: i64,
    /// The moment as of which the deciding sync read the planet.
    pub synced_at: Option<Timestamp>,
    /// Whether the newest sync is the deciding one.
    pub complete: bool,
}

/// Works out the figures of one camp.
///
/// # Errors
/// There is no such camp, or `actor` may not see it.
pub async fn stats(ctx: &Context, actor: &Actor, camp_id: CampId) -> Result<Stats> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ViewCamp, camp_id).await?;
    let camp = camps::by_id(&mut conn, camp_id)
        .await?
        .ok_or(Error::NotFound)?;
    let (start, end) = (camp.terms.start_date, camp.terms.end_date);
    let counted = reports::check_ins_per_day(&mut conn, camp_id, start, end).await?;
    let groups = reports::alike_members(&mut conn, &[camp_id]).await?;
    let groups = groups.into_values().next().unwrap_or_default();
    let newest = syncs::newest_finished(&mut conn, camp_id).await?;
    let synced_at = match camp.current_sync {
        Some(id) => syncs::by_id(&mut conn, id).await?.map(|run| run.started_at),
        None => None,
    };

    let today = ctx.today();
    let begun = camp.terms.days().take_while(|day| *day <= today);
    let mut distribution: BTreeMap<i64, i64> = BTreeMap::new();
    for group in &groups {
        *distribution.entry(group.checked_in_days).or_default() += group.members;
    }
    let total = groups.iter().map(|group| group.members).sum();
    let eligible = groups.iter().filter(|group| group.is_eligible);
    let days = groups
        .iter()
        .map(|group| group.checked_in_days.saturating_mul(group.members));
    Ok(Stats {
        daily: begun
            .map(|date| DayCount {
                date,
                count: counted.get(&date).copied().unwrap_or(0),
            })
            .collect(),
        average: mean(days.sum(), total),
        eligible: eligible.map(|group| group.members).sum(),
        distribution: distribution
            .into_iter()
            .map(|(days, members)| DaysCount { days, members })
            .collect(),
        total,
        synced_at,
        complete: newest.is_some_and(|run| camp.current_sync == Some(run.id)),
    })
}

/// Days per member, rounded down to hundredths.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "a mean of days for people to read; no money"
)]
fn mean(days: i64, members: i64) -> f64 {
    (days.saturating_mul(100) / members.max(1)) as f64 / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mean_has_two_decimals_and_needs_no_members() {
        assert_eq!(mean(0, 0).to_string(), "0");
        assert_eq!(mean(7, 2).to_string(), "3.5");
        assert_eq!(mean(10, 3).to_string(), "3.33");
    }
}
