//! The books as staff read them.

use chrono::{Days, NaiveDate};

use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, Timestamp};
use crate::services::rows::logged;
use crate::services::{Context, Result, require_anywhere};
use crate::store::ledger::{self, Balances, LedgerFilter, ListedTransfer};
use crate::store::{Listing as _, Page, PageRequest};

/// The transfers that staff want to see.
#[derive(Debug, Clone, Copy, Default)]
pub struct BookQuery {
    pub camp_id: Option<CampId>,
    /// Written on this day or later.
    pub from: Option<NaiveDate>,
    /// Written on this day or earlier.
    pub to: Option<NaiveDate>,
}

/// Reads a page of transfers, the newest first.
///
/// # Errors
/// [`crate::services::Error::Forbidden`]: the books are for those who see every payment.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: BookQuery,
    page: PageRequest,
) -> Result<Page<ListedTransfer>> {
    require_anywhere(actor, Action::ViewPayments)?;
    let day_after = query.to.and_then(|day| day.checked_add_days(Days::new(1)));
    let filter = LedgerFilter {
        camp_id: query.camp_id,
        from: query.from.map(Timestamp::start_of_day),
        before: day_after.map(Timestamp::start_of_day),
    };
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

/// Sums up the accounts, of one camp or of all.
///
/// # Errors
/// As [`list`].
pub async fn balances(ctx: &Context, actor: &Actor, camp: Option<CampId>) -> Result<Balances> {
    require_anywhere(actor, Action::ViewPayments)?;
    let mut conn = ctx.db.read().await?;
    Ok(ledger::balances(&mut conn, camp).await?)
}
