//! Asking WeChat Pay about orders without a payment: its notification may have been lost.

use chrono::TimeDelta;
use serde_json::json;

use crate::domain::{OrderStatus, Timestamp};
use crate::store::payments::{self, Payment};

use super::close_order::{self, AtWechatPay, Closing};
use super::rows;
use super::{Context, Error, Result};

/// Orders asked about in one round.
const BATCH: i64 = 200;
/// Rounds of one run: as many orders as ten full camps can leave unpaid in an hour.
const MAX_ROUNDS: usize = 50;
/// The wait after each question about an unpaid order; the last is repeated (wechat-pay-v3 §5).
const QUERY_AGAIN_AFTER: [TimeDelta; 3] = [
    TimeDelta::minutes(5),
    TimeDelta::minutes(10),
    TimeDelta::minutes(15),
];

/// The counts of one run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    pub asked: usize,
    /// Of these, paid: their notification had been lost.
    pub paid: usize,
    /// Of these, closed now: their time was over, there or here.
    pub closed: usize,
    /// Of these, still unclear; they are asked about again.
    pub unclear: usize,
    /// Orders that fit no state: nobody asks about them until a person has mended the row.
    pub unreadable: usize,
}

/// Asks WeChat Pay about orders that are due: applies lost payments, closes what has expired (there
/// first), and asks the last question about what was closed before.
///
/// # Errors
/// [`Error::PartlyDone`] while rows cannot be read; the others are asked about all the same.
pub async fn unpaid(ctx: &Context) -> Result<Summary> {
    ctx.pay()?;
    let mut summary = Summary::default();
    for _ in 0..MAX_ROUNDS {
        let due = {
            let mut conn = ctx.db.read().await?;
            payments::unpaid_due(&mut conn, ctx.now(), BATCH).await?
        };
        if due.good.is_empty() {
            rows::log(&due.bad);
            summary.unreadable = due.bad.len();
            break;
        }
        for order in due.good {
            reconcile(ctx, &order, &mut summary).await?;
        }
    }
    match summary.unreadable {
        0 => Ok(summary),
        _ => Err(Error::PartlyDone(json!(summary))),
    }
}

/// Asks about one order. Whatever comes of it, it is not due again in this run.
async fn reconcile(ctx: &Context, order: &Payment, summary: &mut Summary) -> Result<()> {
    summary.asked += 1;
    match settle(ctx, order).await {
        Ok(Settled::Paid) => summary.paid += 1,
        // That was the last question about what had been closed before.
        Ok(Settled::Closed) if order.status == OrderStatus::Closed => {
            set_next_query(ctx, order, None).await?;
        }
        Ok(Settled::Closed) => summary.closed += 1,
        Ok(Settled::Unpaid) => postpone(ctx, order).await?,
        Err(error) => {
            tracing::warn!(payment.id = order.id.0, %error, "an unpaid order stays unclear");
            summary.unclear += 1;
            postpone(ctx, order).await?;
        }
    }
    Ok(())
}

/// One order after WeChat Pay was asked about it.
enum Settled {
    Paid,
    Closed,
    Unpaid,
}

/// Asks about an order that can still be paid, and closes one that nobody is to pay any more.
async fn settle(ctx: &Context, order: &Payment) -> Result<Settled> {
    let is_open = order.status == OrderStatus::Created && order.expires_at > ctx.now();
    if is_open {
        match close_order::query_and_apply(ctx, order).await? {
            AtWechatPay::Paid => return Ok(Settled::Paid),
            AtWechatPay::Unpaid | AtWechatPay::NoSuchOrder => return Ok(Settled::Unpaid),
            AtWechatPay::Over => {}
        }
    }
    Ok(match close_order::close(ctx, order).await? {
        Closing::Paid => Settled::Paid,
        Closing::Closed => Settled::Closed,
    })
}

async fn postpone(ctx: &Context, order: &Payment) -> Result<()> {
    let step = usize::try_from(order.queries)
        .unwrap_or(0)
        .min(QUERY_AGAIN_AFTER.len() - 1);
    let wait = QUERY_AGAIN_AFTER
        .get(step)
        .copied()
        .unwrap_or_else(|| TimeDelta::minutes(15));
    set_next_query(ctx, order, Some(ctx.now().plus(wait))).await
}

async fn set_next_query(ctx: &Context, order: &Payment, at: Option<Timestamp>) -> Result<()> {
    let id = order.id;
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                payments::set_next_query(tx, id, at).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}
