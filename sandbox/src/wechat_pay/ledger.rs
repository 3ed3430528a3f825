//! The books of the stand-in: orders, payments, refunds and the merchant's balance.
//!
//! Pure: time comes in as an argument, nothing is signed or sent here. What is a legal business
//! error and what is a broken rule is decided here (wechat-pay-v3 §4, §5, §7.2).

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::answer::Refusal;
use super::funds::FundsAccount;
use super::keys::{APP_ID, MERCHANT_ID};
use super::numbers;
use super::records::{
    NotPossible, Order, PayOptions, Payment, Refund, RefundOutcome, RefundStatus, TradeState,
};
use super::requests::{Channel, OrderRequest, RefundRequest};

/// Refunds per order.
const REFUNDS_PER_ORDER: usize = 50;
/// Days after the payment in which a refund can be asked for.
const REFUND_DAYS: i64 = 365;
/// Seconds between two refunds of one order.
const REFUND_GAP_SECONDS: i64 = 60;
/// Minutes a prepay id or a code can be used for.
const PREPAY_MINUTES: i64 = 120;
/// Minutes an H5 address can be used for.
const H5_MINUTES: i64 = 5;
/// Days after which an order closes itself, if it does not say.
const DEFAULT_EXPIRY_DAYS: i64 = 7;
/// Longest life of an order in days; a later `time_expire` is clamped.
const LONGEST_EXPIRY_DAYS: i64 = 15;

/// What a new prepay id leads to.
#[derive(Debug, Clone)]
struct Handle {
    out_trade_no: String,
    expires_at: DateTime<Utc>,
}

/// Orders, refunds and balance of the one merchant.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// By the merchant's number; a second payment of one, by its own number.
    orders: BTreeMap<String, Order>,
    refunds: BTreeMap<String, Refund>,
    numbers_by_transaction: HashMap<String, String>,
    handles: HashMap<String, Handle>,
    balances: Balances,
}

/// What refunds can be taken from, in fen.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Balances {
    unsettled: i64,
    available: i64,
}

impl Balances {
    pub(super) fn of(&mut self, account: FundsAccount) -> &mut i64 {
        match account {
            FundsAccount::Unsettled => &mut self.unsettled,
            FundsAccount::Available => &mut self.available,
        }
    }

    fn add(&mut self, account: FundsAccount, fen: i64) {
        let balance = self.of(account);
        *balance = balance.saturating_add(fen);
    }
}

impl Ledger {
    /// Creates the order, or finds the equal one that is still unpaid (§4).
    pub(super) fn place(
        &mut self,
        request: OrderRequest,
        now: DateTime<Utc>,
    ) -> Result<Order, Refusal> {
        self.expire(&request.out_trade_no, now);
        if let Some(order) = self.orders.get_mut(&request.out_trade_no) {
            if order.channel != request.channel || order.fingerprint != request.fingerprint {
                return Err(Refusal::invalid_request(
                    "one out_trade_no per attempt, re-posted only with equal parameters",
                    "请求重入时，参数与首次请求时不一致",
                    268_498_688,
                ));
            }
            return match order.state {
                TradeState::NotPay => {
                    order.posts = order.posts.saturating_add(1);
                    Ok(order.clone())
                }
                TradeState::Closed => Err(Refusal::business(
                    400,
                    "ORDER_CLOSED",
                    "订单已关闭",
                    268_447_914,
                )),
                TradeState::Success | TradeState::Refund => Err(Refusal::business(
                    400,
                    "INVALID_REQUEST",
                    "该订单已支付",
                    268_449_538,
                )),
            };
        }
        let order = new_order(request, now);
        self.orders
            .insert(order.out_trade_no.clone(), order.clone());
        Ok(order)
    }

