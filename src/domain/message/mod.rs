//! Messages to people: one variant for each kind, with the facts that it carries. How they read is
//! the renderer's business.

mod notices;
mod recipients;
mod refused;
mod replies;
mod trade_bill;

pub use notices::*;
pub use recipients::{Recipients, WecomUserid};
pub use refused::Refused;
pub use replies::*;
pub use trade_bill::{BillDay, BillDifference, EqualDays, TradeBillCompared};

use super::versioned::{Unreadable, Versioned};

/// Declares [`Message`] with the stored word of each kind.
macro_rules! messages {
    ($($(#[$meta:meta])* $kind:ident = $word:literal $(version $version:literal)?),+ $(,)?) => {
        /// A message to people.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Message {
            $($(#[$meta])* $kind($kind),)+
        }

        $(impl Versioned for $kind {
            const KIND: &'static str = $word;
            $(const VERSION: i64 = $version;
            fn read_older(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
                Self::read_version(version, payload)
            })?
        }

        impl From<$kind> for Message {
            fn from(payload: $kind) -> Self {
                Self::$kind(payload)
            }
        })+

        impl Message {
            /// The stored word of every kind.
            pub const KINDS: &'static [&'static str] = &[$($word),+];

            /// The word under which it is stored.
            #[must_use]
            pub const fn kind(&self) -> &'static str {
                match self { $(Self::$kind(_) => $word,)+ }
            }

            /// The version that [`Self::payload`] writes.
            #[must_use]
            pub const fn version(&self) -> i64 {
                match self { $(Self::$kind(_) => <$kind as Versioned>::VERSION,)+ }
            }

            /// The payload to be stored.
            ///
            /// # Errors
            /// A payload that JSON has no form for; there is none.
            pub fn payload(&self) -> serde_json::Result<String> {
                match self { $(Self::$kind(payload) => serde_json::to_string(payload),)+ }
            }

            /// Reads a stored message by the version that wrote it.
            ///
            /// # Errors
            /// [`Unreadable`] for a kind, a version or a shape that this program does not know.
            pub fn read(kind: &str, version: i64, payload: &str) -> Result<Self, Unreadable> {
                match kind {
                    $($word => <$kind as Versioned>::read(version, payload).map(Self::$kind),)+
                    unknown => Err(Unreadable::Kind(unknown.to_owned())),
                }
            }
        }
    };
}

messages! {
    /// A payment that nobody expected like this.
    PaymentAbnormal = "payment_abnormal",
    /// A deposit went back: what the camp's group reads.
    RefundDone = "refund_done",
    /// Members have not checked in today: what the camp's group reads.
    Urging = "urging",
    /// A refund needs a person.
    RefundFailed = "refund_failed" version 2,
    /// Nothing can be learnt of a refund.
    RefundStuck = "refund_stuck" version 2,
    /// WeChat Pay tells of a refund that our books do not explain.
    RefundUnexpected = "refund_unexpected",
    /// The books and the states disagree.
    BooksDiffer = "books_differ",
    /// The audit is not what was written.
    AuditBroken = "audit_broken",
    /// The newest backup was restored and found whole.
    BackupProved = "backup_proved",
    /// There is no backup to rely on.
    BackupUnusable = "backup_unusable",
    /// The merchant account cannot refund: nothing goes out.
    MerchantHeld = "merchant_held",
    /// The merchant account refunds again.
    MerchantResumed = "merchant_resumed",
    /// The dates of next steps have passed.
    OverdueSteps = "overdue_steps",
    /// WeChat Pay has been at refunds for days.
    RefundsSlow = "refunds_slow",
    /// WeChat Pay will soon refund some payments no more.
    YearEnds = "year_ends",
    /// A camp is about to end.
    MoneyNeeded = "money_needed",
    /// A job has failed.
    JobFailed = "job_failed",
    /// A notice was refused for good.
    NoticeUndelivered = "notice_undelivered",
    /// The database does not answer.
    DatabaseSilent = "database_silent",
    /// A payer has become a member.
    Enrolled = "enrolled",
    /// A member's days do not suffice.
    VerdictGiven = "verdict_given",
    /// A member's refund was rejected.
    RefundRejected = "refund_rejected",
    /// A payer has their money back.
    DepositReturned = "deposit_returned",
    /// Somebody who has paid is not known to have joined the group.
    NotJoined = "not_joined",
    /// The last day is tomorrow.
    EndsTomorrow = "ends_tomorrow",
    /// Refunds of a camp that has ended wait for a person.
    ReviewWaits = "review_waits",
    /// A camp's refund list has been built.
    RefundListReady = "refund_list_ready",
    /// A camp has ended, and its refund list cannot be built.
    ListWaits = "list_waits",
    /// A camp has been settling for too long.
    CampLingers = "camp_lingers",
    /// Nobody of a camp gets their deposit back.
    NobodyQualifies = "nobody_qualifies",
    /// A sync has not read everything.
    SyncFailed = "sync_failed",
    /// A sync has not read all of the posts.
    PostsMissing = "posts_missing",
    /// A ranking is odd, and to be confirmed.
    RankingOdd = "ranking_odd",
    /// A camp's last day is over.
    CampEnded = "camp_ended",
    /// The login at the planet is over.
    CookieDead = "cookie_dead",
    /// The login at the planet is about to be over.
    CookieExpiring = "cookie_expiring",
    /// A stored setting cannot be used.
    SettingUnusable = "setting_unusable",
    /// Bills of WeChat Pay have been compared with the books.
    TradeBillCompared = "trade_bill_compared",
    /// A member objects: somebody is to answer.
    AppealOpened = "appeal_opened",
    /// A member's objection was answered.
    AppealAnswered = "appeal_answered",
    /// Members wait for a person to say who they are.
    MatchWaiting = "match_waiting",
    /// Two members claim one planet account.
    MatchContested = "match_contested",
    /// The commands that can be asked.
    Help = "answer_help",
    /// Talk that is no command.
    OtherTalk = "answer_other_talk",
    /// Somebody whom we do not know.
    Stranger = "answer_stranger",
    /// How a member's own camps are going.
    OwnProgress = "answer_own_progress",
    /// How all camps of somebody are doing.
    Camps = "answer_camps",
    /// Members of a camp whom a verb asks for.
    Listing = "answer_list",
    /// A picture or a voice message, of which we read nothing.
    OnlyText = "answer_only_text",
    /// Members found by a name.
    Members = "answer_members",
    /// No camp of that name.
    NoCamp = "answer_no_camp",
    /// No refund waits.
    NothingPending = "answer_nothing_pending",
    /// A sync has been started.
    SyncStarted = "answer_sync_started",
    /// The result of a sync, once it is over.
    SyncReport = "sync_report",
    /// Where money stands that was asked about.
    RefundStandings = "answer_refund",
    /// Refunds that are tried again.
    Retried = "answer_retried",
    /// How the camps of a month went.
    MonthReport = "answer_report",
    /// Where members enroll in a camp.
    EnrollCode = "answer_enroll_code",
    /// The same as a picture.
    EnrollPicture = "enroll_picture",
    /// How the product itself is doing.
    ProductStatus = "answer_status",
    /// An urging that can be drawn up.
    UrgeReady = "urge_ready",
    /// The evidence for who a member is.
    MatchEvidence = "answer_match",
    /// The camps in which members wait to be matched.
    MatchCamps = "answer_match_camps",
    /// Nobody is left to be matched in a camp.
    MatchDone = "answer_match_done",
    /// How the payment stands that a notice told of.
    PaymentOutcome = "answer_payment_outcome",
    /// Somebody else has decided.
    DecidedBefore = "answer_decided",
    /// Refunds that have changed since they were shown.
    ProposalsChanged = "answer_proposals_changed",
    /// The wish was refused.
    Refused = "answer_refused" version 2,
    /// The wish could not be fulfilled, through no fault of theirs.
    Failed = "answer_failed",
    /// The pressed card is of no use any more.
    CardGone = "answer_card_gone",
    /// The content of a card that could not be changed, with a link.
    CardLink = "answer_card_link",
    /// A card to be pressed: all that it shows is stored with the card.
    CardSent = "card",
    /// A decided card can no longer be undone.
    UndoOver = "undo_over",
    /// A card has ended without a decision.
    CardRenewed = "card_renewed",
    /// The outcomes of a card's refunds, once all have one.
    BatchSummary = "batch_summary",
}

impl Message {
    /// The stored word of an urging, by which the last one of a camp is found.
    pub const URGING: &'static str = <Urging as Versioned>::KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::RefundId;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let message = Message::from(CookieExpiring { days_left: 3 });
        let payload = message.payload().unwrap();
        assert_eq!(payload, r#"{"daysLeft":3}"#);
        let read = Message::read(message.kind(), message.version(), &payload);
        assert_eq!(read, Ok(message));
    }

    #[test]
    fn an_older_version_is_read_as_what_it_meant() {
        let read = |payload| Message::read("refund_stuck", 1, payload).unwrap();
        let refund_no = "rfd_1".to_owned();
        for (payload, meant) in [
            (
                r#"{"refundId":7,"reason":"unreadable"}"#,
                RefundStuck::Unreadable {
                    refund_id: RefundId(7),
                },
            ),
            (
                r#"{"refundNo":"rfd_1","reason":"silent"}"#,
                RefundStuck::Silent {
                    refund_no: refund_no.clone(),
                },
            ),
            (
                r#"{"refundNo":"rfd_1","reason":"no_auth"}"#,
                RefundStuck::Unanswerable {
                    refund_no,
                    code: "no_auth".to_owned(),
                },
            ),
        ] {
            assert_eq!(read(payload), Message::from(meant));
        }
        let refused = |payload: &str| match Message::read("answer_refused", 1, payload) {
            Ok(Message::Refused(refused)) => refused.sentence,
            other => panic!("{other:?}"),
        };
        let reason = r#"{"word":"wrong_state","reason":"尚未通过"}"#;
        assert_eq!(refused(reason), "尚未通过");
        let reasons = r#"{"word":"invalid","reasons":["甲","乙"]}"#;
        assert_eq!(refused(reasons), "甲；乙");
        assert!(refused(r#"{"word":"forbidden"}"#).contains("再试一次"));
        let version = Message::read("refund_stuck", 0, "{}").unwrap_err();
        assert!(matches!(version, Unreadable::Version { .. }));
        let shape = Message::read("refund_stuck", 1, "{}").unwrap_err();
        assert!(matches!(shape, Unreadable::Shape { version: 1, .. }));
    }

    #[test]
    fn what_is_not_known_is_named_and_never_guessed() {
        let kind = Message::read("cookie_found", 1, "{}").unwrap_err();
        assert_eq!(kind, Unreadable::Kind("cookie_found".to_owned()));
        let version = Message::read("cookie_dead", 99, "{}").unwrap_err();
        assert_eq!(
            version.to_string(),
            "version 99 of cookie_dead is not known"
        );
        let shape = Message::read("cookie_expiring", 1, r#"{"daysLeft":"three"}"#).unwrap_err();
        assert!(matches!(
            shape,
            Unreadable::Shape {
                kind: "cookie_expiring",
                version: 1,
                ..
            }
        ));
    }

    #[test]
    fn no_two_kinds_share_a_word() {
        let words: std::collections::BTreeSet<_> = Message::KINDS.iter().collect();
        assert_eq!(words.len(), Message::KINDS.len());
    }
}
