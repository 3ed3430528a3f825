//! One planet account brings back one deposit: looked at in the transaction that approves.

use crate::domain::refund::{self as rules, NotTheirs};
use crate::store::Conn;
use crate::store::refunds::{self, Refund};

use super::{Duplicate, Refusal, Result, WrongState};

/// The refusal of a deposit that the check-ins of its account cannot bring back.
pub(super) async fn check_account(conn: &mut Conn, refund: &Refund) -> Result<Option<Refusal>> {
    let proposal = &refund.proposal;
    let other = match (refund.camp_id, proposal.planet_user_id) {
        (Some(camp), Some(account)) => {
            refunds::other_deposit(conn, camp, account, refund.payment_id).await?
        }
        _ => None,
    };
    Ok(match rules::check_account(proposal, other) {
        Ok(()) => None,
        Err(NotTheirs::Contested) => Some(WrongState::IdentityContested.into()),
        Err(NotTheirs::PaidToAnother(order_no)) => Some(Duplicate::Deposit { order_no }.into()),
    })
}
