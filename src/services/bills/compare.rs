//! One day's bill compared with the books.

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use serde_json::json;

use crate::domain::staff::Actor;
use crate::domain::trade_bill::{self, BillState, Difference, Resolution};
use crate::domain::{Action, Timestamp};
use crate::services::{Context, Error, Result, WrongState, require_anywhere, rows};
use crate::store::trade_bills::{self, Compared, KeptDifference};
use crate::store::{Tx, audit, trade_bill_books};

use super::fetch::{Fetched, NoBill, fetch};
use super::list::{Bill, read};

/// What came of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Compared(BillState),
    /// It stays to be compared.
    NoBill(NoBill),
}

/// Compares a day now because somebody wants it, whether or not it was before, and answers how it
/// stands.
///
/// # Errors
/// The day has no bill yet, or none any more; WeChat Pay gives no bill of a day that has been
/// compared before, which then stays as it was.
pub async fn compare(ctx: &Context, actor: &Actor, day: NaiveDate) -> Result<Bill> {
    require_anywhere(actor, Action::SettleBills)?;
    let now = ctx.now();
    if day > trade_bill::last_day_with_bill(now) {
        return Err(WrongState::BillNotMade.into());
    }
    if day < trade_bill::first_day_with_bill(now) {
        return Err(WrongState::BillTooOld.into());
    }
    let outcome = compare_day(ctx, day, Some(actor)).await?;
    let bill = read(ctx, day).await?.ok_or(Error::NotFound)?;
    match outcome {
        Outcome::NoBill(no_bill) if bill.bill.state != BillState::Unavailable => {
            Err(Error::PlatformUnavailable {
                platform: "wechat_pay",
                what: format!("no bill: {}", no_bill.why),
            })
        }
        Outcome::Compared(_) | Outcome::NoBill(_) => Ok(bill),
    }
}

/// Compares a day and keeps what was found.
pub(super) async fn compare_day(
    ctx: &Context,
    day: NaiveDate,
    actor: Option<&Actor>,
) -> Result<Outcome> {
    let now = ctx.now();
    let fetched = fetch(ctx, day).await?;
    let given = (day, fetched, actor.cloned(), now);
    ctx.transact(given, |tx, (day, fetched, actor, now)| {
        Box::pin(async move {
            trade_bills::take_day(tx, *day, *now).await?;
            match fetched {
                Ok(bill) => record(tx, *day, bill, actor.as_ref(), *now).await,
                Err(no_bill) => {
                    let today = Timestamp::start_of_day(now.shanghai_day());
                    trade_bills::set_unavailable(tx, *day, no_bill.why, today, *now);
                    Ok(Outcome::NoBill(*no_bill))
                }
            }
        })
    })
    .await
}

/// Compares the rows with the books as they are in this transaction.
async fn record(
    tx: &mut Tx,
    day: NaiveDate,
    bill: &Fetched,
    actor: Option<&Actor>,
    now: Timestamp,
) -> Result<Outcome> {
    let books = trade_bill_books::entries_of(tx, day).await?;
    let on_day: HashSet<_> = books.iter().map(|own| &own.subject).collect();
    let mut elsewhere = Vec::new();
    for row in &bill.entries {
        if !on_day.contains(&row.subject) && row.may_be_ours() {
            elsewhere.extend(trade_bill_books::entries_like(tx, row).await?);
        }
    }
    let mut compared = trade_bill::compare(&bill.entries, &books, &elsewhere);
    compared.differences.extend(bill.unreadable.iter().cloned());
    let before = trade_bills::by_date(tx, day).await?;
    let before = before.ok_or(Error::NotFound)?;
    let kept = trade_bills::differences(tx, day).await?;
    rows::log(&kept.bad);
    let is_read = kept.bad.is_empty();
    let (changes, state) = keep(tx, day, kept.good, &compared.differences, now);
    // One that cannot be read is still there, and nobody has settled it.
    let state = if is_read { state } else { BillState::Different };
    let found = Compared {
        state,
        rows: bill.rows(),
        foreign_rows: compared.foreign_rows,
        is_news: before.compared_at.is_none() || !changes.is_empty(),
    };
    trade_bills::set_compared(tx, &before, found, now);
    if actor.is_some() || !changes.is_empty() {
        tx.audit(audit::Entry {
            actor: actor.cloned(),
            action: "bill.compare",
            object_type: "trade_bill",
            object_id: day.to_string(),
            details: json!({ "state": state, "rows": bill.rows(), "changes": changes }),
            at: now,
        });
    }
    Ok(Outcome::Compared(state))
}

/// Brings what is kept of a day's differences up to what was found; answers what has changed, and
/// how the day stands. What somebody has decided stays decided as long as the difference is the
/// same; what they have booked stays written down.
fn keep(
    tx: &mut Tx,
    day: NaiveDate,
    kept: Vec<KeptDifference>,
    found: &[Difference],
    now: Timestamp,
) -> (Vec<String>, BillState) {
    let kept = kept.into_iter();
    let mut kept: HashMap<String, KeptDifference> = kept
        .map(|kept| (kept.difference.subject.clone(), kept))
        .collect();
    let (mut changes, mut done) = (Vec::new(), Vec::new());
    for found in found {
        match kept.remove(&found.subject) {
            // Found again although somebody has booked it: it is open again.
            Some(same)
                if same.difference == *found && same.resolution != Some(Resolution::Book) =>
            {
                done.push(same.resolution);
                continue;
            }
            Some(other) => trade_bills::change_difference(tx, other.id, found, now),
            None => trade_bills::add_difference(tx, day, found, now),
        }
        done.push(None);
        changes.push(format!("{} {}", found.kind, found.subject));
    }
    for (subject, gone) in kept {
        if gone.resolution != Some(Resolution::Book) {
            trade_bills::drop_difference(tx, gone.id);
            changes.push(format!("mended {subject}"));
        }
    }
    (changes, BillState::of(done.into_iter()))
}
