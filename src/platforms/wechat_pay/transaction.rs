//! An order as WeChat Pay tells it (§5): in answers to queries and, sealed, in notifications.

use super::wire::{open_enum, optional_time, words};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use wecom::lenient_json::{exact, exact_or_none};

open_enum! {
    /// Where an order stands (§5).
    pub enum TradeState {
        /// Paid.
        Success = "SUCCESS",
        /// Paid, and a refund was accepted since, be it partial or unfinished.
        Refund = "REFUND",
        /// Not paid, or paid seconds ago.
        NotPay = "NOTPAY",
        /// Closed; the number is used up.
        Closed = "CLOSED",
        /// Card-scan only: cancelled.
        Revoked = "REVOKED",
        /// Card-scan only: the payer types the password.
        UserPaying = "USERPAYING",
        /// Card-scan only: failed.
        PayError = "PAYERROR",
    }
}

impl TradeState {
    /// Whether the payer's money has come in at some time; a later refund does not change that.
    #[must_use]
    pub fn was_paid(&self) -> bool {
        matches!(self, Self::Success | Self::Refund)
    }

    /// Whether the order ended without money: its number is used up.
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self, Self::Closed | Self::Revoked | Self::PayError)
    }
}

open_enum! {
    /// How an order was paid (§5).
    pub enum TradeType {
        /// Inside WeChat or WeCom.
        Jsapi = "JSAPI",
        /// By a scanned code.
        Native = "NATIVE",
        /// H5 in a browser: the word differs from the path.
        H5 = "MWEB",
        /// From an app.
        App = "APP",
        /// Card-scan.
        Micropay = "MICROPAY",
        /// By face.
        Facepay = "FACEPAY",
    }
}

/// An order as WeChat Pay sees it, in answers and notifications. Of an unpaid one only the first
/// few are there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Transaction {
    /// Compare with ours before believing that it is ours.
    #[serde(rename = "appid", deserialize_with = "exact")]
    pub app_id: String,
    /// Compare with ours before believing that it is ours.
    #[serde(rename = "mchid", deserialize_with = "exact")]
    pub mch_id: String,
    /// Our number.
    #[serde(deserialize_with = "exact")]
    pub out_trade_no: String,
    /// WeChat Pay's number, 28 digits.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub transaction_id: Option<String>,
    /// How it was paid.
    pub trade_type: Option<TradeType>,
    /// Where it stands.
    pub trade_state: TradeState,
    /// The same in words, for logs.
    #[serde(default, deserialize_with = "words")]
    pub trade_state_desc: Option<String>,
    /// From which purse or bank.
    #[serde(default, deserialize_with = "words")]
    pub bank_type: Option<String>,
    /// What the order was given.
    #[serde(default, deserialize_with = "words")]
    pub attach: Option<String>,
    /// When it was paid.
    #[serde(default, deserialize_with = "optional_time")]
    pub success_time: Option<DateTime<Utc>>,
    /// Who paid.
    pub payer: Option<Payer>,
    /// How much. Compare `total_fen`, not what the payer paid after coupons.
    pub amount: Option<TransactionAmount>,
}

/// Who paid.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Payer {
    /// Of the order's appid.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub openid: Option<String>,
}

/// Sums of an order, in fen.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct TransactionAmount {
    /// What was asked for.
    #[serde(rename = "total")]
    pub total_fen: Option<i64>,
    /// What the payer really paid, coupons deducted.
    #[serde(rename = "payer_total")]
    pub payer_total_fen: Option<i64>,
    /// `CNY`.
    #[serde(default, deserialize_with = "exact_or_none")]
    pub currency: Option<String>,
    /// `CNY`, or what a foreign payer paid in.
    pub payer_currency: Option<String>,
}
