//! The views of one refund.

use serde::Serialize;

use crate::bot::cards::waiting::rests_on_days;
use crate::bot::replies::{moment, moment_s};
use crate::bot::templates::views;
use crate::domain::card::{self, RefundDecided, RefundResult};
use crate::domain::{Fen, RefundFlag, RefundId, RefundKind, Timestamp};

views! {
    Single => "single.card",
    Detail => "single_detail.card",
    Reject => "single_reject.card",
    OtherReason => "single_other.card",
    SaidReason => "single_said.card",
    Decided => "single_decided.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Single {
    camp_name: String,
    refund_id: RefundId,
    name: String,
    days: String,
    amount_yuan: String,
    due_yuan: Option<String>,
    kind: Option<String>,
    rests_on_days: bool,
    confidence: i64,
    reasons: Vec<String>,
    flags: Vec<String>,
    rejected_before: Option<String>,
    order_no: String,
    first_by: Option<String>,
}

impl Single {
    pub(in crate::bot) fn of(single: &card::Single) -> Self {
        let flags = single.refund.flags.iter();
        let ground = &single.ground;
        Self {
            camp_name: single.camp.name.clone(),
            refund_id: single.refund.id,
            name: ground.name.clone(),
            days: ground
                .days
                .map_or_else(String::new, |days| days.to_string()),
            amount_yuan: single.refund.amount.yuan(),
            due_yuan: single.due.map(Fen::yuan),
            kind: kind_shown(ground.kind).map(str::to_owned),
            rests_on_days: rests_on_days(ground.kind),
            confidence: single.confidence,
            reasons: single.reasons.clone(),
            flags: flags.map(|flag| flag_shown(*flag).to_owned()).collect(),
            rejected_before: single.rejected_before.clone(),
            order_no: single.order_no.clone(),
            first_by: single.first_by.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(transparent)]
pub(in crate::bot) struct Detail(pub(super) Single);

/// Why it is to be refunded, where it is not the deposit earned by checking in.
const fn kind_shown(kind: RefundKind) -> Option<&'static str> {
    match kind {
        RefundKind::Deposit => None,
        RefundKind::Duplicate => Some("重复付款"),
        RefundKind::WrongAmount => Some("付款金额不符"),
        RefundKind::Late => Some("订单关闭后才付款"),
        RefundKind::UnknownOrder => Some("不认识的订单"),
        RefundKind::OtherAppid => Some("付到了另一个应用"),
        RefundKind::Manual => Some("老师发起"),
    }
}

const fn flag_shown(flag: RefundFlag) -> &'static str {
    match flag {
        RefundFlag::Grace => "用到宽限天数",
        RefundFlag::DaysDisagree => "排行与帖子天数不一致",
        RefundFlag::PostsMissing => "帖子没有读全，只有排行",
        RefundFlag::Attested => "天数由人工填写或导入",
        RefundFlag::LowConfidence => "身份未确认",
        RefundFlag::Contested => "身份有争议，先在“匹配”里定下是谁",
        RefundFlag::Appealed => "会员提了申诉",
        RefundFlag::RejectedBefore => "之前拒绝过",
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Reject {
    camp_name: String,
    name: String,
    amount_yuan: String,
    choices: Vec<Choice>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Choice {
    id: String,
    text: String,
    picked: bool,
}

impl Reject {
    /// `unchosen` is picked beforehand, and no reason: nobody refuses by a slip of the thumb.
    pub(super) fn of(single: &card::Single, unchosen: &str, reasons: &[(&str, &str)]) -> Self {
        let choice = |id: &str, text: &str, picked| Choice {
            id: id.to_owned(),
            text: text.to_owned(),
            picked,
        };
        let none = choice(unchosen, "请选择原因", true);
        let reasons = reasons.iter().map(|(id, text)| choice(id, text, false));
        Self {
            camp_name: single.camp.name.clone(),
            name: single.ground.name.clone(),
            amount_yuan: single.refund.amount.yuan(),
            choices: std::iter::once(none).chain(reasons).collect(),
        }
    }
}

/// The question for a reason in one's own words.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct OtherReason {
    camp_name: String,
    name: String,
    amount_yuan: String,
}

impl OtherReason {
    pub(super) fn of(single: &card::Single) -> Self {
        Self {
            camp_name: single.camp.name.clone(),
            name: single.ground.name.clone(),
            amount_yuan: single.refund.amount.yuan(),
        }
    }
}

/// The question whether what they have written is the reason.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct SaidReason {
    camp_name: String,
    name: String,
    amount_yuan: String,
    /// As much of it as leaves room for the question.
    reason: String,
}

/// Characters of a reason that are said back.
const MAX_SAID: usize = 40;

impl SaidReason {
    pub(super) fn of(single: &card::Single, reason: &str) -> Self {
        Self {
            camp_name: single.camp.name.clone(),
            name: single.ground.name.clone(),
            amount_yuan: single.refund.amount.yuan(),
            reason: wecom::limit::fit_characters(reason, MAX_SAID),
        }
    }
}

#[derive(Debug, Default, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Decided {
    camp_name: String,
    name: String,
    amount_yuan: String,
    status: String,
    reason: String,
    by: String,
    at: String,
    undo_until: Option<String>,
    can_undo: bool,
    can_reopen: bool,
}

impl Decided {
    /// A card that is put aside: nobody has decided.
    pub(super) fn later(single: &card::Single) -> Self {
        Self {
            camp_name: single.camp.name.clone(),
            name: single.ground.name.clone(),
            amount_yuan: single.refund.amount.yuan(),
            status: "later".to_owned(),
            ..Self::default()
        }
    }

    pub(in crate::bot) fn of(single: &card::Single, it: &RefundDecided, now: Timestamp) -> Self {
        let mut decided = Self {
            amount_yuan: it.amount.yuan(),
            by: it.made.by.clone(),
            at: moment(it.made.at),
            ..Self::later(single)
        };
        let status = match &it.result {
            RefundResult::Approved { undo_until } => {
                decided.can_undo = undo_until.is_some_and(|until| until > now);
                decided.undo_until = undo_until.map(moment_s);
                "approved"
            }
            RefundResult::AwaitingSecond => "awaiting_second",
            RefundResult::Rejected { reason, may_reopen } => {
                decided.reason.clone_from(reason);
                decided.can_reopen = *may_reopen;
                "rejected"
            }
            RefundResult::Withdrawn => "withdrawn",
            RefundResult::Reopened => "reopened",
        };
        status.clone_into(&mut decided.status);
        decided
    }
}
