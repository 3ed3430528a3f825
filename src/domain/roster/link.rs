//! Which account a row of the roster is: the back office's export knows 成员编号 and names, a sync
//! knows `user_id` and names. Where one name on each side means one person, they are linked.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::plan::{KnownAccount, Unseen};
use crate::domain::PlanetUserId;

/// A row's number that was given to an account by names alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameLink {
    /// 成员编号.
    pub member_number: u32,
    /// The account.
    pub account: PlanetUserId,
    /// The nickname that both have.
    pub nickname: String,
    /// The card name that both have, where the nickname alone did not tell.
    pub card_name: Option<String>,
}

/// Finds the links that would not be made any more, since somebody else has turned up who is called
/// so: another account, now or before, or a row without one.
#[must_use]
pub fn doubtful<'l>(
    links: &'l [NameLink],
    unseen: &[Unseen],
    accounts: &[KnownAccount],
    had: &[(PlanetUserId, String)],
) -> Vec<&'l NameLink> {
    let mut called: HashMap<&str, HashSet<PlanetUserId>> = HashMap::new();
    let mut called_both: HashMap<(&str, &str), HashSet<PlanetUserId>> = HashMap::new();
    for account in accounts {
        let (nickname, card) = (
            account.names.nickname.trim(),
            account.names.card_name.trim(),
        );
        called
            .entry(nickname)
            .or_default()
            .insert(account.planet_user_id);
        let both = called_both.entry((nickname, card)).or_default();
        both.insert(account.planet_user_id);
    }
    for (account, name) in had {
        called.entry(name.trim()).or_default().insert(*account);
    }
    let is_other = |holders: Option<&HashSet<PlanetUserId>>, own| {
        holders.is_some_and(|holders| holders.iter().any(|holder| *holder != own))
    };
    let is_doubtful = |link: &&NameLink| {
        let nickname = link.nickname.trim();
        match link.card_name.as_deref().map(str::trim) {
            None => {
                is_other(called.get(nickname), link.account)
                    || unseen
                        .iter()
                        .any(|row| row.names.nickname.trim() == nickname)
            }
            Some(card) => {
                is_other(called_both.get(&(nickname, card)), link.account)
                    || unseen.iter().any(|row| {
                        row.names.nickname.trim() == nickname && row.names.card_name.trim() == card
                    })
            }
        }
    };
    links.iter().filter(is_doubtful).collect()
}

/// Links rows to accounts, each at most once. A name that two rows or two accounts share, or that
/// another account had before, links nobody: a wrong link would pay the wrong person.
/// `had` are the names that accounts have had.
#[must_use]
pub fn link(
    unseen: &[Unseen],
    accounts: &[KnownAccount],
    had: &[(PlanetUserId, String)],
) -> Vec<NameLink> {
    let free: Vec<&KnownAccount> = accounts
        .iter()
        .filter(|account| account.member_number.is_none())
        .collect();
    let mut holders: HashMap<&str, HashSet<PlanetUserId>> = HashMap::new();
    for account in accounts {
        let holders = holders.entry(account.names.nickname.trim()).or_default();
        holders.insert(account.planet_user_id);
    }
    for (account, name) in had {
        holders.entry(name.trim()).or_default().insert(*account);
    }
    let rows = alone(unseen, |row| Some(row.names.nickname.trim()));
    let by_nickname = alone(&free, |account| {
        let nickname = account.names.nickname.trim();
        let is_theirs_alone = holders.get(nickname).is_some_and(|who| who.len() == 1);
        is_theirs_alone.then_some(nickname)
    });
    let both =
        |nickname: &str, card: &str| Some((nickname.trim().to_owned(), card.trim().to_owned()));
    let rows_by_both = alone(unseen, |row| {
        (!row.names.card_name.trim().is_empty())
            .then(|| both(&row.names.nickname, &row.names.card_name))
            .flatten()
    });
    let by_both = alone(accounts, |account| {
        both(&account.names.nickname, &account.names.card_name)
    });
    let mut linked: BTreeMap<u32, NameLink> = BTreeMap::new();
    for (names, row) in rows_by_both {
        if let Some(account) = by_both.get(&names)
            && account.member_number.is_none()
        {
            let (nickname, card) = names;
            let link = NameLink {
                member_number: row.member_number,
                account: account.planet_user_id,
                nickname,
                card_name: Some(card),
            };
            linked.insert(row.member_number, link);
        }
    }
    for (nickname, row) in rows {
        if let Some(account) = by_nickname.get(nickname)
            && !nickname.is_empty()
        {
            linked.entry(row.member_number).or_insert_with(|| NameLink {
                member_number: row.member_number,
                account: account.planet_user_id,
                nickname: nickname.to_owned(),
                card_name: None,
            });
        }
    }
    once_each(linked)
}

