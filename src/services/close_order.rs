//! The end of an order that nobody is to pay any more: at WeChat Pay first, then in the books.

use chrono::TimeDelta;

use crate::domain::{Machine as _, OrderStatus};
use crate::platforms::wechat_pay;
use crate::store::Note;
use crate::store::payments::{self, Payment};

use super::confirm_payment::confirm;
use super::{Context, Error, Result};

/// A closed order is asked about once more when WeChat Pay, too, takes no payment of it any longer
/// (its `time_expire` is ours) and every payment has shown there: a call that made the order may
/// have arrived after it was closed, and the notification of its payment may be lost.
const LAST_QUESTION_AFTER: TimeDelta = TimeDelta::minutes(10);

/// An order as WeChat Pay knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AtWechatPay {
    /// Paid, and applied.
    Paid,
    /// It can still be paid, or may be being paid.
    Unpaid,
    /// Nobody can pay it any more.
    Over,
    /// Never heard of it; yet the call that makes it may be under way.
    NoSuchOrder,
}

/// The end of an attempt to close an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closing {
    /// Nobody can pay it any more.
    Closed,
    /// The payer was faster; the payment has been applied.
    Paid,
}

/// Asks WeChat Pay about an order, and applies the payment if there was one.
pub(super) async fn query_and_apply(ctx: &Context, order: &Payment) -> Result<AtWechatPay> {
    let pay = ctx.pay()?;
    let answer = pay.query_order(&order.order_no).await;
    let Some(transaction) = answer.map_err(pay_failure)? else {
        return Ok(AtWechatPay::NoSuchOrder);
    };
    if transaction.trade_state.was_paid() {
        confirm(ctx, &transaction, None).await?;
        return Ok(AtWechatPay::Paid);
    }
    Ok(if transaction.trade_state.is_over() {
        AtWechatPay::Over
    } else {
        AtWechatPay::Unpaid
    })
}

/// Closes an order at WeChat Pay and then in the books, unless it is closed there already. The
/// payer may be faster, so after closing WeChat Pay is asked once (wechat-pay-v3 §5).
///
/// # Errors
/// WeChat Pay cannot be reached, or says neither paid nor closed: nothing was written.
pub(super) async fn close(ctx: &Context, order: &Payment) -> Result<Closing> {
    // Refused or not, what counts is how the order stands afterwards: the codes of a refusal are
    // not to be relied on (wechat-pay-v3 §5).
    let refused = ctx.pay()?.close_order(&order.order_no).await.err();
    match query_and_apply(ctx, order).await? {
        AtWechatPay::Paid => Ok(Closing::Paid),
        AtWechatPay::Over | AtWechatPay::NoSuchOrder => {
            if order.status == OrderStatus::Created {
                record_closed(ctx, order).await?;
            }
            Ok(Closing::Closed)
        }
        AtWechatPay::Unpaid => Err(refused.map_or_else(
            || Error::PlatformUnavailable {
                platform: "wechat_pay",
                what: "the order is neither paid nor closed".to_owned(),
            },
            pay_failure,
        )),
    }
}

async fn record_closed(ctx: &Context, order: &Payment) -> Result<()> {
    let change = order.status.to(OrderStatus::Closed)?;
    let note = Note::new("system", "expired or replaced", ctx.now());
    let ask_again_at = order.expires_at.max(note.at).plus(LAST_QUESTION_AFTER);
    let id = order.id;
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                payments::advance_order(tx, id, change, &note).await?;
                payments::set_next_query(tx, id, Some(ask_again_at)).await?;
                Ok::<_, Error>(())
            })
        })
        .await
}

/// A failure of WeChat Pay as doors show it.
pub(super) fn pay_failure(error: wechat_pay::Error) -> Error {
    let what = error.to_string();
    if error.is_retryable_same_number() {
        Error::PlatformUnavailable {
            platform: "wechat_pay",
            what,
        }
    } else {
        Error::Platform {
            platform: "wechat_pay",
            what,
        }
    }
}
