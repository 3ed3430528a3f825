//! Replies: somebody has asked for them, or pressed a button.

use serde::{Deserialize, Serialize};

use chrono::NaiveDate;

use crate::domain::command::Verb;
use crate::domain::custody::Awaited;
use crate::domain::eligibility::Days;
use crate::domain::refund::Change;
use crate::domain::{
    CampId, CampStatus, CardId, CheckInSource, Fen, PlanetUserId, RefundStatus, SyncId, Timestamp,
};

/// The commands that the role of the one who asks allows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Help {
    pub name: String,
    pub may_match: bool,
    pub may_sync: bool,
    pub may_review: bool,
    #[serde(default)]
    pub may_report: bool,
    #[serde(default)]
    pub may_urge: bool,
}

/// Talk that is no command.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OtherTalk {
    pub name: String,
    pub greeting: bool,
}

/// Somebody who is neither on the staff nor a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stranger {}

/// How a member's own camps are going.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnProgress {
    pub places: Vec<Place>,
}

/// A member's place in a camp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Place {
    pub camp_name: String,
    pub camp_status: CampStatus,
    /// Days of the camp that have begun.
    pub day: i64,
    pub camp_days: i64,
    pub name: String,
    pub days: Days,
    /// By whose word; none before anything was stated of them.
    #[serde(default)]
    pub source: Option<CheckInSource>,
    pub matched: bool,
    /// They may still say themselves who they are.
    pub may_bind: bool,
    /// They are in the camp's group.
    pub joined: bool,
    pub refund: Option<RefundStatus>,
    /// Their days, where they alone are told of.
    #[serde(default)]
    pub calendar: Option<String>,
    /// What their deposit waits for, where they alone are told of.
    #[serde(default)]
    pub next: Option<StepLine>,
}

/// How all camps of somebody are doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Camps {
    pub camps: Vec<CampLine>,
    /// Camps that are not listed.
    pub more: usize,
}

/// One camp among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampLine {
    pub name: String,
    pub status: CampStatus,
    /// Days of the camp that have begun.
    pub day: i64,
    pub days: i64,
    pub members: i64,
    pub eligible: i64,
}

/// The members of a camp whom a verb asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Listing {
    pub camp_id: CampId,
    pub camp_name: String,
    pub verb: Verb,
    /// The day that was asked about, if one was.
    pub day: Option<NaiveDate>,
    /// That day is one of the camp's.
    pub is_in_camp: bool,
    pub total: usize,
    /// The first of them.
    pub names: Vec<NameLine>,
    /// Members of whom nobody can say.
    pub unknown: i64,
    /// None where it was never read.
    pub as_of: Option<Timestamp>,
}

/// A member among others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NameLine {
    pub name: String,
    pub days: i64,
}

/// A picture, a voice message or a file, of which we read nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnlyText {}

/// Members found by a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Members {
    /// None where all camps were searched.
    pub camp_name: Option<String>,
    pub wanted: String,
    pub members: Vec<Place>,
}

/// No camp is called so; or there is none at all, where nothing was asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NoCamp {
    pub wanted: String,
}

/// No refund waits for the one who asks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NothingPending {
    /// None where all camps were looked at.
    pub camp_name: Option<String>,
    /// Refunds that wait for a second approver, after them.
    pub awaiting: usize,
    /// The camp has ended and its list is not built.
    pub has_no_list: bool,
    /// The camp has not ended.
    pub goes_on: bool,
    /// Of all camps: those that have ended and whose list is not built.
    pub unlisted: Vec<String>,
}

/// Where the money stands that somebody asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundStandings {
    /// As they called it.
    pub wanted: String,
    pub standings: Vec<StandingLine>,
}

