//! What people do about a difference: have it booked, have WeChat Pay asked again, or accept it.
//!
//! Whatever moves the books goes the way of a notification. Dying before the decision is written
//! leaves the difference open; the next comparison finds it mended.

use chrono::NaiveDate;
use serde_json::json;

use crate::domain::staff::Actor;
use crate::domain::trade_bill::{
    BillState, Difference, DifferenceKind, Entry, Resolution, Subject,
};
use crate::domain::{Action, DifferenceId, FieldError};
use crate::services::close_order::pay_failure;
use crate::services::{
    Context, Error, Refusal, Result, WrongState, confirm_payment, refund, require_anywhere, rows,
};
use crate::store::trade_bills::{Decision, KeptDifference};
use crate::store::{Conn, Tx, audit, trade_bill_books, trade_bills};

use super::list::{Bill, read};

/// Characters of a note at most.
const MAX_NOTE_CHARS: usize = 200;

/// Settles one difference of a day, and answers how the day stands then. To accept one takes a
/// note.
///
/// # Errors
/// [`Refusal::AlreadyDecided`] for who comes second. [`WrongState`] if WeChat Pay, when asked, does
/// not bear it out: nothing was decided then.
pub async fn resolve(
    ctx: &Context,
    actor: &Actor,
    day: NaiveDate,
    id: DifferenceId,
    resolution: Resolution,
    note: Option<&str>,
) -> Result<Bill> {
    require_anywhere(actor, Action::SettleBills)?;
    let note = worded(note, resolution)?;
    let kept = {
        let mut conn = ctx.db.read().await?;
        still_open(&mut conn, day, id).await?
    };
    match resolution {
        Resolution::Book => book(ctx, &kept.difference).await?,
        Resolution::Correct => correct(ctx, &kept.difference).await?,
        Resolution::Accept => {}
    }
    let given = (ctx.clone(), actor.clone(), day, id, resolution, note);
    ctx.transact(given, |tx, (ctx, actor, day, id, resolution, note)| {
        Box::pin(record(ctx, tx, actor, *day, *id, *resolution, note.clone()))
    })
    .await?;
    read(ctx, day).await?.ok_or(Error::NotFound)
}

fn worded(note: Option<&str>, resolution: Resolution) -> Result<Option<String>> {
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    if note.is_none() && resolution == Resolution::Accept {
        return Err(Error::invalid("note", FieldError::Missing));
    }
    if note.is_some_and(|note| note.chars().count() > MAX_NOTE_CHARS) {
        let max = MAX_NOTE_CHARS;
        return Err(Error::invalid("note", FieldError::TooLong { max }));
    }
    Ok(note.map(str::to_owned))
}

/// A difference of a day about which nobody has decided.
async fn still_open(conn: &mut Conn, day: NaiveDate, id: DifferenceId) -> Result<KeptDifference> {
    let found = trade_bills::difference(conn, id).await?;
    let (_, kept) = found.filter(|(of, _)| *of == day).ok_or(Error::NotFound)?;
    match (kept.resolution, &kept.resolved_by, kept.resolved_at) {
        (Some(resolution), Some(by), Some(at)) => Err(Refusal::AlreadyDecided {
            by: by.clone(),
            at,
            status: resolution.to_string(),
        }
        .into()),
        _ => Ok(kept),
    }
}

async fn record(
    ctx: &Context,
    tx: &mut Tx,
    actor: &Actor,
    day: NaiveDate,
    id: DifferenceId,
    resolution: Resolution,
    note: Option<String>,
) -> Result<()> {
    let now = ctx.now();
    trade_bills::take_day(tx, day, now).await?;
    let kept = still_open(tx, day, id).await?;
    let decision = Decision {
        resolution,
        by: actor.user_id,
        by_name: &actor.name,
        note: note.as_deref(),
        at: now,
    };
    trade_bills::resolve(tx, id, decision);
    let seen = trade_bills::by_date(tx, day).await?;
    let seen = seen.ok_or(Error::NotFound)?;
    let all = trade_bills::differences(tx, day).await?;
    rows::log(&all.bad);
    // One that cannot be read is still there, and nobody has settled it.
    let unread = all.bad.iter().map(|_| None);
    let resolutions = all.good.iter().map(|kept| kept.resolution);
    let state = BillState::of(resolutions.chain(unread));
    trade_bills::set_state(tx, &seen, state, now);
    let difference = &kept.difference;
    tx.audit(audit::Entry {
        actor: Some(actor.clone()),
        action: "bill.resolve",
        object_type: "trade_bill",
        object_id: day.to_string(),
        details: json!({
            "difference": difference.subject,
            "kind": difference.kind,
            "orderNo": difference.order_no,
            "refundNo": difference.refund_no,
            "ours": difference.ours,
            "theirs": difference.theirs,
            "action": resolution,
            "note": note,
        }),
        at: now,
    });
    Ok(())
}

