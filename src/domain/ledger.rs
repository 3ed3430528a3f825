//! The books: double entry, one transfer for each thing that happens to money (design §3, posting
//! table). A transfer is never changed; another one corrects it. Its id is its cause, so that one
//! cause is written once however often it comes.

use std::collections::HashMap;

use super::{CampId, Fen, PaymentId, RefundId, RefundNo, Timestamp};

text_enum! {
    /// A place for money.
    pub enum Account {
        /// All that came in, shown positive. It is not WeChat's balance: fees and payouts are not
        /// in it.
        Bank = "bank",
        /// Deposits of members.
        Held = "held",
        /// Payments that wait for a person to say what they are.
        Suspense = "suspense",
        /// Gone back by WeChat Pay.
        Returned = "returned",
        /// Gone back by another way.
        SettledOutside = "settled_outside",
        /// The organiser's.
        Kept = "kept",
        /// Gone back without having been here: the only account that may be negative.
        Loss = "loss",
    }
}

text_enum! {
    /// The effect of a transfer.
    pub enum TransferKind {
        /// Moves money.
        Plain = "plain",
        /// Reserves money, until another resolves it.
        Pending = "pending",
        /// Resolves a pending one: the money moves.
        Post = "post",
        /// Resolves a pending one: the money stays.
        Void = "void",
    }
}

/// One transfer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transfer {
    /// Its cause.
    pub id: String,
    pub kind: TransferKind,
    pub debit: Account,
    pub credit: Account,
    pub amount: Fen,
    /// None for a payment of an order that we do not know.
    pub camp_id: Option<CampId>,
    pub payment_id: PaymentId,
    pub refund_id: Option<RefundId>,
    /// The pending transfer that a post or a void resolves.
    pub resolves: Option<String>,
    /// The transfer whose effect it takes back.
    pub reverses: Option<String>,
    pub at: Timestamp,
}

/// A refund as the books name it.
#[derive(Debug, Clone, Copy)]
pub struct RefundRef<'r> {
    pub id: RefundId,
    pub refund_no: &'r RefundNo,
    pub amount: Fen,
}

/// Transfers of one payment that cannot be: somebody has to look.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unbalanced {
    #[error("{0} resolves what is not pending")]
    NothingToResolve(String),
    #[error("{0} reserves although another one is pending")]
    ReservedTwice(String),
    #[error("{0} takes more than there is")]
    Overdrawn(String),
    #[error("the sum of {0} is no amount")]
    NoAmount(String),
}

/// Money that is not where it would have to be taken from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{wanted:?} is wanted, {available:?} is here")]
pub struct Shortfall {
    pub wanted: Fen,
    pub available: Fen,
}

/// The result of posting money that went back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaidBack {
    /// Lets go what was reserved for the number, where it paid another amount: it pays no more.
    pub released: Option<Transfer>,
    pub transfer: Transfer,
    /// Nothing had been reserved for it: always an alarm.
    pub unreserved: bool,
}

/// The money of one payment, as its transfers leave it.
#[derive(Debug, Clone)]
pub struct Position {
    camp_id: Option<CampId>,
    payment_id: PaymentId,
    balances: HashMap<Account, i64>,
    reserved: Option<Transfer>,
    /// Gone back under numbers that are not ours, in fen: told when it came.
    returned_elsewhere: i64,
    /// Transfers so far: numbers those whose cause can come again.
    ids: Vec<String>,
}

text_enum! {
    /// A place at which the books and the states disagree about a payment.
    pub enum Disagreement {
        /// What came in.
        Paid = "paid",
        /// What went back by WeChat Pay.
        Returned = "returned",
        /// What is reserved for a refund on its way.
        Reserved = "reserved",
        /// What went back by another way.
        SettledOutside = "settled_outside",
        /// Money is here although its order says that it is gone.
        Here = "here",
        /// The rows of the payment contradict each other, or cannot be read.
        Unreadable = "unreadable",
    }
}

/// What the states of a payment and of its refunds say about its money, in fen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByStates {
    /// Paid in.
    pub paid: i64,
    /// Of refunds with success.
    pub returned: i64,
    /// Of refunds that are let go and under way ([`super::refund::RefundState::reserves_money`]).
    pub reserved: i64,
    /// A refund was settled outside.
    pub is_settled_outside: bool,
    /// The order is refunded.
    pub is_gone: bool,
}

impl Transfer {
    /// Books a payment under WeChat Pay's number of it: into `held` if it took a place in a camp,
    /// else into `suspense`.
    #[must_use]
    pub fn payment(
        transaction_id: &str,
        amount: Fen,
        took_place: bool,
        camp_id: Option<CampId>,
        payment_id: PaymentId,
        at: Timestamp,
    ) -> Self {
        Self {
            id: format!("pay:{transaction_id}"),
            kind: TransferKind::Plain,
            debit: Account::Bank,
            credit: if took_place {
                Account::Held
            } else {
                Account::Suspense
            },
            amount,
            camp_id,
            payment_id,
            refund_id: None,
            resolves: None,
            reverses: None,
            at,
        }
    }
}

