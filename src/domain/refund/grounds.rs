//! The facts behind a refund, and the proposal that follows from them.

use super::{CLEAR_CONFIDENCE, Proposal, Provenance, RefundFlag, RefundKind};
use crate::domain::eligibility::Judgement;
use crate::domain::evidence::{DecidingDays, Evidence};
use crate::domain::{
    CheckInSource, Fen, MatchStatus, OrderFlag, PaymentId, PlanetUserId, SyncId, Terms, Timestamp,
};

/// The facts of one moment about a payment and the member it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    pub payment_id: PaymentId,
    /// A refund gives back all that is left of it.
    pub paid: Fen,
    /// What of it went back without our doing.
    pub returned: Fen,
    /// The trouble with the payment.
    pub flag: Option<OrderFlag>,
    /// The rules on the order; none for an unknown order.
    pub terms: Option<Terms>,
    /// The camp's ranking that decides.
    pub sync: Option<DecidingSync>,
    pub posts: Posts,
    /// Why a person has rejected an earlier proposal of it, made against the judgement.
    pub rejected_before: Option<String>,
    pub appealed: Appealed,
    /// The member; none for a payment that made none.
    pub claimant: Option<Claimant>,
}

/// What has become of a member's objections to a payment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Appealed {
    /// There is none that still matters.
    #[default]
    No,
    /// One waits for its answer: nothing is decided before.
    Open,
    /// They were right to object to the verdict or to a rejection.
    Accepted,
}

/// The sync with the newest complete, checksum-clean ranking, which a camp points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidingSync {
    pub id: SyncId,
    /// The moment it began to read the planet.
    pub started_at: Timestamp,
}

/// What is known of the posts of a camp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Posts {
    /// All of them were read once.
    Read,
    /// Never, so that the ranking stands alone.
    Missing,
    /// Never, and a person has said that the ranking suffices.
    Waived,
}

/// The member who asks for their deposit, as far as they are known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimant {
    /// The planet account.
    pub planet_user_id: Option<PlanetUserId>,
    pub match_status: MatchStatus,
    /// 0–100.
    pub confidence: i64,
    /// In words.
    pub match_reasons: Vec<String>,
    /// All that is stated of their days.
    pub evidence: Evidence,
    /// Distinct days within their own dates on which posts show a check-in.
    pub post_days: i64,
    /// Other members of the camp who claim the same account.
    pub rivals: i64,
    /// A person has said that the account is theirs.
    pub is_given: bool,
}

impl Claimant {
    /// True if others claim the account, and nobody has said yet whose it is.
    const fn is_contested(&self) -> bool {
        self.rivals > 0 && !self.is_given
    }

    /// True if the ranking and the posts count other days, or count by other dates than their own.
    fn is_disputed(&self, posts: Posts) -> bool {
        let counted = self.evidence.ranking.map(|ranking| ranking.days);
        let differs = counted.is_some_and(|days| days != self.post_days);
        self.evidence.has_own_dates || (posts == Posts::Read && differs)
    }

    fn is_unsure(&self) -> bool {
        self.confidence < CLEAR_CONFIDENCE || self.match_status != MatchStatus::Matched
    }
}

impl Grounds {
    /// True if what decides about the member is known as of the end of their own terms: the others
    /// of their camp are judged without them. Of somebody without an account a ranking of that time
    /// says that they have no days.
    #[must_use]
    pub fn is_judged(&self) -> bool {
        let Some(over_at) = self.terms.map(|terms| terms.over_at()) else {
            return false;
        };
        match &self.claimant {
            Some(claimant) if claimant.planet_user_id.is_some() => {
                claimant.evidence.deciding_since(over_at).is_some()
            }
            _ => self.sync.is_some_and(|sync| sync.started_at >= over_at),
        }
    }

    /// The days that count. What was stated before the end still holds after it.
    fn deciding(&self) -> Option<DecidingDays> {
        self.claimant.as_ref()?.evidence.deciding()
    }

    /// The number of days that count; 0 where nothing is stated.
    #[must_use]
    pub fn checked_in_days(&self) -> i64 {
        self.deciding().map_or(0, |deciding| deciding.days)
    }