/// Where the money of one payment stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StandingLine {
    /// None for an order that we do not know.
    pub camp_name: Option<String>,
    pub name: String,
    pub order_no: String,
    pub amount: Fen,
    /// None where nobody has put a refund forward.
    pub status: Option<RefundStatus>,
    /// It waits because the merchant account cannot pay.
    pub is_held: bool,
    pub decision: Option<DecidedBy>,
    /// When the money went back.
    pub refunded_at: Option<Timestamp>,
    /// Why it was rejected or did not work; empty where there is no such reason.
    pub reason: String,
    /// None once nothing of it is here.
    pub next: Option<StepLine>,
}

/// What is waited for, and until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepLine {
    pub what: Awaited,
    pub until: Timestamp,
}

/// Refunds that did not work, and what becomes of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Retried {
    /// None where it was about all camps, or one refund.
    pub camp_name: Option<String>,
    /// Those that are tried again now.
    pub retried: Vec<FailedLine>,
    /// Those that could be tried again, where that was not asked for.
    pub could: Vec<FailedLine>,
    /// Those that a person has to settle, since another try would end as before.
    pub left: Vec<FailedLine>,
}

/// A refund that did not work.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct FailedLine {
    pub name: String,
    pub amount: Fen,
    /// The word of a [`FailureReason`](crate::domain::refund::FailureReason).
    pub reason: String,
}

/// How the camps of a month went.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MonthReport {
    /// Its first day.
    pub month: NaiveDate,
    pub now: MonthFigures,
    /// Those of the month before.
    pub before: MonthFigures,
    /// The newest first.
    pub camps: Vec<ReportCampLine>,
    /// Camps that are not listed.
    pub more: usize,
}

/// The sums and rates of one month's camps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MonthFigures {
    pub camps: usize,
    pub members: i64,
    pub paid_fen: i64,
    pub returned_fen: i64,
    pub settled_outside_fen: i64,
    pub kept_fen: i64,
    /// In percent; none of nobody.
    pub participation: Option<i64>,
    pub completion: Option<i64>,
    /// Deposits that were back when it was promised, in percent of those that went back.
    pub promises: Option<i64>,
}

/// One camp of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportCampLine {
    pub name: String,
    pub members: i64,
    pub completion: Option<i64>,
}

/// Where members enroll in a camp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollCode {
    pub camp_id: CampId,
    pub camp_name: String,
    pub status: CampStatus,
}

/// The same as a picture to be scanned: drawn when it is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EnrollPicture {
    pub camp_id: CampId,
}

/// How the product itself is doing, as far as the one who asks may know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProductStatus {
    pub camps: Vec<StatusCampLine>,
    /// Camps that are not listed.
    pub more: usize,
    /// None for who reviews none.
    pub to_review: Option<usize>,
    pub whole: Option<StatusOfWhole>,
}

/// How the data of one camp are doing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusCampLine {
    pub name: String,
    pub synced_at: Option<Timestamp>,
    pub is_incomplete: bool,
    pub unmatched: i64,
}

/// What concerns the whole product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StatusOfWhole {
    pub has_planet: bool,
    /// Days that the login at the planet still lives, where that is known.
    pub cookie_days: Option<u64>,
    /// Events and messages that wait.
    pub queued: i64,
    pub undelivered: i64,
    /// Refunds that wait because the merchant account cannot pay; none: they go out.
    pub held_back: Option<i64>,
    pub differences: i64,
}

/// An urging that can be drawn up, once the check-ins of today have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UrgeReady {
    pub camp_id: CampId,
    /// The run that is waited for; none where the check-ins are young.
    pub sync_id: Option<SyncId>,
}

/// A sync has been started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncStarted {
    pub camp_name: String,
}

/// The result of a sync, read and told once it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncReport {
    pub camp_name: String,
    pub sync_id: SyncId,
}

/// The evidence for the accounts that a member may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchEvidence {
    pub camp_id: CampId,
    pub camp_name: String,
    pub name: String,
    pub wechat_nickname: String,
    /// As the member typed it.
    pub typed_id: Option<String>,
    pub typed_nickname: Option<String>,
    pub order_no: String,
    pub remarks: Vec<String>,
    /// The best first.
    pub candidates: Vec<Candidate>,
    /// No account resembles them: these are the ones that nobody has claimed.
    pub unclaimed: bool,
    /// Members that wait after this one.
    pub left: usize,
}

