//! The books follow what happens to payments and refunds, in the transactions in which it happens
//! (design §3, posting table).

mod audit;
mod read;

use crate::domain::ledger::{Account, PaidBack, Position, RefundRef, Transfer, standing};
use crate::domain::refund::RefundState;
use crate::domain::{CampId, Fen, PaymentId, RefundId, RefundStatus, Timestamp};
use crate::store::refunds::Refund;
use crate::store::{Tx, ledger};

use super::{Error, Result};

pub use audit::{AuditedBooks, Difference, audit, compare_all};
pub use read::{BookQuery, balances, list};

/// The payment whose money moves, and the refund because of which it does.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    pub(super) camp: Option<CampId>,
    pub(super) id: PaymentId,
    pub(super) refund: Option<RefundId>,
}

impl Owner {
    pub(super) const fn of(refund: &Refund) -> Self {
        Self {
            camp: refund.camp_id,
            id: refund.payment_id,
            refund: Some(refund.id),
        }
    }
}

/// Posts what a refund's new state means for its money. `refund` still has the state before it.
pub(super) async fn follow_refund(
    tx: &mut Tx,
    refund: &Refund,
    new: &RefundState,
    at: Timestamp,
) -> Result<()> {
    let pays = new.status() == RefundStatus::Success;
    if !pays && refund.state.reserves_money() == new.reserves_money() {
        return Ok(());
    }
    let position = position_of(tx, refund).await?;
    if pays {
        let (number, amount) = (refund.refund_no.as_str(), refund.proposal.amount_fen);
        let back = position.pay_back(number, Some(refund.id), amount, at);
        return back.map_or(Ok(()), |back| post_back(tx, position, &back));
    }
    let transfer = if new.reserves_money() {
        let reserved = position.reserve(named(refund), at);
        let short = |short| Error::Invariant(format!("refund {}: {short}", refund.refund_no));
        Some(reserved.map_err(short)?)
    } else {
        position.release(at)
    };
    match transfer {
        Some(transfer) => post(tx, position, &transfer),
        None => Ok(()),
    }
}

/// Writes a transfer that was made from a payment's position, and whether its money is at rest
/// then. Every transfer but the one by which a payment comes in goes this way.
pub(super) fn post(tx: &mut Tx, position: Position, transfer: &Transfer) -> Result<()> {
    let (payment, rested) = (transfer.payment_id, position.is_at_rest());
    ledger::add(tx, transfer);
    let position = after(position, transfer)?;
    if position.is_at_rest() != rested {
        ledger::set_rested(tx, payment, position.is_at_rest().then_some(transfer.at));
    }
    Ok(())
}

/// Writes that money went back under a number.
pub(super) fn post_back(tx: &mut Tx, mut position: Position, back: &PaidBack) -> Result<()> {
    if let Some(released) = &back.released {
        post(tx, position.clone(), released)?;
        position = after(position, released)?;
    }
    post(tx, position, &back.transfer)
}

fn after(position: Position, transfer: &Transfer) -> Result<Position> {
    let position = position.after(transfer);
    position.map_err(|error| Error::Invariant(error.to_string()))
}

/// Moves money of a payment that is here and free to another account.
pub(super) async fn take(
    tx: &mut Tx,
    payment: Owner,
    cause: &str,
    amount: Fen,
    to: Account,
    at: Timestamp,
) -> Result<()> {
    let position = ledger::position(tx, payment.camp, payment.id).await?;
    let taken = position.take(cause, amount, to, at);
    let taken = taken.map_err(|short| Error::Invariant(format!("{cause}: {short}")))?;
    let refund_id = payment.refund;
    post(tx, position, &Transfer { refund_id, ..taken })
}

/// Brings back what moved from a payment into these accounts. Answers the sum, in fen.
pub(super) async fn take_back(
    tx: &mut Tx,
    payment: Owner,
    from: &[Account],
    at: Timestamp,
) -> Result<i64> {
    let transfers = ledger::of_payment(tx, payment.id).await?;
    let mut sum = 0;
    for moved in standing(&transfers, from) {
        let position = ledger::position(tx, payment.camp, payment.id).await?;
        let back = position.reverse(moved, at);
        post(tx, position, &back)?;
        sum += back.amount.get();
    }
    Ok(sum)
}

/// The money of a refund's payment.
pub(super) async fn position_of(tx: &mut Tx, refund: &Refund) -> Result<Position> {
    Ok(ledger::position(tx, refund.camp_id, refund.payment_id).await?)
}

const fn named(refund: &Refund) -> RefundRef<'_> {
    RefundRef {
        id: refund.id,
        refund_no: &refund.refund_no,
        amount: refund.proposal.amount_fen,
    }
}
