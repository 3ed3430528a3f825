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
//! | `lost_notification` | `notify/payment`, `notify/refund` | never sent |
//! | `late_notification` `{ms}` | the same | sent later |
//! | `held_notification` | the same | sent after the next one: out of order |
//! | `doubled_notification` `{copies?}`, `concurrent_notification` `{copies?}` | the same | one after the other, or at once |
//! | `probe_notification`, `probe_notification_not_base64`, `wrong_serial_notification`, `stale_notification`, `tampered_notification`, `unsigned_notification` | the same | comes first and must be refused; the genuine one follows |

mod answer;
mod authorization;
mod cashier;
mod control;
mod fields;
mod frequency;
mod gateway;
mod keys;
mod ledger;
mod merchant_api;
mod notify;
mod numbers;
mod records;
mod requests;
mod seal;
mod settings;
mod spoil;
mod wire;

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;

pub use keys::{
    API_V3_KEY, APP_ID, MERCHANT_CERTIFICATE_PEM, MERCHANT_ID, MERCHANT_PRIVATE_KEY_PEM,
    MERCHANT_SERIAL, PLATFORM_CERTIFICATE_PEM, PLATFORM_SERIAL, PUBLIC_KEY_ID, PUBLIC_KEY_PEM,
};
pub use notify::{Delivery, NoticeKind};
pub use records::{
    NotPossible, Order, PayOptions, Payment, Refund, RefundOutcome, RefundStatus, TradeState,
};
pub use requests::Channel;
pub use settings::{Pacing, TrustMode};

use crate::faults::{Platform, Request};
use crate::server::SandboxError;
use crate::wecom::{Wecom, WecomApp};
use crate::world::{World, lock};
use frequency::Frequency;
use keys::Keyring;
use ledger::Ledger;
use notify::{Outbox, UnderWayCounter};

/// The named faults above.
pub(crate) const NAMED_FAULTS: [&str; 20] = [
    "executed_error",
    "stale_query",
    "probe_response",
    "probe_response_not_base64",
    "wrong_serial_response",
    "stale_response",
    "tampered_response",
    "unsigned_response",
    "refund_outcome",
    "lost_notification",
    "late_notification",
    "held_notification",
    "doubled_notification",
    "concurrent_notification",
    "probe_notification",
    "probe_notification_not_base64",
    "wrong_serial_notification",
    "stale_notification",
    "tampered_notification",
    "unsigned_notification",
];
/// Where the key files lie when nobody wanted them written elsewhere.
const KEYS_IN_SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/keys");
/// Name of the merchant's key file.
const PRIVATE_KEY_FILE: &str = "merchant_private_key.pem";
/// Name of WeChat Pay's public key file.
const PUBLIC_KEY_FILE: &str = "wechatpay_pub_public_key.pem";

/// The stand-in: its state, and what tests may do to it. Clones share everything.
#[derive(Clone)]
pub struct WechatPay {
    inner: Arc<Inner>,
}

struct Inner {
    world: World,
    /// Whoever signs in through WeCom pays with an openid of the corp.
    wecom: Wecom,
    keys: Keyring,
    key_dir: PathBuf,
    runtime: Handle,
    ledger: Mutex<Ledger>,
    outbox: Mutex<Outbox>,
    nonces: Mutex<HashSet<String>>,
    setup: Mutex<Setup>,
    frequency: Mutex<Frequency>,
    under_way: UnderWayCounter,
}

struct Setup {
    trust: TrustMode,
    pacing: Pacing,
    is_frequency_limited: bool,
    app_ids: BTreeSet<String>,
    openids: BTreeSet<(String, String)>,
}

/// Sums over all orders and refunds, in fen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Totals {
    /// What payers have paid.
    pub paid_fen: i64,
    /// What payers have got back.
    pub refunded_fen: i64,
    /// What is on its way back, or stuck on it.
    pub refunding_fen: i64,
    /// What refunds can be taken from.
    pub balance_fen: i64,
}

impl WechatPay {
    pub(crate) fn new(
        world: World,
        wecom: Wecom,
        key_dir: Option<&Path>,
    ) -> Result<Self, SandboxError> {
        let setup_error = |reason: String| SandboxError::Setup {
            platform: Platform::WechatPay,
            reason,
        };
        let keys = Keyring::load().map_err(|error| setup_error(error.to_string()))?;
        let key_dir = match key_dir {
            Some(dir) => write_keys(dir).map_err(|error| setup_error(error.to_string()))?,
            None => PathBuf::from(KEYS_IN_SOURCE),
        };
        let runtime = Handle::try_current().map_err(|error| setup_error(error.to_string()))?;
        Ok(Self {
            inner: Arc::new(Inner {
                world,
                wecom,
                keys,
                key_dir,
                runtime,
                ledger: Mutex::default(),
                outbox: Mutex::default(),
                nonces: Mutex::default(),
                setup: Mutex::new(Setup {
                    trust: TrustMode::default(),
                    pacing: Pacing::default(),
                    is_frequency_limited: true,
                    app_ids: BTreeSet::from([APP_ID.to_owned(), corp_id()]),
                    openids: BTreeSet::new(),
                }),
                frequency: Mutex::default(),
                under_way: AtomicUsize::new(0),
            }),
        })
    }

    /// The block of a `campkeeper.toml` that makes the product talk to this stand-in.
    pub(crate) fn settings(&self) -> String {
        let file = |name| self.inner.key_dir.join(name).display().to_string();
        let trust = match self.trust() {
            TrustMode::Certificates => String::new(),
            TrustMode::PublicKey | TrustMode::Migrating => format!(
                "public_key_id = \"{PUBLIC_KEY_ID}\"\npublic_key_file = {:?}\n",
                file(PUBLIC_KEY_FILE)
            ),
        };
        format!(
            "[wechat_pay]\napi_base = \"{}/wechat-pay\"\napp_id = \"{}\"\n\
             mch_id = \"{MERCHANT_ID}\"\nserial_no = \"{MERCHANT_SERIAL}\"\n\
             private_key_file = {:?}\napi_v3_key = \"{API_V3_KEY}\"\n{trust}",
            self.inner.world.base_url(),
            corp_id(),
            file(PRIVATE_KEY_FILE),
        )
    }

