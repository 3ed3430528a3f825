//! The facts that each kind of card is made of.

use serde::{Deserialize, Serialize};

use super::super::command::{Command, Verb};
use super::super::eligibility::Days;
use super::super::message::Candidate;
use super::super::versioned::Versioned;
use super::super::{
    CampId, CampStatus, Fen, MemberId, RefundFlag, RefundId, RefundKind, Timestamp,
};
use super::CardKind;

/// A camp, by the name that it had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampNamed {
    pub id: CampId,
    pub name: String,
}

/// A refund as it was shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RefundShown {
    pub id: RefundId,
    /// The hash of what was proposed then.
    pub hash: String,
    pub amount: Fen,
    /// Marked as out of the ordinary.
    pub flags: Vec<RefundFlag>,
}

/// Whose money it is, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ground {
    /// The name by which the member is listed.
    pub name: String,
    /// Why the money is to go back.
    pub kind: RefundKind,
    /// The member's days; none where the refund does not rest on days.
    pub days: Option<Days>,
}

/// Some refunds, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally {
    pub count: usize,
    pub sum: Fen,
}

/// The refunds that wait in a camp, in numbers; those that may be approved together, one by one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Digest {
    pub camp: CampNamed,
    /// Approved by 通过, in the order shown.
    pub clear: Vec<RefundShown>,
    /// Members that a person has to look at.
    pub look: Tally,
    /// Payments that something was wrong with.
    pub payments: Tally,
    /// Members of whom nobody knows yet which account is theirs.
    pub unidentified: i64,
    /// Members whose days do not suffice.
    pub not_eligible: i64,
    /// Refunds that a colleague has to approve as well.
    pub awaiting: usize,
    /// Members among those to look at of whom no posts could be compared with the ranking.
    #[serde(default)]
    pub posts_missing: usize,
}

impl Versioned for Digest {
    const KIND: &'static str = CardKind::Digest.as_str();
    const VERSION: i64 = 3;

    fn read_older(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        match version {
            1 => Some(serde_json::from_str::<DigestV1>(payload).map(Self::from)),
            // The second version said nothing of posts.
            2 => Some(serde_json::from_str(payload)),
            _ => None,
        }
    }
}

/// The first version counted payments among the members to look at, and those whom nobody could
/// identify among those whose days do not suffice.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DigestV1 {
    camp: CampNamed,
    clear: Vec<RefundV1>,
    look: Tally,
    not_eligible: i64,
    awaiting: usize,
}

/// The first version knew no flags: what a digest approves has none.
#[derive(Debug, Deserialize)]
struct RefundV1 {
    id: RefundId,
    hash: String,
    fen: Fen,
}

impl From<DigestV1> for Digest {
    fn from(old: DigestV1) -> Self {
        let clear = old.clear.into_iter().map(|refund| RefundShown {
            id: refund.id,
            hash: refund.hash,
            amount: refund.fen,
            flags: Vec::new(),
        });
        Self {
            camp: old.camp,
            clear: clear.collect(),
            look: old.look,
            payments: Tally::default(),
            unidentified: 0,
            not_eligible: old.not_eligible,
            awaiting: old.awaiting,
            posts_missing: 0,
        }
    }
}

/// Refunds of a camp, to be ticked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    pub camp: CampNamed,
    pub places: Vec<BatchPlace>,
    /// How many wait in all.
    pub total: usize,
}

/// One line of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchPlace {
    pub refund: RefundShown,
    pub ground: Ground,
    /// Nothing speaks against it: it is ticked beforehand.
    pub clear: bool,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Single {
    pub camp: CampNamed,
    pub refund: RefundShown,
    pub ground: Ground,
    pub order_no: String,
    /// The amount that was due, where another was paid.
    pub due: Option<Fen>,
    /// How sure it is who the member is, 0–100.
    pub confidence: i64,
    pub reasons: Vec<String>,
    /// Why a person has rejected what was proposed against the judgement before.
    pub rejected_before: Option<String>,
    /// The first approver, where a second one is waited for.
    pub first_by: Option<String>,
}

