//! The views that fill the templates of replies, where the reply itself does not.

use serde::Serialize;

use crate::bot::replies::moment;
use crate::bot::templates::views;
use crate::catalogue::Catalogue;
use crate::domain::command::Verb;
use crate::domain::custody::Awaited;
use crate::domain::eligibility::Judgement;
use crate::domain::message;
use crate::domain::refund::Change;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{CampId, CampStatus, CheckInSource, RefundStatus};
use crate::services::refund;
use crate::services::sync::SyncState;

use super::notice_views::{shown_day, shown_yuan};

views! {
    message::Help => "answer_help.txt",
    message::OtherTalk => "answer_other_talk.txt",
    message::Stranger => "answer_stranger.txt",
    message::Camps => "answer_camps.txt",
    message::NoCamp => "answer_no_camp.txt",
    message::NothingPending => "answer_nothing_pending.txt",
    message::SyncStarted => "answer_sync_started.txt",
    RefundStandings => "answer_refund.txt",
    Retried => "answer_retried.txt",
    MonthReport => "answer_report.txt",
    AllCame => "answer_all_came.txt",
    message::EnrollCode => "answer_enroll_code.txt",
    ProductStatus => "answer_status.txt",
    message::MatchEvidence => "answer_match.txt",
    message::MatchCamps => "answer_match_camps.txt",
    message::MatchDone => "answer_match_done.txt",
    message::Refused => "answer_refused.txt",
    message::Failed => "answer_failed.txt",
    message::CardGone => "answer_card_gone.txt",
    OwnProgress => "answer_own_progress.txt",
    Members => "answer_members.txt",
    Listing => "answer_list.txt",
    message::OnlyText => "answer_only_text.txt",
    SyncReport => "sync_report.txt",
    BatchSummary => "batch_summary.txt",
    PaymentOutcome => "answer_payment_outcome.txt",
    DecidedBefore => "answer_decided_before.txt",
    ProposalsChanged => "answer_proposals_changed.txt",
    CardLink => "answer_card_link.txt",
    CardInWords => "card_in_words.txt",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct OwnProgress {
    places: Vec<Place>,
}

impl From<&message::OwnProgress> for OwnProgress {
    fn from(it: &message::OwnProgress) -> Self {
        Self {
            places: it.places.iter().map(Place::from).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Members {
    camp_name: Option<String>,
    wanted: String,
    members: Vec<Place>,
}

impl From<&message::Members> for Members {
    fn from(it: &message::Members) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            wanted: it.wanted.clone(),
            members: it.members.iter().map(Place::from).collect(),
        }
    }
}

/// A member's place in a camp.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Place {
    camp_name: String,
    camp_status: CampStatus,
    day: i64,
    camp_days: i64,
    name: String,
    days: String,
    source: Option<CheckInSource>,
    missing: i64,
    judgement: Judgement,
    matched: bool,
    may_bind: bool,
    joined: bool,
    refund: Option<RefundStatus>,
    calendar: Option<String>,
    next: Option<Awaited>,
    until: Option<String>,
}

impl From<&message::Place> for Place {
    fn from(it: &message::Place) -> Self {
        Self {
            camp_name: it.camp_name.clone(),
            camp_status: it.camp_status,
            day: it.day,
            camp_days: it.camp_days,
            name: it.name.clone(),
            days: it.days.to_string(),
            source: it.source,
            missing: it.days.missing(),
            judgement: it.days.judgement(),
            matched: it.matched,
            may_bind: it.may_bind,
            joined: it.joined,
            refund: it.refund,
            calendar: it.calendar.clone(),
            next: it.next.map(|next| next.what),
            until: it.next.map(|next| moment(next.until)),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Listing {
    camp_id: CampId,
    camp_name: String,
    verb: Verb,
    day: Option<String>,
    is_in_camp: bool,
    total: usize,
    names: Vec<message::NameLine>,
    unknown: i64,
    as_of: Option<String>,
}

impl From<&message::Listing> for Listing {
    fn from(it: &message::Listing) -> Self {
        Self {
            camp_id: it.camp_id,
            camp_name: it.camp_name.clone(),
            verb: it.verb,
            day: it.day.map(shown_day),
            is_in_camp: it.is_in_camp,
            total: it.total,
            names: it.names.clone(),
            unknown: it.unknown,
            as_of: it.as_of.map(moment),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct RefundStandings {
    wanted: String,
    standings: Vec<Standing>,
}

/// Where the money of one payment stands.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
struct Standing {
    camp_name: Option<String>,
    name: String,
    order_no: String,
    amount_yuan: String,
    status: Option<RefundStatus>,
    is_held: bool,
    by: Option<String>,
    at: Option<String>,
    refunded_at: Option<String>,
    reason: String,
    next: Option<Awaited>,
    until: Option<String>,
}

impl From<&message::RefundStandings> for RefundStandings {
    fn from(it: &message::RefundStandings) -> Self {
        let standing = |line: &message::StandingLine| Standing {
            camp_name: line.camp_name.clone(),
            name: line.name.clone(),
            order_no: line.order_no.clone(),
            amount_yuan: line.amount.yuan(),
            status: line.status,
            is_held: line.is_held,
            by: line.decision.as_ref().map(|decision| decision.by.clone()),
            at: line.decision.as_ref().map(|decision| moment(decision.at)),
            refunded_at: line.refunded_at.map(moment),
            reason: line.reason.clone(),
            next: line.next.map(|next| next.what),
            until: line.next.map(|next| moment(next.until)),
        };
        Self {
            wanted: it.wanted.clone(),
            standings: it.standings.iter().map(standing).collect(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct Retried {
    camp_name: Option<String>,
    /// How many there are of each kind; fewer may be named.
    retried_total: usize,
    could_total: usize,
    left_total: usize,
    retried: Vec<FailedRefund>,
    could: Vec<FailedRefund>,
    left: Vec<FailedRefund>,
    /// Those of which no line has room.
    more: usize,
}

/// A refund that did not work.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct FailedRefund {
    name: String,
    amount_yuan: String,
    reason: String,
}

impl FailedRefund {
    pub(super) fn of(it: &refund::Failure) -> Self {
        Self {
            name: it.name.clone(),
            amount_yuan: it.amount.yuan(),
            reason: it.reason.clone(),
        }
    }
}

impl From<&message::FailedLine> for FailedRefund {
    fn from(it: &message::FailedLine) -> Self {
        Self {
            name: it.name.clone(),
            amount_yuan: it.amount.yuan(),
            reason: it.reason.clone(),
        }
    }
}

/// Refunds of one kind that a text names.
const MAX_FAILED_LINES: usize = 12;

impl From<&message::Retried> for Retried {
    fn from(it: &message::Retried) -> Self {
        let lines = |all: &[message::FailedLine]| -> Vec<FailedRefund> {
            let shown = all.iter().take(MAX_FAILED_LINES);
            shown.map(FailedRefund::from).collect()
        };
        let more = |all: &[message::FailedLine]| all.len().saturating_sub(MAX_FAILED_LINES);
        Self {
            camp_name: it.camp_name.clone(),
            more: more(&it.retried) + more(&it.could) + more(&it.left),
            retried_total: it.retried.len(),
            could_total: it.could.len(),
            left_total: it.left.len(),
            retried: lines(&it.retried),
            could: lines(&it.could),
            left: lines(&it.left),
        }
    }
}

/// Nobody is to be urged.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct AllCame {
    pub(super) camp_name: String,
    pub(super) came: i64,
    pub(super) unknown: i64,
    pub(super) as_of: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct MonthReport {
    month: String,
    now: MonthFigures,
    before: MonthFigures,
    camps: Vec<message::ReportCampLine>,
    more: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
struct MonthFigures {
    camps: usize,
    members: i64,
    paid_yuan: String,
    returned_yuan: String,
    outside_yuan: Option<String>,
    kept_yuan: Option<String>,
    participation: Option<i64>,
    completion: Option<i64>,
    promises: Option<i64>,
}

impl From<&message::MonthReport> for MonthReport {
    fn from(it: &message::MonthReport) -> Self {
        let figures = |of: &message::MonthFigures| MonthFigures {
            camps: of.camps,
            members: of.members,
            paid_yuan: shown_yuan(of.paid_fen),
            returned_yuan: shown_yuan(of.returned_fen),
            outside_yuan: (of.settled_outside_fen != 0).then(|| shown_yuan(of.settled_outside_fen)),
            kept_yuan: (of.kept_fen != 0).then(|| shown_yuan(of.kept_fen)),
            participation: of.participation,
            completion: of.completion,
            promises: of.promises,
        };
        Self {
            month: it.month.format("%Y-%m").to_string(),
            now: figures(&it.now),
            before: figures(&it.before),
            camps: it.camps.clone(),
            more: it.more,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductStatus {
    camps: Vec<StatusCamp>,
    more: usize,
    to_review: Option<usize>,
    whole: Option<message::StatusOfWhole>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
struct StatusCamp {
    name: String,
    synced_at: Option<String>,
    is_incomplete: bool,
    unmatched: i64,
}

impl From<&message::ProductStatus> for ProductStatus {
    fn from(it: &message::ProductStatus) -> Self {
        let camp = |camp: &message::StatusCampLine| StatusCamp {
            name: camp.name.clone(),
            synced_at: camp.synced_at.map(moment),
            is_incomplete: camp.is_incomplete,
            unmatched: camp.unmatched,
        };
        Self {
            camps: it.camps.iter().map(camp).collect(),
            more: it.more,
            to_review: it.to_review,
            whole: it.whole.clone(),
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncReport {
    pub(super) camp_name: String,
    pub(super) state: SyncState,
    pub(super) members: i64,
    pub(super) new_checkins: i64,
    pub(super) newly_eligible: i64,
    pub(super) unknown_users: i64,
    pub(super) error: Option<String>,
    /// An odd ranking waits for somebody's word.
    pub(super) waits: bool,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct BatchSummary {
    pub(super) camp_name: String,
    pub(super) succeeded: usize,
    pub(super) failed: usize,
    pub(super) under_way: usize,
    pub(super) not_approved: usize,
    pub(super) failures: Vec<FailedRefund>,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct PaymentOutcome {
    camp_id: i64,
    status: Option<RefundStatus>,
    by: Option<String>,
    at: Option<String>,
    has_place: bool,
}

impl From<&message::PaymentOutcome> for PaymentOutcome {
    fn from(it: &message::PaymentOutcome) -> Self {
        let decision = it.decision.as_ref();
        Self {
            camp_id: it.camp_id.0,
            status: it.status,
            by: decision.map(|decision| decision.by.clone()),
            at: decision.map(|decision| moment(decision.at)),
            has_place: it.has_place,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct DecidedBefore {
    by: String,
    at: String,
    #[serde(flatten)]
    decision: Decided,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(
    tag = "what",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
enum Decided {
    Approved {
        count: Option<usize>,
        sum_yuan: String,
        awaiting: usize,
    },
    AwaitingSecond {
        count: Option<usize>,
    },
    Rejected,
    Settled {
        count: usize,
    },
    Withdrawn,
    Matched {
        name: String,
        account: String,
    },
    NotMatched {
        name: String,
    },
    MatchWithdrawn {
        name: String,
    },
    Synced,
    Confirmed,
    Retried,
    Urged,
    Answered {
        name: String,
        is_accepted: bool,
    },
}

impl From<&message::DecidedBefore> for DecidedBefore {
    fn from(it: &message::DecidedBefore) -> Self {
        Self {
            by: it.by.clone(),
            at: moment(it.at),
            decision: Decided::from(&it.decision),
        }
    }
}

impl From<&message::Decided> for Decided {
    fn from(it: &message::Decided) -> Self {
        use message::Decided as Of;
        match it {
            Of::Approved {
                count,
                sum,
                awaiting,
            } => Self::Approved {
                count: *count,
                sum_yuan: sum.yuan(),
                awaiting: *awaiting,
            },
            Of::AwaitingSecond { count } => Self::AwaitingSecond { count: *count },
            Of::Rejected => Self::Rejected,
            Of::Settled { count } => Self::Settled { count: *count },
            Of::Withdrawn => Self::Withdrawn,
            Of::Matched {
                name,
                account,
                nickname,
            } => Self::Matched {
                name: name.clone(),
                account: shown_nickname(nickname, Some(*account)),
            },
            Of::NotMatched { name } => Self::NotMatched { name: name.clone() },
            Of::MatchWithdrawn { name } => Self::MatchWithdrawn { name: name.clone() },
            Of::Synced => Self::Synced,
            Of::Confirmed => Self::Confirmed,
            Of::Retried => Self::Retried,
            Of::Urged => Self::Urged,
            Of::Answered { name, is_accepted } => Self::Answered {
                name: name.clone(),
                is_accepted: *is_accepted,
            },
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(super) struct ProposalsChanged {
    camp_name: String,
    lines: Vec<String>,
    more: usize,
}

impl ProposalsChanged {
    pub(super) fn of(it: &message::ProposalsChanged, catalogue: &Catalogue) -> Self {
        let said = |change: &Change| {
            let said = catalogue.say(&change.difference);
            match &change.by {
                Some(by) => format!("{said}（{by}）"),
                None => said,
            }
        };
        let line = |refund: &message::ChangedRefund| {
            let changes: Vec<String> = refund.changes.iter().map(said).collect();
            format!("{}：{}", refund.name, changes.join("，"))
        };
        Self {
            camp_name: it.camp_name.clone(),
            lines: it.refunds.iter().map(line).collect(),
            more: it.more,
        }
    }
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct CardLink {
    pub(super) text: String,
    pub(super) label: String,
    pub(super) link: String,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
pub(super) struct CardInWords {
    pub(super) text: String,
    pub(super) label: String,
    pub(super) link: String,
}