impl Position {
    /// Adds up the transfers of a payment, in the order in which they were written.
    ///
    /// # Errors
    /// They contradict each other, or an account other than `loss` would be negative.
    pub fn of<'t>(
        camp_id: Option<CampId>,
        payment_id: PaymentId,
        transfers: impl IntoIterator<Item = &'t Transfer>,
    ) -> Result<Self, Unbalanced> {
        let mut position = Self {
            camp_id,
            payment_id,
            balances: HashMap::new(),
            reserved: None,
            returned_elsewhere: 0,
            ids: Vec::new(),
        };
        for transfer in transfers {
            position.add(transfer)?;
        }
        Ok(position)
    }

    fn add(&mut self, transfer: &Transfer) -> Result<(), Unbalanced> {
        let id = || transfer.id.clone();
        if matches!(transfer.kind, TransferKind::Post | TransferKind::Void) {
            let reserved = self.reserved.take();
            if reserved.map(|reserved| reserved.id) != transfer.resolves {
                return Err(Unbalanced::NothingToResolve(id()));
            }
        }
        match transfer.kind {
            TransferKind::Pending if self.reserved.is_some() => {
                return Err(Unbalanced::ReservedTwice(id()));
            }
            TransferKind::Pending => self.reserved = Some(transfer.clone()),
            TransferKind::Plain | TransferKind::Post => self.move_money(transfer)?,
            TransferKind::Void => {}
        }
        self.ids.push(id());
        Ok(())
    }

    fn move_money(&mut self, transfer: &Transfer) -> Result<(), Unbalanced> {
        // The bank is shown positive, though it is what everything else is owed from.
        let signed = |account, amount: i64| match account {
            Account::Bank => -amount,
            _ => amount,
        };
        let amount = transfer.amount.get();
        if transfer.credit == Account::Returned && transfer.refund_id.is_none() {
            self.returned_elsewhere += amount;
        }
        for (account, change) in [(transfer.debit, -amount), (transfer.credit, amount)] {
            let balance = self.balances.entry(account).or_default();
            let changed = balance.checked_add(signed(account, change));
            *balance = changed.ok_or_else(|| Unbalanced::NoAmount(transfer.id.clone()))?;
            if *balance < 0 && account != Account::Loss {
                return Err(Unbalanced::Overdrawn(transfer.id.clone()));
            }
        }
        Ok(())
    }

    /// The balance of an account, in fen; negative in `loss` alone.
    #[must_use]
    pub fn balance(&self, account: Account) -> i64 {
        self.balances.get(&account).copied().unwrap_or_default()
    }

    /// What is reserved for a refund that is on its way.
    #[must_use]
    pub const fn reserved(&self) -> Option<&Transfer> {
        self.reserved.as_ref()
    }

    /// The position after one more transfer.
    ///
    /// # Errors
    /// The transfer does not fit.
    pub fn after(mut self, transfer: &Transfer) -> Result<Self, Unbalanced> {
        self.add(transfer)?;
        Ok(self)
    }

    /// True if nothing of the payment is here any more.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.balance(Account::Held) + self.balance(Account::Suspense) == 0
    }

    /// The money that is here and for which no refund is on its way.
    #[must_use]
    pub fn free(&self) -> Fen {
        let reserved = self.reserved.as_ref();
        let reserved = reserved.map_or(0, |reserved| reserved.amount.get());
        let here = self.balance(Account::Held) + self.balance(Account::Suspense);
        Fen::new(here - reserved).unwrap_or_default()
    }

    /// Compares with what the states say; empty where both agree.
    #[must_use]
    pub fn disagreements(&self, states: &ByStates) -> Vec<Disagreement> {
        let reserved = self.reserved.as_ref();
        let reserved = reserved.map_or(0, |reserved| reserved.amount.get());
        let here = self.balance(Account::Held) + self.balance(Account::Suspense);
        let is_settled = self.balance(Account::SettledOutside) > 0;
        let agree = [
            (
                Disagreement::Paid,
                self.balance(Account::Bank) == states.paid,
            ),
            (
                Disagreement::Returned,
                self.balance(Account::Returned) - self.returned_elsewhere == states.returned,
            ),
            (Disagreement::Reserved, reserved == states.reserved),
            (
                Disagreement::SettledOutside,
                is_settled == states.is_settled_outside,
            ),
            (Disagreement::Here, !states.is_gone || here == 0),
        ];
        let disagree = agree.into_iter().filter(|(_, agree)| !agree);
        disagree.map(|(what, _)| what).collect()
    }

    /// The account that the money is in: a payment has it in one place.
    fn place(&self) -> Account {
        if self.balance(Account::Held) > 0 {
            Account::Held
        } else {
            Account::Suspense
        }
    }

    /// Reserves the money of a refund, on its last approval.
    ///
    /// # Errors
    /// It is not here.
    pub fn reserve(&self, refund: RefundRef<'_>, at: Timestamp) -> Result<Transfer, Shortfall> {
        let (wanted, available) = (refund.amount, self.free());
        if available < wanted {
            return Err(Shortfall { wanted, available });
        }
        let cause = format!("approve:{}", refund.refund_no);
        Ok(Transfer {
            kind: TransferKind::Pending,
            refund_id: Some(refund.id),
            ..self.transfer(&cause, self.place(), Account::Returned, wanted, at)
        })
    }

    /// Lets go what is reserved, if anything is: the refund was withdrawn, or will never pay.
    #[must_use]
    pub fn release(&self, at: Timestamp) -> Option<Transfer> {
        let reserved = self.reserved.as_ref()?;
        Some(resolve(reserved, TransferKind::Void, "void", at))
    }

    /// Books money that went back under a number: out of what is reserved for it, else out of what
    /// is here, else as a loss. `None` if it is in the books already. `refund` is none for a number
    /// that is not ours. What is reserved for the number is let go where it paid another amount: SUCCESS
    /// is its end.
    #[must_use]
    pub fn pay_back(
        &self,
        refund_no: &str,
        refund: Option<RefundId>,
        amount: Fen,
        at: Timestamp,
    ) -> Option<PaidBack> {
        let id = format!("success:{refund_no}");
        let posted = format!("post:{refund_no}:");
        let is_booked = |known: &String| *known == id || known.starts_with(&posted);
        if self.ids.iter().any(is_booked) {
            return None;
        }
        let reserved = self.reserved.as_ref();
        let reserved = reserved.filter(|reserved| refund.is_some() && reserved.refund_id == refund);
        if let Some(reserved) = reserved.filter(|reserved| reserved.amount == amount) {
            return Some(PaidBack {
                released: None,
                transfer: resolve(reserved, TransferKind::Post, "post", at),
                unreserved: false,
            });
        }
        let released = reserved.map(|reserved| resolve(reserved, TransferKind::Void, "void", at));
        let let_go = released.as_ref().map_or(0, |it| it.amount.get());
        let is_here = self.free().get() + let_go >= amount.get();
        let from = if is_here { self.place() } else { Account::Loss };
        let transfer = Transfer {
            id,
            refund_id: refund,
            ..self.transfer("success", from, Account::Returned, amount, at)
        };
        Some(PaidBack {
            released,
            transfer,
            unreserved: true,
        })
    }

    /// Moves money that is here and free to another account.
    ///
    /// # Errors
    /// It is not here.
    pub fn take(
        &self,
        cause: &str,
        amount: Fen,
        to: Account,
        at: Timestamp,
    ) -> Result<Transfer, Shortfall> {
        let available = self.free();
        if available < amount {
            return Err(Shortfall {
                wanted: amount,
                available,
            });
        }
        Ok(self.transfer(cause, self.place(), to, amount, at))
    }

    /// Takes back what a transfer has done.
    #[must_use]
    pub fn reverse(&self, transfer: &Transfer, at: Timestamp) -> Transfer {
        let (debit, credit) = (transfer.credit, transfer.debit);
        Transfer {
            id: format!("reverse:{}", transfer.id),
            reverses: Some(transfer.id.clone()),
            refund_id: transfer.refund_id,
            ..self.transfer("reverse", debit, credit, transfer.amount, at)
        }
    }

    fn transfer(
        &self,
        cause: &str,
        debit: Account,
        credit: Account,
        amount: Fen,
        at: Timestamp,
    ) -> Transfer {
        Transfer {
            id: self.numbered(cause),
            kind: TransferKind::Plain,
            debit,
            credit,
            amount,
            camp_id: self.camp_id,
            payment_id: self.payment_id,
            refund_id: None,
            resolves: None,
            reverses: None,
            at,
        }
    }

    /// Numbers a cause that can come again: `approve:rfd_…:2` is the second approval.
    fn numbered(&self, cause: &str) -> String {
        let before = self.ids.iter().filter(|id| {
            let number = id.strip_prefix(cause);
            number.is_some_and(|number| number.starts_with(':'))
        });
        format!("{cause}:{}", before.count() + 1)
    }
}

/// The transfers of a payment that moved money to one of these accounts and that nothing has taken
/// back since, the newest first.
pub fn standing<'t>(
    transfers: &'t [Transfer],
    to: &'t [Account],
) -> impl Iterator<Item = &'t Transfer> {
    let is_reversed = |id: &str| {
        let mut reverses = transfers.iter().map(|other| other.reverses.as_deref());
        reverses.any(|reversed| reversed == Some(id))
    };
    let moved = transfers.iter().rev();
    moved.filter(move |transfer| {
        transfer.kind == TransferKind::Plain
            && transfer.reverses.is_none()
            && to.contains(&transfer.credit)
            && !is_reversed(&transfer.id)
    })
}

/// Resolves a pending transfer, under the number that it has.
fn resolve(reserved: &Transfer, kind: TransferKind, word: &str, at: Timestamp) -> Transfer {
    let number = reserved.id.strip_prefix("approve:").unwrap_or(&reserved.id);
    Transfer {
        id: format!("{word}:{number}"),
        kind,
        resolves: Some(reserved.id.clone()),
        at,
        ..reserved.clone()
    }
}

#[cfg(test)]
mod tests;
