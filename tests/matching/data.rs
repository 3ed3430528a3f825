//! The labelled data sets of `tests/data/matching`, and short ways to write people down.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use campkeeper::domain::matching::{Candidate, Claim, Verdict, assign};

/// Claims, accounts, and which account each claim really belongs to (empty: to none of them).
pub(crate) struct DataSet {
    pub(crate) claims: Vec<Claim>,
    pub(crate) candidates: Vec<Candidate>,
    pub(crate) truth: HashMap<String, String>,
}

/// What `score.py` of the data prints, in whole numbers.
#[derive(Debug)]
pub(crate) struct Score {
    pub(crate) matched: usize,
    pub(crate) wrong: Vec<String>,
    pub(crate) assigned_twice: usize,
    pub(crate) present: usize,
    pub(crate) matched_right: usize,
    pub(crate) first_right: usize,
}

pub(crate) fn load(name: &str) -> DataSet {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/matching")
        .join(name);
    let rows = |file: &str| -> Vec<Vec<String>> {
        let mut reader = csv::Reader::from_path(folder.join(file)).unwrap();
        reader
            .records()
            .map(|row| row.unwrap().iter().map(str::to_owned).collect())
            .collect()
    };
    DataSet {
        claims: rows("payments.csv")
            .iter()
            .map(|r| claim(&r[0], &r[1], &r[2], &r[3]))
            .collect(),
        candidates: rows("planet_users.csv")
            .iter()
            .map(|r| account(&r[0], &r[1]))
            .collect(),
        truth: rows("truth.csv")
            .into_iter()
            .map(|r| (r[0].clone(), r[1].clone()))
            .collect(),
    }
}

pub(crate) fn claim(key: &str, id: &str, nickname: &str, wechat: &str) -> Claim {
    let filled = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Claim {
        key: key.to_owned(),
        typed_planet_id: filled(id),
        typed_nickname: filled(nickname),
        wechat_nickname: filled(wechat),
        earlier_accounts: Vec::new(),
    }
}

pub(crate) fn account(user_id: &str, nickname: &str) -> Candidate {
    Candidate {
        user_id: user_id.to_owned(),
        nickname: Some(nickname.to_owned()),
        ..Candidate::default()
    }
}

/// [`assign`] with nothing taken.
pub(crate) fn decide(claims: &[Claim], candidates: &[Candidate]) -> Vec<Verdict> {
    assign(claims, candidates, &HashSet::new())
}

/// The rule of `score.py`.
pub(crate) fn score(verdicts: &[Verdict], truth: &HashMap<String, String>) -> Score {
    let is_matched = |verdict: &&Verdict| verdict.decision.as_str() == "matched";
    let is_right =
        |verdict: &Verdict| verdict.best.as_deref().unwrap_or("") == truth[&verdict.claim];
    let is_present = |verdict: &Verdict| !truth[&verdict.claim].is_empty();
    let matched: Vec<&Verdict> = verdicts.iter().filter(is_matched).collect();
    let given: HashSet<&str> = matched.iter().filter_map(|v| v.best.as_deref()).collect();
    let right = matched.iter().filter(|v| is_right(v));
    Score {
        matched: matched.len(),
        wrong: matched
            .iter()
            .filter(|v| !is_right(v))
            .map(|v| v.claim.clone())
            .collect(),
        assigned_twice: matched.len() - given.len(),
        present: verdicts.iter().filter(|v| is_present(v)).count(),
        matched_right: right.filter(|v| is_present(v)).count(),
        first_right: verdicts
            .iter()
            .filter(|v| is_present(v) && is_right(v))
            .count(),
    }
}
