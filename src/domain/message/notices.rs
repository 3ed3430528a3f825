//! Notices: nobody has asked for them, something has happened.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::WecomUserid;
use crate::domain::backup::BackupFault;
use crate::domain::custody::Awaited;
use crate::domain::eligibility::Days;
use crate::domain::evidence::Suspicion;
use crate::domain::{
    AppealId, AppealKind, CampId, Fen, MemberId, OrderFlag, PaymentId, PlanetUserId, RefundId,
    SyncId, Timestamp,
};

/// A payment that nobody expected like this, told to those who decide what becomes of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PaymentAbnormal {
    pub payment_id: PaymentId,
    pub order_no: String,
    pub flag: OrderFlag,
    /// None for an order that we do not know.
    pub camp_name: Option<String>,
    pub due: Fen,
    pub paid: Fen,
    /// Its payer became a member all the same.
    pub enrolled: bool,
}

/// A deposit went back, told to the camp's group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundDone {
    pub refund_id: RefundId,
    pub nickname: String,
    pub days: Days,
    pub amount: Fen,
}

/// Members have not checked in today, told to the camp's group because somebody wanted it so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Urging {
    pub camp_name: String,
    pub missing: i64,
    /// As of when that is known.
    pub as_of: Timestamp,
}

/// A refund did not work and waits for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundFailed {
    pub refund_id: RefundId,
    pub refund_no: String,
    pub order_no: String,
    /// None for an order that we do not know.
    pub camp_name: Option<String>,
    /// Whose money it is.
    #[serde(default)]
    pub name: String,
    pub amount: Fen,
    /// The word of a [`FailureReason`](crate::domain::refund::FailureReason).
    pub reason: String,
    pub attempts: i64,
}

impl RefundFailed {
    /// The first version named nobody.
    pub(super) fn read_version(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        (version == 1).then(|| serde_json::from_str(payload))
    }
}

/// Nothing can be learnt of a refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(
    tag = "reason",
    rename_all = "snake_case",
    rename_all_fields = "camelCase"
)]
pub enum RefundStuck {
    /// Its row fits no state: it moves no money.
    Unreadable { refund_id: RefundId },
    /// WeChat Pay has not answered for too long.
    Silent { refund_no: String },
    /// WeChat Pay does not let us ask; its code in small letters.
    Unanswerable { refund_no: String, code: String },
}

/// [`RefundStuck`] as version 1 wrote it: one word for the reason, which may be a code.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RefundStuckV1 {
    refund_id: Option<RefundId>,
    #[serde(default)]
    refund_no: String,
    reason: String,
}

impl RefundStuck {
    pub(super) fn read_version(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        let read = |old: RefundStuckV1| match (old.refund_id, old.reason.as_str()) {
            (Some(refund_id), "unreadable") => Self::Unreadable { refund_id },
            (_, "silent") => Self::Silent {
                refund_no: old.refund_no,
            },
            _ => Self::Unanswerable {
                refund_no: old.refund_no,
                code: old.reason,
            },
        };
        (version == 1).then(|| serde_json::from_str(payload).map(read))
    }
}

/// WeChat Pay tells of a refund that our books do not explain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundUnexpected {
    pub refund_no: String,
    /// As WeChat Pay says it.
    pub amount_fen: i64,
    /// As WeChat Pay says it.
    pub status: String,
}

/// The books and the states of orders and refunds disagree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BooksDiffer {
    /// Payments about which they disagree; none if only the sums do.
    pub count: usize,
    /// The first of them.
    pub order_no: Option<String>,
}

/// The audit is not what was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditBroken {
    /// The row at which it breaks.
    pub seq: i64,
    /// What does not fit there, in words.
    pub what: String,
}

/// The newest backup was restored and found whole, told once a week.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupProved {
    /// Hour and minute in Shanghai.
    pub time: String,
    /// Payments about which the books in it disagree.
    pub differences: usize,
}

