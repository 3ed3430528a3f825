//! The stand-in itself: its state, and how tests set it up and look at it.

use std::collections::{BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex, MutexGuard};

use serde::Serialize;
use serde_json::Value;
use tokio::runtime::Handle;

use super::answer::{Answer, Refusal};
use super::bill_file::Bills;
use super::frequency::Frequency;
use super::funds::FundsAccount;
use super::keys::{
    API_V3_KEY, APP_ID, Keyring, MERCHANT_ID, MERCHANT_PRIVATE_KEY_PEM, MERCHANT_SERIAL,
    PUBLIC_KEY_ID, PUBLIC_KEY_PEM,
};
use super::ledger::Ledger;
use super::outbox::{Outbox, UnderWayCounter};
use super::records::{Order, Refund, RefundStatus};
use super::settings::{Pacing, TrustMode};
use crate::error::SandboxError;
use crate::faults::{Platform, Request};
use crate::lock::lock;
use crate::wecom::{Wecom, WecomApp};
use crate::world::World;

/// The named faults of the module's description.
const NAMED_FAULTS: [&str; 21] = [
    "executed_error",
    "stale_query",
    "probe_response",
    "probe_response_not_base64",
    "wrong_serial_response",
    "stale_response",
    "tampered_response",
    "unsigned_response",
    "refund_outcome",
    "wrong_bill_hash",
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
    bills: Mutex<Bills>,
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
    /// What refunds are taken from unless they name another account.
    pub balance_fen: i64,
    /// What refunds with `funds_account` AVAILABLE are taken from.
    pub available_fen: i64,
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
        world.faults.register(Platform::WechatPay, &NAMED_FAULTS);
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
                bills: Mutex::default(),
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
            balance_fen: self.balance(FundsAccount::Unsettled),
            available_fen: self.balance(FundsAccount::Available),
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
        self.set_balance_of(FundsAccount::Unsettled, balance_fen);
    }

    /// Sets what refunds from `account` can be taken from.
    pub fn set_balance_of(&self, account: FundsAccount, fen: i64) {
        *self.ledger().balances().of(account) = fen;
    }

    /// Adds to what refunds from `account` can be taken from.
    pub fn top_up(&self, account: FundsAccount, fen: i64) {
        let mut ledger = self.ledger();
        let balance = ledger.balances().of(account);
        *balance = balance.saturating_add(fen);
    }

    fn balance(&self, account: FundsAccount) -> i64 {
        *self.ledger().balances().of(account)
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

    /// Whether refunds that come too fast are refused; they are until somebody says otherwise.
    pub fn set_frequency_limited(&self, is_limited: bool) {
        lock(&self.inner.setup).is_frequency_limited = is_limited;
    }

    /// Lets `act` answer unless it is asked too often.
    pub(super) fn within_limits(
        &self,
        act: impl FnOnce() -> Result<Answer, Refusal>,
    ) -> Result<Answer, Refusal> {
        if !lock(&self.inner.setup).is_frequency_limited {
            return act();
        }
        let now = self.world().clock.wall_now();
        if !lock(&self.inner.frequency).allows(now) {
            return Err(Refusal::ordered("FREQUENCY_LIMITED", "")
                .breaking("150 refunds a second, 6 if they fail"));
        }
        let answer = act();
        lock(&self.inner.frequency).count(now, answer.is_err());
        answer
    }

    pub(super) fn is_bound(&self, app_id: &str) -> bool {
        lock(&self.inner.setup).app_ids.contains(app_id)
    }

    pub(super) fn may_pay(&self, app_id: &str, openid: &str) -> bool {
        let is_of_corp = app_id == corp_id() && self.inner.wecom.has_openid(openid);
        is_of_corp
            || lock(&self.inner.setup)
                .openids
                .contains(&(app_id.to_owned(), openid.to_owned()))
    }

    pub(super) fn refund_fault(&self) -> Option<Value> {
        let request = Request {
            platform: Platform::WechatPay,
            method: "",
            path: "refund",
        };
        self.world().faults.take_named(request, "refund_outcome")
    }

    pub(super) fn note(&self, request: &str, rule: &str, detail: impl Into<String>) {
        self.world()
            .violations
            .record(Platform::WechatPay, request, rule, detail);
    }

    pub(super) fn world(&self) -> &World {
        &self.inner.world
    }

    pub(super) fn keys(&self) -> &Keyring {
        &self.inner.keys
    }

    pub(super) fn runtime(&self) -> &Handle {
        &self.inner.runtime
    }

    pub(super) fn under_way(&self) -> &UnderWayCounter {
        &self.inner.under_way
    }

    pub(super) fn trust(&self) -> TrustMode {
        lock(&self.inner.setup).trust
    }

    pub(super) fn pacing(&self) -> Pacing {
        lock(&self.inner.setup).pacing
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.inner.ledger)
    }

    pub(super) fn bills(&self) -> MutexGuard<'_, Bills> {
        lock(&self.inner.bills)
    }

    pub(super) fn outbox(&self) -> MutexGuard<'_, Outbox> {
        lock(&self.inner.outbox)
    }

    pub(super) fn nonces(&self) -> MutexGuard<'_, HashSet<String>> {
        lock(&self.inner.nonces)
    }
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