    /// Remembers that `handle` (prepay id or code) leads to the order for as long as its channel
    /// allows, and what the merchant was answered.
    pub(super) fn hand_out(
        &mut self,
        handle: String,
        order: &Order,
        answer: &Value,
        now: DateTime<Utc>,
    ) {
        let minutes = if order.channel == Channel::H5 {
            H5_MINUTES
        } else {
            PREPAY_MINUTES
        };
        let expires_at = later(now, minutes * 60);
        self.handles.insert(
            handle,
            Handle {
                out_trade_no: order.out_trade_no.clone(),
                expires_at,
            },
        );
        let answered = |key| answer.get(key).and_then(Value::as_str).map(str::to_owned);
        if let Some(order) = self.orders.get_mut(&order.out_trade_no) {
            order.code_url = answered("code_url");
            order.h5_url = answered("h5_url");
            order.prepay_id = answered("prepay_id");
        }
    }

    /// The order behind a prepay id or a code.
    pub(super) fn by_handle(
        &self,
        handle: &str,
        now: DateTime<Utc>,
    ) -> Result<String, NotPossible> {
        let handle = self.handles.get(handle).ok_or(NotPossible::Unknown)?;
        if now >= handle.expires_at {
            return Err(NotPossible::HandleExpired);
        }
        Ok(handle.out_trade_no.clone())
    }

    /// The order under this number, closed by now if it has expired.
    pub(super) fn order(&mut self, out_trade_no: &str, now: DateTime<Utc>) -> Option<Order> {
        self.expire(out_trade_no, now);
        self.orders.get(out_trade_no).cloned()
    }

    /// The order paid under this number of WeChat Pay.
    pub(super) fn order_of_transaction(
        &mut self,
        transaction_id: &str,
        now: DateTime<Utc>,
    ) -> Option<Order> {
        let number = self.numbers_by_transaction.get(transaction_id)?.clone();
        self.order(&number, now)
    }

    /// All orders by number.
    pub(super) fn orders(&mut self, now: DateTime<Utc>) -> Vec<Order> {
        let numbers: Vec<String> = self.orders.keys().cloned().collect();
        for number in numbers {
            self.expire(&number, now);
        }
        self.orders.values().cloned().collect()
    }