/// There is no backup to rely on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupUnusable {
    pub fault: BackupFault,
    /// How many payments or files it is about, where they can be counted.
    pub count: usize,
}

/// A camp has ended, and nobody of it can be judged yet, so that there is no refund list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ListWaits {
    pub camp_id: CampId,
    pub camp_name: String,
    /// The camp names a project of the planet.
    pub has_project: bool,
}

/// A camp has been settling for so many days, and deposits of it are still owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampLingers {
    pub camp_id: CampId,
    pub camp_name: String,
    pub days: i64,
}

/// A camp's refund list has been built, and nobody is on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NobodyQualifies {
    pub camp_id: CampId,
    pub camp_name: String,
    pub members: i64,
}

/// The merchant account cannot refund, told to those who can mend that. All refunds wait.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantHeld {
    /// The word of a [`FailureReason`](crate::domain::refund::FailureReason).
    pub reason: String,
    /// Refunds that are let go and wait.
    pub waiting: i64,
    /// What the merchant account needs for them.
    pub needed: Fen,
}

/// The merchant account refunds again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MerchantResumed {
    /// Refunds that go out now.
    pub waiting: i64,
}

/// The dates of next steps of one kind have passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OverdueSteps {
    /// None for orders that we do not know.
    pub camp_name: Option<String>,
    pub what: Awaited,
    pub count: i64,
    pub sum: Fen,
    /// The first of the dates.
    pub since: NaiveDate,
    /// Others were told, and nothing has happened.
    pub is_escalated: bool,
}

/// WeChat Pay has been at refunds of a camp for days.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundsSlow {
    pub camp_name: Option<String>,
    pub count: usize,
    /// The first of them.
    pub refund_no: String,
}

/// WeChat Pay will soon refund payments of a camp no more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct YearEnds {
    pub camp_name: Option<String>,
    pub count: i64,
    pub sum: Fen,
    /// Days that are left at most.
    pub days: i64,
    /// The day on which the first of them ends.
    pub first: NaiveDate,
}

/// The sum to have ready for a camp that is about to end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MoneyNeeded {
    pub camp_name: Option<String>,
    pub end_date: NaiveDate,
    pub least: Fen,
    pub most: Fen,
}

/// A job has failed: nothing of it is lost, but somebody should look.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JobFailed {
    pub job: String,
    /// A sentence of the catalogue.
    pub reason: String,
    /// Most of it was done.
    pub is_partial: bool,
}

/// A notice was refused for good: those who were to read it may not be there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NoticeUndelivered {
    pub readers: Vec<WecomUserid>,
    /// As WeCom says it.
    pub reason: String,
}

/// The database has not answered for some time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSilent {
    pub minutes: i64,
}

/// The payer has their money back, told to themselves where they are a member of the corp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DepositReturned {
    /// None for an order that we do not know.
    pub camp_name: Option<String>,
    pub amount: Fen,
}

/// A payer is not known to have joined the group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NotJoined {
    pub camp_name: String,
}

/// The last day is tomorrow, told to a member with the days they have, and to coaches without.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EndsTomorrow {
    pub camp_name: String,
    pub checked_in_days: Option<i64>,
    pub required_days: Option<i64>,
}

/// Refunds of a camp that has ended wait for a person.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReviewWaits {
    pub camp_id: CampId,
    pub camp_name: String,
    pub count: i64,
}

/// Somebody's payment has made them a member, told to themselves where they are a member of the corp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Enrolled {
    pub camp_id: CampId,
    pub camp_name: String,
    pub amount: Fen,
}

/// A member's days do not suffice, told to themselves where they are a member of the corp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VerdictGiven {
    pub camp_name: Option<String>,
    pub days: Days,
    /// Until when they may object.
    pub until: Timestamp,
}

/// A member's refund was rejected, told to themselves where they are a member of the corp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundRejected {
    pub camp_name: Option<String>,
    pub amount: Fen,
    /// In the words of the one who did so.
    pub reason: String,
}

