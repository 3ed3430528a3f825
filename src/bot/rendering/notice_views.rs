//! The views that fill the templates of notices, where the notice itself does not: amounts in yuan,
//! moments on a Shanghai clock.

use chrono::NaiveDate;
use serde::Serialize;

use crate::bot::replies::{clock, moment, month_day};
use crate::bot::templates::views;
use crate::domain::custody::Awaited;
use crate::domain::message;
use crate::domain::trade_bill::{BillFailure, BillState, DifferenceKind, Resolution};
use crate::domain::{AppealKind, CampId, Fen};

views! {
    message::CookieDead => "cookie_dead.card",
    message::CookieExpiring => "cookie_expiring.card",
    message::SettingUnusable => "setting_unusable.card",
    message::RefundStuck => "refund_stuck.txt",
    message::RefundUnexpected => "refund_unexpected.txt",
    message::BooksDiffer => "books_differ.txt",
    message::AuditBroken => "audit_broken.txt",
    message::BackupProved => "backup_proved.txt",
    message::BackupUnusable => "backup_unusable.txt",
    message::NotJoined => "not_joined.txt",
    message::EndsTomorrow => "ends_tomorrow.txt",
    message::ReviewWaits => "review_waits.txt",
    message::ListWaits => "list_waits.txt",
    message::NobodyQualifies => "nobody_qualifies.txt",
    message::CampLingers => "camp_lingers.txt",
    message::MerchantResumed => "merchant_resumed.txt",
    OverdueSteps => "overdue_steps.txt",
    message::RefundsSlow => "refunds_slow.txt",
    YearEnds => "year_ends.txt",
    MoneyNeeded => "money_needed.txt",
    message::JobFailed => "job_failed.txt",
    message::NoticeUndelivered => "notice_undelivered.txt",
    message::DatabaseSilent => "database_silent.txt",
    DepositReturned => "deposit_returned.txt",
    Enrolled => "enrolled.txt",
    VerdictGiven => "verdict_given.txt",
    RefundRejected => "refund_rejected.txt",
    AppealAnswered => "appeal_answered.txt",
    message::PostsMissing => "posts_missing.txt",
    message::MatchWaiting => "match_waiting.txt",
    message::MatchContested => "match_contested.txt",
    Urging => "urging.txt",
    MerchantHeld => "merchant_held.card",
    RefundDone => "refund_done.txt",
    TradeBillCompared => "trade_bill_compared.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct MerchantHeld {
    reason: String,
    waiting: i64,
    needed_yuan: String,
}

