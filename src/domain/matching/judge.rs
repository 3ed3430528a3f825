//! The score of a claim for an account, with everything that speaks for and against it.

use super::candidate_pool::{CandidatePool, MATCHED, Namesakes, Pair, REVIEW};
use super::reason::{PayerName, Reason};

/// Off for namesakes when only the name speaks for the account.
const NAMESAKES_ALONE: i32 = 15;
/// Off for namesakes when an id or an earlier binding tells them apart.
const NAMESAKES_APART: i32 = 5;
/// Two unlike names that are both the account's alone are as good as an id.
const TWO_NAMES: i32 = 34;
/// Off when other claims point to the account.
const CONTESTED: i32 = 5;
/// The highest score that still goes to a person.
const UNDECIDED: i32 = MATCHED - 1;
/// The highest score of an account that is already somebody's.
const TAKEN: i32 = REVIEW - 1;
/// The lowest score of an account that anything at all speaks for.
const FAINTEST: i32 = 1;
/// The highest score.
const CERTAIN: i32 = 100;

/// What the names of a claim add to its score for an account.
struct Names {
    points: i32,
    namesakes: Namesakes,
    /// A name is the account's, decoration aside, and nobody else comes into question for it:
    /// worth a suggestion, whichever name it is.
    leave_nobody_else: bool,
    /// Two unlike names, each of them this account's alone.
    are_two: bool,
}

impl CandidatePool<'_> {
    /// The score from 1 to 100, and its reasons: support first, doubts last.
    pub(super) fn judge(&self, at: usize, pair: &Pair) -> (u8, Vec<Reason>) {
        let evidence = &pair.evidence;
        let names = self.names(at, pair);
        let contesting = self.contesting(at, pair);
        let mut score = evidence.pillar() + names.points - evidence.off() - pair.named_elsewhere;
        let mut reasons = evidence.reasons();
        if names.namesakes.all > 0 {
            reasons.push(Reason::Namesakes(to_count(names.namesakes.all)));
        }
        if names.namesakes.all > 0 && names.namesakes.open == 0 && evidence.pillar() == 0 {
            reasons.push(Reason::NamesakesSpokenFor);
        }
        if names.leave_nobody_else && contesting == 0 && !evidence.is_id_of_nobody() {
            score = score.max(REVIEW);
        }
        if contesting > 0 {
            score -= CONTESTED;
            reasons.push(Reason::Contested(to_count(contesting)));
        }
        if names.are_two {
            reasons.push(Reason::TwoNames);
        }
        score = score.min(CERTAIN);
        if evidence.is_id_of_another() {
            score = score.min(UNDECIDED);
        }
        for doubt in self.doubts(at, pair, &names) {
            score = score.min(ceiling(doubt));
            reasons.push(doubt);
        }
        (to_score(score), reasons)
    }

    /// The better of the two names counts, each by how many others bear it.
    fn names(&self, at: usize, pair: &Pair) -> Names {
        let has_pillar = pair.evidence.pillar() > 0;
        let [typed, wechat] = [PayerName::Typed, PayerName::WeChat].map(|payer| {
            let namesakes = self.namesakes(at, pair, payer);
            let off = match (namesakes.all, has_pillar) {
                (0, _) => 0,
                (_, true) => NAMESAKES_APART,
                (_, false) => NAMESAKES_ALONE,
            };
            Names {
                points: (pair.evidence.name(payer) - off).max(0),
                namesakes,
                leave_nobody_else: namesakes.open == 0 && pair.evidence.is_clear(payer),
                are_two: false,
            }
        });
        let are_two =
            typed.namesakes.all == 0 && wechat.namesakes.all == 0 && pair.evidence.has_two_names();
        let second = if are_two {
            TWO_NAMES
        } else {
            pair.evidence.second_name()
        };
        let leave_nobody_else = typed.leave_nobody_else || wechat.leave_nobody_else;
        let better = if typed.points >= wechat.points {
            typed
        } else {
            wechat
        };
        Names {
            points: better.points + second,
            leave_nobody_else,
            are_two,
            ..better
        }
    }

    /// What keeps the machine from deciding, whatever the points.
    fn doubts(&self, at: usize, pair: &Pair, names: &Names) -> Vec<Reason> {
        let has_pillar = pair.evidence.pillar() > 0;
        let is_too_close = pair.total >= REVIEW && !self.leads(at, pair);
        let is_better_named_elsewhere = self.is_better_named_elsewhere(at, pair);
        [
            (!has_pillar && !names.are_two, Reason::NameAlone),
            (is_too_close, Reason::TooClose),
            (is_better_named_elsewhere, Reason::BetterNamedElsewhere),
            (self.looks_shifted, Reason::ListLooksShifted),
            (self.is_taken(pair.account), Reason::Taken),
        ]
        .into_iter()
        .filter_map(|(holds, doubt)| holds.then_some(doubt))
        .collect()
    }
}

/// The highest score that a doubt leaves.
fn ceiling(doubt: Reason) -> i32 {
    if doubt == Reason::Taken {
        TAKEN
    } else {
        UNDECIDED
    }
}

fn to_score(score: i32) -> u8 {
    u8::try_from(score.clamp(FAINTEST, CERTAIN)).unwrap_or(0)
}

fn to_count(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
