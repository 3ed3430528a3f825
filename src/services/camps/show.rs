//! Camps as staff see them.

use chrono::NaiveDate;

use crate::domain::camp_form::CampForm;
use crate::domain::staff::{Action, Actor, Reach};
use crate::domain::{CampId, CampStatus};
use crate::store::camp_lists::CampFilter;
use crate::store::camps::Camp;
use crate::store::reports::{self, CampSums};
use crate::store::{Listing as _, Page, PageRequest};

use super::super::rows::readable;
use super::super::{Context, Result, reach_of, require};
use super::edit::form_of;
use super::found;

text_enum! {
    /// A part of the life of camps that lists are narrowed to: one state, or several.
    pub enum CampPhase {
        /// Something required is missing.
        Draft = "draft",
        /// Complete, not published.
        Pending = "pending",
        /// Members may pay.
        Enrolling = "enrolling",
        /// Between its first and its last day.
        Ongoing = "ongoing",
        /// Over.
        Ended = "ended",
        /// Refunds are being settled.
        Settling = "settling",
        /// Put away.
        Archived = "archived",
        /// Not begun: draft, pending or enrolling.
        Upcoming = "upcoming",
        /// Begun and not over: ongoing.
        Running = "running",
        /// Over: ended, settling or archived.
        Over = "over",
    }
}

impl CampPhase {
    /// The states that it stands for.
    #[must_use]
    pub const fn statuses(self) -> &'static [CampStatus] {
        use CampStatus::{Archived, Draft, Ended, Enrolling, Ongoing, Pending, Settling};
        match self {
            Self::Draft => &[Draft],
            Self::Pending => &[Pending],
            Self::Enrolling => &[Enrolling],
            Self::Ongoing | Self::Running => &[Ongoing],
            Self::Ended => &[Ended],
            Self::Settling => &[Settling],
            Self::Archived => &[Archived],
            Self::Upcoming => &[Draft, Pending, Enrolling],
            Self::Over => &[Ended, Settling, Archived],
        }
    }
}

/// The camps that staff want to see.
#[derive(Debug, Default)]
pub struct CampQuery {
    /// One state, or a part of life.
    pub phase: Option<CampPhase>,
    /// Not over before this day.
    pub from: Option<NaiveDate>,
    /// Not begun after this day.
    pub to: Option<NaiveDate>,
    /// Part of the name.
    pub text: Option<String>,
}

/// A camp with its group codes and staff.
#[derive(Debug)]
pub struct CampDetail {
    pub camp: Camp,
    /// As it is filled in.
    pub form: CampForm,
    /// Members who have paid.
    pub enrolled: i64,
}

/// Sums and rates of a camp.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Statistics {
    pub sums: CampSums,
    /// Check-in days of all members among those that could be, in ten-thousandths.
    pub average_permyriad: i64,
    /// Refunds done among those on the list, in ten-thousandths.
    pub refunded_permyriad: i64,
}

/// Reads a page of camps, newest first: all, or those that a coach or volunteer is on.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: CampQuery,
    page: PageRequest,
) -> Result<Page<CampDetail>> {
    let reach = reach_of(actor, Action::ViewCamp)?;
    let filter = CampFilter {
        statuses: query.phase.map_or(&[], CampPhase::statuses),
        from: query.from,
        to: query.to,
        text: query.text,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
    };
    let mut conn = ctx.db.read().await?;
    let page = filter.page(&mut conn, page).await?;
    let camps = readable(page.rows);
    let ids: Vec<CampId> = camps.iter().map(|camp| camp.id).collect();
    let sums = reports::sums(&mut conn, &ids).await?;
    let mut details = Vec::new();
    for camp in camps {
        let form = form_of(&mut conn, &camp).await?;
        let enrolled = sums.get(&camp.id).map_or(0, |sums| sums.enrolled);
        details.push(CampDetail {
            camp,
            form,
            enrolled,
        });
    }
    Ok(Page {
        rows: details.into(),
        total: page.total,
        request: page.request,
    })
}

/// Finds one camp.
pub async fn by_id(ctx: &Context, actor: &Actor, id: CampId) -> Result<CampDetail> {
    let mut conn = ctx.db.read().await?;
    let camp = found(&mut conn, id).await?;
    require(&mut conn, actor, Action::ViewCamp, id).await?;
    let form = form_of(&mut conn, &camp).await?;
    let enrolled = reports::sums_of(&mut conn, id).await?.enrolled;
    Ok(CampDetail {
        camp,
        form,
        enrolled,
    })
}

/// Works out the sums and rates of a camp that the caller has seen to be there for them.
pub async fn statistics(ctx: &Context, camp: &Camp) -> Result<Statistics> {
    let sums = reports::sums_of(&mut ctx.db.read().await?, camp.id).await?;
    let possible = sums.enrolled.saturating_mul(camp.terms.total_days);
    Ok(Statistics {
        sums,
        average_permyriad: permyriad(sums.checked_in_days, possible),
        refunded_permyriad: permyriad(sums.refunds_done, sums.refunds),
    })
}

/// A share in ten-thousandths; 0 of nothing is 0.
fn permyriad(part: i64, whole: i64) -> i64 {
    part.saturating_mul(10_000)
        .checked_div(whole)
        .unwrap_or(0)
        .min(10_000)
}
