//! What an import would change: the rows of the file against what is known already.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::{Roster, RosterEntry};
use crate::domain::PlanetUserId;
use crate::domain::table::RowChange;

/// The names that an account has now; empty where one is not known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Names {
    /// 用户昵称.
    pub nickname: String,
    /// 星球名片昵称.
    pub card_name: String,
    /// 微信昵称.
    pub wechat_nickname: String,
}

/// An account that is known: from a roster, from a sync, or from both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownAccount {
    pub planet_user_id: PlanetUserId,
    /// 成员编号.
    pub member_number: Option<u32>,
    pub names: Names,
    /// Whether a roster has named it.
    pub in_roster: bool,
}

/// A row of an earlier roster whose account nobody has seen yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unseen {
    /// 成员编号.
    pub member_number: u32,
    pub names: Names,
}

/// What is to be written, and how many rows are new, changed or as they were.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// Accounts as they are to be. Whoever had one of their numbers has it no longer, and a row
    /// without an account that has one is this account's from now on.
    pub accounts: Vec<KnownAccount>,
    /// Those of them whose number and id stand in one row of the file: no name has to link them.
    pub proven: BTreeSet<PlanetUserId>,
    /// Rows without an account as they are to be.
    pub unseen: Vec<Unseen>,
    /// Rows that nothing was known of.
    pub added: usize,
    /// Rows that say something new.
    pub changed: usize,
    /// Rows that say what is known.
    pub unchanged: usize,
    /// Those that do not, in the order of the file.
    pub changes: Vec<RowChange>,
}

impl Names {
    /// Number and names, as far as there are any.
    fn told(&self, number: Option<u32>) -> Vec<String> {
        let names = [&self.nickname, &self.card_name, &self.wechat_nickname];
        let names = names.into_iter().filter(|name| !name.is_empty()).cloned();
        number
            .map(|number| number.to_string())
            .into_iter()
            .chain(names)
            .collect()
    }

    /// What a row says, and what it leaves open as it was.
    fn updated_by(&self, entry: &RosterEntry) -> Self {
        let newest = |new: &Option<String>, old: &String| new.as_ref().unwrap_or(old).clone();
        Self {
            nickname: newest(&entry.nickname, &self.nickname),
            card_name: newest(&entry.card_name, &self.card_name),
            wechat_nickname: newest(&entry.wechat_nickname, &self.wechat_nickname),
        }
    }
}

/// What `roster` changes. A row with id and number is the last word on which account has the
/// number, wherever it stands in the file; a row with a number alone speaks of the account that
/// has it, if one still does.
#[must_use]
pub fn plan(roster: &Roster, accounts: &[KnownAccount], unseen: &[Unseen]) -> Plan {
    let by_id: HashMap<PlanetUserId, &KnownAccount> = accounts
        .iter()
        .map(|account| (account.planet_user_id, account))
        .collect();
    let by_number: HashMap<u32, &KnownAccount> = accounts
        .iter()
        .filter_map(|account| Some((account.member_number?, account)))
        .collect();
    let unseen: BTreeMap<u32, &Unseen> = unseen
        .iter()
        .map(|unseen| (unseen.member_number, unseen))
        .collect();
    // No number stands in two rows: an account with a row of its own does not keep another number.
    let numbered: HashSet<PlanetUserId> = roster
        .entries
        .iter()
        .filter_map(|entry| entry.member_number.and(entry.planet_user_id))
        .collect();
    let mut plan = Plan::default();
    for entry in &roster.entries {
        let keeps = |holder: &&KnownAccount| {
            entry.planet_user_id.is_some() || !numbered.contains(&holder.planet_user_id)
        };
        let holder = entry
            .member_number
            .and_then(|number| by_number.get(&number).copied())
            .filter(keeps);
        let waiting = entry
            .member_number
            .and_then(|number| unseen.get(&number).copied());
        match (entry.planet_user_id, entry.member_number, holder) {
            (Some(id), _, _) => plan.account(entry, id, by_id.get(&id).copied(), waiting),
            (None, _, Some(known)) => {
                plan.account(entry, known.planet_user_id, Some(known), waiting);
            }
            (None, Some(number), None) => plan.unseen(entry, number, waiting),
            // No such row: `parse_roster` lists it among the faulty ones.
            (None, None, None) => {}
        }
    }
    plan
}

impl Plan {
    fn account(
        &mut self,
        entry: &RosterEntry,
        id: PlanetUserId,
        known: Option<&KnownAccount>,
        waiting: Option<&Unseen>,
    ) {
        let before = known
            .map(|known| &known.names)
            .or_else(|| waiting.map(|waiting| &waiting.names));
        let number = entry.member_number;
        if entry.planet_user_id.and(number).is_some() {
            self.proven.insert(id);
        }
        let account = KnownAccount {
            planet_user_id: id,
            member_number: number.or_else(|| known.and_then(|known| known.member_number)),
            names: before.cloned().unwrap_or_default().updated_by(entry),
            in_roster: true,
        };
        let is_new = known.is_none() && waiting.is_none();
        match (known, waiting) {
            (Some(known), _) if *known == account => self.unchanged += 1,
            (None, None) => self.added += 1,
            _ => self.changed += 1,
        }
        if known != Some(&account) {
            let old_number = known.and_then(|known| known.member_number);
            let old_number = old_number.or(waiting.map(|waiting| waiting.member_number));
            self.changes.push(RowChange {
                row: entry.row,
                account: Some(id),
                member_number: account.member_number,
                before: before
                    .filter(|_| !is_new)
                    .map(|names| names.told(old_number)),
                after: account.names.told(account.member_number),
            });
        }
        self.accounts.push(account);
    }

