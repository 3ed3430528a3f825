//! One planet account brings back one deposit (design §3).

use super::{Proposal, RefundFlag, RefundKind};

/// A deposit must not go back for the check-ins of an account.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotTheirs {
    /// Several members claim the account, and nobody has said yet whose it is.
    #[error("several claim the account")]
    Contested,
    /// The account brings, or has brought, somebody else their deposit back.
    #[error("the account brings back the deposit of order {0}")]
    PaidToAnother(String),
}

/// Checks that a deposit may go back by what its account has checked in; `other` is the order of
/// another deposit that the same account brings back. What a person proposes against the judgement
/// and what is wrong with a payment do not rest on an account.
///
/// # Errors
/// [`NotTheirs`] while the account is contested, and once it has served.
pub fn check_account(proposal: &Proposal, other: Option<String>) -> Result<(), NotTheirs> {
    match other {
        _ if proposal.kind != RefundKind::Deposit => Ok(()),
        Some(order_no) => Err(NotTheirs::PaidToAnother(order_no)),
        None if proposal.flags.contains(&RefundFlag::Contested) => Err(NotTheirs::Contested),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::proposal;
    use super::*;

    #[test]
    fn an_account_serves_once_and_nobody_while_it_is_contested() {
        use RefundFlag::{Contested, Grace};
        let another = || Some("ord_1".to_owned());
        let paid = Err(NotTheirs::PaidToAnother("ord_1".to_owned()));
        for (kind, flags, other, said) in [
            (RefundKind::Deposit, vec![], None, Ok(())),
            (RefundKind::Deposit, vec![Grace], None, Ok(())),
            (
                RefundKind::Deposit,
                vec![Contested],
                None,
                Err(NotTheirs::Contested),
            ),
            (RefundKind::Deposit, vec![], another(), paid.clone()),
            (RefundKind::Deposit, vec![Contested], another(), paid),
            (RefundKind::Manual, vec![Contested], another(), Ok(())),
            (RefundKind::Duplicate, vec![], another(), Ok(())),
        ] {
            assert_eq!(check_account(&proposal(kind, flags), other), said);
        }
    }
}
