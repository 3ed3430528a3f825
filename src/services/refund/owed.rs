//! What keeps a settling camp from being put away.

use std::collections::HashMap;

use chrono::TimeDelta;

use crate::domain::refund::Grounds;
use crate::domain::{MatchStatus, OrderStatus, PaymentId, Timestamp};
use crate::store::camps::Camp;
use crate::store::refunds::Refund;
use crate::store::{Conn, StoreResult, refunds};

use super::{Context, Result};

/// True while deposits of a camp are owed, or may turn out to be: a refund is open, somebody is not
/// judged yet or not known, qualifies without a refund, or does not and may still object.
///
/// # Errors
/// A row that cannot be read may be any of these: somebody has to mend it first.
pub(in crate::services) async fn is_anything_owed(
    ctx: &Context,
    conn: &mut Conn,
    camp: &Camp,
) -> Result<bool> {
    let mut cases = refunds::cases_of_camp(conn, camp.id).await?;
    if let Some(unreadable) = cases.bad.pop() {
        return Err(unreadable.into());
    }
    let found = refunds::of_camp(conn, camp.id).await?;
    let found: HashMap<PaymentId, StoreResult<Refund>> = found.into_iter().collect();
    let is_open = |refund: &StoreResult<Refund>| {
        refund
            .as_ref()
            .map_or(true, |refund| !refund.status().has_ended())
    };
    if found.values().any(is_open) {
        return Ok(true);
    }
    let is_final = may_object_until(ctx, camp).is_none_or(|until| until <= ctx.now());
    Ok(cases.good.iter().any(|case| {
        let refund = found
            .get(&case.payment_id)
            .and_then(|refund| refund.as_ref().ok());
        let is_decided = refund.is_some_and(|refund| !refund.leaves_deposit_open());
        case.order_status == OrderStatus::Paid
            && !is_decided
            && !(is_final && is_not_owed(&case.grounds))
    }))
}

/// True of a member who is known, judged, and does not qualify.
fn is_not_owed(grounds: &Grounds) -> bool {
    let claimant = grounds.claimant.as_ref();
    let is_known = claimant.is_some_and(|it| it.match_status == MatchStatus::Matched);
    is_known && grounds.is_judged() && !grounds.judgement().is_eligible()
}

/// Until when a refusal of the camp's list is not final.
fn may_object_until(ctx: &Context, camp: &Camp) -> Option<Timestamp> {
    let hours = TimeDelta::hours(ctx.settings.promise.appeal_hours.into());
    camp.settling_since.map(|since| since.plus(hours))
}
