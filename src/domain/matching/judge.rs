//! All claims of a camp in one field: who competes with whom, who gets what, and how sure it is.

use std::collections::HashSet;

use super::MAX_RUNNERS_UP;
use super::assignment::{self, Edge};
use super::evidence::{FoldedClaim, Reason, Weight};
use super::person::{Claim, Decision, Scored, Verdict};
use super::roster::Roster;

/// Points by which a match must lead every other account and every other claim.
const CLEAR_LEAD: i32 = 15;
/// Names within so many points of each other count as equally good.
const NAMESAKE_SPREAD: i32 = 3;
/// Points of a typed nickname that is all but equal to the account's.
const EQUAL_NAME: i32 = 49;
/// Points from which a typed nickname clearly means an account.
const CLEAR_NAME: i32 = 46;
/// Points from which a WeChat nickname backs an account.
const BACKING_NAME: i32 = 26;
/// Off for namesakes when only the name speaks for the account.
const NAMESAKES_ALONE: i32 = 15;
/// Off for namesakes when an id or an earlier binding tells them apart.
const NAMESAKES_APART: i32 = 5;
/// Off when other claims point to the account.
const CONTESTED: i32 = 5;
/// Off an account with nothing but an id, when the typed nickname is one other account's alone.
const NAMED_ELSEWHERE: i32 = 10;
/// The highest score that still goes to a person.
const UNDECIDED: i32 = Decision::MATCHED_FROM as i32 - 1;
/// The highest score of an account that is already somebody's.
const TAKEN: i32 = Decision::REVIEW_FROM as i32 - 1;
/// The lowest score of an account that anything at all speaks for.
const FAINTEST: i32 = 1;
/// The highest score.
const CERTAIN: i32 = 100;
const MATCHED: i32 = Decision::MATCHED_FROM as i32;
const REVIEW: i32 = Decision::REVIEW_FROM as i32;

/// A list is suspected of shifted rows from so many crossed claims on …
const SHIFTED_FROM: usize = 5;
/// … when they are at least one in so many of the claims with a known id.
const SHIFTED_ONE_IN: usize = 4;

/// One claim weighed against one account of the roster.
#[derive(Debug)]
struct Pair {
    account: usize,
    weight: Weight,
    total: i32,
}

/// A claim seen from an account that it has evidence for.
#[derive(Clone, Copy, Debug)]
struct Suitor {
    entry: usize,
    total: i32,
    has_pillar: bool,
}

/// A claim and its pairs, best first.
#[derive(Debug)]
struct Entry {
    pairs: Vec<Pair>,
}

/// The claims of a camp against the roster.
#[derive(Debug)]
pub(super) struct Field<'a> {
    claims: &'a [Claim],
    roster: &'a Roster<'a>,
    taken: Vec<bool>,
    /// In the order of the claims' contents, so that their order of arrival does not matter.
    entries: Vec<Entry>,
    /// Place of each entry's claim in `claims`.
    places: Vec<usize>,
    /// Per account: the entries that have evidence for it.
    suitors: Vec<Vec<Suitor>>,
    shifted: bool,
}

impl<'a> Field<'a> {
    pub(super) fn new(
        claims: &'a [Claim],
        roster: &'a Roster<'a>,
        taken: &HashSet<String>,
    ) -> Self {
        let mut places: Vec<usize> = (0..claims.len()).collect();
        places.sort_by_key(|place| claims.get(*place));
        let folded: Vec<FoldedClaim<'_>> = places
            .iter()
            .filter_map(|place| claims.get(*place))
            .map(|claim| roster.fold_claim(claim))
            .collect();
        let entries = folded
            .iter()
            .map(|claim| Entry::new(claim, roster, roster.near(claim)))
            .collect();
        Self::of_entries(claims, roster, taken, entries, places)
    }

    /// A field of one claim that looks at every account.
    pub(super) fn of_one(
        claim: &'a Claim,
        roster: &'a Roster<'a>,
        taken: &HashSet<String>,
    ) -> Self {
        let all = (0..roster.accounts().len()).collect();
        let entry = Entry::new(&roster.fold_claim(claim), roster, all);
        Self::of_entries(
            std::slice::from_ref(claim),
            roster,
            taken,
            vec![entry],
            vec![0],
        )
    }

