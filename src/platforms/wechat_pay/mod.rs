//! WeChat Pay (微信支付) APIv3 for a merchant of its own (直连商户): JSAPI, native and H5 orders,
//! queries, closing, refunds, the notifications of both, and the trade bill of a day. All amounts are integer fen, currency
//! CNY.
//!
//! It knows the protocol and nothing else: no camp, no database, no retry policy. It never decides
//! what a failed call means for the business; [`Error::next_step`] says what the protocol allows,
//! and the services choose. It reads no clock: the closure given to [`WechatPay::new`] does.
//!
//! Section numbers (§) in this module are those of the project's WeChat Pay reference, which
//! follows the merchant documentation and the official SDKs.
//!
//! Trust: every 2xx is verified before it is read, and so is every notification; the key is chosen
//! by `Wechatpay-Serial` alone. Answers that are not 2xx are not verified (§2.1), which is why none
//! of them is ever proof that money moved.

mod aead;
mod bill_file;
mod bills;
mod certificates;
mod client;
mod error;
mod field_limits;
mod next_step;
mod notices;
mod operation;
mod orders;
mod pem;
mod refresh;
mod refunds;
mod settings;
mod signing;
mod transaction;
mod trust;
mod verify;
mod wire;

pub use bill_file::{BadBillRow, BillEntry, BillRow, BillTotals, TradeBill};
pub use bills::BillAnswer;
pub use client::WechatPay;
pub use error::{ApiError, Error};
pub use next_step::{NextStep, Trouble};
#[cfg(any(test, fuzzing))]
pub use notices::read_any_notice;
pub use notices::{MAX_NOTICE_BYTES, NOTICE_FAILURE_BODY, Notice, NoticeError};
pub use operation::Operation;
pub use orders::{Channel, NewOrder, PayParams, Prepay};
pub use refunds::{
    FundsAccount, GatewayRefund, NewRefund, PaidBy, RefundAmount, RefundNotice, RefundStatus,
};
pub use settings::{ConfigError, PublicKey, Settings, Timeouts};
pub use signing::SigningFailed;
pub use transaction::{Payer, TradeState, TradeType, Transaction, TransactionAmount};
pub use verify::SignatureError;

#[cfg(test)]
mod tests;
