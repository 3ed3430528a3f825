//! Asking WeChat Pay about orders without a payment: its notification may have been lost.

use chrono::TimeDelta;

use crate::domain::{OrderStatus, Timestamp};
use crate::store::payments::{self, Payment};

use super::close_order::{self, Word};
use super::{Context, Error, Result};

/// Orders asked about in one round.
const BATCH: i64 = 200;
/// Rounds of one run: as many orders as ten full camps can leave unpaid in an hour.
const MAX_ROUNDS: usize = 50;
/// How long to wait after each question about an unpaid order; the last is repeated.
const QUERY_AGAIN_AFTER: [TimeDelta; 3] = [
    TimeDelta::minutes(5),
    TimeDelta::minutes(10),
    TimeDelta::minutes(15),
];

/// What a run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Summary {
    /// Orders asked about.
    pub asked: usize,
    /// Of these, paid: their notification had been lost.
    pub paid: usize,
    /// Of these, closed now: their time was over, there or here.
    pub closed: usize,
    /// Of these, still unclear; they are asked about again.
    pub unclear: usize,
}

/// Asks WeChat Pay about orders that are due: applies lost payments, closes what has expired (there
/// first), and asks the last question about what was closed before.
pub async fn unpaid(ctx: &Context) -> Result<Summary> {
    ctx.pay()?;
    let mut summary = Summary::default();
    for _ in 0..MAX_ROUNDS {
        let due = {
            let mut conn = ctx.db.read().await?;
            payments::unpaid_due(&mut conn, ctx.now(), BATCH).await?
        };
        if due.is_empty() {
            break;
        }
        for order in due {
            settle(ctx, &order, &mut summary).await?;
        }
    }
    Ok(summary)
}

/// Asks about one order. Whatever comes of it, it is not due again in this run.
async fn settle(ctx: &Context, order: &Payment, summary: &mut Summary) -> Result<()> {
    summary.asked += 1;
    match one(ctx, order).await {
        Ok(Found::Paid) => summary.paid += 1,
        Ok(Found::Closed) if order.status == OrderStatus::Closed => {
            ask_next(ctx, order, None).await?;
        }
        Ok(Found::Closed) => summary.closed += 1,
        Ok(Found::Unpaid) => postpone(ctx, order).await?,
        Err(error) => {
            tracing::warn!(payment.id = order.id.0, %error, "an unpaid order stays unclear");
            summary.unclear += 1;
            postpone(ctx, order).await?;
        }
    }
    Ok(())
}

enum Found {
    Paid,
    Closed,
    Unpaid,
}

async fn one(ctx: &Context, order: &Payment) -> Result<Found> {
    let is_open = order.status == OrderStatus::Created && order.expires_at > ctx.now();
    if is_open {
        match close_order::ask(ctx, order).await? {
            Word::Paid => return Ok(Found::Paid),
            Word::Unpaid | Word::NoSuchOrder => return Ok(Found::Unpaid),
            Word::Over => {}
        }
    }
    Ok(if close_order::close(ctx, order).await? {
        Found::Paid
    } else {
        Found::Closed
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
    ask_next(ctx, order, Some(ctx.now().plus(wait))).await
}

async fn ask_next(ctx: &Context, order: &Payment, at: Option<Timestamp>) -> Result<()> {
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
