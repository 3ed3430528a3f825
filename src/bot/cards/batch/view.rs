//! The view of a batch.

use serde::Serialize;

use crate::bot::cards::unusual;
use crate::bot::labels::fit_name;
use crate::bot::templates::views;
use crate::domain::card::{self, BatchPlace};
use crate::domain::{RefundFlag, RefundId, RefundKind};

/// Characters of a choice (wecom-app §6).
const MAX_CHOICE_CHARS: usize = 17;

views! {
    Batch => "batch.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Batch {
    camp_name: String,
    members: Vec<Member>,
    total: usize,
    contested: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Member {
    id: RefundId,
    label: String,
    ticked: bool,
}

impl Batch {
    /// A batch as it is sent: what is clear is ticked.
    pub(in crate::bot) fn of(batch: &card::Batch) -> Self {
        Self::ticked(batch, |place| place.clear)
    }

    /// A batch with the ticks that somebody has made.
    pub(super) fn ticked(batch: &card::Batch, is_ticked: impl Fn(&BatchPlace) -> bool) -> Self {
        let is_contested =
            |place: &&BatchPlace| place.refund.flags.contains(&RefundFlag::Contested);
        let member = |place: &BatchPlace| Member {
            id: place.refund.id,
            label: label(place),
            ticked: is_ticked(place),
        };
        Self {
            camp_name: batch.camp.name.clone(),
            members: batch.places.iter().map(member).collect(),
            total: batch.total,
            contested: batch.places.iter().filter(is_contested).count(),
        }
    }
}

/// `小明同学 8/7天`, `小红 6/7天·身份未确认`, or `小满 重复付¥99`; the name is shortened so that
/// the rest is always read.
fn label(BatchPlace { refund, ground, .. }: &BatchPlace) -> String {
    let figures = match ground.days {
        None => format!(" {}¥{}", kind_in_short(ground.kind), refund.amount.yuan()),
        Some(days) => {
            let by_grace_alone = [RefundFlag::Grace];
            // Room for one word: what is graver than the grace takes its place.
            match unusual::mark(&refund.flags).filter(|_| refund.flags != by_grace_alone) {
                Some(mark) => format!(" {}/{}天·{mark}", days.checked_in, days.required),
                None => format!(" {days}天"),
            }
        }
    };
    let room = MAX_CHOICE_CHARS.saturating_sub(figures.chars().count());
    fit_name(&ground.name, room) + &figures
}

/// Why it is to be refunded, where it is not the deposit earned by checking in.
const fn kind_in_short(kind: RefundKind) -> &'static str {
    match kind {
        RefundKind::Deposit => "",
        RefundKind::Duplicate => "重复付",
        RefundKind::WrongAmount => "金额不符",
        RefundKind::Late => "晚付",
        RefundKind::UnknownOrder => "未知订单",
        RefundKind::OtherAppid => "另一应用",
        RefundKind::Manual => "老师发起",
    }
}