    /// Closes an order; unknown and closed ones are fine (§5).
    pub(super) fn close(&mut self, out_trade_no: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        self.expire(out_trade_no, now);
        match self.orders.get_mut(out_trade_no) {
            Some(order) if matches!(order.state, TradeState::Success | TradeState::Refund) => Err(
                Refusal::business(400, "ORDER_PAID", "订单已支付", 268_449_538),
            ),
            Some(order) => {
                order.state = TradeState::Closed;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The payer pays.
    pub(super) fn pay(
        &mut self,
        out_trade_no: &str,
        options: PayOptions,
        now: DateTime<Utc>,
    ) -> Result<Order, NotPossible> {
        self.expire(out_trade_no, now);
        let order = self
            .orders
            .get_mut(out_trade_no)
            .ok_or(NotPossible::Unknown)?;
        let is_second = match order.state {
            TradeState::Success | TradeState::Refund if options.even_if_paid => true,
            TradeState::Success | TradeState::Refund => return Err(NotPossible::AlreadyPaid),
            TradeState::Closed if !options.even_if_closed => return Err(NotPossible::Closed),
            TradeState::Closed | TradeState::NotPay => false,
        };
        let payment = Payment {
            transaction_id: numbers::transaction_id(now),
            openid: order
                .openid
                .clone()
                .or(options.openid)
                .unwrap_or_else(numbers::openid),
            total_fen: options.total_fen.unwrap_or(order.total_fen),
            paid_at: now,
        };
        self.balances
            .add(FundsAccount::Unsettled, payment.total_fen);
        let transaction_id = payment.transaction_id.clone();
        let paid = Order {
            state: TradeState::Success,
            payment: Some(payment),
            ..order.clone()
        };
        // The order's own number leads to its first payment for ever.
        let key = if is_second {
            transaction_id.clone()
        } else {
            out_trade_no.to_owned()
        };
        self.numbers_by_transaction
            .insert(transaction_id, key.clone());
        self.orders.insert(key, paid.clone());
        Ok(paid)
    }

    /// Somebody pays an order that the merchant never made.
    pub(super) fn pay_foreign(
        &mut self,
        out_trade_no: &str,
        total_fen: i64,
        notify_url: &str,
        now: DateTime<Utc>,
    ) -> Result<Order, NotPossible> {
        if self.orders.contains_key(out_trade_no) {
            return Err(NotPossible::NumberTaken);
        }
        let request = OrderRequest {
            channel: Channel::Native,
            app_id: APP_ID.to_owned(),
            mchid: MERCHANT_ID.to_owned(),
            description: "未知订单".to_owned(),
            out_trade_no: out_trade_no.to_owned(),
            time_expire: None,
            attach: None,
            notify_url: notify_url.to_owned(),
            total_fen,
            openid: None,
            fingerprint: Value::Null,
        };
        self.orders
            .insert(out_trade_no.to_owned(), new_order(request, now));
        self.pay(out_trade_no, PayOptions::default(), now)
    }

    /// Accepts a refund, or finds the one already accepted under its number (§7.2). The flag is
    /// true for a new one.
    pub(super) fn refund(
        &mut self,
        request: RefundRequest,
        now: DateTime<Utc>,
    ) -> Result<(Refund, bool), Refusal> {
        let key = self.key_to_refund(&request)?;
        let order = self.orders.get(&key).ok_or_else(no_such_payment)?;
        let payment = order.payment.clone().ok_or_else(no_such_payment)?;
        let out_trade_no = order.out_trade_no.clone();
        if let Some(refund) = self.refunds.get_mut(&request.out_refund_no) {
            refund.posts = refund.posts.saturating_add(1);
            if refund.transaction_id == payment.transaction_id
                && refund.refund_fen == request.refund_fen
                && refund.total_fen == request.total_fen
            {
                return Ok((refund.clone(), false));
            }
            return Err(differs_from_before());
        }
        self.check_refund(&request, &payment, now)?;
        let account = request.funds_account;
        if *self.balances.of(account) < request.refund_fen {
            return Err(Refusal::ordered("NOT_ENOUGH", ""));
        }
        let refund = Refund {
            refund_id: numbers::refund_id(now),
            transaction_id: payment.transaction_id,
            out_refund_no: request.out_refund_no,
            out_trade_no,
            refund_fen: request.refund_fen,
            total_fen: request.total_fen,
            reason: request.reason,
            notify_url: request.notify_url,
            funds_account: account,
            status: RefundStatus::Processing,
            accepted_at: now,
            succeeded_at: None,
            posts: 1,
            executions: 0,
        };
        self.balances.add(account, -refund.refund_fen);
        if let Some(order) = self.orders.get_mut(&key) {
            order.state = TradeState::Refund;
        }
        self.refunds
            .insert(refund.out_refund_no.clone(), refund.clone());
        Ok((refund, true))
    }

    /// The merchant's accounts.
    pub(super) fn balances(&mut self) -> &mut Balances {
        &mut self.balances
    }

    /// The refund under this number.
    pub(super) fn find_refund(&self, out_refund_no: &str) -> Option<Refund> {
        self.refunds.get(out_refund_no).cloned()
    }

    /// All refunds by number.
    pub(super) fn refunds(&self) -> Vec<Refund> {
        self.refunds.values().cloned().collect()
    }

    /// Ends a refund. ABNORMAL may still become SUCCESS or CLOSED; those two are final (§7.3).
    pub(super) fn finish(
        &mut self,
        out_refund_no: &str,
        outcome: RefundOutcome,
        now: DateTime<Utc>,
    ) -> Result<Refund, NotPossible> {
        let refund = self
            .refunds
            .get_mut(out_refund_no)
            .ok_or(NotPossible::Unknown)?;
        let may_end = match refund.status {
            RefundStatus::Processing => true,
            RefundStatus::Abnormal => outcome != RefundOutcome::Abnormal,
            RefundStatus::Success | RefundStatus::Closed => false,
        };
        if !may_end {
            return Err(NotPossible::RefundEnded);
        }
        match outcome {
            RefundOutcome::Success => {
                refund.status = RefundStatus::Success;
                refund.succeeded_at = Some(now);
                refund.executions = refund.executions.saturating_add(1);
            }
            RefundOutcome::Abnormal => refund.status = RefundStatus::Abnormal,
            RefundOutcome::Closed => {
                refund.status = RefundStatus::Closed;
                self.balances.add(refund.funds_account, refund.refund_fen);
            }
        }
        Ok(refund.clone())
    }

    fn key_to_refund(&self, request: &RefundRequest) -> Result<String, Refusal> {
        let by_transaction = match &request.transaction_id {
            Some(id) => Some(
                self.numbers_by_transaction
                    .get(id)
                    .cloned()
                    .ok_or_else(no_such_payment)?,
            ),
            None => None,
        };
        by_transaction
            .or_else(|| request.out_trade_no.clone())
            .ok_or_else(no_such_payment)
    }

    fn check_refund(
        &self,
        request: &RefundRequest,
        payment: &Payment,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if request.total_fen != payment.total_fen {
            return Err(differs_from_before());
        }
        if now > later(payment.paid_at, REFUND_DAYS * 86_400) {
            return Err(Refusal::invalid_request(
                "a refund is asked for within one year",
                "订单已超过可退款期限",
                268_435_461,
            ));
        }
        let of_order = || {
            self.refunds
                .values()
                .filter(|refund| refund.transaction_id == payment.transaction_id)
        };
        if of_order().count() >= REFUNDS_PER_ORDER {
            return Err(Refusal::invalid_request(
                "at most 50 refunds per order",
                "部分退款次数超限",
                268_435_461,
            ));
        }
        let open = || of_order().filter(|refund| refund.status != RefundStatus::Closed);
        let refunded = open().fold(request.refund_fen, |sum, refund| {
            sum.saturating_add(refund.refund_fen)
        });
        if refunded > payment.total_fen {
            return Err(Refusal::invalid_request(
                "the refunds of an order do not exceed its total",
                "退款金额大于订单剩余可退金额",
                268_435_461,
            ));
        }
        if open().any(|refund| now < later(refund.accepted_at, REFUND_GAP_SECONDS)) {
            return Err(Refusal::ordered(
                "FREQUENCY_LIMITED",
                "同一笔订单退款过于频繁，请1分钟后重试",
            ));
        }
        Ok(())
    }

    fn expire(&mut self, out_trade_no: &str, now: DateTime<Utc>) {
        if let Some(order) = self.orders.get_mut(out_trade_no)
            && order.state == TradeState::NotPay
            && now >= order.expires_at
        {
            order.state = TradeState::Closed;
        }
    }
}

fn new_order(request: OrderRequest, now: DateTime<Utc>) -> Order {
    let soonest = later(now, 60);
    let latest = later(now, LONGEST_EXPIRY_DAYS * 86_400);
    let expires_at = request
        .time_expire
        .unwrap_or_else(|| later(now, DEFAULT_EXPIRY_DAYS * 86_400))
        .clamp(soonest, latest);
    Order {
        out_trade_no: request.out_trade_no,
        channel: request.channel,
        app_id: request.app_id,
        description: request.description,
        attach: request.attach,
        notify_url: request.notify_url,
        total_fen: request.total_fen,
        openid: request.openid,
        created_at: now,
        expires_at,
        state: TradeState::NotPay,
        posts: 1,
        code_url: None,
        h5_url: None,
        prepay_id: None,
        payment: None,
        fingerprint: request.fingerprint,
    }
}

fn differs_from_before() -> Refusal {
    Refusal::invalid_request(
        "a refund number keeps its amounts, and total is the order's",
        "订单金额或退款金额与之前请求不一致，请核实后再试",
        268_498_688,
    )
}

fn no_such_payment() -> Refusal {
    Refusal::business(
        404,
        "RESOURCE_NOT_EXISTS",
        "订单不存在或未支付",
        268_512_771,
    )
    .breaking("a refund names a paid order")
}

fn later(time: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    TimeDelta::try_seconds(seconds)
        .and_then(|step| time.checked_add_signed(step))
        .unwrap_or(time)
}
