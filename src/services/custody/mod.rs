//! Custody: every payment whose money is here, with its next step. The console lists it, the
//! member's page shows it, and the job `watch` works on it.

mod forecast;
mod keep;
mod member;
mod watch;

use std::collections::HashMap;

use crate::domain::custody::{
    Facts, MemberFacts, NextStep, RefundFacts, Turn, VerdictFacts, unreadable,
};
use crate::domain::ledger::Account;
use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampId, Fen, MatchStatus, PaymentId, Timestamp};
use crate::store::custody::{CustodyFilter, InCustody};
use crate::store::refunds::{Case, Refund};
use crate::store::{
    Conn, Listing as _, Page, PageRequest, Rows, StoreResult, ledger, merchant, refunds,
};

use super::rows::{logged, readable};
use super::{Context, Error, Result, reach_of};

pub use forecast::{DaySum, forecast};
pub(super) use member::contestable;
pub use member::{Outlook, Promised, VerdictShown, outlook_of};
pub use watch::{Watched, watch};

/// What staff want to see of what is in custody.
#[derive(Debug, Clone, Copy, Default)]
pub struct CustodyQuery {
    pub camp_id: Option<CampId>,
    pub who: Option<Turn>,
    pub overdue: Option<bool>,
}

/// A payment in custody with its next step.
#[derive(Debug)]
pub struct Held {
    pub payment: InCustody,
    /// What of it is here.
    pub amount: Fen,
    /// `reserved` while a refund of it is on its way.
    pub account: &'static str,
    pub next: NextStep,
    /// None where a row cannot be read.
    pub case: Option<Case>,
    pub refund: Option<Refund>,
}

impl Held {
    /// True if the date of its next step has passed.
    #[must_use]
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next.is_overdue(now)
    }

    fn is_asked_for(&self, query: CustodyQuery, now: Timestamp) -> bool {
        let overdue = query.overdue;
        query.who.is_none_or(|who| self.next.what.who() == who)
            && overdue.is_none_or(|overdue| self.is_overdue(now) == overdue)
    }
}

/// Reads a page of what is in custody, the oldest payment first; coaches see their camps.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn list(
    ctx: &Context,
    actor: &Actor,
    query: CustodyQuery,
    page: PageRequest,
) -> Result<Page<Held>> {
    let reach = reach_of(actor, Action::ReviewRefunds)?;
    let filter = CustodyFilter {
        camp_id: query.camp_id,
        staffed_by: (reach == Reach::OwnCamps).then_some(actor.user_id),
        ..CustodyFilter::default()
    };
    let mut conn = ctx.db.read().await?;
    if query.who.is_none() && query.overdue.is_none() {
        let found = logged(filter.page(&mut conn, page).await?);
        let rows = survey(ctx, &mut conn, found.rows.good).await?.into();
        return Ok(Page {
            rows,
            total: found.total,
            request: found.request,
        });
    }
    // Whose turn it is follows from a rule, which no statement repeats.
    let (mut held, _) = survey_all(ctx, &mut conn, filter).await?;
    held.retain(|held| held.is_asked_for(query, ctx.now()));
    let total = i64::try_from(held.len()).unwrap_or(i64::MAX);
    let before = usize::try_from((page.page() - 1) * page.size()).unwrap_or(usize::MAX);
    let size = usize::try_from(page.size()).unwrap_or_default();
    let shown: Vec<Held> = held.into_iter().skip(before).take(size).collect();
    Ok(Page {
        rows: Rows::from(shown),
        total,
        request: page,
    })
}

/// Everything in custody that a filter lets through, and how many rows of it cannot be read.
async fn survey_all(
    ctx: &Context,
    conn: &mut Conn,
    filter: CustodyFilter,
) -> Result<(Vec<Held>, usize)> {
    let payments = filter.all(conn).await?;
    let unreadable = payments.bad.len();
    let held = survey(ctx, conn, readable(payments)).await?;
    Ok((held, unreadable))
}

