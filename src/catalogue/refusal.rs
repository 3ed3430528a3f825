//! Why something was not done, as services refuse it and doors tell it. Nothing here knows a
//! status of HTTP or a sentence.

use serde::{Deserialize, Serialize};
use strum::VariantNames;

use crate::domain::refund::Change;
use crate::domain::{
    AppealKind, BadMove, BindStatus, CampStatus, FieldErrors, RefundStatus, SyncId, Timestamp,
};

/// An error as far as people may know it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum ErrorKind {
    /// Some fields are not taken.
    Invalid(FieldErrors),
    /// There is no such thing, or it is not for this person to know.
    NotFound,
    /// The role does not allow it.
    Forbidden,
    /// It cannot be done now.
    Refused(Refusal),
    /// A platform that it needs is not set up.
    NotConfigured { platform: String },
    /// A platform said no.
    PlatformRefused { platform: String },
    /// A platform did not answer, or what it did is not known.
    PlatformUnavailable { platform: String },
    /// Somebody else was first.
    Overtaken,
    /// More is asked at once than is done at once; when to ask again.
    Busy { seconds: u64 },
    /// The database does not answer.
    DatabaseUnavailable,
    /// Nothing that the one who asked could mend.
    Internal,
}

/// A refusal that the contract has a word for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Refusal {
    /// Nobody has signed in, or the openid is needed and not known.
    Unauthenticated,
    /// User name and password do not belong together.
    WrongPassword,
    /// Too many wrong passwords for this user name; until then, by the wall.
    Locked { until: Timestamp },
    /// A password that somebody else has chosen, and whose time is over.
    PasswordOver,
    /// Somebody else has chosen the password: it is good for being changed only.
    MustChangePassword,
    /// Nobody would be left who may do all.
    LastSuperAdmin,
    /// An access token that is none.
    TokenInvalid,
    /// An access token whose time is over.
    TokenExpired,
    /// The group code shows after binding.
    NotBound,
    /// The token is of another order.
    NotYourOrder,
    /// The person has paid for this camp.
    AlreadyEnrolled {
        order_no: String,
        bind_status: BindStatus,
    },
    /// Another payment of the camp names the account: who means it asks once more.
    Claimed { masked_nickname: String },
    /// The order is bound.
    AlreadyBound,
    /// Somebody has decided; `status` is what the refund or the match is now.
    AlreadyDecided {
        by: String,
        at: Timestamp,
        status: String,
    },
    /// What was shown is not what is; none of it is known of what was never shown.
    ProposalChanged { changes: Vec<Change> },
    /// Not in this state.
    WrongState(WrongState),
    /// Not before these fields are right.
    Incomplete(FieldErrors),
    /// The undo window has closed.
    UndoOver,
    /// Another person has to approve.
    NeedsSecondApprover,
    /// A sync is running.
    SyncRunning { sync_id: SyncId },
    /// There is one already.
    Duplicate(Duplicate),
    /// The seven days are over.
    BindExpired,
    /// The link's time is over.
    LinkExpired,
    /// More than is taken.
    TooLarge,
    /// A picture of more pixels than are decoded.
    TooManyPixels { megapixels: u64 },
    /// Not a picture of a kind that is taken, whatever its name says.
    NotAPicture,
    /// Neither CSV nor xlsx, whatever its name says.
    NotATable,
    /// The camp takes no one in.
    CampNotEnrolling,
}

