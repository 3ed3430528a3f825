//! A day's bill, as WeChat Pay has it, in the words of the books.

use chrono::NaiveDate;

use crate::domain::trade_bill::{BillFailure, Difference, Entry, Subject};
use crate::platforms::wechat_pay::{self, BillAnswer, BillEntry, BillRow, TradeBill, Trouble};
use crate::services::{Context, Result};

/// The rows of a bill.
#[derive(Debug, Clone, Default)]
pub(super) struct Fetched {
    pub(super) entries: Vec<Entry>,
    /// Lines that cannot be read, each a difference by itself.
    pub(super) unreadable: Vec<Difference>,
}

impl Fetched {
    /// How many rows the bill has.
    pub(super) fn rows(&self) -> i64 {
        i64::try_from(self.entries.len() + self.unreadable.len()).unwrap_or(i64::MAX)
    }
}

/// Why there is no bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoBill {
    pub(super) why: BillFailure,
    /// Other days would not fare better now.
    pub(super) is_general: bool,
}

/// Fetches the bill of a day whose bill is to be there. One on which nothing happened has no rows.
pub(super) async fn fetch(ctx: &Context, day: NaiveDate) -> Result<Result<Fetched, NoBill>> {
    Ok(match ctx.pay()?.trade_bill(day).await {
        Ok(BillAnswer::Bill(bill)) => Ok(read(day, &bill)),
        Ok(BillAnswer::Nothing) => Ok(Fetched::default()),
        Ok(BillAnswer::Creating) => Err(NoBill {
            why: BillFailure::Creating,
            is_general: false,
        }),
        Err(error) => {
            tracing::warn!(%day, %error, "no trade bill");
            Err(no_bill(&error))
        }
    })
}

fn no_bill(error: &wechat_pay::Error) -> NoBill {
    use wechat_pay::Error as E;
    let (why, is_general) = match error {
        E::UnexpectedAnswer { .. } => (BillFailure::Unreadable, false),
        E::Api(_) if !error.outcome_unknown() => {
            let is_general = error.is_rate_limited() || error.trouble() == Trouble::Merchant;
            (BillFailure::Refused, is_general)
        }
        E::InvalidRequest { .. } | E::Signing(_) => (BillFailure::Refused, true),
        E::Api(_)
        | E::Unverified { .. }
        | E::NoCertificate { .. }
        | E::NotConnected { .. }
        | E::Unanswered { .. } => (BillFailure::Unanswered, true),
    };
    NoBill { why, is_general }
}

fn read(day: NaiveDate, bill: &TradeBill) -> Fetched {
    let mut fetched = Fetched::default();
    for row in bill.rows() {
        match row {
            Ok(row) => fetched.entries.push(entry(row)),
            Err(bad) => {
                tracing::error!(%day, line = bad.line, problem = bad.problem, "a bill's row cannot be read");
                let unreadable = Difference::unreadable(bad.line, bad.out_trade_no);
                fetched.unreadable.push(unreadable);
            }
        }
    }
    // The hash says that the file is whole; its own sums say whether we have read it rightly.
    let totals = bill.totals();
    if totals.is_none_or(|totals| totals.rows != fetched.rows()) {
        tracing::error!(%day, ?totals, rows = fetched.rows(), "a bill does not add up");
    }
    fetched
}

fn entry(row: BillRow) -> Entry {
    let (subject, amount_fen) = match row.entry {
        BillEntry::Payment { order_fen } => (Subject::Payment(row.transaction_id), order_fen),
        BillEntry::Refund {
            out_refund_no,
            refund_fen,
        } => (Subject::Refund(out_refund_no), refund_fen),
    };
    Entry {
        subject,
        order_no: row.out_trade_no,
        amount_fen,
        at: Some(row.at.into()),
        is_posted: true,
    }
}
