//! How much goes back on which day: the least, by who has the days now, and the most, by who still
//! can.

use chrono::{Days, NaiveDate};

use crate::domain::eligibility::outlook;
use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, Fen};
use crate::store::Conn;
use crate::store::custody::CustodyFilter;

use super::{Context, Held, Result, reach_of, survey_all};

/// Days that are told ahead, today among them.
const DAYS_AHEAD: u64 = 14;

/// What goes back on a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DaySum {
    pub date: NaiveDate,
    pub least: Fen,
    pub most: Fen,
}

/// Foretells the next 14 days, of one camp or of all that somebody reviews.
///
/// # Errors
/// [`super::Error::Forbidden`].
pub async fn forecast(ctx: &Context, actor: &Actor, camp: Option<CampId>) -> Result<Vec<DaySum>> {
    let reach = reach_of(actor, Action::ReviewRefunds)?;
    let filter = CustodyFilter {
        camp_id: camp,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        ..CustodyFilter::default()
    };
    let mut conn = ctx.db.read().await?;
    sums(ctx, &mut conn, filter).await
}

pub(super) async fn sums(
    ctx: &Context,
    conn: &mut Conn,
    filter: CustodyFilter,
) -> Result<Vec<DaySum>> {
    let today = ctx.today();
    let days = (0..DAYS_AHEAD).map(|ahead| DaySum {
        date: today + Days::new(ahead),
        least: Fen::ZERO,
        most: Fen::ZERO,
    });
    let mut days: Vec<DaySum> = days.collect();
    let (in_custody, _) = survey_all(ctx, conn, filter).await?;
    for held in in_custody {
        let Some((date, likelihood)) = way_back(ctx, &held) else {
            continue;
        };
        let Some(day) = days.iter_mut().find(|day| day.date == date) else {
            continue;
        };
        let sum = |sum: Fen| sum.checked_add(held.amount).unwrap_or(sum);
        day.most = sum(day.most);
        if likelihood == Likelihood::Sure {
            day.least = sum(day.least);
        }
    }
    Ok(days)
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Likelihood {
    Sure,
    Possible,
}

/// The day on which a payment goes back, if it may. What is overdue may go any day: today.
pub(super) fn way_back(ctx: &Context, held: &Held) -> Option<(NaiveDate, Likelihood)> {
    let today = ctx.today();
    if let Some(refund) = held
        .refund
        .as_ref()
        .filter(|refund| !refund.status().has_ended())
    {
        let approval = refund.state.approval();
        let money_by = held.payment.promise.map(|promise| promise.money_by());
        let date = match approval {
            Some(approval) => approval.undo_until.shanghai_day(),
            None => money_by.unwrap_or(today),
        };
        return Some((date.max(today), Likelihood::Sure));
    }
    // A person's no to the deposit, and what was settled, are not foretold away.
    if held
        .refund
        .as_ref()
        .is_some_and(|refund| !refund.leaves_deposit_open())
    {
        return None;
    }
    let grounds = &held.case.as_ref()?.grounds;
    let (terms, claimant) = (grounds.terms?, grounds.claimant.as_ref()?);
    claimant.planet_user_id?;
    let date = held.payment.promise?.money_by().max(today);
    if grounds.judgement().is_eligible() {
        return Some((date, Likelihood::Sure));
    }
    let outlook = outlook(grounds.checked_in_days(), false, &terms, today);
    let may_still = outlook.reachable && !grounds.is_judged();
    may_still.then_some((date, Likelihood::Possible))
}
