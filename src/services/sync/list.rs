//! The list of check-ins.

use chrono::NaiveDate;

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId};
use crate::services::{Context, Result, reach_of, require};
use crate::store::checkins::{self, Filter, ListedCheckIn};

/// What is looked for.
#[derive(Debug, Clone, Default)]
pub struct Search {
    /// In one camp.
    pub camp: Option<CampId>,
    /// A part of a member's name, or an account's id.
    pub text: Option<String>,
    /// From this day on.
    pub from: Option<NaiveDate>,
    /// Up to this day, inclusive.
    pub to: Option<NaiveDate>,
}

/// A page of the check-ins that `actor` may see, newest first, and how many there are.
///
/// # Errors
/// `actor` may see none, or not those of this camp.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    search: Search,
    limit: i64,
    offset: i64,
) -> Result<(Vec<ListedCheckIn>, i64)> {
    let mut conn = ctx.db.read().await?;
    let reach = reach_of(actor, Action::ViewCamp)?;
    if let Some(camp) = search.camp {
        require(&mut conn, actor, Action::ViewCamp, camp).await?;
    }
    let filter = Filter {
        camp: search.camp,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        text: search.text.filter(|text| !text.trim().is_empty()),
        from: search.from,
        to: search.to,
    };
    Ok(checkins::list(&mut conn, &filter, limit, offset).await?)
}
