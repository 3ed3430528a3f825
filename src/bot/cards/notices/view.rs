//! The views of notices.

use serde::Serialize;

use crate::bot::replies::moment;
use crate::bot::templates::views;
use crate::domain::card::{self, Mending, Proposal};
use crate::domain::{OrderFlag, RefundId, message};

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
    name: String,
    amount_yuan: String,
    reason: String,
    attempts: i64,
    refund_id: RefundId,
}

impl From<&message::RefundFailed> for RefundFailed {
    fn from(it: &message::RefundFailed) -> Self {
        Self {
            order_no: it.order_no.clone(),
            camp_name: it.camp_name.clone(),
            name: it.name.clone(),
            amount_yuan: it.amount.yuan(),
            reason: it.reason.clone(),
            attempts: it.attempts,
            refund_id: it.refund_id,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(in crate::bot) struct Mended {
    what: Mending,
    /// What it was about: a camp, and for a refund whose it is and how much.
    about: String,
    by: String,
    at: String,
}

impl Mended {
    pub(in crate::bot) fn of(about: &Proposal, mended: &card::Mended) -> Self {
        let camp = |name: &str| name.to_owned();
        let about = match about {
            Proposal::RefundFailed(failed) => {
                let camp = failed.camp_name.as_deref().unwrap_or("未知订单");
                format!("{camp} {} ¥{}", failed.name, failed.amount.yuan())
            }
            Proposal::Urge(preview) => camp(&preview.camp.name),
            Proposal::CampEnded(notice) => camp(&notice.camp_name),
            Proposal::SyncFailed(notice) => camp(&notice.camp_name),
            Proposal::RankingOdd(notice) => camp(&notice.camp_name),
            _ => String::new(),
        };
        Self {
            about,
            what: mended.how,
            by: mended.made.by.clone(),
            at: moment(mended.made.at),
        }
    }
}
