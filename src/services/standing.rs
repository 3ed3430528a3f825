//! Where money stands, as staff ask for it in a chat: that of a member, of an order or of a refund.

use crate::domain::custody::NextStep;
use crate::domain::shown_name::shown_name;
use crate::domain::staff::Actor;
use crate::domain::{Action, CampId, Fen, MemberId, PaymentId, RefundStatus};
use crate::store::payments::{self, Payment};
use crate::store::refunds::{self, Refund};
use crate::store::{Conn, camps, member_search, members};

use super::rows::readable;
use super::{Context, Error, Result, custody, lookup, reach_of, require, require_anywhere};

/// Payments that one question may find.
pub const MAX_FOUND: usize = 8;

/// Where the money of a payment stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// It was found by its number, which is nobody else's.
    pub is_of_number: bool,
    /// By which staff know the payer.
    pub name: String,
    /// None for an order that we do not know.
    pub camp_id: Option<CampId>,
    pub camp_name: Option<String>,
    pub member_id: Option<MemberId>,
    pub payment_id: PaymentId,
    pub order_no: String,
    /// What the refund pays, else what was paid.
    pub amount: Fen,
    /// None where nobody has put it forward.
    pub refund: Option<Refund>,
    /// Why it was rejected, as the one who did so has put it.
    pub rejection: Option<String>,
    /// None once nothing of it is here.
    pub next: Option<NextStep>,
}

/// Finds the payments that `text` means among those whose refunds `actor` may review: the one of a
/// refund's or an order's number, else those of the members of that name, in one camp or
/// in all, at most [`MAX_FOUND`].
///
/// # Errors
/// [`Error::Forbidden`] for who may review nowhere.
pub async fn find(
    ctx: &Context,
    actor: &Actor,
    camp: Option<CampId>,
    text: &str,
) -> Result<Vec<Standing>> {
    reach_of(actor, Action::ReviewRefunds)?;
    let text = text.trim();
    let (found, is_of_number) = match of_number(ctx, actor, text).await? {
        Some(payment) => (vec![payment], true),
        None => (of_name(ctx, actor, camp, text).await?, false),
    };
    let mut standings = Vec::with_capacity(found.len());
    for payment in found {
        standings.push(standing(ctx, payment, is_of_number).await?);
    }
    Ok(standings)
}

/// The payment of a number, if it is for `actor` to know.
async fn of_number(ctx: &Context, actor: &Actor, number: &str) -> Result<Option<Payment>> {
    let mut conn = ctx.db.read().await?;
    let payment = match refunds::by_refund_no(&mut conn, number).await? {
        Some(refund) => payments::by_id(&mut conn, refund.payment_id).await?,
        None => payments::by_number(&mut conn, number).await?,
    };
    let Some(payment) = payment.filter(|payment| payment.paid.is_some()) else {
        return Ok(None);
    };
    let allowed = match payment.camp_id {
        Some(camp) => require(&mut conn, actor, Action::ReviewRefunds, camp).await,
        None => require_anywhere(actor, Action::ReviewRefunds),
    };
    match allowed {
        Ok(()) => Ok(Some(payment)),
        // That there is such a number is not for them to know either.
        Err(Error::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn of_name(
    ctx: &Context,
    actor: &Actor,
    camp: Option<CampId>,
    name: &str,
) -> Result<Vec<Payment>> {
    let mut camps = lookup::camps_for(ctx, actor, Action::ReviewRefunds).await?;
    camps.retain(|of| camp.is_none_or(|camp| camp == of.id));
    let limit = i64::try_from(MAX_FOUND).unwrap_or(i64::MAX);
    let mut conn = ctx.db.read().await?;
    let mut found = Vec::new();
    for camp in camps {
        let members = member_search::in_camp(&mut conn, camp.id, name, limit).await?;
        for member in readable(members) {
            found.extend(payments::by_id(&mut conn, member.payment_id).await?);
        }
        if found.len() >= MAX_FOUND {
            break;
        }
    }
    found.truncate(MAX_FOUND);
    Ok(found)
}

async fn standing(ctx: &Context, payment: Payment, is_of_number: bool) -> Result<Standing> {
    let mut conn = ctx.db.read().await?;
    let name = name_of(&mut conn, &payment).await?;
    let camp_name = camps::name(&mut conn, payment.camp_id).await?;
    let refund = refunds::of_payment(&mut conn, payment.id).await?;
    // What the system has taken back was never a person's word.
    let refund = refund.filter(|refund| !refund.was_withdrawn_by_system());
    let rejection = rejection(&mut conn, refund.as_ref()).await?;
    drop(conn);
    let outlook = custody::outlook_of(ctx, payment.id).await?;
    let paid = payment.paid.unwrap_or(payment.amount);
    Ok(Standing {
        is_of_number,
        name,
        camp_id: payment.camp_id,
        camp_name,
        member_id: payment.member_id,
        payment_id: payment.id,
        order_no: payment.order_no,
        amount: refund
            .as_ref()
            .map_or(paid, |refund| refund.proposal.amount_fen),
        refund,
        rejection,
        next: outlook.next,
    })
}

async fn rejection(conn: &mut Conn, refund: Option<&Refund>) -> Result<Option<String>> {
    let Some(refund) = refund.filter(|refund| refund.status() == RefundStatus::Rejected) else {
        return Ok(None);
    };
    let timeline = refunds::timeline(conn, refund.id).await?;
    let rejected = RefundStatus::Rejected.as_str();
    let mut moves = timeline.into_iter().rev();
    Ok(moves
        .find(|row| row.to_status == rejected)
        .map(|row| row.reason))
}

/// The member's name, else the one that the order claims.
async fn name_of(conn: &mut Conn, payment: &Payment) -> Result<String> {
    let member = match payment.member_id {
        Some(id) => members::by_id(conn, id).await?,
        None => None,
    };
    Ok(member.map_or_else(
        || {
            let claimed = [&payment.claim.nickname, &payment.claim.wechat_nickname];
            let claimed = claimed.map(|name| name.as_deref().unwrap_or_default());
            shown_name(&claimed, None, payment.claim.signed)
        },
        |member| member.identity.shown_name(),
    ))
}
