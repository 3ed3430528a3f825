//! What a member is shown of the way back of their deposit.

use chrono::NaiveDate;

use crate::domain::appeal::{Appeal, Contestable};
use crate::domain::calendar::DayState;
use crate::domain::custody::NextStep;
use crate::domain::refund::RefundState;
use crate::domain::{CampStatus, PaymentId, RefundFlag, RefundStatus, Timestamp};
use crate::store::{appeals, payments};

use super::{Context, Error, Held, Result, facts_of, of_payment};

/// The way back of a deposit, as its member sees it.
#[derive(Debug, Clone, Default)]
pub struct Outlook {
    pub promise: Option<Promised>,
    /// None once nothing of it is here.
    pub next: Option<NextStep>,
    /// None while the days are not known as of the end.
    pub verdict: Option<VerdictShown>,
    /// The newest objection.
    pub appeal: Option<Appeal>,
}

/// The days that were promised.
#[derive(Debug, Clone, Copy)]
pub struct Promised {
    pub list_by: NaiveDate,
    pub decision_by: NaiveDate,
    pub money_by: NaiveDate,
}

/// The judgement of a member's days.
#[derive(Debug, Clone)]
pub struct VerdictShown {
    pub eligible: bool,
    pub days: i64,
    /// What a person looks at.
    pub flags: Vec<RefundFlag>,
    /// Until when they may object; none for whoever is eligible.
    pub appeal_until: Option<Timestamp>,
}

/// What the member of a payment is shown.
///
/// # Errors
/// There is no such payment.
pub async fn outlook_of(ctx: &Context, payment: PaymentId) -> Result<Outlook> {
    let mut conn = ctx.db.read().await?;
    let order = payments::by_id(&mut conn, payment).await?;
    let promise = order.ok_or(Error::NotFound)?.promise;
    let promise = promise.map(|promise| Promised {
        list_by: promise.list_by,
        decision_by: promise.decision_by,
        money_by: promise.money_by(),
    });
    let appeal = appeals::of_payment(&mut conn, payment).await?.pop();
    let Some(held) = of_payment(ctx, &mut conn, payment).await? else {
        return Ok(Outlook {
            promise,
            appeal,
            ..Outlook::default()
        });
    };
    let judged = held.case.as_ref().filter(|case| case.grounds.is_judged());
    let verdict = judged.map(|case| {
        let eligible = case.grounds.judgement().is_eligible();
        let refund = held.refund.as_ref().map(|refund| (refund, None));
        let facts = facts_of(ctx, &held.payment, case, refund, false);
        let refused_at = held.payment.refused_at.filter(|_| !eligible);
        VerdictShown {
            eligible,
            days: case.grounds.checked_in_days(),
            flags: shown_to_member(case.grounds.flags()),
            appeal_until: refused_at.map(|refused_at| facts.final_at(refused_at)),
        }
    });
    Ok(Outlook {
        promise,
        next: Some(held.next),
        verdict,
        appeal,
    })
}

/// What the member of a payment in custody may object to; `day` is what is known of the day that they
/// mean.
pub(in crate::services) fn contestable(
    ctx: &Context,
    held: &Held,
    camp: Option<CampStatus>,
    day: Option<DayState>,
) -> Contestable {
    let is_undecided = held
        .refund
        .as_ref()
        .is_none_or(|refund| refund.status() == RefundStatus::Rejected);
    let verdict_until = held.case.as_ref().and_then(|case| {
        let is_against_them =
            is_undecided && case.grounds.is_judged() && !case.grounds.judgement().is_eligible();
        let refused_at = held.payment.refused_at.filter(|_| is_against_them)?;
        let refund = held.refund.as_ref().map(|refund| (refund, None));
        let facts = facts_of(ctx, &held.payment, case, refund, false);
        Some(facts.final_at(refused_at))
    });
    let rejected = held.refund.as_ref().and_then(|refund| match &refund.state {
        RefundState::Rejected { by } => by.clone(),
        _ => None,
    });
    Contestable {
        camp,
        day,
        verdict_until,
        rejected,
    }
}

/// Nobody learns of another claimant more than that it is not sure who they are.
fn shown_to_member(flags: Vec<RefundFlag>) -> Vec<RefundFlag> {
    let mut shown: Vec<RefundFlag> = Vec::with_capacity(flags.len());
    for flag in flags {
        let flag = match flag {
            RefundFlag::Contested => RefundFlag::LowConfidence,
            other => other,
        };
        if !shown.contains(&flag) {
            shown.push(flag);
        }
    }
    shown
}
