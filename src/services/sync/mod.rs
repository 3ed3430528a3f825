//! Check-ins: what the planet says of who came when, and what follows from it for members.
//!
//! A sync reads the planet with no transaction open: first the ranking against its checksum, which
//! decides, then the posts, which give the calendar. Only a whole and clean ranking is applied, in
//! one transaction with the posts that could be read; anything less is kept apart and decides
//! nothing, and an odd one nothing before a person has confirmed it (design §3).

mod apply;
mod calendar;
mod claims;
mod confirm;
mod cookie;
mod list;
mod planet;
mod run;
mod stats;

pub use crate::store::syncs::{Counts, SyncRun, SyncState};
pub use calendar::{CampCalendar, MemberDays, camp_calendar};
pub use confirm::confirm;
pub use cookie::{CookieState, check_cookie};
pub(crate) use cookie::{RENEW_BEFORE, SECONDS_PER_DAY};
pub use list::{CheckInQuery, list};
pub use run::{Summary, refresh, request, sync_all};
pub use stats::{DayCount, DaysCount, Stats, stats};

use crate::domain::staff::Actor;
use crate::domain::{Action, SyncId};
use crate::store::syncs;

use super::{Context, Error, Result, require};

/// One run, as it stands.
///
/// # Errors
/// There is none of this id, or it is of a camp that is not for `actor` to see.
pub async fn poll(ctx: &Context, actor: &Actor, id: SyncId) -> Result<SyncRun> {
    let mut conn = ctx.db.read().await?;
    let run = syncs::by_id(&mut conn, id).await?.ok_or(Error::NotFound)?;
    require(&mut conn, actor, Action::ViewCamp, run.camp_id).await?;
    Ok(run)
}
