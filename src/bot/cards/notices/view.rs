//! The views of notices.

use serde::Serialize;

use crate::bot::replies::moment;
use crate::bot::templates::views;
use crate::domain::card::{self, Mending};
use crate::domain::{OrderFlag, message};

views! {
    message::CampEnded => "camp_ended.card",
    message::SyncFailed => "sync_failed.card",
    message::RankingOdd => "ranking_odd.card",
    PaymentAbnormal => "payment_abnormal.card",
    RefundFailed => "refund_failed.card",
    Mended => "mended.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct PaymentAbnormal {
    order_no: String,
    flag: OrderFlag,
    camp_name: Option<String>,
    due_yuan: String,
    paid_yuan: String,
    enrolled: bool,
}

impl From<&message::PaymentAbnormal> for PaymentAbnormal {
    fn from(it: &message::PaymentAbnormal) -> Self {
        Self {
            order_no: it.order_no.clone(),
            flag: it.flag,
            camp_name: it.camp_name.clone(),
            due_yuan: it.due.yuan(),
            paid_yuan: it.paid.yuan(),
            enrolled: it.enrolled,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct RefundFailed {
    order_no: String,
    camp_name: Option<String>,
    amount_yuan: String,
    reason: String,
    attempts: i64,
}

impl From<&message::RefundFailed> for RefundFailed {
    fn from(it: &message::RefundFailed) -> Self {
        Self {
            order_no: it.order_no.clone(),
            camp_name: it.camp_name.clone(),
            amount_yuan: it.amount.yuan(),
            reason: it.reason.clone(),
            attempts: it.attempts,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(in crate::bot) struct Mended {
    what: Mending,
    by: String,
    at: String,
}

impl From<&card::Mended> for Mended {
    fn from(mended: &card::Mended) -> Self {
        Self {
            what: mended.how,
            by: mended.made.by.clone(),
            at: moment(mended.made.at),
        }
    }
}
