//! What waits for a decision, as reviewers are shown it: by camp, the clear ones apart from those
//! to look at.

use crate::domain::refund::CLEAR_CONFIDENCE;
use crate::domain::staff::Actor;
use crate::domain::{Action, CampStatus, Fen, MemberId, PaymentId, RefundId, RefundStatus};
use crate::store::camps::Camp;
use crate::store::members;
use crate::store::refunds::{self, Filter, Listed, Refund};

use super::{Context, Error, Result, lookup, require};

/// Refunds of one camp that are looked at: a camp has 1,000 members at most.
const MAX_PENDING: i64 = 2000;

/// What waits in a camp.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// The camp.
    pub camp: Camp,
    /// May be approved together by one click.
    pub clear: Vec<Listed>,
    /// A person has to look at each.
    pub to_look_at: Vec<Listed>,
    /// Members whose days do not suffice.
    pub not_eligible: usize,
}

impl Waiting {
    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.clear.is_empty() && self.to_look_at.is_empty()
    }

    /// What waits for one member.
    #[must_use]
    pub fn of_member(&self, member: MemberId) -> Option<&Listed> {
        self.find(|refund| refund.member_id == Some(member))
    }

    /// What waits about one payment.
    #[must_use]
    pub fn of_payment(&self, payment: PaymentId) -> Option<&Listed> {
        self.find(|refund| refund.payment_id == payment)
    }

    /// One refund, if it waits.
    #[must_use]
    pub fn of_refund(&self, id: RefundId) -> Option<&Listed> {
        self.find(|refund| refund.id == id)
    }

    fn find(&self, is_wanted: impl Fn(&Refund) -> bool) -> Option<&Listed> {
        let mut all = self.clear.iter().chain(&self.to_look_at);
        all.find(|listed| is_wanted(&listed.refund))
    }
}

/// The sum of some refunds.
///
/// # Errors
/// [`Error::Invariant`] if it overflows.
pub fn sum(listed: &[Listed]) -> Result<Fen> {
    let amounts = listed
        .iter()
        .map(|listed| listed.refund.proposal.amount_fen);
    Fen::sum(amounts).map_err(|error| Error::Invariant(error.to_string()))
}

/// What waits in one camp.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may review there.
pub async fn waiting(ctx: &Context, actor: &Actor, camp: Camp) -> Result<Waiting> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ReviewRefunds, camp.id).await?;
    let filter = Filter {
        status: Some(RefundStatus::Pending),
        camp: Some(camp.id),
        ..Filter::default()
    };
    let (pending, _) = refunds::list(&mut conn, &filter, MAX_PENDING, 0).await?;
    let (clear, to_look_at) = pending.into_iter().partition(|listed| {
        let proposal = &listed.refund.proposal;
        proposal.is_clear() && proposal.confidence >= CLEAR_CONFIDENCE
    });
    let members = members::of_camp(&mut conn, camp.id).await?;
    Ok(Waiting {
        not_eligible: members.iter().filter(|member| !member.eligible).count(),
        camp,
        clear,
        to_look_at,
    })
}

/// The camps in which something waits for `actor`.
///
/// # Errors
/// [`Error::Forbidden`] if they may review nowhere.
pub async fn waiting_everywhere(ctx: &Context, actor: &Actor) -> Result<Vec<Waiting>> {
    let mut all = Vec::new();
    for camp in lookup::camps_for(ctx, actor, Action::ReviewRefunds).await? {
        if camp.status == CampStatus::Archived {
            continue;
        }
        let waiting = waiting(ctx, actor, camp).await?;
        if !waiting.is_empty() {
            all.push(waiting);
        }
    }
    Ok(all)
}

/// One refund, for somebody who may review it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn one(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Refund> {
    let mut conn = ctx.db.read().await?;
    let refund = refunds::by_id(&mut conn, id)
        .await?
        .ok_or(Error::NotFound)?;
    match refund.camp_id {
        Some(camp) => require(&mut conn, actor, Action::ReviewRefunds, camp).await?,
        None => super::require_anywhere(actor, Action::ReviewRefunds)?,
    }
    Ok(refund)
}