/// Applies what the bill shows and the books lack, as if it had been notified.
async fn book(ctx: &Context, difference: &Difference) -> Result<()> {
    if difference.kind != DifferenceKind::MissingHere {
        return Err(WrongState::NothingToBook.into());
    }
    let said = ask_and_apply(ctx, difference).await?;
    let said = said.ok_or(WrongState::BillNotConfirmed)?;
    // Asked by its order, WeChat Pay may have spoken of another payment, or of a refund without an
    // end yet: nothing was booked for this row then.
    if said.subject.key() == difference.subject && books_agree(ctx, &said).await? {
        Ok(())
    } else {
        Err(WrongState::BillStillDiffers.into())
    }
}

/// Compares the books with what WeChat Pay says of a payment or refund.
async fn books_agree(ctx: &Context, said: &Entry) -> Result<bool> {
    let mut conn = ctx.db.read().await?;
    let own = trade_bill_books::entries_like(&mut conn, said).await?;
    let is_same = |own: &Entry| {
        own.is_posted && own.subject == said.subject && own.amount_fen == said.amount_fen
    };
    Ok(own.iter().any(is_same))
}

/// Asks WeChat Pay again and applies its answer; the books must say the same afterwards.
async fn correct(ctx: &Context, difference: &Difference) -> Result<()> {
    let agrees = match &ask_and_apply(ctx, difference).await? {
        // About a payment that the books lack, an answer about another one says nothing.
        Some(said) if difference.ours.is_none() && difference.theirs.is_some() => {
            said.subject.key() == difference.subject && books_agree(ctx, said).await?
        }
        Some(said) => books_agree(ctx, said).await?,
        // Neither of the two knows of it: the bill is wrong, or one of its lines.
        None => difference.ours.is_none() && difference.order_no.is_some(),
    };
    if agrees {
        Ok(())
    } else {
        Err(WrongState::BillStillDiffers.into())
    }
}

/// Asks WeChat Pay about the number of a difference and applies what it says; none if there is no
/// such payment or refund.
async fn ask_and_apply(ctx: &Context, difference: &Difference) -> Result<Option<Entry>> {
    match (&difference.refund_no, &difference.order_no) {
        (Some(refund_no), _) => refund_of(ctx, refund_no).await,
        (None, Some(order_no)) => {
            let theirs = difference.theirs.as_ref();
            let id = theirs.and_then(|theirs| theirs.transaction_id.as_deref());
            payment_of(ctx, order_no, id).await
        }
        (None, None) => Ok(None),
    }
}

/// By WeChat Pay's number where the bill has one: the order's leads to the first of its payments. A
/// number that WeChat Pay itself does not know is the bill's mistake, and the order is asked about.
async fn payment_of(ctx: &Context, order_no: &str, id: Option<&str>) -> Result<Option<Entry>> {
    let pay = ctx.pay()?;
    let by_id = match id {
        Some(id) => pay.query_transaction(id).await.map_err(pay_failure)?,
        None => None,
    };
    let transaction = match by_id {
        Some(transaction) => Some(transaction),
        None => pay.query_order(order_no).await.map_err(pay_failure)?,
    };
    let Some(transaction) = transaction.filter(|it| it.trade_state.was_paid()) else {
        return Ok(None);
    };
    confirm_payment::confirm(ctx, &transaction, None).await?;
    let amount = transaction.amount.and_then(|amount| amount.total_fen);
    Ok(Some(Entry {
        subject: Subject::Payment(transaction.transaction_id.unwrap_or_default()),
        order_no: transaction.out_trade_no,
        amount_fen: amount.unwrap_or_default(),
        at: transaction.success_time.map(Into::into),
        is_posted: true,
    }))
}

async fn refund_of(ctx: &Context, refund_no: &str) -> Result<Option<Entry>> {
    let answer = ctx.pay()?.query_refund(refund_no).await;
    let Some(gateway) = answer.map_err(pay_failure)? else {
        return Ok(None);
    };
    refund::apply_gateway_refund(ctx, &gateway).await?;
    Ok(Some(Entry {
        subject: Subject::Refund(refund_no.to_owned()),
        order_no: gateway.out_trade_no.unwrap_or_default(),
        amount_fen: gateway.amount.refund_fen,
        at: gateway.create_time.map(Into::into),
        is_posted: true,
    }))
}
