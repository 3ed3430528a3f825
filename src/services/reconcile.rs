//! Asking WeChat Pay: about payments whose notification was lost, and before closing an order.

use chrono::TimeDelta;

use crate::domain::OrderStatus;
use crate::platforms::wechat_pay::TradeState;
use crate::store::payments::{self, Payment};

use super::confirm_payment::confirm;
use super::enroll::{close, pay_failure};
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
    /// Of these, closed: their time was over.
    pub closed: usize,
    /// Of these, still unclear; they are asked about again.
    pub unclear: usize,
}

/// Asks WeChat Pay about unpaid orders that are due: applies lost payments, closes what has
/// expired (there first).
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
    if order.expires_at <= ctx.now() {
        return Ok(if close_at_wechat_pay(ctx, order).await? {
            Found::Paid
        } else {
            Found::Closed
        });
    }
    let transaction = ctx
        .pay()?
        .query_order(&order.order_no)
        .await
        .map_err(pay_failure)?;
    match transaction {
        Some(transaction) if transaction.trade_state.was_paid() => {
            confirm(ctx, &transaction, None).await?;
            Ok(Found::Paid)
        }
        _ => Ok(Found::Unpaid),
    }
}

async fn postpone(ctx: &Context, order: &Payment) -> Result<()> {
    let step = usize::try_from(order.queries)
        .unwrap_or(0)
        .min(QUERY_AGAIN_AFTER.len() - 1);
    let wait = QUERY_AGAIN_AFTER
        .get(step)
        .copied()
        .unwrap_or_else(|| TimeDelta::minutes(15));
    let (id, at) = (order.id, ctx.now().plus(wait));
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                payments::set_next_query(tx, id, at).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// Closes an unpaid order at WeChat Pay and then in the books. The payer may be faster, so after
/// closing WeChat Pay is asked once; `true` if the order turned out to be paid, and it has been
/// applied (wechat-pay-v3 §5).
pub async fn close_at_wechat_pay(ctx: &Context, order: &Payment) -> Result<bool> {
    let pay = ctx.pay()?;
    let refused = pay.close_order(&order.order_no).await.err();
    let transaction = pay
        .query_order(&order.order_no)
        .await
        .map_err(pay_failure)?;
    let state = transaction
        .as_ref()
        .map(|transaction| &transaction.trade_state);
    match (transaction.as_ref(), state) {
        (Some(transaction), Some(state)) if state.was_paid() => {
            confirm(ctx, transaction, None).await?;
            Ok(true)
        }
        // Never prepared there, or closed there: nobody can pay it any more.
        (None, _) | (_, Some(TradeState::Closed)) => {
            if order.status == OrderStatus::Created {
                close(ctx, order, "expired or replaced").await?;
            }
            Ok(false)
        }
        _ => Err(refused.map_or_else(
            || Error::PlatformUnavailable {
                platform: "wechat_pay",
                what: "the order is neither paid nor closed".to_owned(),
            },
            pay_failure,
        )),
    }
}