    /// Judges the days by the rules on the order.
    #[must_use]
    pub fn judgement(&self) -> Judgement {
        match (&self.terms, &self.claimant) {
            (Some(terms), Some(claimant)) if claimant.planet_user_id.is_some() => {
                Judgement::of(self.checked_in_days(), terms)
            }
            _ => Judgement::NotEligible,
        }
    }

    /// Judges the days as if the rules had asked for other numbers; what is absent stays.
    #[must_use]
    pub fn judgement_if(&self, required_days: Option<i64>, grace_days: Option<i64>) -> Judgement {
        let terms = self.terms.map(|terms| Terms {
            required_days: required_days.unwrap_or(terms.required_days),
            grace_days: grace_days.unwrap_or(terms.grace_days),
            ..terms
        });
        let other = Self {
            terms,
            ..self.clone()
        };
        other.judgement()
    }

    /// What is left of the payment to give back.
    #[must_use]
    pub fn left(&self) -> Fen {
        self.paid.checked_sub(self.returned).unwrap_or(Fen::ZERO)
    }

    /// All of it went back without our doing.
    #[must_use]
    pub fn went_back(&self) -> bool {
        self.returned > Fen::ZERO && self.left() == Fen::ZERO
    }

    /// The proposal of `kind` that these grounds support; none if they do not. A deposit needs
    /// days that suffice and are known as of the end; a flagged payment needs its flag and no
    /// member; a person may propose any paid order.
    #[must_use]
    pub fn propose(&self, kind: RefundKind) -> Option<Proposal> {
        let supported = match kind {
            RefundKind::Deposit => self.is_judged() && self.judgement().is_eligible(),
            RefundKind::Manual => true,
            flagged => self.claimant.is_none() && self.kind_of_flag() == Some(flagged),
        };
        (supported && self.left() > Fen::ZERO).then(|| self.frozen(kind))
    }

    /// The kind of refund that a payment's flag asks for. A payment that made a member is a
    /// deposit like any other, late or not.
    #[must_use]
    pub fn kind_of_flag(&self) -> Option<RefundKind> {
        Some(match self.flag? {
            OrderFlag::Duplicate => RefundKind::Duplicate,
            OrderFlag::WrongAmount => RefundKind::WrongAmount,
            OrderFlag::Late => RefundKind::Late,
            OrderFlag::UnknownOrder => RefundKind::UnknownOrder,
            OrderFlag::OtherAppid => RefundKind::OtherAppid,
        })
    }

    /// What these grounds say of a refund of `kind`, whether they support it or not.
    #[must_use]
    pub fn frozen(&self, kind: RefundKind) -> Proposal {
        let claimant = self.claimant.as_ref();
        Proposal {
            payment_id: self.payment_id,
            kind,
            amount_fen: self.left(),
            checked_in_days: self.checked_in_days(),
            terms: self.terms,
            planet_user_id: claimant.and_then(|claimant| claimant.planet_user_id),
            rivals: claimant.map_or(0, |claimant| claimant.rivals),
            flags: self.flags(),
            reason: String::new(),
        }
    }

    /// Where a proposal of `kind` is read from.
    #[must_use]
    pub fn provenance(&self, kind: RefundKind) -> Provenance {
        let rests_on_days = matches!(kind, RefundKind::Deposit | RefundKind::Manual);
        let claimant = self.claimant.as_ref();
        Provenance {
            sync_id: self.sync.filter(|_| rests_on_days).map(|sync| sync.id),
            confidence: claimant.map_or(0, |claimant| claimant.confidence),
            match_reasons: claimant.map_or_else(Vec::new, |c| c.match_reasons.clone()),
        }
    }

