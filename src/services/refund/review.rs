//! Refunds that wait for a decision, as reviewers are shown them: by camp, the clear ones apart
//! from those to look at.

use crate::domain::refund::RefundState;
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, CampStatus, Fen, MemberId, PaymentId, RefundId, RefundStatus};
use crate::services::lookup;
use crate::services::rows::readable;
use crate::store::Listing as _;
use crate::store::camps::{self, Camp};
use crate::store::refunds::{self, Filter, Listed, Refund};
use crate::store::reports::{self, AlikeMembers};

use super::approve::{MAX_BATCH, Picked};
use super::{Context, Error, Result, authorize, load, require};

/// The refunds of one camp that wait for a decision.
#[derive(Debug, Clone)]
pub struct Waiting {
    pub camp: Camp,
    /// May be approved together by one click.
    pub clear: Vec<Listed>,
    /// A person has to look at each.
    pub to_look_at: Vec<Listed>,
    /// Refunds that the one who asks has approved first: a colleague has to as well.
    pub awaiting_another: usize,
    /// Members of whom nobody knows yet which account is theirs.
    pub unidentified: i64,
    /// Members whose days do not suffice.
    pub not_eligible: i64,
}

impl Waiting {
    /// True if nothing waits for the person who asks.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of refunds that wait for the person who asks.
    #[must_use]
    pub fn len(&self) -> usize {
        self.clear.len() + self.to_look_at.len()
    }

    /// The waiting refund of one member.
    #[must_use]
    pub fn of_member(&self, member: MemberId) -> Option<&Listed> {
        self.find(|refund| refund.member_id == Some(member))
    }

    /// The waiting refund of one payment.
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

/// Sums up some refunds.
///
/// # Errors
/// [`Error::Invariant`] if it overflows.
pub fn sum(listed: &[Listed]) -> Result<Fen> {
    let amounts = listed
        .iter()
        .map(|listed| listed.refund.proposal.amount_fen);
    Fen::sum(amounts).map_err(|error| Error::Invariant(error.to_string()))
}

/// Reads what waits in one camp: for a first approval, or for a second one by somebody else than
/// the first approver.
///
/// # Errors
/// [`Error::Forbidden`] unless `actor` may review there.
pub async fn waiting(ctx: &Context, actor: &Actor, camp: Camp) -> Result<Waiting> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ReviewRefunds, camp.id).await?;
    let mut all = Vec::new();
    for status in [RefundStatus::Pending, RefundStatus::AwaitingSecond] {
        let filter = Filter {
            status: Some(status),
            camp: Some(camp.id),
            ..Filter::default()
        };
        all.extend(readable(filter.all(&mut conn).await?));
    }
    let (mine, all): (Vec<Listed>, Vec<Listed>) = all.into_iter().partition(|listed| {
        let state = &listed.refund.state;
        matches!(state, RefundState::AwaitingSecond { first } if first.by == actor.user_id)
    });
    let (clear, to_look_at) = all
        .into_iter()
        .partition(|listed| listed.refund.proposal.is_clear());
    let groups = reports::alike_members(&mut conn, &[camp.id]).await?;
    let groups = groups.get(&camp.id).into_iter().flatten();
    let (known, unknown): (Vec<&AlikeMembers>, Vec<_>) = groups
        .filter(|group| !group.is_eligible)
        .partition(|group| group.is_matched);
    let count = |groups: Vec<&AlikeMembers>| groups.iter().map(|group| group.members).sum();
    Ok(Waiting {
        unidentified: count(unknown),
        not_eligible: count(known),
        camp,
        clear,
        to_look_at,
        awaiting_another: mine.len(),
    })
}

/// Reads the camps in which something waits for `actor`, or for a colleague after them.
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
        if !waiting.is_empty() || waiting.awaiting_another > 0 {
            all.push(waiting);
        }
    }
    Ok(all)
}

/// Picks what one click may approve of a camp: pending, clear, at least so sure. Those to look at
/// are never among them.
pub async fn clear_of(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    min_confidence: i64,
) -> Result<Vec<Picked>> {
    let mut conn = ctx.db.read().await?;
    camps::by_id(&mut conn, camp)
        .await?
        .ok_or(Error::NotFound)?;
    authorize(&mut conn, actor, Action::ReviewRefunds, Some(camp)).await?;
    let filter = Filter {
        status: Some(RefundStatus::Pending),
        camp: Some(camp),
        min_confidence: Some(min_confidence),
        only_clear: true,
        ..Filter::default()
    };
    let limit = i64::try_from(MAX_BATCH).unwrap_or(i64::MAX);
    let clear = filter.chunk(&mut conn, None, limit).await?;
    let picked = readable(clear.rows).into_iter().map(|listed| Picked {
        id: listed.refund.id,
        hash: Some(listed.refund.proposal_hash),
    });
    Ok(picked.collect())
}

/// One refund, for somebody who may review it.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn one(ctx: &Context, actor: &Actor, id: RefundId) -> Result<Refund> {
    let mut conn = ctx.db.read().await?;
    load(&mut conn, actor, Action::ReviewRefunds, id).await
}

/// Those of the named refunds that are a camp's, for somebody who may review there.
///
/// # Errors
/// [`Error::Forbidden`].
pub async fn of_camp(
    ctx: &Context,
    actor: &Actor,
    camp: CampId,
    ids: &[RefundId],
) -> Result<Vec<Refund>> {
    let mut conn = ctx.db.read().await?;
    require(&mut conn, actor, Action::ReviewRefunds, camp).await?;
    let refunds = refunds::of_camp(&mut conn, camp).await?.into_iter();
    // One that cannot be read was not among those that were shown, or is named when it is acted on.
    let readable = refunds.filter_map(|(_, refund)| refund.ok());
    Ok(readable.filter(|refund| ids.contains(&refund.id)).collect())
}