/// Why something cannot be done in the present state of things.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum WrongState {
    /// No status leads there from the present one.
    NoSuchMove {
        subject: String,
        from: String,
        to: String,
    },

    /// The start of a camp that members may still enroll in has passed, or it is over.
    CampBegun { status: CampStatus },
    /// Somebody has paid for the camp.
    CampPaidFor,
    /// Only a camp that takes members in can be taken back.
    CampNotPublished { status: CampStatus },
    /// A field of a camp that somebody has paid for.
    FrozenByPayment { field: String },
    /// A field of a camp that was put away.
    FrozenByArchive { field: String },
    /// The camp was put away.
    CampArchived,
    /// A sync that does not wait for anybody's word.
    NothingToConfirm,
    /// A newer ranking decides by now.
    NewerRanking,
    /// A field of a camp that has begun.
    FrozenByStart { field: String },
    /// Only a camp that was put away can be opened again.
    CampNotArchived { status: CampStatus },
    /// Refunds are listed after the end.
    CampNotSettling { status: CampStatus },
    /// No complete sync has started since the end.
    NoFinalSync,
    /// Posts were read, so that nobody need do without them.
    PostsWereRead,
    /// The planet's project is made for drafts.
    CampNotADraft { status: CampStatus },
    /// Somebody is having the planet's project made.
    ProjectUnderWay,
    /// More than one project of the planet is what was asked for.
    ProjectNotUnique,
    /// Another attempt has taken the making over.
    ProjectTakenOver,
    /// A project was made, and the camp has another one by now.
    ProjectNotNeeded { project: String },
    /// Only in a running camp anybody is to check in today.
    CampNotOngoing { status: CampStatus },
    /// The camp's group has no robot that could speak there.
    NoGroupRobot,
    /// The camp's group was urged within the hour.
    UrgedLately { at: Timestamp },
    /// Today's check-ins could not be read just now.
    CheckInsNotFresh,
    /// The camp names no project of the planet.
    NoPlanetProject,
    /// The camp's project is no number.
    PlanetProjectNotANumber,

    /// The order can no longer be paid.
    OrderNotPayable,
    /// The order was closed while it was prepared.
    OrderClosed,
    /// The payment has no place in a camp yet: staff look at it.
    PaymentUnderReview,

    /// The day is not over, or its bill is not made before ten o'clock of the next.
    BillNotMade,
    /// WeChat Pay keeps bills for three months.
    BillTooOld,
    /// Only what the bill shows and the books lack can be booked.
    NothingToBook,
    /// Asked about the number, WeChat Pay knows of no such payment or refund.
    BillNotConfirmed,
    /// Asked again, WeChat Pay says something else than the books have.
    BillStillDiffers,

    /// The order is not paid, or no longer.
    OrderNotPaid,
    /// There is nothing to give back.
    NothingToRefund,
    /// Only a payment that something is wrong with can be accepted.
    NotFlagged,
    /// Nothing of the payment is here.
    NothingToKeep,
    /// It is known whose payment it is.
    Identified,
    /// WeChat Pay refunds a year long.
    PaidTooLongAgo,
    /// Together the refunds of the order would exceed what was paid.
    ExceedsPaid { paid_fen: i64, committed_fen: i64 },
    /// The facts support no refund any more.
    NotEligible,
    /// Less sure than was asked for.
    BelowConfidence { least: i64 },
    /// Nobody has approved it, so that there is nothing to withdraw.
    NotApproved { status: RefundStatus },
    /// Only a refund that was rejected or settled outside can be opened again.
    NotRejected { status: RefundStatus },
    /// Its money may be on its way, or has gone back.
    NotSettleable { status: RefundStatus },
    /// Only a refund that has failed, or needs a person, can be tried again.
    NotRetryable { status: RefundStatus },

    /// There is nothing of this kind to object to, or its time is over.
    CannotObject { kind: AppealKind },
    /// An objection waits for its answer: nothing is decided before.
    AppealOpen,

    /// More than one member claims the account.
    IdentityContested,
    /// The member was matched otherwise in the meantime.
    MatchChanged,
    /// The member is not matched.
    NotMatched,
    /// The deposit goes back by this match.
    MatchRefunded,

    /// Nobody changes their own role or disables themselves.
    OwnRole,
    /// Nobody deletes themselves.
    OwnAccount,
    /// One's own password is changed by who knows the old one.
    OwnPassword,

    /// Only a message that was refused, or of which nobody knows, can be sent again.
    MessageNotFailed,
    /// The message has no recipient.
    NobodyToTell,

    /// The job runs.
    JobRunning,
    /// The run of the job was cut off.
    JobCutOff,
    /// The same request was begun before, and nobody knows how it ended.
    OutcomeUnknown,
}

/// Of what there is one already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum Duplicate {
    /// An account with this user name or WeCom account.
    StaffAccount,
    /// A refund of the order, open or done.
    Refund { refund_no: String },
    /// A match of the planet account in this camp.
    Match { nickname: String, member: i64 },
    /// An objection of the order that waits for its answer.
    Appeal,
    /// An objection to the same thing that was answered.
    AnsweredAppeal,
    /// An approved deposit of the planet account.
    Deposit { order_no: String },
}

/// Why a request could not even be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, VariantNames)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case")]
pub enum RequestFault {
    /// A body of JSON without the JSON type.
    NotJsonType,
    /// A body that is no JSON.
    NotJson,
    /// A form without the type of one.
    NotMultipart,
    /// The body ended too early.
    CutOff,
    /// The address takes no request of this method.
    NoSuchMethod,
    /// More requests than one caller may make.
    TooManyRequests,
}

impl From<BadMove> for WrongState {
    fn from(bad: BadMove) -> Self {
        Self::NoSuchMove {
            subject: bad.subject.to_owned(),
            from: bad.from,
            to: bad.to,
        }
    }
}

impl From<WrongState> for Refusal {
    fn from(why: WrongState) -> Self {
        Self::WrongState(why)
    }
}

impl From<Duplicate> for Refusal {
    fn from(of: Duplicate) -> Self {
        Self::Duplicate(of)
    }
}
