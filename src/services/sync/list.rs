//! The list of check-ins.

use chrono::NaiveDate;
use serde::Serialize;

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId};
use crate::services::rows::logged;
use crate::services::{Context, Result, reach_of, require};
use crate::store::checkin_lists::{CheckInFilter, ListedCheckIn};
use crate::store::{Conn, Listing as _, Page, PageRequest};

/// The check-ins that staff want to see.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckInQuery {
    pub camp: Option<CampId>,
    /// A member's name or number, or an account's id.
    pub text: Option<String>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, inclusive.
    pub to: Option<NaiveDate>,
}

/// Reads a page of the check-ins that `actor` may see, newest first.
///
/// # Errors
/// `actor` may see none, or not those of this camp.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: CheckInQuery,
    page: PageRequest,
) -> Result<Page<ListedCheckIn>> {
    let mut conn = ctx.db.read().await?;
    let filter = query.seen_by(&mut conn, actor).await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

impl CheckInQuery {
    /// The check-ins of it that somebody may see.
    pub(in crate::services) async fn seen_by(
        self,
        conn: &mut Conn,
        actor: &Actor,
    ) -> Result<CheckInFilter> {
        let reach = reach_of(actor, Action::ViewCamp)?;
        if let Some(camp) = self.camp {
            require(conn, actor, Action::ViewCamp, camp).await?;
        }
        Ok(CheckInFilter {
            camp: self.camp,
            staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
            text: self.text,
            from: self.from,
            to: self.to,
        })
    }
}
