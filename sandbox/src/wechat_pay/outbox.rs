//! What was or is to be notified.

use std::sync::atomic::AtomicUsize;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// What a notification is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// An order was paid.
    Payment,
    /// A refund ended.
    Refund,
}

/// One attempt to deliver a notification.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// When it was sent, by the wall clock.
    pub at: DateTime<Utc>,
    /// What it is about.
    pub kind: NoticeKind,
    /// `out_trade_no` or `out_refund_no`.
    pub subject: String,
    /// The notification's id: the same for every attempt.
    pub notice_id: String,
    /// Whether it was a probe or a forgery, which must be refused.
    pub spoiled: bool,
    /// HTTP status of the answer; `None` if there was none in time.
    pub status: Option<u16>,
    /// Whether the answer counts as taken.
    pub accepted: bool,
}

/// A notification before it is sealed.
#[derive(Debug, Clone)]
pub(super) struct Notice {
    pub(super) kind: NoticeKind,
    pub(super) subject: String,
    pub(super) id: String,
    pub(super) create_time: DateTime<Utc>,
    pub(super) event_type: &'static str,
    pub(super) summary: &'static str,
    pub(super) resource: Value,
    pub(super) url: String,
}

/// Everything that was or is to be notified.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    pub(super) notices: Vec<Notice>,
    pub(super) deliveries: Vec<Delivery>,
    /// Held back until another notification has gone out.
    pub(super) held: Vec<Notice>,
    /// Attempts so far: on the way between two keys every other one uses the new key.
    pub(super) attempts: u64,
}

impl NoticeKind {
    pub(super) fn original_type(self) -> &'static str {
        match self {
            Self::Payment => "transaction",
            Self::Refund => "refund",
        }
    }

    /// The path that faults for these notifications are matched with.
    pub(super) fn fault_path(self) -> &'static str {
        match self {
            Self::Payment => "notify/payment",
            Self::Refund => "notify/refund",
        }
    }
}

/// The counter behind [`WechatPay::until_quiet`](super::WechatPay::until_quiet).
pub(super) type UnderWayCounter = AtomicUsize;
