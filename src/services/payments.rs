//! Payments as staff see them.

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, OrderFlag, OrderStatus, Timestamp};
use crate::store::payment_lists::{ListedPayment, PaymentFilter};
use crate::store::{Listing as _, Page, PageRequest};

use super::rows::logged;
use super::{Context, Result, reach_of};

/// The payments that staff want to see.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentQuery {
    pub camp_id: Option<CampId>,
    pub status: Option<OrderStatus>,
    pub flag: Option<OrderFlag>,
    /// Part of a member's name, or a whole number: of an order, or WeChat Pay's.
    pub text: Option<String>,
    /// Paid (or, while unpaid, made) on this day or later.
    pub from: Option<NaiveDate>,
    /// Paid (or made) on this day or earlier.
    pub to: Option<NaiveDate>,
}

/// Reads a page of payments, the newest first.
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: PaymentQuery,
    page: PageRequest,
) -> Result<Page<ListedPayment>> {
    let filter = query.seen_by(actor)?;
    let mut conn = ctx.db.read().await?;
    Ok(logged(filter.page(&mut conn, page).await?))
}

impl PaymentQuery {
    /// The payments of it that somebody may see.
    pub(super) fn seen_by(self, actor: &Actor) -> Result<PaymentFilter> {
        let reach = reach_of(actor, Action::ViewPayments)?;
        let day_after = self.to.and_then(|day| day.checked_add_days(Days::new(1)));
        Ok(PaymentFilter {
            camp_id: self.camp_id,
            status: self.status,
            flag: self.flag,
            text: self.text,
            from: self.from.map(Timestamp::start_of_day),
            before: day_after.map(Timestamp::start_of_day),
            staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        })
    }
}