/// An account that a member may be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    pub account: PlanetUserId,
    pub name: String,
    pub score: u8,
    pub reasons: Vec<String>,
}

/// The camps in which members wait to be matched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchCamps {
    pub camps: Vec<MatchCampLine>,
}

/// One camp among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchCampLine {
    pub name: String,
    /// Whom nobody has looked at.
    pub count: usize,
    /// Whom somebody has looked at, without finding them.
    pub seen: usize,
}

/// Nobody is left to be asked about in a camp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchDone {
    pub camp_id: CampId,
    pub camp_name: String,
    /// Whom somebody has looked at, without finding them.
    pub count: usize,
}

/// The present state of a payment that a notice told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentOutcome {
    pub camp_id: CampId,
    /// Of the refund that was proposed for it.
    pub status: Option<RefundStatus>,
    pub decision: Option<DecidedBy>,
    /// Its payer became a member.
    pub has_place: bool,
}

/// The name behind a decision, and its moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBy {
    pub by: String,
    pub at: Timestamp,
}

/// Somebody else has decided what a press was about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DecidedBefore {
    pub by: String,
    pub at: Timestamp,
    pub decision: Decided,
}

/// A decision that somebody else has made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "what",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum Decided {
    /// A list or a refund was approved.
    Approved {
        /// None where only the fact is known.
        count: Option<usize>,
        sum: Fen,
        /// Refunds of the list that wait for a second approver.
        awaiting: usize,
    },
    /// Approved, and waiting for a second approver; how many of a list.
    AwaitingSecond {
        count: Option<usize>,
    },
    Rejected,
    /// Refunds were decided, not all of them alike.
    Settled {
        count: usize,
    },
    /// The decision was taken back.
    Withdrawn,
    /// A member was said to be an account.
    Matched {
        name: String,
        account: PlanetUserId,
        nickname: String,
    },
    /// A member was said to be none of the accounts.
    NotMatched {
        name: String,
    },
    /// That a member is an account was taken back.
    MatchWithdrawn {
        name: String,
    },
    /// A sync was started.
    Synced,
    /// An odd ranking was confirmed.
    Confirmed,
    /// A refund is tried again.
    Retried,
    /// A camp's group was urged.
    Urged,
    /// An objection was answered.
    Answered {
        name: String,
        is_accepted: bool,
    },
}

/// Refunds of a list that were not approved, since what was shown of them has changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ProposalsChanged {
    pub camp_name: String,
    pub refunds: Vec<ChangedRefund>,
    /// Refunds that are not listed.
    pub more: usize,
}

/// One refund among several.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangedRefund {
    /// The name by which the member is listed.
    pub name: String,
    pub changes: Vec<Change>,
}

/// The wish could not be fulfilled, through no fault of theirs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failed {}

/// The pressed card is not known, or its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardGone {}

/// The content of a card that could not be changed, and where to go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardLink {
    /// The content of the card, in a line.
    pub text: String,
    pub page: Page,
    pub camp_id: Option<CampId>,
}

text_enum! {
    /// The page of the console on which a card can be gone on with.
    pub enum Page {
        /// The members of a camp.
        Members = "members",
        /// The refunds of a camp.
        Refunds = "refunds",
        /// The objections of a camp's members.
        Appeals = "appeals",
    }
}

/// A card to be pressed. It is drawn from what is stored with the card.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CardSent {}

/// A decided card can no longer be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoOver {
    pub card_id: CardId,
}

/// A card has ended without a decision: another one took its place, or its time was over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CardRenewed {
    pub card_id: CardId,
}

/// The outcomes of a card's refunds, once all have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchSummary {
    pub card_id: CardId,
}
