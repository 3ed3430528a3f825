//! From scores to verdicts: who gets whom, one account to one claim.

use super::MAX_RUNNERS_UP;
use super::assignment::{self, Edge};
use super::candidate_pool::{CLEAR_LEAD, CandidatePool, Entry, Pair};
use super::person::{Claim, Decision, Scored, Verdict};

/// The highest score that still goes to a person.
const UNDECIDED: u8 = Decision::MATCHED_FROM - 1;

impl CandidatePool<'_> {
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

    /// Per entry: the account that the assignment gives it.
    fn assigned(&self) -> Vec<Option<usize>> {
        let of_entry = |(row, entry): (usize, &Entry)| -> Vec<Edge> {
            let pairs = entry.pairs.iter();
            pairs
                .filter(|pair| !self.is_taken(pair.account))
                .map(|pair| Edge {
                    row,
                    column: pair.account,
                    points: pair.total,
                })
                .collect()
        };
        let edges: Vec<Edge> = self.entries.iter().enumerate().flat_map(of_entry).collect();
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
            if pair.is_some_and(|pair| self.judge(at, pair).0 > UNDECIDED)
                && let Some(slot) = matched.get_mut(account)
            {
                *slot = Some(at);
            }
        }
        matched
    }

    /// The verdict on one claim. Only the assignment binds: without it a high score is still a
    /// question for a person.
    fn verdict(
        &self,
        claim: &Claim,
        at: usize,
        assigned: Option<usize>,
        matched: &[Option<usize>],
    ) -> Option<Verdict> {
        let entry = self.entries.get(at)?;
        let best = self.best(at, entry, assigned, matched);
        let best_account = best.map(|pair| pair.account);
        let others = entry
            .pairs
            .iter()
            .filter(|pair| Some(pair.account) != best_account);
        let (score, reasons) = best.map_or((0, Vec::new()), |pair| self.judge(at, pair));
        let score = if best_account == assigned {
            score
        } else {
            score.min(UNDECIDED)
        };
        Some(Verdict {
            claim: claim.key.clone(),
            best: best_account.and_then(|account| self.user_id(account)),
            score,
            decision: Decision::of_score(score),
            reasons,
            runners_up: self.scored(at, others, MAX_RUNNERS_UP),
        })
    }

    /// The account to show first: the strongest of those that were not matched to another claim,
    /// the assigned one where several are as strong. Two claims that nothing tells apart so both
    /// show whom they contest.
    fn best<'p>(
        &self,
        at: usize,
        entry: &'p Entry,
        assigned: Option<usize>,
        matched: &[Option<usize>],
    ) -> Option<&'p Pair> {
        let is_free = |pair: &&Pair| {
            let holder = matched.get(pair.account).copied().flatten();
            !self.is_taken(pair.account) && holder.is_none_or(|holder| holder == at)
        };
        let strongest = entry.pairs.iter().find(is_free)?;
        let assigned = assigned.and_then(|account| entry.pair(account));
        let is_matched = |pair: &&Pair| matched.get(pair.account) == Some(&Some(at));
        assigned
            .filter(|pair| pair.total >= strongest.total || is_matched(pair))
            .or(Some(strongest))
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
                    score,
                    reasons,
                })
            })
            .collect();
        scored.sort_by_key(|scored| std::cmp::Reverse(scored.score));
        scored
    }
}