    fn of_entries(
        claims: &'a [Claim],
        roster: &'a Roster<'a>,
        taken: &HashSet<String>,
        entries: Vec<Entry>,
        places: Vec<usize>,
    ) -> Self {
        let mut suitors = vec![Vec::new(); roster.accounts().len()];
        for (at, entry) in entries.iter().enumerate() {
            for pair in &entry.pairs {
                if let Some(suitors) = suitors.get_mut(pair.account) {
                    let has_pillar = pair.weight.pillar() > 0;
                    suitors.push(Suitor {
                        entry: at,
                        total: pair.total,
                        has_pillar,
                    });
                }
            }
        }
        let taken = roster
            .accounts()
            .iter()
            .map(|account| taken.contains(account.user_id))
            .collect();
        let shifted = looks_shifted(&entries);
        Self {
            claims,
            roster,
            taken,
            entries,
            places,
            suitors,
            shifted,
        }
    }

    /// The best accounts of the only claim.
    pub(super) fn ranking(&self, n: usize) -> Vec<Scored> {
        let Some(entry) = self.entries.first() else {
            return Vec::new();
        };
        self.scored(0, entry.pairs.iter(), n)
    }

    /// One verdict per claim, in the claims' order.
    pub(super) fn verdicts(&self) -> Vec<Verdict> {
        let assigned = self.assigned();
        let matched = self.matched(&assigned);
        let mut verdicts: Vec<(usize, Verdict)> = self
            .places
            .iter()
            .zip(assigned.iter().enumerate())
            .filter_map(|(place, (at, account))| {
                let claim = self.claims.get(*place)?;
                Some((*place, self.verdict(claim, at, *account, &matched)?))
            })
            .collect();
        verdicts.sort_unstable_by_key(|(place, _)| *place);
        verdicts.into_iter().map(|(_, verdict)| verdict).collect()
    }

    fn assigned(&self) -> Vec<Option<usize>> {
        let edges: Vec<Edge> = self
            .entries
            .iter()
            .enumerate()
            .flat_map(|(row, entry)| {
                entry.pairs.iter().map(move |pair| Edge {
                    row,
                    column: pair.account,
                    points: pair.total,
                })
            })
            .filter(|edge| !self.is_taken(edge.column))
            .collect();
        assignment::assign(
            self.entries.len(),
            self.roster.accounts().len(),
            CLEAR_LEAD,
            &edges,
        )
    }

    /// Per account: the entry the machine binds to it.
    fn matched(&self, assigned: &[Option<usize>]) -> Vec<Option<usize>> {
        let mut matched = vec![None; self.roster.accounts().len()];
        for (at, account) in assigned.iter().enumerate() {
            let Some(account) = *account else { continue };
            let pair = self.entries.get(at).and_then(|entry| entry.pair(account));
            if pair.is_some_and(|pair| self.judge(at, pair).0 >= MATCHED)
                && let Some(slot) = matched.get_mut(account)
            {
                *slot = Some(at);
            }
        }
        matched
    }

    /// The assigned account; for a claim that went away empty-handed the best one that was not
    /// matched to another claim.
    fn verdict(
        &self,
        claim: &Claim,
        at: usize,
        assigned: Option<usize>,
        matched: &[Option<usize>],
    ) -> Option<Verdict> {
        let entry = self.entries.get(at)?;
        let free = |pair: &&Pair| {
            let holder = matched.get(pair.account).copied().flatten();
            !self.is_taken(pair.account) && holder.is_none_or(|holder| holder == at)
        };
        let best = match assigned {
            Some(account) => entry.pair(account),
            None => entry.pairs.iter().find(free),
        };
        let others = entry
            .pairs
            .iter()
            .filter(|pair| Some(pair.account) != best.map(|b| b.account));
        let runners_up = self.scored(at, others, MAX_RUNNERS_UP);
        let (score, reasons) = best.map_or((0, Vec::new()), |pair| self.judge(at, pair));
        // Only the assignment binds: without it a high score is still a question for a person.
        let score = if assigned.is_some() {
            score
        } else {
            score.min(UNDECIDED)
        };
        let score = to_score(score);
        Some(Verdict {
            claim: claim.key.clone(),
            best: best.and_then(|pair| self.user_id(pair.account)),
            score,
            decision: Decision::of_score(score),
            reasons,
            runners_up,
        })
    }

