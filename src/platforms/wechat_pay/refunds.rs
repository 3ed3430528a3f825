//! Refunds: create, query, and what their notifications hold (§7). `out_refund_no` is the
//! idempotency key: the same number with the same content is one refund, however often it is sent.

use super::client::{WechatPay, json_body};
use super::error::Error;
use super::field_limits::{
    check_amount_fen, check_notify_url, check_out_refund_no, check_out_trade_no,
    check_transaction_id, fitted, invalid, path_segment,
};
use super::operation::Operation;
use super::wire::{open_enum, optional_time, words};
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};
use reqwest::Method;
use serde::{Deserialize, Serialize};
use wecom::lenient_json::{exact, exact_or_none};

const REFUNDS_PATH: &str = "/v3/refund/domestic/refunds";
const CURRENCY: &str = "CNY";
const MAX_REASON_BYTES: usize = 80;

/// Money that is to go back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRefund {
    /// What was paid.
    pub payment: PaidBy,
    /// Our number: 1 to 64 of `[0-9A-Za-z_\-|*@]`. Never another one for the same refund, unless
    /// WeChat Pay has said CLOSED (§7.2).
    pub out_refund_no: String,
    /// What the payer reads. Cut to 80 bytes; emoji are dropped; left out when nothing remains.
    pub reason: Option<String>,
    /// At least 1, at most `total_fen`.
    pub refund_fen: i64,
    /// What the order was made for, to the fen.
    pub total_fen: i64,
    /// https, absolute, no query; `None`: the one set in the merchant platform, if any.
    pub notify_url: Option<String>,
    /// The account that pays; `None`: the unsettled balance.
    pub funds_account: Option<FundsAccount>,
}

/// How the payment is named of which money goes back; one of the two is required (§7.1).
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub enum PaidBy {
    /// By our number of the order.
    #[serde(rename = "out_trade_no")]
    Order(String),
    /// By WeChat Pay's number: the only one that an order's second payment has to itself.
    #[serde(rename = "transaction_id")]
    Transaction(String),
}

/// An account of the merchant that can be named to pay a refund (§7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum FundsAccount {
    /// The balance at hand, for merchants whose unsettled balance is empty.
    Available,
}

open_enum! {
    /// Where a refund stands (§7.1).
    pub enum RefundStatus {
        /// Accepted; the money is on its way.
        Processing = "PROCESSING",
        /// The payer has the money.
        Success = "SUCCESS",
        /// Failed for good; another attempt needs a new number.
        Closed = "CLOSED",
        /// The payer's card or account is void; a person must act in the merchant platform.
        Abnormal = "ABNORMAL",
    }
}

/// A refund as WeChat Pay sees it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct GatewayRefund {
    /// WeChat Pay's number.
    #[serde(deserialize_with = "exact")]
    pub refund_id: String,
    /// Our number.
    #[serde(deserialize_with = "exact")]
    pub out_refund_no: String,
    /// WeChat Pay's number of the order.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub transaction_id: Option<String>,
    /// Our number of the order.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub out_trade_no: Option<String>,
    /// `ORIGINAL`, `BALANCE`, `OTHER_BALANCE` or `OTHER_BANKCARD`.
    #[serde(default, deserialize_with = "words")]
    pub channel: Option<String>,
    /// In words: which card or purse.
    #[serde(default, deserialize_with = "words")]
    pub user_received_account: Option<String>,
    /// With SUCCESS only.
    #[serde(default, deserialize_with = "optional_time")]
    pub success_time: Option<DateTime<Utc>>,
    /// When it was accepted.
    #[serde(default, deserialize_with = "optional_time")]
    pub create_time: Option<DateTime<Utc>>,
    /// Where it stands.
    pub status: RefundStatus,
    /// From which of the merchant's accounts.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub funds_account: Option<String>,
    /// How much.
    pub amount: RefundAmount,
    /// `Request-ID` of the answer.
    #[serde(skip)]
    pub request_id: Option<String>,
}

/// Sums of a refund, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundAmount {
    /// Of the order.
    #[serde(rename = "total")]
    pub total_fen: i64,
    /// What goes back.
    #[serde(rename = "refund")]
    pub refund_fen: i64,
    /// What the payer paid, coupons deducted.
    #[serde(rename = "payer_total")]
    pub payer_total_fen: Option<i64>,
    /// What the payer gets, coupons deducted.
    #[serde(rename = "payer_refund")]
    pub payer_refund_fen: Option<i64>,
    /// What leaves the settlement side.
    #[serde(rename = "settlement_refund")]
    pub settlement_refund_fen: Option<i64>,
    /// `CNY`; absent in notifications.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub currency: Option<String>,
}