    fn unseen(&mut self, entry: &RosterEntry, number: u32, waiting: Option<&Unseen>) {
        let before = waiting.map(|waiting| waiting.names.clone());
        let names = before.clone().unwrap_or_default().updated_by(entry);
        match &before {
            None => self.added += 1,
            Some(before) if *before == names => self.unchanged += 1,
            Some(_) => self.changed += 1,
        }
        if before.as_ref() != Some(&names) {
            self.changes.push(RowChange {
                row: entry.row,
                account: None,
                member_number: Some(number),
                before: before.map(|names| names.told(Some(number))),
                after: names.told(Some(number)),
            });
        }
        self.unseen.push(Unseen {
            member_number: number,
            names,
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: Option<i64>, number: Option<u32>, nickname: &str) -> RosterEntry {
        RosterEntry {
            row: 2,
            planet_user_id: id.map(PlanetUserId),
            member_number: number,
            nickname: Some(nickname.to_owned()).filter(|name| !name.is_empty()),
            wechat_nickname: None,
            card_name: None,
        }
    }

    fn names(nickname: &str) -> Names {
        Names {
            nickname: nickname.to_owned(),
            wechat_nickname: "明".to_owned(),
            ..Names::default()
        }
    }

    fn known(id: i64, number: Option<u32>, nickname: &str) -> KnownAccount {
        KnownAccount {
            planet_user_id: PlanetUserId(id),
            member_number: number,
            names: names(nickname),
            in_roster: true,
        }
    }

    fn planned(entry: RosterEntry, accounts: &[KnownAccount], unseen: &[Unseen]) -> Plan {
        let roster = Roster {
            entries: vec![entry],
            errors: Vec::new(),
        };
        plan(&roster, accounts, unseen)
    }

    #[test]
    fn a_row_says_something_new_or_not() {
        let ming = known(1, Some(12), "小明");
        for (row, counts) in [
            (entry(Some(1), Some(12), "小明"), (0, 0, 1)),
            (entry(None, Some(12), "小明"), (0, 0, 1)),
            (entry(Some(1), None, ""), (0, 0, 1)),
            (entry(None, Some(12), "明哥"), (0, 1, 0)),
            (entry(Some(1), Some(13), "小明"), (0, 1, 0)),
            (entry(Some(2), None, "小明"), (1, 0, 0)),
            (entry(None, Some(14), "小明"), (1, 0, 0)),
        ] {
            let plan = planned(row.clone(), std::slice::from_ref(&ming), &[]);
            assert_eq!(
                (plan.added, plan.changed, plan.unchanged),
                counts,
                "{row:?}"
            );
            assert_eq!(plan.changes.len(), counts.0 + counts.1, "{row:?}");
        }
    }

    #[test]
    fn a_number_that_moves_takes_no_names_with_it() {
        let coco = known(1, Some(3), "Coco");
        let rows = [
            entry(Some(1), Some(9), "Coco"),
            entry(None, Some(3), "新人"),
        ];
        for entries in [rows.to_vec(), rows.into_iter().rev().collect()] {
            let roster = Roster {
                entries,
                errors: Vec::new(),
            };
            let plan = plan(&roster, std::slice::from_ref(&coco), &[]);
            assert_eq!(plan.accounts, [known(1, Some(9), "Coco")]);
            let numbers: Vec<u32> = plan.unseen.iter().map(|row| row.member_number).collect();
            assert_eq!((numbers, plan.added, plan.changed), (vec![3], 1, 1));
        }
    }

    #[test]
    fn what_a_row_leaves_open_stays() {
        let plan = planned(
            entry(None, Some(12), "明哥"),
            &[known(1, Some(12), "小明")],
            &[],
        );
        assert_eq!(plan.accounts, [known(1, Some(12), "明哥")]);
        let seen_by_a_sync = KnownAccount {
            in_roster: false,
            ..known(1, None, "小明")
        };
        let plan = planned(entry(Some(1), None, "小明"), &[seen_by_a_sync], &[]);
        assert_eq!((plan.changed, plan.accounts[0].in_roster), (1, true));
    }

    #[test]
    fn a_row_with_id_and_number_says_whose_the_number_is() {
        let accounts = [known(1, Some(12), "小明"), known(2, None, "小明")];
        let plan = planned(entry(Some(2), Some(12), "小明"), &accounts, &[]);
        assert_eq!(plan.accounts, [known(2, Some(12), "小明")]);
        let unseen = Unseen {
            member_number: 12,
            names: names("小明"),
        };
        let plan = planned(entry(Some(3), Some(12), "明哥"), &[], &[unseen]);
        assert_eq!(plan.accounts, [known(3, Some(12), "明哥")]);
        assert_eq!((plan.changed, plan.unseen.len()), (1, 0));
    }
}