    fn scored<'p>(
        &self,
        at: usize,
        pairs: impl Iterator<Item = &'p Pair>,
        n: usize,
    ) -> Vec<Scored> {
        let mut scored: Vec<Scored> = pairs
            .take(n)
            .filter_map(|pair| {
                let (score, reasons) = self.judge(at, pair);
                Some(Scored {
                    user_id: self.user_id(pair.account)?,
                    score: to_score(score),
                    reasons,
                })
            })
            .collect();
        scored.sort_by_key(|scored| std::cmp::Reverse(scored.score));
        scored
    }

    /// The final score of a pair, with everything that speaks for and against it.
    fn judge(&self, at: usize, pair: &Pair) -> (i32, Vec<Reason>) {
        let mut reasons = pair.weight.reasons();
        let mut score = pair.total;
        let namesakes = self.namesakes(at, pair);
        if namesakes > 0 {
            score -= if pair.weight.pillar() > 0 {
                NAMESAKES_APART
            } else {
                NAMESAKES_ALONE
            };
            reasons.push(Reason::Namesakes(to_count(namesakes)));
        }
        let contesting = self.contesting(at, pair);
        if contesting > 0 {
            score -= CONTESTED;
            reasons.push(Reason::Contested(to_count(contesting)));
        }
        score = score.min(CERTAIN);
        if pair.weight.is_id_of_another() {
            score = score.min(UNDECIDED);
        }
        for doubt in self.doubts(at, pair) {
            score = score.min(if doubt == Reason::Taken {
                TAKEN
            } else {
                UNDECIDED
            });
            reasons.push(doubt);
        }
        (score.max(FAINTEST), reasons)
    }

    /// What keeps the machine from deciding, whatever the points.
    fn doubts(&self, at: usize, pair: &Pair) -> Vec<Reason> {
        [
            (pair.weight.pillar() == 0, Reason::NameAlone),
            (
                pair.total >= REVIEW && !self.leads(at, pair),
                Reason::TooClose,
            ),
            (
                self.is_better_named_elsewhere(at, pair),
                Reason::BetterNamedElsewhere,
            ),
            (self.shifted, Reason::ListLooksShifted),
            (self.is_taken(pair.account), Reason::Taken),
        ]
        .into_iter()
        .filter_map(|(holds, doubt)| holds.then_some(doubt))
        .collect()
    }

    /// Other accounts that the name which speaks for this one fits as well.
    fn namesakes(&self, at: usize, pair: &Pair) -> usize {
        let here = &pair.weight;
        let points: fn(&Weight) -> i32 = if here.typed() >= here.wechat() {
            Weight::typed
        } else {
            Weight::wechat
        };
        let equal = |other: &&Pair| points(&other.weight) + NAMESAKE_SPREAD >= points(here);
        if points(here) == 0 {
            0
        } else {
            self.others(at, pair).filter(equal).count()
        }
    }

    /// Other claims that point to the account as strongly as an id does; an account that has no
    /// more than a name for it is contested by names too.
    fn contesting(&self, at: usize, pair: &Pair) -> usize {
        let named_only = pair.weight.pillar() == 0;
        let counts = |rival: &&Suitor| rival.total >= REVIEW && (named_only || rival.has_pillar);
        self.rivals(at, pair.account).filter(counts).count()
    }

    /// Whether nobody else comes close: no other account for this claim, no other claim for this
    /// account.
    fn leads(&self, at: usize, pair: &Pair) -> bool {
        let behind = |points: i32| points + CLEAR_LEAD <= pair.total;
        self.others(at, pair).all(|other| behind(other.total))
            && self
                .rivals(at, pair.account)
                .all(|rival| behind(rival.total))
    }

    /// Whether the typed nickname is closer to an account that nobody else has a strong claim to:
    /// then the payer may own that one, and have copied the id of this one. Not when the WeChat
    /// nickname backs this account too.
    fn is_better_named_elsewhere(&self, at: usize, pair: &Pair) -> bool {
        let here = &pair.weight;
        self.others(at, pair).any(|other| {
            let there = &other.weight;
            let backed =
                here.typed() > 0 && here.wechat() >= BACKING_NAME && here.wechat() > there.wechat();
            there.typed() >= CLEAR_NAME
                && there.typed() > here.typed()
                && !backed
                && self
                    .rivals(at, other.account)
                    .all(|rival| rival.total < MATCHED)
        })
    }

    fn others<'p>(&'p self, at: usize, pair: &'p Pair) -> impl Iterator<Item = &'p Pair> {
        let pairs = self.entries.get(at).map_or(&[][..], |entry| &entry.pairs);
        pairs.iter().filter(|other| other.account != pair.account)
    }

    /// The other claims for an account, those aside that clearly belong elsewhere.
    fn rivals(&self, at: usize, account: usize) -> impl Iterator<Item = &Suitor> {
        let suitors = self.suitors.get(account).map_or(&[][..], Vec::as_slice);
        suitors
            .iter()
            .filter(move |rival| rival.entry != at && !self.is_settled(rival, account))
    }

    /// Whether the evidence of `rival` clearly leads to another account than this one.
    fn is_settled(&self, rival: &Suitor, account: usize) -> bool {
        let best = self
            .entries
            .get(rival.entry)
            .and_then(|entry| entry.pairs.first());
        best.is_some_and(|best| {
            best.account != account
                && best.total >= MATCHED
                && best.total >= rival.total + CLEAR_LEAD
        })
    }

    fn is_taken(&self, account: usize) -> bool {
        self.taken.get(account).copied().unwrap_or(false)
    }

    fn user_id(&self, account: usize) -> Option<String> {
        self.roster
            .accounts()
            .get(account)
            .map(|account| account.user_id.to_owned())
    }
}