impl From<&message::MerchantHeld> for MerchantHeld {
    fn from(it: &message::MerchantHeld) -> Self {
        Self {
            reason: it.reason.clone(),
            waiting: it.waiting,
            needed_yuan: it.needed.yuan(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundDone {
    nickname: String,
    days_shown: String,
    amount_yuan: String,
}

impl From<&message::RefundDone> for RefundDone {
    fn from(it: &message::RefundDone) -> Self {
        Self {
            nickname: it.nickname.clone(),
            days_shown: it.days.to_string(),
            amount_yuan: it.amount.yuan(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct OverdueSteps {
    camp_name: Option<String>,
    what: Awaited,
    count: i64,
    sum_yuan: String,
    since: NaiveDate,
    is_escalated: bool,
}

impl From<&message::OverdueSteps> for OverdueSteps {
    fn from(it: &message::OverdueSteps) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            what: it.what,
            count: it.count,
            sum_yuan: it.sum.yuan(),
            since: it.since,
            is_escalated: it.is_escalated,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct YearEnds {
    camp_name: Option<String>,
    count: i64,
    sum_yuan: String,
    days: i64,
    first: NaiveDate,
}

impl From<&message::YearEnds> for YearEnds {
    fn from(it: &message::YearEnds) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            count: it.count,
            sum_yuan: it.sum.yuan(),
            days: it.days,
            first: it.first,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct MoneyNeeded {
    camp_name: Option<String>,
    end_date: NaiveDate,
    least_yuan: String,
    most_yuan: String,
}

impl From<&message::MoneyNeeded> for MoneyNeeded {
    fn from(it: &message::MoneyNeeded) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            end_date: it.end_date,
            least_yuan: it.least.yuan(),
            most_yuan: it.most.yuan(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct AppealAnswered {
    camp_name: Option<String>,
    kind: AppealKind,
    day: Option<String>,
    is_accepted: bool,
    answer: String,
}

impl From<&message::AppealAnswered> for AppealAnswered {
    fn from(it: &message::AppealAnswered) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            kind: it.kind,
            day: it.day.map(month_day),
            is_accepted: it.is_accepted,
            answer: it.answer.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct DepositReturned {
    camp_name: Option<String>,
    amount_yuan: String,
}

impl From<&message::DepositReturned> for DepositReturned {
    fn from(it: &message::DepositReturned) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            amount_yuan: it.amount.yuan(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Enrolled {
    camp_id: CampId,
    camp_name: String,
    amount_yuan: String,
}

impl From<&message::Enrolled> for Enrolled {
    fn from(it: &message::Enrolled) -> Self {
        Self {
            camp_id: it.camp_id,
            camp_name: it.camp_name.clone(),
            amount_yuan: it.amount.yuan(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct VerdictGiven {
    camp_name: Option<String>,
    days: String,
    until: String,
}

impl From<&message::VerdictGiven> for VerdictGiven {
    fn from(it: &message::VerdictGiven) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            days: it.days.to_string(),
            until: moment(it.until),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct RefundRejected {
    camp_name: Option<String>,
    amount_yuan: String,
    reason: String,
}

impl From<&message::RefundRejected> for RefundRejected {
    fn from(it: &message::RefundRejected) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            amount_yuan: it.amount.yuan(),
            reason: it.reason.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Urging {
    missing: i64,
    as_of: String,
}

impl From<&message::Urging> for Urging {
    fn from(it: &message::Urging) -> Self {
        Self {
            missing: it.missing,
            as_of: clock(it.as_of),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct TradeBillCompared {
    yesterday: String,
    equal: Option<EqualDays>,
    /// Days without a bill.
    missing: Vec<MissingBill>,
    more_days: usize,
    /// The first of them; a card has room for no more.
    differences: Vec<BillDifference>,
    differing: usize,
    /// Those that are not shown, of whatever day.
    left: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct EqualDays {
    count: usize,
    from: String,
    to: String,
    rows: i64,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct MissingBill {
    date: String,
    failure: Option<BillFailure>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
struct BillDifference {
    date: String,
    kind: DifferenceKind,
    order_no: Option<String>,
    refund_no: Option<String>,
    ours_yuan: Option<String>,
    theirs_yuan: Option<String>,
    unposted: bool,
    next: Resolution,
}

/// Two rows of a card each.
const DIFFERENCES_SHOWN: usize = 3;

impl From<&message::TradeBillCompared> for TradeBillCompared {
    fn from(it: &message::TradeBillCompared) -> Self {
        let missing = it.days.iter();
        let missing = missing.filter(|day| day.state == BillState::Unavailable);
        let days = it.days.iter();
        let differences = days.flat_map(|day| {
            let date = shown_day(day.date);
            let of_day = day.differences.iter();
            of_day.map(move |difference| BillDifference::of(&date, difference))
        });
        let mut differences: Vec<BillDifference> = differences.collect();
        let differing = differences.len() + it.still_open;
        differences.truncate(DIFFERENCES_SHOWN);
        Self {
            yesterday: shown_day(it.yesterday),
            equal: it.equal.as_ref().map(|equal| EqualDays {
                count: equal.count,
                from: shown_day(equal.from),
                to: shown_day(equal.to),
                rows: equal.rows,
            }),
            missing: missing.map(MissingBill::from).collect(),
            more_days: it.more_days,
            left: differing - differences.len(),
            differing,
            differences,
        }
    }
}

impl From<&message::BillDay> for MissingBill {
    fn from(it: &message::BillDay) -> Self {
        Self {
            date: shown_day(it.date),
            failure: it.failure,
        }
    }
}

impl BillDifference {
    fn of(date: &str, it: &message::BillDifference) -> Self {
        Self {
            date: date.to_owned(),
            kind: it.kind,
            order_no: it.order_no.clone(),
            refund_no: it.refund_no.clone(),
            ours_yuan: it.ours_fen.map(shown_yuan),
            theirs_yuan: it.theirs_fen.map(shown_yuan),
            unposted: it.unposted,
            next: it.next,
        }
    }
}

/// `11-29`.
pub(super) fn shown_day(day: NaiveDate) -> String {
    day.format("%m-%d").to_string()
}

pub(super) fn shown_yuan(fen: i64) -> String {
    Fen::new(fen).unwrap_or_default().yuan()
}
