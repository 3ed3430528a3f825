//! All claims of a camp with the accounts that could be meant by them, and the questions that are
//! asked of the pool: who else could this claim be, who else claims this account.

use std::collections::HashSet;

use super::evidence::{Evidence, FoldedClaim};
use super::name::Name;
use super::person::{Claim, Decision};
use super::reason::PayerName;
use super::roster::Roster;

/// Points by which a match must lead every other account and every other claim.
pub(super) const CLEAR_LEAD: i32 = 15;
/// Names within so many points of each other count as equally good.
const NAMESAKE_SPREAD: i32 = 3;
/// Points of a typed nickname that is all but equal to the account's.
const EQUAL_NAME: i32 = 49;
/// Off an account with nothing but an id, when the typed nickname is one other account's alone:
/// less than the lead that a match needs, enough to show the other one first.
const NAMED_ELSEWHERE: i32 = 10;
/// From these points on evidence stands for a match, or for a suggestion (design §3).
pub(super) const MATCHED: i32 = Decision::MATCHED_FROM as i32;
pub(super) const REVIEW: i32 = Decision::REVIEW_FROM as i32;

/// A list is suspected of shifted rows from so many crossed claims on …
const SHIFTED_FROM: usize = 5;
/// … when they are more than one in so many of the claims with a known id. Where people copy each
/// other's ids it is one in forty.
const SHIFTED_ONE_IN: usize = 4;

/// One claim weighed against one account of the roster.
#[derive(Debug)]
pub(super) struct Pair {
    pub(super) account: usize,
    pub(super) evidence: Evidence,
    /// Points off for a typed nickname that is another account's alone.
    pub(super) named_elsewhere: i32,
    /// The points to compare by, before namesakes and contests are looked at.
    pub(super) total: i32,
}

/// A claim seen from an account that it has evidence for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rival {
    entry: usize,
    pub(super) total: i32,
    pub(super) has_pillar: bool,
}

/// Accounts that share a name.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Namesakes {
    pub(super) all: usize,
    /// Those of them that the claim may mean: nobody else speaks for them, or it gives their id.
    pub(super) open: usize,
}

/// A claim and its pairs, best first.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) pairs: Vec<Pair>,
    /// Accounts that bear the typed and the WeChat nickname, where they are too many to be paired.
    crowds: (usize, usize),
}

/// The claims of a camp, each paired with its candidates of the roster.
#[derive(Debug)]
pub(super) struct CandidatePool<'a> {
    pub(super) claims: &'a [Claim],
    pub(super) roster: &'a Roster<'a>,
    taken: Vec<bool>,
    /// In the order of the claims' contents, so that their order of arrival does not matter.
    pub(super) entries: Vec<Entry>,
    /// Place of each entry's claim in `claims`.
    pub(super) places: Vec<usize>,
    /// Per account: the entries that have evidence for it.
    claiming: Vec<Vec<Rival>>,
    pub(super) looks_shifted: bool,
}

impl<'a> CandidatePool<'a> {
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