impl Entry {
    fn new(claim: &FoldedClaim<'_>, roster: &Roster<'_>, accounts: Vec<usize>) -> Self {
        let mut pairs: Vec<Pair> = accounts
            .into_iter()
            .filter_map(|account| {
                let weight = Weight::of(claim, roster.accounts().get(account)?);
                weight.is_evidence().then(|| Pair {
                    account,
                    total: weight.total(),
                    weight,
                })
            })
            .collect();
        let mut named = pairs
            .iter()
            .filter(|pair| pair.weight.typed() >= CLEAR_NAME);
        if let (Some(named), None) = (named.next().map(|pair| pair.account), named.next()) {
            // One account alone bears the typed nickname: the id of another was probably copied.
            for pair in pairs.iter_mut().filter(|pair| pair.account != named) {
                if pair.weight.names() == 0 {
                    pair.total = (pair.total - NAMED_ELSEWHERE).max(0);
                }
            }
        }
        pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.total), pair.account));
        Self { pairs }
    }

    fn pair(&self, account: usize) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.account == account)
    }

    /// The pair whose id is exactly the typed one.
    fn by_id(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.weight.is_same_id())
    }

    /// Whether the typed id is one account's and the typed nickname plainly another's.
    fn is_crossed(&self) -> bool {
        let Some(by_id) = self.by_id().filter(|pair| pair.weight.typed() == 0) else {
            return false;
        };
        self.pairs
            .iter()
            .any(|pair| pair.account != by_id.account && pair.weight.typed() >= EQUAL_NAME)
    }
}

/// Whether ids and nicknames point to different people so often that the rows of the list have
/// probably slipped against each other; then even those that agree may agree by accident.
fn looks_shifted(entries: &[Entry]) -> bool {
    let with_known_id = entries
        .iter()
        .filter(|entry| entry.by_id().is_some())
        .count();
    let crossed = entries.iter().filter(|entry| entry.is_crossed()).count();
    crossed >= SHIFTED_FROM && crossed * SHIFTED_ONE_IN > with_known_id
}

fn to_score(score: i32) -> u8 {
    u8::try_from(score.clamp(0, CERTAIN)).unwrap_or(0)
}

fn to_count(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}
