//! The stand-in of WeChat Pay APIv3, direct merchant mode.
//!
//! One merchant, whose throw-away keys are constants here. Requests are checked as strictly as the
//! reference says, answers and notifications are really signed and encrypted; what a correct
//! merchant never sends goes into the violations log. It does not know camps, only orders.
//!
//! Named faults (besides those of the transport and `api_error`, which answers any code of the
//! reference without doing anything):
//!
//! | name | where | what |
//! |---|---|---|
//! | `executed_error` `{code?, message?}` | any call | does it, then answers the error (`SYSTEM_ERROR`) |
//! | `stale_query` | queries | the order is still NOTPAY, the refund still PROCESSING |
//! | `probe_response`, `probe_response_not_base64`, `wrong_serial_response`, `stale_response`, `tampered_response`, `unsigned_response` | any call | an answer that must not be believed |
//! | `refund_outcome` `{outcome: "ABNORMAL" \| "CLOSED"}` | `refund` | how the next accepted refund ends |
//! | `wrong_bill_hash` | `v3/bill/tradebill` | the bill is announced under another file's hash |
//! | `lost_notification` | `notify/payment`, `notify/refund` | never sent |
//! | `late_notification` `{ms}` | the same | sent later |
//! | `held_notification` | the same | sent after the next one: out of order |
//! | `doubled_notification` `{copies?}`, `concurrent_notification` `{copies?}` | the same | one after the other, or at once |
//! | `probe_notification`, `probe_notification_not_base64`, `wrong_serial_notification`, `stale_notification`, `tampered_notification`, `unsigned_notification` | the same | comes first and must be refused; the genuine one follows |

mod answer;
mod authorization;
mod bill_file;
mod bills;
mod cashier;
mod control;
mod fields;
mod frequency;
mod funds;
mod gateway;
mod keys;
mod ledger;
mod merchant_api;
mod notify;
mod numbers;
mod outbox;
mod payer;
mod records;
mod requests;
mod seal;
mod settings;
mod spoil;
mod stand_in;
mod wire;

use axum::Router;

pub use bill_file::BillFault;
pub use funds::FundsAccount;
pub use keys::{
    API_V3_KEY, APP_ID, MERCHANT_CERTIFICATE_PEM, MERCHANT_ID, MERCHANT_PRIVATE_KEY_PEM,
    MERCHANT_SERIAL, PLATFORM_CERTIFICATE_PEM, PLATFORM_SERIAL, PUBLIC_KEY_ID, PUBLIC_KEY_PEM,
};
pub use outbox::{Delivery, NoticeKind};
pub use records::{
    NotPossible, Order, PayOptions, Payment, Refund, RefundOutcome, RefundStatus, TradeState,
};
pub use requests::Channel;
pub use settings::{Pacing, TrustMode};
pub use stand_in::{Totals, WechatPay};

/// What the platform serves, mounted at `/wechat-pay`.
pub(crate) fn router(platform: WechatPay) -> Router {
    merchant_api::routes()
        .merge(bills::routes())
        .nest("/cashier", cashier::routes())
        .with_state(platform)
}

/// What people may do to it, mounted at `/control/wechat-pay`.
pub(crate) fn control_router(platform: WechatPay) -> Router {
    control::routes().with_state(platform)
}