    /// All orders by number.
    pub fn orders(&self) -> Vec<Order> {
        let now = self.world().clock.now();
        self.ledger().orders(now)
    }

    /// The order under this number.
    pub fn order(&self, out_trade_no: &str) -> Option<Order> {
        let now = self.world().clock.now();
        self.ledger().order(out_trade_no, now)
    }

    /// All refunds by number; each was executed at most once, however often it was posted.
    pub fn refunds(&self) -> Vec<Refund> {
        self.ledger().refunds()
    }

    /// The refund under this number.
    pub fn refund(&self, out_refund_no: &str) -> Option<Refund> {
        self.ledger().find_refund(out_refund_no)
    }

    /// Sums over all orders and refunds.
    pub fn totals(&self) -> Totals {
        let mut totals = Totals {
            balance_fen: self.ledger().balance_fen,
            ..Totals::default()
        };
        for payment in self.orders().into_iter().filter_map(|order| order.payment) {
            totals.paid_fen = totals.paid_fen.saturating_add(payment.total_fen);
        }
        for refund in self.refunds() {
            let sum = match refund.status {
                RefundStatus::Success => &mut totals.refunded_fen,
                RefundStatus::Processing | RefundStatus::Abnormal => &mut totals.refunding_fen,
                RefundStatus::Closed => continue,
            };
            *sum = sum.saturating_add(refund.refund_fen);
        }
        totals
    }

    /// Sets what refunds can be taken from; payments add to it. 0 makes refunds NOT_ENOUGH.
    pub fn set_balance(&self, balance_fen: i64) {
        self.ledger().balance_fen = balance_fen;
    }

    /// Which keys the merchant trusts from now on.
    pub fn set_trust(&self, trust: TrustMode) {
        lock(&self.inner.setup).trust = trust;
    }

    /// How fast notifications are repeated and refunds end from now on.
    pub fn set_pacing(&self, pacing: Pacing) {
        lock(&self.inner.setup).pacing = pacing;
    }

    /// Binds another application (or a corp) to the merchant.
    pub fn bind_app(&self, app_id: impl Into<String>) {
        lock(&self.inner.setup).app_ids.insert(app_id.into());
    }

    /// Says that `openid` belongs to `app_id`. JSAPI orders of an application are refused for
    /// anybody else's; under the corp id everybody is known whom WeCom gives an openid.
    pub fn know_openid(&self, app_id: impl Into<String>, openid: impl Into<String>) {
        lock(&self.inner.setup)
            .openids
            .insert((app_id.into(), openid.into()));
    }

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
    fn number_behind(&self, handle: &str) -> Result<String, NotPossible> {
        let now = self.world().clock.now();
        self.ledger().by_handle(handle, now)
    }

    fn is_bound(&self, app_id: &str) -> bool {
        lock(&self.inner.setup).app_ids.contains(app_id)
    }

    fn may_pay(&self, app_id: &str, openid: &str) -> bool {
        let is_of_corp = app_id == corp_id() && self.inner.wecom.has_openid(openid);
        is_of_corp
            || lock(&self.inner.setup)
                .openids
                .contains(&(app_id.to_owned(), openid.to_owned()))
    }

    fn refund_fault(&self) -> Option<Value> {
        let request = Request {
            platform: Platform::WechatPay,
            method: "",
            path: "refund",
        };
        self.world().faults.take_named(request, "refund_outcome")
    }

    fn note(&self, request: &str, rule: &str, detail: impl Into<String>) {
        self.world()
            .violations
            .record(Platform::WechatPay, request, rule, detail);
    }

    fn world(&self) -> &World {
        &self.inner.world
    }

    fn keys(&self) -> &Keyring {
        &self.inner.keys
    }

    fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    fn under_way(&self) -> &UnderWayCounter {
        &self.inner.under_way
    }

    fn trust(&self) -> TrustMode {
        lock(&self.inner.setup).trust
    }

    fn pacing(&self) -> Pacing {
        lock(&self.inner.setup).pacing
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.inner.ledger)
    }

    fn outbox(&self) -> MutexGuard<'_, Outbox> {
        lock(&self.inner.outbox)
    }

    fn nonces(&self) -> MutexGuard<'_, HashSet<String>> {
        lock(&self.inner.nonces)
    }
}

/// What the platform serves, mounted at `/wechat-pay`.
pub(crate) fn router(platform: WechatPay) -> Router {
    merchant_api::routes()
        .nest("/cashier", cashier::routes())
        .with_state(platform)
}

/// What people may do to it, mounted at `/control/wechat-pay`.
pub(crate) fn control_router(platform: WechatPay) -> Router {
    control::routes().with_state(platform)
}

/// Members who sign in through WeCom pay with an openid of the corp, so it is bound too.
fn corp_id() -> String {
    WecomApp::default().corp_id
}

/// Writes the files that a configuration names; answers where they are, whatever the working
/// directory of who reads it.
fn write_keys(dir: &Path) -> std::io::Result<PathBuf> {
    std::fs::create_dir_all(dir)?;
    std::fs::write(dir.join(PRIVATE_KEY_FILE), MERCHANT_PRIVATE_KEY_PEM)?;
    std::fs::write(dir.join(PUBLIC_KEY_FILE), PUBLIC_KEY_PEM)?;
    std::path::absolute(dir)
}
