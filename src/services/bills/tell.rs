//! Tells the admins how days stand of which they have not been told.

use chrono::{Days, NaiveDate};

use crate::domain::message::{BillDay, BillDifference, EqualDays, TradeBillCompared};
use crate::domain::trade_bill::{BillState, DAYS_BACK, Difference};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::rows::readable;
use crate::services::{Context, Result};
use crate::store::{Tx, trade_bills};

use super::list::{Bill, with_differences};

/// Differences that one message names at most: a text has 2,048 bytes.
const MAX_NAMED: usize = 6;
/// Days with something to say that one message names at most.
const MAX_DAYS: usize = 5;

/// Tells of all such days in one message, once, whoever else tries.
pub(super) async fn tell(ctx: &Context) -> Result<()> {
    ctx.transact(ctx.clone(), |tx, ctx| Box::pin(put(ctx, tx)))
        .await
}

async fn put(ctx: &Context, tx: &mut Tx) -> Result<()> {
    let now = ctx.now();
    let limit = i64::try_from(DAYS_BACK).unwrap_or(i64::MAX);
    let untold = readable(trade_bills::untold(tx, limit).await?);
    if untold.is_empty() {
        return Ok(());
    }
    let mut bills = Vec::with_capacity(untold.len());
    for bill in untold {
        trade_bills::set_told(tx, bill.day, now);
        bills.push(with_differences(tx, bill).await?);
    }
    let open = trade_bills::count_open(tx).await?;
    let notice = Notice {
        content: message(&bills, open, ctx.today()).into(),
        camp_id: None,
        dedupe_key: now.micros().to_string(),
    };
    tell_deciders(tx, &ctx.settings, &notice, now).await
}

/// What is said of some days, of which the newest is told first.
fn message(bills: &[Bill], open: i64, today: NaiveDate) -> TradeBillCompared {
    let (equal, others): (Vec<&Bill>, Vec<&Bill>) = bills
        .iter()
        .partition(|it| it.bill.state == BillState::Equal);
    let mut room = MAX_NAMED;
    let days: Vec<BillDay> = others
        .iter()
        .rev()
        .take(MAX_DAYS)
        .map(|bill| day_told(bill, &mut room))
        .collect();
    let told: usize = days.iter().map(|day| day.differences.len()).sum();
    TradeBillCompared {
        yesterday: today.checked_sub_days(Days::new(1)).unwrap_or(today),
        equal: equal_days(&equal),
        more_days: others.len() - days.len(),
        days,
        still_open: usize::try_from(open).unwrap_or(0).saturating_sub(told),
    }
}

fn equal_days(equal: &[&Bill]) -> Option<EqualDays> {
    let (first, last) = (equal.first()?, equal.last()?);
    Some(EqualDays {
        count: equal.len(),
        from: first.bill.day,
        to: last.bill.day,
        rows: equal.iter().map(|it| it.bill.rows).sum(),
    })
}

fn day_told(bill: &Bill, room: &mut usize) -> BillDay {
    let open = bill
        .differences
        .iter()
        .filter(|kept| kept.resolution.is_none());
    let differences: Vec<_> = open
        .take(*room)
        .map(|kept| BillDifference {
            kind: kept.difference.kind,
            order_no: kept.difference.order_no.clone(),
            refund_no: kept.difference.refund_no.clone(),
            ours_fen: kept.difference.ours.as_ref().map(|side| side.amount_fen),
            theirs_fen: kept.difference.theirs.as_ref().map(|side| side.amount_fen),
            unposted: is_unposted(&kept.difference),
            next: kept.difference.kind.next(),
        })
        .collect();
    *room -= differences.len();
    BillDay {
        date: bill.bill.day,
        state: bill.bill.state,
        failure: bill.bill.failure,
        differences,
    }
}

fn is_unposted(difference: &Difference) -> bool {
    difference
        .ours
        .as_ref()
        .is_some_and(|side| side.is_unposted)
}