    /// A pool of one claim that looks at every account.
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
        let mut claiming = vec![Vec::new(); roster.accounts().len()];
        for (at, entry) in entries.iter().enumerate() {
            for pair in &entry.pairs {
                if let Some(rivals) = claiming.get_mut(pair.account) {
                    rivals.push(Rival {
                        entry: at,
                        total: pair.total,
                        has_pillar: pair.evidence.pillar() > 0,
                    });
                }
            }
        }
        let taken = roster
            .accounts()
            .iter()
            .map(|account| taken.contains(account.user_id))
            .collect();
        let looks_shifted = looks_shifted(&entries);
        Self {
            claims,
            roster,
            taken,
            entries,
            places,
            claiming,
            looks_shifted,
        }
    }

    /// Other accounts that one name of the payer fits as well as this one.
    pub(super) fn namesakes(&self, at: usize, pair: &Pair, payer: PayerName) -> Namesakes {
        let here = pair.evidence.name(payer);
        let fits = |other: &&Pair| other.evidence.name(payer) + NAMESAKE_SPREAD >= here;
        let is_open =
            |pair: &Pair| pair.evidence.pillar() > 0 || !self.is_spoken_for(at, pair.account);
        let mut namesakes = Namesakes::default();
        if here > 0 {
            for other in self.others(at, pair).filter(fits) {
                namesakes.all += 1;
                namesakes.open += usize::from(is_open(other));
            }
        }
        if pair.evidence.is_clear(payer) {
            let crowd = self.entries.get(at).map_or(0, |entry| entry.crowd(payer));
            let others = crowd.saturating_sub(1);
            namesakes.all = namesakes.all.max(others);
            namesakes.open = namesakes.open.max(others);
        }
        namesakes
    }

    /// Other claims that point to the account as strongly as an id does; an account that has no
    /// more than a name for it is contested by names too.
    pub(super) fn contesting(&self, at: usize, pair: &Pair) -> usize {
        let named_only = pair.evidence.pillar() == 0;
        let counts = |rival: &&Rival| rival.total >= REVIEW && (named_only || rival.has_pillar);
        self.rivals(at, pair.account).filter(counts).count()
    }

    /// Whether nobody else comes close: no other account for this claim, no other claim for this
    /// account.
    pub(super) fn leads(&self, at: usize, pair: &Pair) -> bool {
        let behind = |points: i32| points + CLEAR_LEAD <= pair.total;
        self.others(at, pair).all(|other| behind(other.total))
            && self
                .rivals(at, pair.account)
                .all(|rival| behind(rival.total))
    }

    /// Whether the payer may own another account, and have copied the id of this one: the typed
    /// nickname is closer to that of an account which nobody else has a strong claim to.
    /// A WeChat nickname that is this account's outweighs a nickname that several bear, or that is
    /// like this account's too.
    pub(super) fn is_better_named_elsewhere(&self, at: usize, pair: &Pair) -> bool {
        let here = &pair.evidence;
        let bears = |other: &&Pair| other.evidence.is_clear(PayerName::Typed);
        let says_little =
            here.name(PayerName::Typed) > 0 || self.others(at, pair).filter(bears).nth(1).is_some();
        let is_backed = |other: &Pair| {
            let there = &other.evidence;
            says_little
                && here.is_clear(PayerName::WeChat)
                && here.name(PayerName::WeChat) > there.name(PayerName::WeChat)
        };
        let is_unclaimed = |other: &Pair| {
            self.rivals(at, other.account)
                .all(|rival| rival.total < MATCHED)
        };
        self.others(at, pair).filter(bears).any(|other| {
            let is_better = other.evidence.name(PayerName::Typed) > here.name(PayerName::Typed);
            is_better && !is_backed(other) && is_unclaimed(other)
        })
    }

    fn others<'p>(&'p self, at: usize, pair: &'p Pair) -> impl Iterator<Item = &'p Pair> {
        let pairs = self.entries.get(at).map_or(&[][..], |entry| &entry.pairs);
        pairs.iter().filter(|other| other.account != pair.account)
    }

    /// The other claims for an account, those aside that clearly belong elsewhere.
    fn rivals(&self, at: usize, account: usize) -> impl Iterator<Item = &Rival> {
        let claiming = self.claiming.get(account).map_or(&[][..], Vec::as_slice);
        claiming
            .iter()
            .filter(move |rival| rival.entry != at && !self.is_settled(rival, account))
    }

    /// Whether the evidence of `rival` clearly leads to another account than this one.
    fn is_settled(&self, rival: &Rival, account: usize) -> bool {
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

    /// Whether the account is somebody's already, or another claim has an id and a name for it.
    fn is_spoken_for(&self, at: usize, account: usize) -> bool {
        let is_owner = |rival: &Rival| rival.has_pillar && rival.total >= MATCHED;
        self.is_taken(account) || self.rivals(at, account).any(is_owner)
    }

    pub(super) fn is_taken(&self, account: usize) -> bool {
        self.taken.get(account).copied().unwrap_or(false)
    }

    pub(super) fn user_id(&self, account: usize) -> Option<String> {
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
                let evidence = Evidence::of(claim, roster.accounts().get(account)?);
                evidence.is_any().then(|| Pair {
                    account,
                    named_elsewhere: 0,
                    total: evidence.total(),
                    evidence,
                })
            })
            .collect();
        let mut named = pairs
            .iter()
            .filter(|pair| pair.evidence.is_clear(PayerName::Typed));
        if let (Some(named), None) = (named.next().map(|pair| pair.account), named.next()) {
            // One account alone bears the typed nickname: the id of another was probably copied.
            for pair in pairs.iter_mut().filter(|pair| pair.account != named) {
                if !pair.evidence.has_name() {
                    pair.named_elsewhere = NAMED_ELSEWHERE;
                    pair.total = (pair.total - NAMED_ELSEWHERE).max(0);
                }
            }
        }
        pairs.sort_by_key(|pair| (std::cmp::Reverse(pair.total), pair.account));
        let crowd = |name: &Option<Name>| name.as_ref().map_or(0, |name| roster.crowd(name));
        Self {
            pairs,
            crowds: (crowd(&claim.typed), crowd(&claim.wechat)),
        }
    }

    fn crowd(&self, payer: PayerName) -> usize {
        match payer {
            PayerName::Typed => self.crowds.0,
            PayerName::WeChat => self.crowds.1,
        }
    }

    pub(super) fn pair(&self, account: usize) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.account == account)
    }

    /// The pair whose id is exactly the typed one.
    fn by_id(&self) -> Option<&Pair> {
        self.pairs.iter().find(|pair| pair.evidence.is_same_id())
    }

    /// Whether the typed id is one account's and the typed nickname plainly another's.
    fn is_crossed(&self) -> bool {
        let Some(by_id) = self
            .by_id()
            .filter(|pair| pair.evidence.name(PayerName::Typed) == 0)
        else {
            return false;
        };
        self.pairs.iter().any(|pair| {
            pair.account != by_id.account && pair.evidence.name(PayerName::Typed) >= EQUAL_NAME
        })
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