/// What a refund notification holds. Its status is called otherwise than in answers, and it has
/// neither currency nor channel nor appid (§7.3).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct RefundNotice {
    /// Compare with ours before believing that it is ours.
    #[serde(rename = "mchid", deserialize_with = "exact")]
    pub mch_id: String,
    /// Our number of the order.
    #[serde(deserialize_with = "exact")]
    pub out_trade_no: String,
    /// WeChat Pay's number of the order.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub transaction_id: Option<String>,
    /// Our number of the refund.
    #[serde(deserialize_with = "exact")]
    pub out_refund_no: String,
    /// WeChat Pay's number of the refund.
    #[serde(deserialize_with = "exact")]
    pub refund_id: String,
    /// Where it stands: SUCCESS, ABNORMAL or CLOSED.
    pub refund_status: RefundStatus,
    /// With SUCCESS only.
    #[serde(default, deserialize_with = "optional_time")]
    pub success_time: Option<DateTime<Utc>>,
    /// In words: which card or purse.
    #[serde(default, deserialize_with = "words")]
    pub user_received_account: Option<String>,
    /// How much.
    pub amount: RefundAmount,
}

impl NewRefund {
    /// The body that asks for it: the same content makes the same bytes.
    fn body(&self) -> Result<Vec<u8>, Error> {
        check_refund(self)?;
        let reason = self.reason.as_deref();
        let reason = reason.map(|reason| fitted(reason, MAX_REASON_BYTES));
        let body = RefundBody {
            payment: &self.payment,
            out_refund_no: &self.out_refund_no,
            reason: reason.filter(|reason| !reason.is_empty()),
            notify_url: self.notify_url.as_deref(),
            funds_account: self.funds_account,
            amount: RefundAmountBody {
                refund: self.refund_fen,
                total: self.total_fen,
                currency: CURRENCY,
            },
        };
        json_body(&body)
    }

    /// The SHA-256 of the body that [`WechatPay::refund`] sends, in hex.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a field that WeChat Pay would refuse.
    pub fn body_hash(&self) -> Result<String, Error> {
        let hash = digest(&SHA256, &self.body()?);
        let hex = hash.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Ok(hex.collect())
    }
}

impl WechatPay {
    /// Asks for a refund. `Ok` means accepted, not that the money is back: see its status.
    ///
    /// # Errors
    /// [`Error::InvalidRequest`] for a field that WeChat Pay would refuse; else see
    /// [`Error::next_step`]. Whatever it is, the number stays.
    pub async fn refund(&self, refund: &NewRefund) -> Result<GatewayRefund, Error> {
        let body = refund.body()?;
        let answer = self
            .call(Operation::CreateRefund, Method::POST, REFUNDS_PATH, body)
            .await?;
        let mut accepted: GatewayRefund = answer.read()?;
        accepted.request_id = answer.request_id();
        let same_sum = accepted.amount.refund_fen == refund.refund_fen;
        if accepted.out_refund_no != refund.out_refund_no || !same_sum {
            return Err(answer.unexpected("is about another refund"));
        }
        Ok(accepted)
    }

    /// What WeChat Pay knows of our number; `None`: no such refund, so it may be (re)sent under the
    /// same number.
    ///
    /// # Errors
    /// See [`Error::next_step`]. "Unknown" here means that nothing was learnt.
    pub async fn query_refund(&self, out_refund_no: &str) -> Result<Option<GatewayRefund>, Error> {
        check_out_refund_no(out_refund_no)?;
        let path = format!("{REFUNDS_PATH}/{}", path_segment(out_refund_no));
        let answer = match self
            .call(Operation::QueryRefund, Method::GET, &path, Vec::new())
            .await
        {
            Err(error) if error.has_code(404, "RESOURCE_NOT_EXISTS") => return Ok(None),
            other => other?,
        };
        let mut refund: GatewayRefund = answer.read()?;
        refund.request_id = answer.request_id();
        if refund.out_refund_no != out_refund_no {
            return Err(answer.unexpected("is about another refund"));
        }
        Ok(Some(refund))
    }
}

fn check_refund(refund: &NewRefund) -> Result<(), Error> {
    match &refund.payment {
        PaidBy::Order(number) => check_out_trade_no(number)?,
        PaidBy::Transaction(id) => check_transaction_id(id)?,
    }
    check_out_refund_no(&refund.out_refund_no)?;
    check_amount_fen("amount.refund", refund.refund_fen)?;
    check_amount_fen("amount.total", refund.total_fen)?;
    if refund.refund_fen > refund.total_fen {
        return Err(invalid("amount.refund", "is more than the order's total"));
    }
    refund
        .notify_url
        .as_deref()
        .map_or(Ok(()), check_notify_url)
}

#[derive(Serialize)]
struct RefundBody<'a> {
    #[serde(flatten)]
    payment: &'a PaidBy,
    out_refund_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    notify_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    funds_account: Option<FundsAccount>,
    amount: RefundAmountBody,
}

#[derive(Serialize)]
struct RefundAmountBody {
    refund: i64,
    total: i64,
    currency: &'static str,
}