/// The items that are the only one of their key.
fn alone<'a, T, K: Ord>(items: &'a [T], key: impl Fn(&'a T) -> Option<K>) -> BTreeMap<K, &'a T> {
    let mut found: BTreeMap<K, (&T, usize)> = BTreeMap::new();
    for item in items {
        if let Some(key) = key(item) {
            found.entry(key).or_insert((item, 0)).1 += 1;
        }
    }
    found
        .into_iter()
        .filter(|(_, (_, times))| *times == 1)
        .map(|(key, (item, _))| (key, item))
        .collect()
}

/// Leaves out the accounts to which two rows lead.
fn once_each(linked: BTreeMap<u32, NameLink>) -> Vec<NameLink> {
    let mut times: HashMap<PlanetUserId, usize> = HashMap::new();
    for link in linked.values() {
        *times.entry(link.account).or_default() += 1;
    }
    linked
        .into_values()
        .filter(|link| times.get(&link.account) == Some(&1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::plan::Names;
    use super::*;

    fn names(nickname: &str, card_name: &str) -> Names {
        Names {
            nickname: nickname.to_owned(),
            card_name: card_name.to_owned(),
            wechat_nickname: String::new(),
        }
    }

    fn row(number: u32, nickname: &str, card_name: &str) -> Unseen {
        Unseen {
            member_number: number,
            names: names(nickname, card_name),
        }
    }

    fn account(id: i64, number: Option<u32>, nickname: &str, card_name: &str) -> KnownAccount {
        KnownAccount {
            planet_user_id: PlanetUserId(id),
            member_number: number,
            names: names(nickname, card_name),
            in_roster: false,
        }
    }

    #[test]
    fn a_name_that_means_one_person_links_and_no_other_does() {
        let one = row(12, "小明", "");
        for (rows, accounts, had, linked) in [
            (
                vec![one.clone()],
                vec![account(1, None, " 小明", "")],
                vec![],
                vec![(12, 1)],
            ),
            (
                vec![one.clone()],
                vec![account(1, None, "小明2", "")],
                vec![],
                vec![],
            ),
            // Two of a name, on either side.
            (
                vec![one.clone(), row(13, "小明", "")],
                vec![account(1, None, "小明", "")],
                vec![],
                vec![],
            ),
            (
                vec![one.clone()],
                vec![account(1, None, "小明", ""), account(2, None, "小明", "")],
                vec![],
                vec![],
            ),
            // The name is also that of an account with another number, or was another's before.
            (
                vec![one.clone()],
                vec![
                    account(1, None, "小明", ""),
                    account(2, Some(5), "小明", ""),
                ],
                vec![],
                vec![],
            ),
            (
                vec![one.clone()],
                vec![account(1, None, "小明", ""), account(2, None, "明哥", "")],
                vec![(2, "小明")],
                vec![],
            ),
            // Its number is known to be another one.
            (
                vec![one],
                vec![account(1, Some(5), "小明", "")],
                vec![],
                vec![],
            ),
            (
                vec![row(12, "", "")],
                vec![account(1, None, "", "")],
                vec![],
                vec![],
            ),
        ] {
            let had: Vec<_> = had
                .into_iter()
                .map(|(id, name): (i64, &str)| (PlanetUserId(id), name.to_owned()))
                .collect();
            let found: Vec<_> = link(&rows, &accounts, &had)
                .into_iter()
                .map(|link| (link.member_number, link.account.0))
                .collect();
            assert_eq!(found, linked, "{rows:?} {accounts:?}");
        }
    }

    #[test]
    fn the_card_tells_namesakes_apart() {
        let rows = [row(12, "小明", "明·深圳"), row(13, "小明", "明·北京")];
        let accounts = [
            account(1, None, "小明", "明·北京"),
            account(2, None, "小明", "明·深圳"),
            account(3, None, "小明", ""),
        ];
        let found = link(&rows, &accounts, &[]);
        let linked: Vec<_> = found.iter().map(|l| (l.member_number, l.account)).collect();
        assert_eq!(linked, [(12, PlanetUserId(2)), (13, PlanetUserId(1))]);
        assert!(found.iter().all(|link| link.card_name.is_some()));
        // Their namesake without a card tells nothing new; one with the same card does.
        let none = doubtful(&found, &[], &accounts, &[]);
        assert_eq!(none, Vec::<&NameLink>::new());
        let again = [row(480, "小明", "明·深圳")];
        assert_eq!(doubtful(&found, &again, &accounts, &[]), [&found[0]]);
    }

    #[test]
    fn a_link_by_a_name_alone_is_doubtful_once_somebody_else_is_called_so() {
        let ming = account(1, Some(12), "明哥", "");
        let link = NameLink {
            member_number: 12,
            account: PlanetUserId(1),
            nickname: "小明".to_owned(),
            card_name: None,
        };
        let links = [link];
        let had = |id: i64| [(PlanetUserId(id), "小明 ".to_owned())];
        let other = account(2, None, "小明", "");
        for (rows, accounts, had, is_doubtful) in [
            (vec![], vec![ming.clone()], had(1).to_vec(), false),
            (vec![row(13, "小红", "")], vec![ming.clone()], vec![], false),
            (
                vec![row(480, " 小明", "")],
                vec![ming.clone()],
                vec![],
                true,
            ),
            (vec![], vec![ming.clone(), other], vec![], true),
            (vec![], vec![ming], had(2).to_vec(), true),
        ] {
            let found = doubtful(&links, &rows, &accounts, &had);
            assert_eq!(
                !found.is_empty(),
                is_doubtful,
                "{rows:?} {accounts:?} {had:?}"
            );
        }
    }
}
