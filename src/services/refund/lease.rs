//! Which refunds a runner takes up, and how many: as many as there is room for in all instances
//! together, one per payer, and while the merchant account is held only one, which probes.

use std::collections::HashSet;

use chrono::TimeDelta;

use crate::domain::refund::RefundState;
use crate::domain::{OrderStatus, RefundId, RefundStatus, Timestamp};
use crate::store::refunds::{Case, Refund, Which};
use crate::store::{Lock, Note, StoreError, Tx, merchant, refunds};

use super::stuck::{OPERATOR, escalate_order_mismatch, quarantine_unreadable};
use super::{Context, Result, bring_order_to, hold, in_one_transaction, keep, step};

/// The length of a lease: three calls of 30 s (query, refund, query) and their pauses, with room.
const LEASE_FOR: TimeDelta = TimeDelta::minutes(3);
/// Due refunds that are looked through for payers nobody is busy with.
const LOOK_AT: i64 = 64;
/// Refunds under way and wrong answers of the last [`WRONG_ANSWERS_COUNT_FOR`] at most, of all
/// instances together: even if every call is answered wrong, that is less than the 6 wrong answers
/// a second that WeChat Pay allows (wechat-pay-v3 §7.2). When they use it up, the rest waits.
pub(super) const MAX_AT_ONCE: i64 = 6;
/// How long a wrong answer takes the place of a call, by the wall.
const WRONG_ANSWERS_COUNT_FOR: TimeDelta = TimeDelta::seconds(5);

/// What earlier tries leave under the number of a refund, at WeChat Pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Earlier {
    /// There were none that count.
    None,
    /// All were refused.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// A refund that this run holds until its lease runs out.
pub(super) struct Lease {
    pub(super) refund: Refund,
    pub(super) earlier: Earlier,
    pub(super) case: Case,
    /// By the wall.
    pub(super) until: Timestamp,
}

/// Due refunds that were looked at.
#[derive(Default)]
pub(super) struct Looked {
    pub(super) leases: Vec<Lease>,
    /// Those that could not be leased, and are due no more.
    pub(super) set_aside: usize,
    /// Some are due for which there is no room now.
    pub(super) is_full: bool,
}

/// Leases up to `width` due refunds of payers whom no other runner is busy with, as far as there is
/// room for their calls. Runners choose one after the other: what one holds, the next one sees, on
/// PostgreSQL too. One whose books do not fit moves no money, and does not stay due: it would keep
/// the others from their turn. While the merchant account is held, only one is sent, which probes.
pub(super) async fn lease_due(ctx: &Context, width: i64) -> Result<Looked> {
    in_one_transaction(ctx, move |ctx, tx| {
        Box::pin(async move {
            tx.lock(Lock::RefundClaims).await?;
            let (now, wall_now) = (ctx.now(), ctx.wall_now());
            let room = room_for_calls(tx, wall_now).await?;
            let which = match hold::is_closed(&ctx, tx).await? {
                true => Which::UnderWay,
                false => Which::All,
            };
            let held = refunds::held_payers(tx, wall_now).await?;
            let mut busy: HashSet<Vec<u8>> = held.into_iter().collect();
            let mut looked = Looked::default();
            for due in refunds::due(tx, which, now, wall_now, LOOK_AT).await? {
                let leased = i64::try_from(looked.leases.len()).unwrap_or(i64::MAX);
                if leased >= room {
                    looked.is_full = true;
                    break;
                }
                if leased >= width {
                    break;
                }
                let refund = match due {
                    Ok(refund) => refund,
                    Err(StoreError::Inconsistent { id, what, .. }) => {
                        tracing::error!(refund.id = id, what, "a due refund cannot be read");
                        quarantine_unreadable(&ctx, tx, RefundId(id), what).await?;
                        looked.set_aside += 1;
                        continue;
                    }
                    Err(error) => return Err(error.into()),
                };
                let Some(case) = case_of(tx, &refund).await? else {
                    escalate_order_mismatch(&ctx, tx, refund).await?;
                    looked.set_aside += 1;
                    continue;
                };
                let payer = case.openid_mac.as_ref();
                if payer.is_some_and(|payer| busy.contains(payer)) {
                    continue;
                }
                let until = wall_now.plus(LEASE_FOR);
                let is_under_way = refund.status() == RefundStatus::Processing;
                if !is_under_way && !hold::admit(&ctx, tx, refund.id, until).await? {
                    continue;
                }
                busy.extend(payer.cloned());
                let lease = lease(&ctx, tx, refund, case, until).await?;
                looked.leases.push(lease);
            }
            Ok(looked)
        })
    })
    .await
}

/// How many more calls may go out now, of all instances.
async fn room_for_calls(tx: &mut Tx, wall_now: Timestamp) -> Result<i64> {
    let under_way = refunds::leased(tx, wall_now).await?;
    let since = wall_now.minus(WRONG_ANSWERS_COUNT_FOR);
    let wrong = merchant::wrong_answers(tx, since).await?;
    Ok(MAX_AT_ONCE - under_way - wrong)
}

/// Reads what a due refund rests on; none if that cannot be told, or if its order is where no
/// refund of it can be.
async fn case_of(tx: &mut Tx, refund: &Refund) -> Result<Option<Case>> {
    let case = match refunds::case_of_payment(tx, refund.payment_id).await {
        Err(StoreError::Inconsistent { table, id, what }) => {
            tracing::error!(table, id, what, "the order of a due refund cannot be read");
            None
        }
        read => read?,
    };
    let fits = |case: &Case| {
        matches!(
            case.order_status,
            OrderStatus::Paid | OrderStatus::Refunding
        )
    };
    let case = case.filter(fits);
    if case.is_none() {
        tracing::error!(
            refund.id = refund.id.0,
            "the order of a due refund does not fit it"
        );
    }
    Ok(case)
}

async fn lease(
    ctx: &Context,
    tx: &mut Tx,
    refund: Refund,
    case: Case,
    until: Timestamp,
) -> Result<Lease> {
    let now = ctx.now();
    let (refund, earlier) = if let RefundState::Processing(run) = refund.state.clone() {
        let refund = keep(tx, refund, run.leased(until), now).await?;
        (refund, Earlier::Unknown)
    } else {
        let tries = refund.state.attempts();
        let note = Note::new(OPERATOR, format!("try {}", tries + 1), now);
        bring_order_to(tx, refund.payment_id, OrderStatus::Refunding, &note).await?;
        let refund = step(tx, refund, |state| state.send(now, until), &note).await?;
        let earlier = if tries == 0 {
            Earlier::None
        } else {
            Earlier::Refused
        };
        (refund, earlier)
    };
    Ok(Lease {
        refund,
        earlier,
        case,
        until,
    })
}
