//! What the stand-in keeps about orders, payments and refunds, and what can be done with them.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::funds::FundsAccount;
use super::requests::Channel;

/// State of an order, spelled as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TradeState {
    /// Created, not paid.
    NotPay,
    /// Paid.
    Success,
    /// Paid, and at least one refund was accepted.
    Refund,
    /// Closed by the merchant or by its expiry.
    Closed,
}

/// An order.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// The merchant's number.
    pub out_trade_no: String,
    /// How it is to be paid.
    pub channel: Channel,
    /// Application the order belongs to.
    pub app_id: String,
    /// What the payer reads.
    pub description: String,
    /// Opaque data of the merchant.
    pub attach: Option<String>,
    /// Where the payment is notified.
    pub notify_url: String,
    /// Amount in fen.
    pub total_fen: i64,
    /// Who is to pay; known for JSAPI only.
    pub openid: Option<String>,
    /// When it was created, business time.
    pub created_at: DateTime<Utc>,
    /// When it closes itself, business time.
    pub expires_at: DateTime<Utc>,
    /// Its state as of the last look.
    pub state: TradeState,
    /// How often it was posted.
    pub posts: u32,
    /// The newest code, of native orders.
    pub code_url: Option<String>,
    /// The newest address of the cashier, of H5 orders.
    pub h5_url: Option<String>,
    /// The newest prepay id, of JSAPI orders.
    pub prepay_id: Option<String>,
    /// The payment, once there is one.
    pub payment: Option<Payment>,
    /// What must be equal when the number is posted again.
    #[serde(skip)]
    pub(super) fingerprint: Value,
}

/// A payment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Payment {
    /// WeChat Pay's number.
    pub transaction_id: String,
    /// Who paid.
    pub openid: String,
    /// What was paid, fen; differs from the order's total only if a test wanted so.
    pub total_fen: i64,
    /// When, business time.
    pub paid_at: DateTime<Utc>,
}

/// State of a refund, spelled as on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundStatus {
    /// Accepted, money not moved yet.
    Processing,
    /// The payer has the money.
    Success,
    /// Ended without money; final.
    Closed,
    /// The payer's account cannot take the money.
    Abnormal,
}

impl RefundStatus {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Processing => "PROCESSING",
            Self::Success => "SUCCESS",
            Self::Closed => "CLOSED",
            Self::Abnormal => "ABNORMAL",
        }
    }
}

/// A refund.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refund {
    /// The merchant's number, the idempotency key.
    pub out_refund_no: String,
    /// WeChat Pay's number.
    pub refund_id: String,
    /// The order.
    pub out_trade_no: String,
    /// WeChat Pay's number of the payment.
    pub transaction_id: String,
    /// Amount in fen.
    pub refund_fen: i64,
    /// Total of the order in fen.
    pub total_fen: i64,
    /// What the payer reads.
    pub reason: Option<String>,
    /// Where the end is notified, if anywhere.
    pub notify_url: Option<String>,
    /// Where the money was taken from.
    pub funds_account: FundsAccount,
    /// Its state.
    pub status: RefundStatus,
    /// When it was accepted, business time.
    pub accepted_at: DateTime<Utc>,
    /// When the money arrived, business time.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// How often the merchant posted it; executed once all the same.
    pub posts: u32,
    /// How often money moved to the payer: 0 or 1.
    pub executions: u32,
}

/// How a refund ends; in JSON `SUCCESS`, `ABNORMAL`, `CLOSED`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RefundOutcome {
    /// The money arrives.
    Success,
    /// The payer's account cannot take it.
    Abnormal,
    /// Given up; the money stays with the merchant.
    Closed,
}

/// Why an act of the payer or of a test is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotPossible {
    /// No order or refund has this number, or no code this text.
    #[error("unknown number")]
    Unknown,
    /// The order is paid.
    #[error("already paid")]
    AlreadyPaid,
    /// The order is closed or has expired.
    #[error("closed or expired")]
    Closed,
    /// The code, prepay id or H5 address is too old.
    #[error("the code or prepay id has expired")]
    HandleExpired,
    /// The refund has ended for good.
    #[error("the refund has ended")]
    RefundEnded,
    /// There is an order under this number already.
    #[error("the number is taken")]
    NumberTaken,
    /// Nothing has been notified under this number.
    #[error("nothing to notify")]
    NothingToNotify,
}

/// How somebody pays.
#[derive(Debug, Clone, Default)]
pub struct PayOptions {
    /// Who pays; for JSAPI always the order's openid, else a new person if absent.
    pub openid: Option<String>,
    /// Pays another amount than the order's: never happens in real life, must not fool us.
    pub total_fen: Option<i64>,
    /// Pays although the order is closed: the race between payer and close.
    pub even_if_closed: bool,
    /// Pays although the order is paid: a second transaction under its number.
    pub even_if_paid: bool,
}
