//! The proposal of a card: the facts that it was made of. Its buttons do nothing but what stands here: the facts are frozen, and
//! drawn again as often as the card is.

use super::super::RefundId;
use super::super::message::{
    AppealOpened, CampEnded, PaymentAbnormal, RankingOdd, RefundFailed, SyncFailed,
};
use super::super::versioned::{Unreadable, Versioned};
use super::payload::{
    Batch, CampChoice, CampOverview, Digest, MatchNobody, MatchQuestion, Namesakes, Single,
    Suggestion, UrgePreview,
};

text_enum! {
    /// The kind of a card, one for each proposal.
    pub enum CardKind {
        /// The refunds that wait in a camp, in numbers.
        Digest = "digest",
        /// Up to twenty refunds of a camp, to be ticked.
        Batch = "batch",
        /// One refund.
        Single = "single",
        /// Which account a member is.
        Match = "match",
        /// A member for whom there is no account to choose.
        MatchNobody = "match_nobody",
        /// Which of several members of one name is meant.
        Namesakes = "match_choose",
        /// Which camp is meant.
        ChooseCamp = "choose_camp",
        /// How one camp is doing.
        Progress = "progress",
        /// What somebody may have meant.
        Meant = "meant",
        /// What a camp's group will read.
        Urge = "urge",
        /// A camp's last day is over.
        CampEnded = "camp_ended",
        /// A sync has not read everything.
        SyncFailed = "sync_failed",
        /// A ranking is odd, and to be confirmed.
        RankingOdd = "ranking_odd",
        /// A refund needs a person.
        RefundFailed = "refund_failed",
        /// A payment that nobody expected like this.
        PaymentAbnormal = "payment_abnormal",
        /// An objection of a member.
        AppealOpened = "appeal_opened",
    }
}

text_enum! {
    /// The event that a card waits for. A newer card about the same takes the place of one that waits for
    /// something that changes by itself.
    pub enum WaitsFor {
        /// A decision about refunds of a camp.
        Refunds = "refunds",
        /// Somebody who has a refund tried again.
        Retry = "retry",
        /// Somebody who starts a sync, or confirms an odd one.
        Sync = "sync",
        /// Somebody who says who a member is.
        Match = "match",
        /// Somebody who says what they meant.
        Choice = "choice",
        /// Somebody who looks at a payment.
        Payment = "payment",
        /// Somebody who answers an objection.
        Appeal = "appeal",
    }
}

impl WaitsFor {
    /// Those of whose cards only the newest is of use.
    pub const SUPERSEDED: [Self; 3] = [Self::Refunds, Self::Retry, Self::Sync];
}