/// A camp's refund list has been built: a digest of what waits then is what is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundListReady {
    pub camp_id: CampId,
    pub camp_name: String,
}

/// A sync has not read everything.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SyncFailed {
    pub camp_id: CampId,
    pub camp_name: String,
    /// The cause, in a sentence.
    pub reason: String,
    pub remedy: Remedy,
    pub started_at: Timestamp,
}

/// A sync has read the ranking, which decides, and not all of the posts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostsMissing {
    pub camp_id: CampId,
    pub camp_name: String,
    /// What is missing and why, in a sentence.
    pub reason: String,
    pub remedy: Remedy,
}

/// A ranking was read whole and clean, and is odd: a person is to confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RankingOdd {
    pub sync_id: SyncId,
    pub camp_id: CampId,
    pub camp_name: String,
    pub suspicion: Suspicion,
    /// People in the ranking that decides.
    pub before: usize,
    /// People in the odd one.
    pub now: usize,
    pub started_at: Timestamp,
}

text_enum! {
    /// The way out of a failed sync.
    pub enum Remedy {
        /// Only a new login helps.
        UpdateCookie = "update_cookie",
        /// The account, the planet's number or the camp's project is not right.
        CheckSettings = "check_settings",
        /// It passes by itself.
        Retry = "retry",
        /// The planet has changed, or we have a bug.
        AskSupport = "ask_support",
    }
}

/// A camp's last day is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampEnded {
    pub camp_id: CampId,
    pub camp_name: String,
    pub start_date: NaiveDate,
    pub end_date: NaiveDate,
    pub members: i64,
}

/// The login at the planet is over: nothing is synced before somebody renews it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CookieDead {}

/// The login at the planet is about to be over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CookieExpiring {
    pub days_left: u64,
}

/// A stored setting cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SettingUnusable {
    pub key: String,
    pub in_force: InForce,
}

text_enum! {
    /// What holds in place of a setting that cannot be used.
    pub enum InForce {
        /// What the running instance has gone by so far.
        Former = "former",
        /// The configuration file.
        File = "file",
        /// Nothing: the platform is off.
        Off = "off",
    }
}

/// Members wait for a person to say which planet account they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchWaiting {
    pub camp_id: CampId,
    pub camp_name: String,
}

/// Two members claim one planet account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchContested {
    /// The one who was there first.
    pub member_id: MemberId,
    /// By the name that the planet has for the account, where it is known.
    pub planet_nickname: Option<String>,
    pub account: PlanetUserId,
    pub camp_name: Option<String>,
    /// A person has said that the account is the first one's: that holds.
    pub given: bool,
    /// The first one's refund has been approved: that holds.
    pub refunding: bool,
}

/// A member objects: those who decide about the camp are to answer, with our evidence beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppealOpened {
    pub appeal_id: AppealId,
    pub camp_name: Option<String>,
    /// The name by which people read of the member.
    pub name: String,
    pub kind: AppealKind,
    /// The day that it is about.
    pub day: Option<NaiveDate>,
    /// In the member's words.
    pub text: String,
    /// The days that count; none for a payment of an unknown order.
    pub days: Option<Days>,
    /// By the planet's ranking; none where it is not known.
    pub ranking_days: Option<i64>,
    /// By posts.
    pub post_days: i64,
    /// Who said no to the refund, and why.
    pub rejected_by: Option<String>,
    pub rejected_for: Option<String>,
    /// Pictures that the member brought: never shown in chat.
    pub pictures: usize,
    pub order_no: String,
    pub answer_by: Timestamp,
}

/// The answer to an objection, told to the member where they are a member of the corp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AppealAnswered {
    pub camp_name: Option<String>,
    pub kind: AppealKind,
    pub day: Option<NaiveDate>,
    pub is_accepted: bool,
    pub answer: String,
}
