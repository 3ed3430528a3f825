//! The two labelled camps. The bars are set a little under what is reached, so that a change for
//! the worse shows; a wrong match is never within the bar.

use super::data::{Score, decide, load, score};

/// At least `per_mille` of `whole`.
fn reaches(part: usize, whole: usize, per_mille: usize) -> bool {
    part * 1000 >= whole * per_mille
}

fn scored(name: &str) -> Score {
    let data = load(name);
    score(&decide(&data.claims, &data.candidates), &data.truth)
}

#[test]
fn camp_1000_is_matched_without_a_wrong_one() {
    let score = scored("camp-1000");
    assert!(
        score.wrong.is_empty() && score.assigned_twice == 0,
        "{score:?}"
    );
    assert!(
        reaches(score.matched_right, score.present, 820),
        "{score:?}"
    );
    assert!(reaches(score.first_right, score.present, 974), "{score:?}");
}

#[test]
fn the_hard_camp_is_matched_without_a_wrong_one() {
    let score = scored("camp-200-hard");
    assert!(
        score.wrong.is_empty() && score.assigned_twice == 0,
        "{score:?}"
    );
    assert!(
        reaches(score.matched_right, score.present, 766),
        "{score:?}"
    );
    assert!(reaches(score.first_right, score.present, 958), "{score:?}");
}

#[test]
fn every_verdict_says_why() {
    let data = load("camp-200-hard");
    for verdict in decide(&data.claims, &data.candidates) {
        assert_eq!(
            verdict.best.is_some(),
            !verdict.reasons.is_empty(),
            "{verdict:?}"
        );
        assert_eq!(verdict.best.is_some(), verdict.score > 0, "{verdict:?}");
        assert!(
            verdict
                .runners_up
                .iter()
                .all(|other| !other.reasons.is_empty()),
            "{verdict:?}"
        );
    }
}
