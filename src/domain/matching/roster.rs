//! The accounts of the planet, indexed so that a claim meets only those it shares evidence with.

use std::collections::HashMap;

use super::evidence::{FoldedCandidate, FoldedClaim};
use super::name::Name;
use super::person::{Candidate, Claim};
use super::planet_id::PlanetId;
use super::reason::AccountName;

/// A name that more accounts share than this tells nothing and is not looked up, only counted; ids
/// still are. 微信用户 is what WeChat calls whoever has not chosen a name.
const MAX_SHARING_A_NAME: usize = 64;

/// Earlier names kept per account.
const MAX_EARLIER_NAMES: usize = 16;

/// Folded accounts in the order of their ids, and where to find them.
#[derive(Debug)]
pub(super) struct Roster<'a> {
    accounts: Vec<FoldedCandidate<'a>>,
    by_user_id: HashMap<&'a str, usize>,
    by_id: HashMap<PlanetId, Vec<usize>>,
    by_number: HashMap<u32, Vec<usize>>,
    by_slip: HashMap<PlanetId, Vec<usize>>,
    by_name: HashMap<u64, Vec<usize>>,
}

impl<'a> Roster<'a> {
    /// Folds and indexes `candidates`; entries with the same `user_id` become one account that
    /// knows the names of all of them.
    pub(super) fn new(candidates: &'a [Candidate]) -> Self {
        let mut sorted: Vec<&Candidate> = candidates.iter().collect();
        sorted.sort_unstable();
        let mut accounts: Vec<FoldedCandidate<'a>> = Vec::with_capacity(sorted.len());
        for candidate in sorted {
            match accounts
                .last_mut()
                .filter(|last| last.user_id == candidate.user_id)
            {
                Some(same) => add(same, candidate),
                None => accounts.push(fold(candidate)),
            }
        }
        Self::index(accounts)
    }

    fn index(accounts: Vec<FoldedCandidate<'a>>) -> Self {
        let mut roster = Self {
            by_user_id: HashMap::with_capacity(accounts.len()),
            by_id: HashMap::with_capacity(accounts.len()),
            by_number: HashMap::new(),
            by_slip: HashMap::with_capacity(accounts.len() * 16),
            by_name: HashMap::with_capacity(accounts.len() * 4),
            accounts: Vec::new(),
        };
        for (at, account) in accounts.iter().enumerate() {
            roster.by_user_id.insert(account.user_id, at);
            if let Some(id) = account.id {
                roster.by_id.entry(id).or_default().push(at);
                for key in id.slip_keys() {
                    roster.by_slip.entry(key).or_default().push(at);
                }
            }
            for number in &account.member_numbers {
                roster.by_number.entry(*number).or_default().push(at);
            }
            for (_, name) in &account.names {
                for key in name.keys() {
                    let sharing = roster.by_name.entry(key).or_default();
                    if sharing.last() != Some(&at) {
                        sharing.push(at);
                    }
                }
            }
        }
        roster.accounts = accounts;
        roster
    }

    pub(super) fn accounts(&self) -> &[FoldedCandidate<'a>] {
        &self.accounts
    }

    /// Folds a claim against what the roster knows.
    pub(super) fn fold_claim<'c>(&self, claim: &'c Claim) -> FoldedClaim<'c> {
        let id = claim.typed_planet_id.as_deref().and_then(PlanetId::parse);
        let typed = claim.typed_nickname.as_deref().and_then(Name::fold);
        let wechat = claim.wechat_nickname.as_deref().and_then(Name::fold);
        let both = typed.as_ref().zip(wechat.as_ref());
        FoldedClaim {
            id,
            id_known: id.is_some_and(|id| self.knows(id)),
            has_two_names: both.is_some_and(|(typed, wechat)| typed.likeness(wechat).is_none()),
            typed,
            wechat,
            earlier_accounts: &claim.earlier_accounts,
        }
    }

    /// How many accounts share a name that is not looked up; none if it is.
    pub(super) fn crowd(&self, name: &Name) -> usize {
        let sharing = self.by_name.get(&name.core_key()).map_or(0, Vec::len);
        if sharing > MAX_SHARING_A_NAME {
            sharing
        } else {
            0
        }
    }

    fn knows(&self, id: PlanetId) -> bool {
        self.by_id.contains_key(&id)
            || id
                .member_number()
                .is_some_and(|number| self.by_number.contains_key(&number))
    }

    /// The accounts that may share evidence with `claim`, each once, in the roster's order.
    pub(super) fn near(&self, claim: &FoldedClaim<'_>) -> Vec<usize> {
        let mut near = Vec::new();
        if let Some(id) = claim.id {
            near.extend(self.by_id.get(&id).into_iter().flatten());
            let number = id.member_number();
            near.extend(
                number
                    .and_then(|number| self.by_number.get(&number))
                    .into_iter()
                    .flatten(),
            );
            if !claim.id_known {
                for key in id.slip_keys() {
                    near.extend(self.by_slip.get(&key).into_iter().flatten());
                }
            }
        }
        near.extend(
            claim
                .earlier_accounts
                .iter()
                .filter_map(|id| self.by_user_id.get(id.as_str())),
        );
        for name in [&claim.typed, &claim.wechat].into_iter().flatten() {
            for key in name.keys() {
                let sharing = self.by_name.get(&key);
                near.extend(
                    sharing
                        .filter(|all| all.len() <= MAX_SHARING_A_NAME)
                        .into_iter()
                        .flatten(),
                );
            }
        }
        near.sort_unstable();
        near.dedup();
        near
    }
}

fn fold(candidate: &Candidate) -> FoldedCandidate<'_> {
    let mut account = FoldedCandidate {
        user_id: &candidate.user_id,
        id: PlanetId::parse(&candidate.user_id),
        member_numbers: Vec::new(),
        names: Vec::new(),
    };
    add(&mut account, candidate);
    account
}

fn add(account: &mut FoldedCandidate<'_>, candidate: &Candidate) {
    account.member_numbers.extend(candidate.member_number);
    let current = [
        (AccountName::Nickname, &candidate.nickname),
        (AccountName::Card, &candidate.card_name),
        (AccountName::WeChat, &candidate.wechat_nickname),
    ];
    for (which, name) in current {
        account.names.extend(
            name.as_deref()
                .and_then(Name::fold)
                .map(|name| (which, name)),
        );
    }
    let earlier = candidate.earlier_names.iter().take(MAX_EARLIER_NAMES);
    account.names.extend(
        earlier
            .filter_map(|name| Name::fold(name))
            .map(|name| (AccountName::Earlier, name)),
    );
}