/// The next step of each of these payments.
async fn survey(ctx: &Context, conn: &mut Conn, payments: Vec<InCustody>) -> Result<Vec<Held>> {
    let ids: Vec<PaymentId> = payments.iter().map(|payment| payment.payment_id).collect();
    let mut positions = ledger::positions(conn, &ids).await?;
    let mut cases = refunds::cases_of_payments(conn, &ids).await?;
    let mut of_payment: HashMap<PaymentId, StoreResult<Refund>> = HashMap::new();
    for (payment, refund) in refunds::of_payments(conn, &ids).await? {
        let is_replaced = |refund: &Refund| refund.state.replaced_by().is_some();
        if !refund.as_ref().is_ok_and(is_replaced) {
            of_payment.insert(payment, refund);
        }
    }
    let readable = of_payment
        .values()
        .filter_map(|refund| refund.as_ref().ok());
    let refund_ids: Vec<_> = readable.map(|refund| refund.id).collect();
    let proposed_at = refunds::proposed_at(conn, &refund_ids).await?;
    let is_merchant_held = merchant::hold(conn).await?.is_some();
    let mut held = Vec::with_capacity(payments.len());
    for payment in payments {
        let id = payment.payment_id;
        let position = match positions.remove(&id).transpose() {
            Ok(position) => position,
            Err(error) => {
                tracing::error!(payment = id.0, %error, "the books of a payment contradict each other");
                None
            }
        };
        let account = position
            .as_ref()
            .map_or(Account::Held.as_str(), |position| {
                match position.reserved() {
                    Some(_) => "reserved",
                    None if position.balance(Account::Suspense) > 0 => Account::Suspense.as_str(),
                    None => Account::Held.as_str(),
                }
            });
        let here = position.as_ref().map_or(0, |position| {
            position.balance(Account::Held) + position.balance(Account::Suspense)
        });
        let case = cases.remove(&id);
        let refund = of_payment.remove(&id);
        let next = match (&case, &refund) {
            // Nothing is decided by a clock where the books cannot tell what is here.
            _ if position.is_none() => unreadable(payment.paid_at),
            (None, _) | (_, Some(Err(_))) => unreadable(payment.paid_at),
            (Some(case), refund) => {
                let refund = refund.as_ref().and_then(|refund| refund.as_ref().ok());
                let refund = refund.map(|refund| (refund, proposed_at.get(&refund.id).copied()));
                facts_of(ctx, &payment, case, refund, is_merchant_held).next_step(ctx.now())
            }
        };
        held.push(Held {
            amount: Fen::new(here).unwrap_or_default(),
            account,
            next,
            case,
            refund: refund.and_then(Result::ok),
            payment,
        });
    }
    Ok(held)
}

/// `refund` comes with the moment since which it waits for its decision; none: since it was made.
fn facts_of(
    ctx: &Context,
    payment: &InCustody,
    case: &Case,
    refund: Option<(&Refund, Option<Timestamp>)>,
    is_merchant_held: bool,
) -> Facts {
    let member = case.grounds.claimant.as_ref().map(|claimant| MemberFacts {
        may_bind: payment.may_bind,
        bind_deadline: payment.bind_deadline,
        is_matched: claimant.match_status == MatchStatus::Matched,
        verdict: case.grounds.is_judged().then(|| VerdictFacts {
            is_eligible: case.grounds.judgement().is_eligible(),
            refused_at: payment.refused_at,
        }),
    });
    Facts {
        paid_at: payment.paid_at,
        promise: payment.promise,
        rules: ctx.settings.promise,
        member,
        refund: refund.map(|(refund, proposed_at)| RefundFacts {
            state: refund.state.clone(),
            kind: refund.proposal.kind,
            proposed_at: proposed_at.unwrap_or(refund.created_at),
        }),
        objected_at: payment.objected_at,
        is_merchant_held,
    }
}

/// One payment with its next step, if money of it is here.
pub(super) async fn of_payment(
    ctx: &Context,
    conn: &mut Conn,
    payment: PaymentId,
) -> Result<Option<Held>> {
    let filter = CustodyFilter {
        payment_id: Some(payment),
        ..CustodyFilter::default()
    };
    let mut found = filter.all(conn).await?;
    if let Some(bad) = found.bad.pop() {
        return Err(Error::from(bad));
    }
    Ok(survey(ctx, conn, found.good).await?.pop())
}
