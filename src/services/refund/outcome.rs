//! The outcome of a payment that something was wrong with.

use crate::domain::staff::Actor;
use crate::domain::{Action, PaymentId};
use crate::store::payments;
use crate::store::refunds::{self, Refund};

use super::{Context, Error, Result, authorize};

/// A payment as it ended: its refund, and its member.
#[derive(Debug)]
pub struct PaymentOutcome {
    /// Its refund; none where nobody has proposed one.
    pub refund: Option<Refund>,
    /// It made a member.
    pub has_place: bool,
}

/// Reads the outcome of a payment, for somebody who may review its refund.
///
/// # Errors
/// [`Error::NotFound`], [`Error::Forbidden`].
pub async fn outcome_of_payment(
    ctx: &Context,
    actor: &Actor,
    payment: PaymentId,
) -> Result<PaymentOutcome> {
    let mut conn = ctx.db.read().await?;
    let order = payments::by_id(&mut conn, payment).await?;
    let order = order.ok_or(Error::NotFound)?;
    authorize(&mut conn, actor, Action::ReviewRefunds, order.camp_id).await?;
    Ok(PaymentOutcome {
        refund: refunds::of_payment(&mut conn, payment).await?,
        has_place: order.member_id.is_some(),
    })
}