    /// The flags of what a person must look at, sorted as the enum is.
    #[must_use]
    pub fn flags(&self) -> Vec<RefundFlag> {
        let Some(claimant) = &self.claimant else {
            return Vec::new();
        };
        let source = self.deciding().map(|deciding| deciding.source);
        let is_stated = matches!(
            source,
            Some(CheckInSource::Import | CheckInSource::Attested)
        );
        let has_only_ranking = source.is_some() && !is_stated && self.posts == Posts::Missing;
        let found = [
            (RefundFlag::Grace, self.judgement() == Judgement::ByGrace),
            (RefundFlag::DaysDisagree, claimant.is_disputed(self.posts)),
            (RefundFlag::PostsMissing, has_only_ranking),
            (RefundFlag::Attested, is_stated),
            (RefundFlag::LowConfidence, claimant.is_unsure()),
            (RefundFlag::Contested, claimant.is_contested()),
            (RefundFlag::Appealed, self.appealed != Appealed::No),
            (RefundFlag::RejectedBefore, self.rejected_before.is_some()),
        ];
        let raised = found.into_iter().filter(|(_, raised)| *raised);
        raised.map(|(flag, _)| flag).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::*;
    use crate::domain::evidence::CountedDays;

    fn terms() -> Terms {
        let day = |d| NaiveDate::from_ymd_opt(2026, 1, d).unwrap();
        Terms {
            deposit_fen: Fen::new(9900).unwrap(),
            start_date: day(1),
            end_date: day(10),
            total_days: 10,
            required_days: 7,
            grace_days: 1,
        }
    }

    fn at_the_end(days: i64) -> Option<CountedDays> {
        let as_of = terms().over_at();
        Some(CountedDays { days, as_of })
    }

    fn grounds() -> Grounds {
        Grounds {
            payment_id: PaymentId(7),
            paid: Fen::new(9900).unwrap(),
            returned: Fen::ZERO,
            flag: None,
            terms: Some(terms()),
            sync: Some(DecidingSync {
                id: SyncId(4),
                started_at: terms().over_at(),
            }),
            posts: Posts::Read,
            rejected_before: None,
            appealed: Appealed::No,
            claimant: Some(Claimant {
                planet_user_id: Some(PlanetUserId(300_000_000_000_007)),
                match_status: MatchStatus::Matched,
                confidence: 100,
                match_reasons: vec![],
                evidence: Evidence {
                    ranking: at_the_end(7),
                    ..Evidence::default()
                },
                post_days: 7,
                rivals: 0,
                is_given: false,
            }),
        }
    }

    fn with(change: impl FnOnce(&mut Claimant)) -> Grounds {
        let mut grounds = grounds();
        change(grounds.claimant.as_mut().unwrap());
        grounds
    }

    fn ranked(ranking: i64, posts: i64) -> Grounds {
        with(|c| (c.evidence.ranking, c.post_days) = (at_the_end(ranking), posts))
    }

    #[test]
    fn a_clear_deposit() {
        let proposal = grounds().propose(RefundKind::Deposit).unwrap();
        assert!(proposal.is_clear());
        assert_eq!(proposal.amount_fen.get(), 9900);
        let provenance = grounds().provenance(RefundKind::Deposit);
        assert_eq!(provenance.sync_id, Some(SyncId(4)));
    }

    #[test]
    fn a_sync_that_changes_nothing_leaves_the_hash() {
        let shown = grounds().propose(RefundKind::Deposit).unwrap();
        let mut later = with(|c| {
            c.match_reasons = vec!["人工确认".to_owned()];
            c.evidence.ranking = Some(CountedDays {
                days: 7,
                as_of: terms().over_at().plus(TimeDelta::days(3)),
            });
        });
        later.sync = Some(DecidingSync {
            id: SyncId(5),
            started_at: terms().over_at().plus(TimeDelta::days(3)),
        });
        let now = later.propose(RefundKind::Deposit).unwrap();
        assert_eq!(now.hash().unwrap(), shown.hash().unwrap());
        assert_ne!(
            later.provenance(RefundKind::Deposit),
            grounds().provenance(RefundKind::Deposit)
        );
    }

    #[test]
    fn what_is_to_be_looked_at_is_flagged() {
        use RefundFlag::{
            Attested, Contested, DaysDisagree, Grace, LowConfidence, PostsMissing, RejectedBefore,
        };
        let mut posts_missing = ranked(7, 0);
        posts_missing.posts = Posts::Missing;
        let mut rejected_before = grounds();
        rejected_before.rejected_before = Some("代打卡".to_owned());
        let cases: Vec<(Grounds, Vec<RefundFlag>)> = vec![
            (ranked(6, 6), vec![Grace]),
            (ranked(7, 6), vec![DaysDisagree]),
            (posts_missing, vec![PostsMissing]),
            (with(|c| c.confidence = 79), vec![LowConfidence]),
            (
                with(|c| c.match_status = MatchStatus::Pending),
                vec![LowConfidence],
            ),
            (with(|c| c.rivals = 1), vec![Contested]),
            (
                with(|c| (c.rivals, c.is_given, c.confidence) = (1, true, 79)),
                vec![LowConfidence],
            ),
            (rejected_before, vec![RejectedBefore]),
            (
                with(|c| {
                    c.evidence.has_own_dates = true;
                    c.evidence.posts = at_the_end(7);
                }),
                vec![DaysDisagree],
            ),
            (
                with(|c| {
                    (c.evidence.ranking, c.post_days) = (at_the_end(4), 4);
                    c.evidence.attested = at_the_end(7);
                }),
                vec![Attested],
            ),
            (
                with(|c| {
                    (c.evidence.ranking, c.post_days) = (at_the_end(6), 5);
                    (c.confidence, c.rivals) = (50, 1);
                }),
                vec![Grace, DaysDisagree, LowConfidence, Contested],
            ),
        ];
        for (grounds, flags) in cases {
            let proposal = grounds.propose(RefundKind::Deposit).unwrap();
            assert_eq!(proposal.flags, flags);
            assert!(!proposal.is_clear());
        }
    }

    #[test]
    fn a_ranking_without_posts_is_clear_once_a_person_has_said_so() {
        let mut grounds = ranked(8, 0);
        grounds.posts = Posts::Waived;
        assert!(grounds.propose(RefundKind::Deposit).unwrap().is_clear());
        let mut by_grace = ranked(6, 0);
        by_grace.posts = Posts::Waived;
        let proposal = by_grace.propose(RefundKind::Deposit).unwrap();
        assert_eq!(proposal.flags, [RefundFlag::Grace]);
    }

    #[test]
    fn no_deposit_without_days_account_or_word_from_after_the_end() {
        let early = CountedDays {
            days: 7,
            as_of: terms().over_at().minus(TimeDelta::microseconds(1)),
        };
        for grounds in [
            with(|c| c.evidence.ranking = Some(early)),
            with(|c| c.evidence.ranking = None),
            ranked(5, 5),
            with(|c| c.planet_user_id = None),
        ] {
            assert_eq!(grounds.propose(RefundKind::Deposit), None);
            assert!(grounds.propose(RefundKind::Manual).is_some());
        }
        assert!(with(|c| c.planet_user_id = None).is_judged());
        assert!(!with(|c| c.evidence.ranking = Some(early)).is_judged());
        let attested = with(|c| {
            c.evidence.ranking = None;
            c.evidence.attested = at_the_end(7);
        });
        assert!(attested.is_judged(), "a person has answered for the days");
        assert!(attested.propose(RefundKind::Deposit).is_some());
    }

    #[test]
    fn a_flagged_payment_is_proposed_unless_it_made_a_member() {
        for (flag, kind) in [
            (OrderFlag::Duplicate, RefundKind::Duplicate),
            (OrderFlag::WrongAmount, RefundKind::WrongAmount),
            (OrderFlag::Late, RefundKind::Late),
            (OrderFlag::UnknownOrder, RefundKind::UnknownOrder),
            (OrderFlag::OtherAppid, RefundKind::OtherAppid),
        ] {
            let mut flagged = grounds();
            flagged.flag = Some(flag);
            assert_eq!(flagged.propose(kind), None, "it made a member");
            flagged.claimant = None;
            let proposal = flagged.propose(kind).unwrap();
            assert_eq!(proposal.kind, kind);
            assert_eq!(flagged.provenance(kind).sync_id, None);
            assert!(!proposal.is_clear());
            flagged.paid = Fen::ZERO;
            assert_eq!(flagged.propose(kind), None, "nothing to give back");
        }
        assert_eq!(grounds().propose(RefundKind::Duplicate), None);
    }
}