impl Versioned for Single {
    const KIND: &'static str = CardKind::Single.as_str();
    const VERSION: i64 = 2;

    /// The first version knew no earlier rejections.
    fn read_older(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        (version == 1).then(|| serde_json::from_str(payload))
    }
}

/// Which account a member is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MatchQuestion {
    pub camp: CampNamed,
    pub member: MemberId,
    pub name: String,
    pub wechat_nickname: String,
    pub typed_id: Option<String>,
    pub typed_nickname: Option<String>,
    /// Facts about them beside those that speak for the best account.
    pub remarks: Vec<String>,
    /// The accounts, the best first.
    pub candidates: Vec<Candidate>,
    /// The best of them is none to be taken without looking twice.
    pub unsure: bool,
    /// No account resembles the member: these are the ones that nobody has claimed.
    pub unclaimed: bool,
}

/// A member for whom there is no account to choose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MatchNobody {
    pub camp: CampNamed,
    pub member: MemberId,
    pub name: String,
}

/// Which of several members of one name is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Namesakes {
    pub asked_by: String,
    pub camp: CampNamed,
    pub wanted: String,
    pub members: Vec<Namesake>,
}

/// A member, told from others of their name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Namesake {
    pub id: MemberId,
    /// Empty where they have no name.
    pub name: String,
    pub paid_at: Option<Timestamp>,
    pub order_no: String,
}

/// Which camp is meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampChoice {
    pub asked_by: String,
    pub verb: Verb,
    /// The words behind the camp.
    pub words: Vec<String>,
    /// The camp as they called it; empty if they did not.
    pub wanted: String,
    /// Some of the camps are called so.
    pub fits: bool,
    pub camps: Vec<CampNamed>,
    /// The refunds that wait in each of them, where that was asked for.
    pub waiting: Vec<CampWaits>,
}

/// How one camp is doing, with what there is to ask or to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CampOverview {
    pub asked_by: String,
    pub camp: CampNamed,
    pub status: CampStatus,
    /// Days of the camp that have begun.
    pub day: i64,
    pub days: i64,
    pub required_days: i64,
    pub members: i64,
    /// In the group, as far as that is known of anybody.
    pub joined: i64,
    /// None where nobody can say.
    pub today: Option<Today>,
    /// Days per member, in tenths; none of nobody.
    pub average_tenths: Option<i64>,
    /// Whose days suffice without grace.
    pub eligible: i64,
    /// Whose days suffice with grace only.
    pub by_grace: i64,
    /// Whose days suffice with one more.
    pub one_short: i64,
    pub not_yet: i64,
    pub unmatched: i64,
    /// None before the first complete sync.
    pub synced_at: Option<Timestamp>,
    /// The newest sync is the one that decides, and it read the posts.
    pub is_complete: bool,
    pub commands: Vec<Command>,
}

/// Who has checked in today.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Today {
    pub came: i64,
    pub absent: i64,
}

/// What somebody may have meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Suggestion {
    pub asked_by: String,
    pub said: String,
    pub commands: Vec<Command>,
}

/// What a camp's group will read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UrgePreview {
    pub camp: CampNamed,
    /// Members who have not checked in today.
    pub missing: i64,
    /// Members who have.
    pub came: i64,
    /// Members of whom nobody can say.
    pub unknown: i64,
    pub as_of: Timestamp,
}

/// How many refunds of a camp wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CampWaits {
    /// May be approved together.
    pub clear: usize,
    /// A person has to look at each.
    pub look: usize,
}

/// Gives payloads their first version.
macro_rules! first_version {
    ($($payload:ident = $kind:ident),+ $(,)?) => {
        $(impl Versioned for $payload {
            const KIND: &'static str = CardKind::$kind.as_str();
        })+
    };
}

first_version! {
    Batch = Batch,
    MatchQuestion = Match,
    MatchNobody = MatchNobody,
    Namesakes = Namesakes,
    CampChoice = ChooseCamp,
    UrgePreview = Urge,
    CampOverview = Progress,
    Suggestion = Meant,
}
