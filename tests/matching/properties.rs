//! What holds for any list, tried on small ones that are full of collisions.

use std::collections::HashSet;

use campkeeper::domain::matching::{
    Candidate, Claim, Decision, PayerName, Reason, Verdict, assign, candidates_for,
};
use proptest::collection::{hash_set, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use super::data::decide;

/// Ids that are close to each other, so that a slip may lead from one to the next.
fn id() -> impl Strategy<Value = String> {
    select(vec![
        "54231919143797",
        "54231919143779",
        "54231919143799",
        "5423191914379",
        "81179376462529",
        "15953551052545",
        "15953551052554",
        "4805",
    ])
    .prop_map(str::to_owned)
}

fn name() -> impl Strategy<Value = String> {
    let before = select(vec!["", "", "🍀", "✨"]);
    let base = select(vec![
        "小明同学",
        "小明",
        "Momo",
        "星辰大海",
        "星辰海",
        "大白",
        "老蔣",
    ]);
    let after = select(vec!["", "", "-深圳", "·成都", "（已打卡）"]);
    (before, base, after).prop_map(|(before, base, after)| format!("{before}{base}{after}"))
}

fn claims() -> impl Strategy<Value = Vec<Claim>> {
    let claim = (
        option::of(id()),
        option::of(name()),
        option::of(name()),
        vec(id(), 0..2),
    );
    vec(claim, 1..7).prop_map(|claims| {
        let numbered = claims.into_iter().enumerate();
        numbered
            .map(|(at, (id, nickname, wechat, earlier))| Claim {
                key: format!("ord_{at}"),
                typed_planet_id: id,
                typed_nickname: nickname,
                wechat_nickname: wechat,
                earlier_accounts: earlier,
            })
            .collect()
    })
}

fn candidates() -> impl Strategy<Value = Vec<Candidate>> {
    let names = (
        option::of(name()),
        option::of(name()),
        option::of(name()),
        vec(name(), 0..2),
    );
    (hash_set(id(), 1..7), vec(names, 7)).prop_map(|(ids, names)| {
        let people = ids.into_iter().zip(names).enumerate();
        people
            .map(
                |(at, (user_id, (nickname, card_name, wechat_nickname, earlier_names)))| {
                    Candidate {
                        user_id,
                        member_number: u32::try_from(at).ok().map(|at| 4800 + at),
                        nickname,
                        card_name,
                        wechat_nickname,
                        earlier_names,
                    }
                },
            )
            .collect()
    })
}

/// The score that a verdict shows for an account.
fn score_of(verdict: &Verdict, user_id: &str) -> u8 {
    if verdict.best.as_deref() == Some(user_id) {
        return verdict.score;
    }
    let shown = verdict
        .runners_up
        .iter()
        .find(|scored| scored.user_id == user_id);
    shown.map_or(0, |scored| scored.score)
}

/// The fields of a claim that can speak for an account.
#[derive(Clone, Copy, Debug)]
enum Evidence {
    Id,
    Nickname,
    Wechat,
    EarlierCamps,
}

impl Evidence {
    const ALL: [Self; 4] = [Self::Id, Self::Nickname, Self::Wechat, Self::EarlierCamps];

    fn is_in(self, reasons: &[Reason]) -> bool {
        reasons.iter().any(|reason| match self {
            Self::Id => {
                matches!(
                    reason,
                    Reason::SameId | Reason::SameMemberNumber | Reason::NearId(_)
                )
            }
            Self::Nickname => matches!(reason, Reason::NameAgrees(PayerName::Typed, ..)),
            Self::Wechat => matches!(reason, Reason::NameAgrees(PayerName::WeChat, ..)),
            Self::EarlierCamps => *reason == Reason::EarlierBinding,
        })
    }

    fn taken_from(self, claim: &mut Claim) {
        match self {
            Self::Id => claim.typed_planet_id = None,
            Self::Nickname => claim.typed_nickname = None,
            Self::Wechat => claim.wechat_nickname = None,
            Self::EarlierCamps => claim.earlier_accounts.clear(),
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_order_of_the_input_does_not_matter(
        (claims, shuffled) in claims().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
        (people, mixed) in candidates().prop_flat_map(|c| (Just(c.clone()), Just(c).prop_shuffle())),
    ) {
        let mut first = decide(&claims, &people);
        let mut second = decide(&shuffled, &mixed);
        first.sort_by(|a, b| a.claim.cmp(&b.claim));
        second.sort_by(|a, b| a.claim.cmp(&b.claim));
        prop_assert_eq!(first, second);
    }

    #[test]
    fn a_stranger_changes_nothing(claims in claims(), mut people in candidates()) {
        let before = decide(&claims, &people);
        people.push(Candidate {
            user_id: "999000111222333".to_owned(),
            member_number: Some(7),
            nickname: Some("Ωραία μέρα".to_owned()),
            ..Candidate::default()
        });
        prop_assert_eq!(before, decide(&claims, &people));
    }

    #[test]
    fn a_claim_that_shares_nothing_changes_nothing(mut claims in claims(), people in candidates()) {
        let before = decide(&claims, &people);
        claims.push(Claim {
            key: "stranger".to_owned(),
            typed_planet_id: Some("999000111222333".to_owned()),
            typed_nickname: Some("Ωραία μέρα".to_owned()),
            ..Claim::default()
        });
        let after = decide(&claims, &people);
        prop_assert_eq!(&before[..], &after[..before.len()]);
        prop_assert_eq!(&after[before.len()].best, &None);
    }

    #[test]
    fn two_equal_claims_are_never_matched(
        mut claims in claims(), people in candidates(), which in any::<Index>(),
    ) {
        let twin = Claim { key: "twin".to_owned(), ..which.get(&claims).clone() };
        let original = which.index(claims.len());
        claims.push(twin);
        let verdicts = decide(&claims, &people);
        prop_assert_ne!(verdicts[original].decision, Decision::Matched);
        prop_assert_ne!(verdicts[claims.len() - 1].decision, Decision::Matched);
    }

    #[test]
    fn two_equal_accounts_are_never_matched(
        mut claims in claims(), mut people in candidates(), which in any::<Index>(),
    ) {
        let twin = Candidate {
            user_id: "770000000000077".to_owned(),
            member_number: None,
            ..which.get(&people).clone()
        };
        let original = which.get(&people).user_id.clone();
        for claim in &mut claims {
            claim.typed_planet_id = None;
            if claim.earlier_accounts.contains(&original) {
                claim.earlier_accounts.push(twin.user_id.clone());
            }
        }
        people.push(twin.clone());
        for verdict in decide(&claims, &people) {
            let best = verdict.best.as_deref();
            if best == Some(original.as_str()) || best == Some(twin.user_id.as_str()) {
                prop_assert_ne!(verdict.decision, Decision::Matched);
            }
        }
    }

    #[test]
    fn no_account_is_matched_twice_or_when_taken(
        claims in claims(), people in candidates(), which in any::<Index>(),
    ) {
        let taken = HashSet::from([which.get(&people).user_id.clone()]);
        let mut given = HashSet::new();
        for verdict in assign(&claims, &people, &taken) {
            prop_assert_eq!(verdict.decision, Decision::of_score(verdict.score));
            if verdict.decision == Decision::Matched {
                let account = verdict.best.unwrap();
                prop_assert!(!taken.contains(&account));
                prop_assert!(given.insert(account));
            }
        }
    }

    #[test]
    fn taking_supporting_evidence_away_never_raises_a_score(
        claims in claims(), people in candidates(), which in any::<Index>(),
    ) {
        let at = which.index(claims.len());
        let before = decide(&claims, &people).remove(at);
        let all = candidates_for(&claims[at], &people, &HashSet::new(), people.len());
        for evidence in Evidence::ALL {
            let supported: Vec<&str> = all
                .iter()
                .filter(|scored| evidence.is_in(&scored.reasons))
                .map(|scored| scored.user_id.as_str())
                .collect();
            // Evidence shared with another account also speaks against this one.
            let [only] = supported[..] else { continue };
            let mut fewer = claims.clone();
            evidence.taken_from(&mut fewer[at]);
            let after = decide(&fewer, &people).remove(at);
            prop_assert!(
                score_of(&after, only) <= score_of(&before, only),
                "{evidence:?}\n{before:#?}\n{after:#?}",
            );
        }
    }

    #[test]
    fn nothing_that_people_type_makes_it_panic(
        id in ".{0,40}", nickname in ".{0,40}", wechat in "\\PC{0,40}", known in ".{0,40}",
    ) {
        let claim = Claim {
            key: String::new(),
            typed_planet_id: Some(id.clone()),
            typed_nickname: Some(nickname),
            wechat_nickname: Some(wechat),
            earlier_accounts: vec![id.clone()],
        };
        let person = Candidate { user_id: id, nickname: Some(known), ..Candidate::default() };
        prop_assert_eq!(decide(&[claim], &[person]).len(), 1);
    }
}
