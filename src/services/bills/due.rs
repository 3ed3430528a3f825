//! The clock's part: every day that has not been compared.

use serde::Serialize;

use crate::domain::trade_bill::{self, BillFailure, BillState};
use crate::services::{Context, Result, with_causes};
use crate::store::{trade_bill_books, trade_bills};

use super::compare::{Outcome, compare_day};
use super::fetch::NoBill;
use super::tell::tell;

/// Days in a row that fail for what would fail others too, before the rest waits for the next run:
/// one may fail so by itself, every time, and must not keep the later ones for ever.
const GIVE_UP_AFTER: usize = 2;

/// The counts of one run, in days.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    pub equal: usize,
    pub different: usize,
    /// Their bill is still being made.
    pub late: usize,
    /// They could not be compared for another reason.
    pub failed: usize,
    /// Not tried, since WeChat Pay does not answer.
    pub left: usize,
}

/// Compares every day that has not been, the oldest first, and tells the admins. One day that
/// cannot be compared holds up no other; it is due again at the next run.
pub async fn compare_due(ctx: &Context) -> Result<Summary> {
    ctx.pay()?;
    let mut days = due(ctx).await?.into_iter();
    let mut summary = Summary::default();
    let mut failing = 0;
    for day in days.by_ref() {
        match compare_day(ctx, day, None).await {
            Ok(Outcome::Compared(state)) => {
                failing = 0;
                match state {
                    BillState::Equal => summary.equal += 1,
                    _ => summary.different += 1,
                }
            }
            Ok(Outcome::NoBill(NoBill { why, is_general })) => {
                let count = match why {
                    BillFailure::Creating => &mut summary.late,
                    _ => &mut summary.failed,
                };
                *count += 1;
                failing = if is_general { failing + 1 } else { 0 };
                if failing == GIVE_UP_AFTER {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(%day, error = with_causes(&error), "a day could not be compared");
                summary.failed += 1;
            }
        }
    }
    summary.left = days.count();
    tell(ctx).await?;
    Ok(summary)
}

async fn due(ctx: &Context) -> Result<Vec<chrono::NaiveDate>> {
    let mut conn = ctx.db.read().await?;
    let Some(first) = trade_bill_books::first_order_at(&mut conn).await? else {
        return Ok(Vec::new());
    };
    let now = ctx.now();
    let since = trade_bill::first_day_with_bill(now);
    let compared = trade_bills::compared_since(&mut conn, since).await?;
    let compared = compared.into_iter().collect();
    Ok(trade_bill::days_due(now, first.shanghai_day(), &compared))
}
