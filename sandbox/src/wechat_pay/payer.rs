//! What payers do, and how refunds end: the notifications follow by themselves.

use super::records::{NotPossible, Order, PayOptions, Refund, RefundOutcome};
use super::stand_in::WechatPay;

impl WechatPay {
    /// The payer pays the order, whatever its channel; the notification follows.
    ///
    /// # Errors
    /// Unknown, paid or closed orders.
    pub fn pay(&self, out_trade_no: &str) -> Result<Order, NotPossible> {
        self.pay_with(out_trade_no, PayOptions::default())
    }

    /// The same, by a given person, with another amount or although the order is closed.
    ///
    /// # Errors
    /// Unknown, paid or (unless the options say so) closed orders.
    pub fn pay_with(&self, out_trade_no: &str, options: PayOptions) -> Result<Order, NotPossible> {
        let now = self.world().clock.now();
        let order = self.ledger().pay(out_trade_no, options, now)?;
        self.notify_payment(&order);
        Ok(order)
    }

    /// Somebody scans the QR code of a native order and pays.
    ///
    /// # Errors
    /// As [`Self::pay`], and codes that are unknown or older than two hours.
    pub fn pay_by_code(&self, code_url: &str) -> Result<Order, NotPossible> {
        let out_trade_no = self.number_behind(code_url)?;
        self.pay(&out_trade_no)
    }

    /// A payment of an order that the merchant never made, notified to `notify_url`.
    ///
    /// # Errors
    /// If the number is taken.
    pub fn pay_foreign_order(
        &self,
        out_trade_no: &str,
        total_fen: i64,
        notify_url: &str,
    ) -> Result<Order, NotPossible> {
        let now = self.world().clock.now();
        let order = self
            .ledger()
            .pay_foreign(out_trade_no, total_fen, notify_url, now)?;
        self.notify_payment(&order);
        Ok(order)
    }

    /// Ends a refund now and notifies it.
    ///
    /// # Errors
    /// Unknown refunds and those that have ended for good.
    pub fn finish_refund(
        &self,
        out_refund_no: &str,
        outcome: RefundOutcome,
    ) -> Result<Refund, NotPossible> {
        let now = self.world().clock.now();
        let refund = self.ledger().finish(out_refund_no, outcome, now)?;
        self.notify_refund(&refund);
        Ok(refund)
    }

    /// The order behind a prepay id or a code that is still good.
    pub(super) fn number_behind(&self, handle: &str) -> Result<String, NotPossible> {
        let now = self.world().clock.now();
        self.ledger().by_handle(handle, now)
    }
}