/// Declares [`Proposal`] with the kind of each payload.
macro_rules! proposals {
    ($($(#[$meta:meta])* $kind:ident($payload:ident),)+) => {
        /// The facts that a card was made of.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Proposal {
            $($(#[$meta])* $kind($payload),)+
        }

        impl Proposal {
            /// The kind under which it is stored.
            #[must_use]
            pub const fn kind(&self) -> CardKind {
                match self { $(Self::$kind(_) => CardKind::$kind,)+ }
            }

            /// The version that [`Self::payload`] writes.
            #[must_use]
            pub const fn version(&self) -> i64 {
                match self { $(Self::$kind(_) => <$payload as Versioned>::VERSION,)+ }
            }

            /// The payload to be stored.
            ///
            /// # Errors
            /// A payload that JSON has no form for; there is none.
            pub fn payload(&self) -> serde_json::Result<String> {
                match self { $(Self::$kind(payload) => serde_json::to_string(payload),)+ }
            }

            /// Reads a stored proposal by the version that wrote it.
            ///
            /// # Errors
            /// [`Unreadable`] for a version or a shape that this program does not know.
            pub fn read(kind: CardKind, version: i64, payload: &str) -> Result<Self, Unreadable> {
                match kind {
                    $(CardKind::$kind => $payload::read(version, payload).map(Self::$kind),)+
                }
            }
        }

        $(impl From<$payload> for Proposal {
            fn from(payload: $payload) -> Self {
                Self::$kind(payload)
            }
        })+
    };
}

proposals! {
    /// The refunds that wait in a camp, in numbers.
    Digest(Digest),
    /// Up to twenty refunds of a camp, to be ticked.
    Batch(Batch),
    /// One refund.
    Single(Single),
    /// Which account a member is.
    Match(MatchQuestion),
    /// A member for whom there is no account to choose.
    MatchNobody(MatchNobody),
    /// Which of several members of one name is meant.
    Namesakes(Namesakes),
    /// Which camp is meant.
    ChooseCamp(CampChoice),
    /// How one camp is doing.
    Progress(CampOverview),
    /// What somebody may have meant.
    Meant(Suggestion),
    /// What a camp's group will read.
    Urge(UrgePreview),
    /// A camp's last day is over.
    CampEnded(CampEnded),
    /// A sync has not read everything.
    SyncFailed(SyncFailed),
    /// A ranking is odd, and to be confirmed.
    RankingOdd(RankingOdd),
    /// A refund needs a person.
    RefundFailed(RefundFailed),
    /// A payment that nobody expected like this.
    PaymentAbnormal(PaymentAbnormal),
    /// An objection of a member.
    AppealOpened(AppealOpened),
}

impl Proposal {
    /// The event that a card made of it waits for.
    #[must_use]
    pub const fn waits_for(&self) -> WaitsFor {
        match self {
            Self::Digest(_) | Self::Batch(_) | Self::Single(_) => WaitsFor::Refunds,
            Self::Match(_) | Self::MatchNobody(_) => WaitsFor::Match,
            Self::Namesakes(_)
            | Self::ChooseCamp(_)
            | Self::Progress(_)
            | Self::Meant(_)
            | Self::Urge(_) => WaitsFor::Choice,
            Self::CampEnded(_) | Self::SyncFailed(_) | Self::RankingOdd(_) => WaitsFor::Sync,
            Self::RefundFailed(_) => WaitsFor::Retry,
            Self::PaymentAbnormal(_) => WaitsFor::Payment,
            Self::AppealOpened(_) => WaitsFor::Appeal,
        }
    }

    /// The key of what it is about: cards of one kind and subject are decided together.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::Digest(Digest { camp, .. })
            | Self::Batch(Batch { camp, .. })
            | Self::Urge(UrgePreview { camp, .. }) => {
                format!("camp:{}", camp.id)
            }
            Self::CampEnded(CampEnded { camp_id, .. })
            | Self::SyncFailed(SyncFailed { camp_id, .. })
            | Self::RankingOdd(RankingOdd { camp_id, .. }) => format!("camp:{camp_id}"),
            Self::Single(single) => format!("refund:{}", single.refund.id),
            Self::RefundFailed(failed) => format!("refund:{}", failed.refund_id),
            Self::PaymentAbnormal(payment) => format!("payment:{}", payment.payment_id),
            Self::AppealOpened(appeal) => format!("appeal:{}", appeal.appeal_id),
            Self::Match(MatchQuestion { member, .. })
            | Self::MatchNobody(MatchNobody { member, .. }) => format!("member:{member}"),
            Self::Namesakes(Namesakes { asked_by, .. })
            | Self::ChooseCamp(CampChoice { asked_by, .. })
            | Self::Progress(CampOverview { asked_by, .. })
            | Self::Meant(Suggestion { asked_by, .. }) => format!("person:{asked_by}"),
        }
    }

    /// The refunds that it shows.
    #[must_use]
    pub fn refunds(&self) -> Vec<RefundId> {
        match self {
            Self::Digest(digest) => digest.clear.iter().map(|refund| refund.id).collect(),
            Self::Batch(batch) => batch.places.iter().map(|place| place.refund.id).collect(),
            Self::Single(single) => vec![single.refund.id],
            _ => Vec::new(),
        }
    }

    /// Says whether a decision about `decided` leaves nothing that a card made of it waits for. A
    /// digest waits for those too that it only counts.
    #[must_use]
    pub fn is_settled_by(&self, decided: &[RefundId]) -> bool {
        let is_all_shown = match self {
            Self::Digest(digest) => digest.look.count == 0 && digest.payments.count == 0,
            _ => true,
        };
        is_all_shown && self.refunds().iter().all(|id| decided.contains(id))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::{CampNamed, RefundShown, Tally};
    use crate::domain::{CampId, Fen};

    fn digest() -> Digest {
        Digest {
            camp: CampNamed {
                id: CampId(1),
                name: "写作营".to_owned(),
            },
            clear: vec![RefundShown {
                id: RefundId(7),
                hash: "abc".to_owned(),
                amount: Fen::new(9900).unwrap(),
                flags: Vec::new(),
            }],
            look: Tally {
                count: 1,
                sum: Fen::new(9900).unwrap(),
            },
            payments: Tally::default(),
            unidentified: 0,
            not_eligible: 2,
            awaiting: 0,
            posts_missing: 0,
        }
    }

    #[test]
    fn a_proposal_is_read_as_it_was_written() {
        let proposal = Proposal::from(digest());
        let payload = proposal.payload().unwrap();
        let read = Proposal::read(proposal.kind(), proposal.version(), &payload);
        assert_eq!(read, Ok(proposal));
    }

    #[test]
    fn a_digest_waits_for_those_it_only_counts() {
        let look = digest();
        let mut payments = digest();
        payments.payments = std::mem::take(&mut payments.look);
        let mut all_clear = digest();
        all_clear.look = Tally::default();
        let decided = [RefundId(7)];
        assert!(!Proposal::from(look).is_settled_by(&decided));
        assert!(!Proposal::from(payments).is_settled_by(&decided));
        assert!(Proposal::from(all_clear.clone()).is_settled_by(&decided));
        assert!(!Proposal::from(all_clear).is_settled_by(&[]));
    }

    #[test]
    fn the_first_version_of_a_digest_is_read_by_its_own_shape() {
        let payload = r#"{"camp":{"id":1,"name":"写作营"},"clear":[{"id":7,"hash":"abc","fen":9900}],
            "look":{"count":1,"sum":9900},"notEligible":2,"awaiting":0}"#;
        let read = Proposal::read(CardKind::Digest, 1, payload);
        assert_eq!(read, Ok(Proposal::from(digest())));
        let shape = Proposal::read(CardKind::Digest, 2, payload).unwrap_err();
        assert!(matches!(shape, Unreadable::Shape { version: 2, .. }));
        let version = Proposal::read(CardKind::Digest, 4, payload).unwrap_err();
        assert!(matches!(version, Unreadable::Version { version: 4, .. }));
        let second = digest();
        let mut written: serde_json::Value = serde_json::to_value(&second).unwrap();
        written.as_object_mut().unwrap().remove("postsMissing");
        let read = Proposal::read(CardKind::Digest, 2, &written.to_string());
        assert_eq!(read, Ok(second.into()));
    }
}
