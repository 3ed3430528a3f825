//! The facts behind a refund, and the proposal that follows from them.

use super::{CLEAR_CONFIDENCE, Proposal, RefundFlag, RefundKind};
use crate::domain::eligibility::Judgement;
use crate::domain::{Fen, MatchStatus, OrderFlag, PlanetUserId, SyncId, Terms, Timestamp};

/// The facts of one moment about a payment and the member it made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grounds {
    /// A refund gives back all of it.
    pub paid: Fen,
    /// The trouble with the payment.
    pub flag: Option<OrderFlag>,
    /// The rules on the order; none for an unknown order.
    pub terms: Option<Terms>,
    /// The camp's complete sync that decides.
    pub sync: Option<DecidingSync>,
    /// The member; none for a payment that made none.
    pub claimant: Option<Claimant>,
}

/// The complete, checksum-clean sync that a camp points at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecidingSync {
    pub id: SyncId,
    /// The moment it began to read the planet.
    pub started_at: Timestamp,
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
    /// Days of the sync's ranking; none where the ranking does not have the account.
    pub ranking_days: Option<i64>,
    /// Days of the camp on which the posts show a check-in.
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
}

impl Grounds {
    /// The sync that judges deposits: complete, and begun after the camp's last day.
    #[must_use]
    pub fn judging_sync(&self) -> Option<DecidingSync> {
        let over_at = self.terms?.over_at();
        self.sync.filter(|sync| sync.started_at >= over_at)
    }

    /// The days of the ranking. In the roster without check-ins is 0 days.
    #[must_use]
    pub fn checked_in_days(&self) -> i64 {
        let claimant = self.claimant.as_ref();
        claimant
            .and_then(|claimant| claimant.ranking_days)
            .unwrap_or(0)
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

    /// The proposal of `kind` that these grounds support; none if they do not. A deposit needs
    /// days that suffice in a sync begun after the camp; a flagged payment needs its flag and no
    /// member; a person may propose any paid order.
    #[must_use]
    pub fn propose(&self, kind: RefundKind) -> Option<Proposal> {
        let supported = match kind {
            RefundKind::Deposit => self.judging_sync().is_some() && self.judgement().is_eligible(),
            RefundKind::Manual => true,
            flagged => self.claimant.is_none() && self.kind_of_flag() == Some(flagged),
        };
        (supported && self.paid > Fen::ZERO).then(|| self.frozen(kind))
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
        })
    }

    fn frozen(&self, kind: RefundKind) -> Proposal {
        let rests_on_days = matches!(kind, RefundKind::Deposit | RefundKind::Manual);
        let claimant = self.claimant.as_ref();
        Proposal {
            kind,
            amount_fen: self.paid,
            sync_id: self.sync.filter(|_| rests_on_days).map(|sync| sync.id),
            checked_in_days: self.checked_in_days(),
            terms: self.terms,
            planet_user_id: claimant.and_then(|claimant| claimant.planet_user_id),
            confidence: claimant.map_or(0, |claimant| claimant.confidence),
            match_reasons: claimant.map_or_else(Vec::new, |c| c.match_reasons.clone()),
            flags: self.flags(),
        }
    }

    /// The flags of what a person must look at, sorted as the enum is.
    fn flags(&self) -> Vec<RefundFlag> {
        let Some(claimant) = &self.claimant else {
            return Vec::new();
        };
        let disagree = self.sync.is_some() && claimant.post_days != self.checked_in_days();
        let unsure =
            claimant.confidence < CLEAR_CONFIDENCE || claimant.match_status != MatchStatus::Matched;
        let found = [
            (RefundFlag::Grace, self.judgement() == Judgement::ByGrace),
            (RefundFlag::DaysDisagree, disagree),
            (RefundFlag::LowConfidence, unsure),
            (RefundFlag::Contested, claimant.is_contested()),
        ];
        let raised = found.into_iter().filter(|(_, raised)| *raised);
        raised.map(|(flag, _)| flag).collect()
    }
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveDate, TimeDelta};

    use super::*;

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

    fn grounds() -> Grounds {
        Grounds {
            paid: Fen::new(9900).unwrap(),
            flag: None,
            terms: Some(terms()),
            sync: Some(DecidingSync {
                id: SyncId(4),
                started_at: terms().over_at(),
            }),
            claimant: Some(Claimant {
                planet_user_id: Some(PlanetUserId(300_000_000_000_007)),
                match_status: MatchStatus::Matched,
                confidence: 100,
                match_reasons: vec![],
                ranking_days: Some(7),
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

    #[test]
    fn a_clear_deposit() {
        let proposal = grounds().propose(RefundKind::Deposit).unwrap();
        assert!(proposal.is_clear());
        assert_eq!(proposal.amount_fen.get(), 9900);
        assert_eq!(proposal.sync_id, Some(SyncId(4)));
    }

    #[test]
    fn what_is_to_be_looked_at_is_flagged() {
        use RefundFlag::{Contested, DaysDisagree, Grace, LowConfidence};
        let cases: Vec<(Grounds, Vec<RefundFlag>)> = vec![
            (
                with(|c| (c.ranking_days, c.post_days) = (Some(6), 6)),
                vec![Grace],
            ),
            (with(|c| c.post_days = 6), vec![DaysDisagree]),
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
            (
                with(|c| {
                    (c.ranking_days, c.post_days) = (Some(6), 5);
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
    fn no_deposit_without_days_account_or_a_sync_after_the_end() {
        let mut early = grounds();
        early.sync = early.sync.map(|sync| DecidingSync {
            started_at: sync.started_at.minus(TimeDelta::microseconds(1)),
            ..sync
        });
        let mut unsynced = grounds();
        unsynced.sync = None;
        for grounds in [
            early,
            unsynced,
            with(|c| c.ranking_days = Some(5)),
            with(|c| c.ranking_days = None),
            with(|c| c.planet_user_id = None),
        ] {
            assert_eq!(grounds.propose(RefundKind::Deposit), None);
            assert!(grounds.propose(RefundKind::Manual).is_some());
        }
    }

    #[test]
    fn a_flagged_payment_is_proposed_unless_it_made_a_member() {
        for (flag, kind) in [
            (OrderFlag::Duplicate, RefundKind::Duplicate),
            (OrderFlag::WrongAmount, RefundKind::WrongAmount),
            (OrderFlag::Late, RefundKind::Late),
            (OrderFlag::UnknownOrder, RefundKind::UnknownOrder),
        ] {
            let mut flagged = grounds();
            flagged.flag = Some(flag);
            assert_eq!(flagged.propose(kind), None, "it made a member");
            flagged.claimant = None;
            let proposal = flagged.propose(kind).unwrap();
            assert_eq!((proposal.kind, proposal.sync_id), (kind, None));
            assert!(!proposal.is_clear());
            flagged.paid = Fen::ZERO;
            assert_eq!(flagged.propose(kind), None, "nothing to give back");
        }
        assert_eq!(grounds().propose(RefundKind::Duplicate), None);
    }
}
