//! An order: one attempt of one member to pay the deposit of one camp.

use chrono::TimeDelta;

use super::{Fen, Machine};

text_enum! {
    /// Where an order is in its life (design §3).
    pub enum OrderStatus {
        /// Made, not paid.
        Created = "created",
        /// The money is here.
        Paid = "paid",
        /// A refund is being processed.
        Refunding = "refunding",
        /// The money went back.
        Refunded = "refunded",
        /// Expired, and closed at WeChat Pay first.
        Closed = "closed",
    }
}

impl Machine for OrderStatus {
    const SUBJECT: &'static str = "order";

    fn may_become(self, to: Self) -> bool {
        use OrderStatus::{Closed, Created, Paid, Refunded, Refunding};
        matches!(
            (self, to),
            (Created, Paid | Closed)
                // A late payment: WeChat Pay's word stands, and the order is flagged.
                | (Closed, Paid)
                | (Paid, Refunding)
                // Back to paid when the refund ended without money.
                | (Refunding, Refunded | Paid)
        )
    }
}

text_enum! {
    /// How the money is asked for (wechat-pay-v3 §4).
    pub enum PayChannel {
        /// Inside WeChat or WeCom, with a signed-in openid.
        Jsapi = "jsapi",
        /// In another mobile browser.
        H5 = "h5",
        /// A QR code, scanned from another screen.
        Native = "native",
    }
}

text_enum! {
    /// What is wrong with a payment, so that a person decides (contract, Meanings).
    pub enum OrderFlag {
        /// The same payer or planet user has already paid for this camp.
        Duplicate = "duplicate",
        /// Not the camp's deposit.
        WrongAmount = "wrong_amount",
        /// Paid after the order had been closed, or its camp withdrawn.
        Late = "late",
        /// WeChat Pay knows an order that we do not.
        UnknownOrder = "unknown_order",
        /// Paid to us under another appid than its order was made for.
        OtherAppid = "other_appid",
    }
}

/// How long an unpaid order stays open, 30 minutes.
pub const ORDER_EXPIRES_AFTER: TimeDelta = TimeDelta::minutes(30);

/// What a confirmed payment is to be flagged with, the gravest first: money of the wrong amount
/// is looked at before anything is built on it.
#[must_use]
pub fn flag_of_payment(
    expected: Fen,
    paid: Fen,
    is_of_other_app: bool,
    already_paid_by_same_person: bool,
    is_late: bool,
) -> Option<OrderFlag> {
    if is_of_other_app {
        Some(OrderFlag::OtherAppid)
    } else if paid != expected {
        Some(OrderFlag::WrongAmount)
    } else if already_paid_by_same_person {
        Some(OrderFlag::Duplicate)
    } else if is_late {
        Some(OrderFlag::Late)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::{super::machine::assert_table, *};

    #[test]
    fn moves_are_those_of_the_design() {
        use OrderStatus::{Closed, Created, Paid, Refunded, Refunding};
        assert_table(
            OrderStatus::ALL,
            &[
                (Created, Paid),
                (Created, Closed),
                (Closed, Paid),
                (Paid, Refunding),
                (Refunding, Refunded),
                (Refunding, Paid),
            ],
        );
    }

    #[test]
    fn the_gravest_flag_wins() {
        let [deposit, other] = [Fen::new(9900).unwrap(), Fen::new(1).unwrap()];
        assert_eq!(flag_of_payment(deposit, deposit, false, false, false), None);
        assert_eq!(
            flag_of_payment(deposit, other, false, true, true),
            Some(OrderFlag::WrongAmount)
        );
        assert_eq!(
            flag_of_payment(deposit, deposit, false, true, true),
            Some(OrderFlag::Duplicate)
        );
        assert_eq!(
            flag_of_payment(deposit, deposit, false, false, true),
            Some(OrderFlag::Late)
        );
        assert_eq!(
            flag_of_payment(deposit, other, true, true, true),
            Some(OrderFlag::OtherAppid)
        );
    }
}
