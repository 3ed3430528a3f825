//! Bills as staff see them.

use chrono::NaiveDate;

use crate::domain::Action;
use crate::domain::staff::Actor;
use crate::services::rows::{logged, readable};
use crate::services::{Context, Error, Result, require_anywhere};
use crate::store::trade_bills::{self, BillFilter, KeptDifference, StoredBill};
use crate::store::{Conn, Listing as _, Page, PageRequest};

/// A day's bill with all in which it differs from the books.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bill {
    pub bill: StoredBill,
    pub differences: Vec<KeptDifference>,
}

/// Reads a page of bills, the newest first.
pub async fn page(
    ctx: &Context,
    actor: &Actor,
    filter: BillFilter,
    page: PageRequest,
) -> Result<Page<Bill>> {
    require_anywhere(actor, Action::ViewPayments)?;
    let mut conn = ctx.db.read().await?;
    let page = logged(filter.page(&mut conn, page).await?);
    let mut bills = Vec::with_capacity(page.rows.good.len());
    for bill in &page.rows.good {
        bills.push(with_differences(&mut conn, bill.clone()).await?);
    }
    let mut bills = bills.into_iter();
    Ok(page.map(|bill| {
        let empty = |bill| Bill {
            bill,
            differences: Vec::new(),
        };
        bills.next().unwrap_or_else(|| empty(bill))
    }))
}

/// Reads the bill of a day.
///
/// # Errors
/// [`Error::NotFound`] if nobody has looked for it.
pub async fn one(ctx: &Context, actor: &Actor, day: NaiveDate) -> Result<Bill> {
    require_anywhere(actor, Action::ViewPayments)?;
    read(ctx, day).await?.ok_or(Error::NotFound)
}

pub(super) async fn read(ctx: &Context, day: NaiveDate) -> Result<Option<Bill>> {
    let mut conn = ctx.db.read().await?;
    match trade_bills::by_date(&mut conn, day).await? {
        Some(bill) => with_differences(&mut conn, bill).await.map(Some),
        None => Ok(None),
    }
}

pub(super) async fn with_differences(conn: &mut Conn, bill: StoredBill) -> Result<Bill> {
    let differences = readable(trade_bills::differences(conn, bill.day).await?);
    Ok(Bill { bill, differences })
}
