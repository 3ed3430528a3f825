//! Lists gone wrong, by malice or by a slip in a spreadsheet.

use std::collections::HashSet;

use campkeeper::domain::matching::{Claim, Decision, Reason, Verdict, assign};

use super::data::{account, claim, decide, load, score};

const MING: &str = "54231919143797";
const HONG: &str = "81179376462529";
const FEI: &str = "15953551052545";

fn decisions(verdicts: &[Verdict]) -> Vec<Decision> {
    verdicts.iter().map(|verdict| verdict.decision).collect()
}

#[test]
fn a_friends_copied_id_takes_nothing_from_the_friend() {
    let accounts = [account(MING, "小明同学"), account(HONG, "红红火火")];
    let verdicts = decide(
        &[
            claim("owner", MING, "小明同学", "明"),
            claim("copier", MING, "红红火火", "红"),
        ],
        &accounts,
    );
    assert_eq!(verdicts[0].decision, Decision::Matched);
    assert_eq!(verdicts[1].best.as_deref(), Some(HONG));
    assert_ne!(verdicts[1].decision, Decision::Matched);
}

#[test]
fn a_copied_id_is_not_paid_when_the_friend_has_not_paid() {
    let accounts = [account(MING, "小明同学"), account(HONG, "小明")];
    for nickname in ["红红火火", "小明", ""] {
        let verdicts = decide(&[claim("copier", MING, nickname, "红")], &accounts);
        assert_ne!(verdicts[0].decision, Decision::Matched, "{nickname}");
    }
}

#[test]
fn namesakes_without_an_id_go_to_a_person() {
    let accounts = [
        account(MING, "Momo"),
        account(HONG, "Momo"),
        account(FEI, "🍀Momo"),
    ];
    let verdicts = decide(
        &[claim("1", "", "Momo", "Momo"), claim("2", "", "momo", "x")],
        &accounts,
    );
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict.decision == Decision::Manual),
        "{verdicts:?}"
    );
    assert!(
        verdicts[0].reasons.contains(&Reason::Namesakes(2)),
        "{verdicts:?}"
    );
}

#[test]
fn a_name_alone_is_never_matched_however_well_it_fits() {
    let name = "小明同学的一天";
    let mut account = account(MING, name);
    account.card_name = Some(name.to_owned());
    account.wechat_nickname = Some(name.to_owned());
    let verdicts = decide(&[claim("1", "", name, name)], &[account]);
    assert_eq!(verdicts[0].decision, Decision::Review);
    assert!(verdicts[0].reasons.contains(&Reason::NameAlone));
}

#[test]
fn a_payer_outside_the_roster_is_not_taken_for_a_namesake_in_it() {
    // The namesake has not paid, so nothing but the missing id stands in the way.
    for (nickname, wechat) in [("夏平斌", "夏平斌"), ("夏平斌", "别的名字"), ("", "夏平斌")]
    {
        let claims = [claim("absent", "", nickname, wechat)];
        let verdict = decide(&claims, &[account(MING, "夏平斌")]).remove(0);
        assert_eq!(verdict.best.as_deref(), Some(MING));
        assert_eq!(verdict.decision, Decision::Review, "{verdict:?}");
    }
}

#[test]
fn a_copied_id_is_not_confirmed_by_a_nickname_that_is_anothers() {
    // Whoever bears the typed nickname alone may be the payer, whatever their WeChat says.
    let accounts = [account(MING, "小明同学"), account(HONG, "红红火火")];
    let copier = claim("copier", MING, "红红火火", "小明同学");
    let verdict = decide(std::slice::from_ref(&copier), &accounts).remove(0);
    assert_ne!(verdict.decision, Decision::Matched);
    assert!(verdict.reasons.contains(&Reason::BetterNamedElsewhere));
    // Once that account is its owner's, the WeChat nickname may speak for the id.
    let owner = claim("owner", HONG, "红红火火", "");
    let verdict = decide(&[copier, owner], &accounts).remove(0);
    assert_eq!(verdict.best.as_deref(), Some(MING));
    assert_eq!(verdict.decision, Decision::Matched);
}

#[test]
fn an_id_copied_from_a_namesake_goes_to_a_person_when_another_is_called_just_so() {
    let accounts = [account(MING, "静静"), account(HONG, "🌟静静")];
    let copier = claim("1", MING, "🌟静静", "🌟静静");
    let verdict = decide(&[copier], &accounts).remove(0);
    assert_ne!(verdict.decision, Decision::Matched);
    assert!(
        verdict.reasons.contains(&Reason::BetterNamedElsewhere),
        "{verdict:?}"
    );
}

#[test]
fn the_last_of_several_namesakes_is_a_suggestion() {
    let accounts = [account(MING, "Momo"), account(HONG, "Momo")];
    let claims = [
        claim("owner", MING, "Momo", ""),
        claim("left", "", "Momo", ""),
    ];
    let verdict = decide(&claims, &accounts).remove(1);
    assert_eq!(verdict.best.as_deref(), Some(HONG));
    assert_eq!(verdict.decision, Decision::Review);
    assert!(
        verdict.reasons.contains(&Reason::NamesakesSpokenFor),
        "{verdict:?}"
    );
}

#[test]
fn an_id_near_two_namesakes_goes_to_a_person() {
    let accounts = [
        account("54231919143791", "小明同学"),
        account("54231919143792", "小明同学"),
    ];
    let verdicts = decide(&[claim("1", "54231919143793", "小明同学", "")], &accounts);
    assert_ne!(verdicts[0].decision, Decision::Matched);
    assert!(
        verdicts[0].reasons.contains(&Reason::TooClose),
        "{verdicts:?}"
    );
}

#[test]
fn one_account_claimed_twice_alike_goes_to_a_person() {
    let claims = [
        claim("1", MING, "小明同学", "明"),
        claim("2", MING, "小明同学", ""),
    ];
    let verdicts = decide(&claims, &[account(MING, "小明同学")]);
    assert_eq!(decisions(&verdicts), [Decision::Review, Decision::Review]);
    for verdict in verdicts {
        assert_eq!(
            verdict.best.as_deref(),
            Some(MING),
            "both see whom they contest"
        );
        assert!(verdict.reasons.contains(&Reason::Contested(1)));
    }
}

#[test]
fn swapped_nicknames_go_to_a_person() {
    let accounts = [account(MING, "小明同学"), account(HONG, "红红火火")];
    let verdicts = decide(
        &[
            claim("1", MING, "红红火火", "红"),
            claim("2", HONG, "小明同学", "明"),
        ],
        &accounts,
    );
    assert!(
        verdicts
            .iter()
            .all(|verdict| verdict.decision != Decision::Matched),
        "{verdicts:?}"
    );
}

/// The claims of a camp with a column taken from the row above.
fn shifted(claims: &[Claim], shift: impl Fn(&mut Claim, &Claim)) -> Vec<Claim> {
    let mut shifted = claims.to_vec();
    for (claim, above) in shifted
        .iter_mut()
        .zip(claims.iter().cycle().skip(claims.len() - 1))
    {
        shift(claim, above);
    }
    shifted
}

#[test]
fn a_list_whose_columns_slipped_by_a_row_matches_nobody() {
    for name in ["camp-1000", "camp-200-hard"] {
        let data = load(name);
        let shifts: [fn(&mut Claim, &Claim); 3] = [
            |claim, above| claim.typed_planet_id.clone_from(&above.typed_planet_id),
            |claim, above| claim.typed_nickname.clone_from(&above.typed_nickname),
            |claim, above| {
                claim.typed_nickname.clone_from(&above.typed_nickname);
                claim.wechat_nickname.clone_from(&above.wechat_nickname);
            },
        ];
        for shift in shifts {
            let verdicts = decide(&shifted(&data.claims, shift), &data.candidates);
            let matched = verdicts
                .iter()
                .filter(|v| v.decision == Decision::Matched)
                .count();
            assert_eq!(matched, 0, "{name}");
            assert!(
                verdicts
                    .iter()
                    .any(|v| v.reasons.contains(&Reason::ListLooksShifted))
            );
        }
    }
}

#[test]
fn slipped_wechat_names_alone_mislead_nobody() {
    let data = load("camp-1000");
    let claims = shifted(&data.claims, |claim, above| {
        claim.wechat_nickname.clone_from(&above.wechat_nickname);
    });
    let score = score(&decide(&claims, &data.candidates), &data.truth);
    assert!(score.wrong.is_empty() && score.matched > 720, "{score:?}");
}

#[test]
fn ids_copied_from_another_payer_at_random_pay_nobody_wrongly() {
    for name in ["camp-1000", "camp-200-hard"] {
        let data = load(name);
        for step in [7, 11, 13, 17] {
            let mut claims = data.claims.clone();
            for at in (0..claims.len()).step_by(step) {
                let from = (at * 31 + step) % claims.len();
                claims[at].typed_planet_id = data.claims[from].typed_planet_id.clone();
            }
            let score = score(&decide(&claims, &data.candidates), &data.truth);
            assert!(
                score.wrong.is_empty() && score.assigned_twice == 0,
                "{name} {step} {score:?}"
            );
        }
    }
}

#[test]
fn a_taken_account_is_given_to_nobody_else() {
    let taken = HashSet::from([MING.to_owned()]);
    let accounts = [account(MING, "小明同学"), account(HONG, "小明同学")];
    let verdicts = assign(&[claim("1", MING, "小明同学", "明")], &accounts, &taken);
    assert_eq!(verdicts[0].best.as_deref(), Some(HONG));
    assert_eq!(verdicts[0].decision, Decision::Manual);
    let shown = &verdicts[0].runners_up[0];
    assert_eq!((shown.user_id.as_str(), shown.score), (MING, 49));
    assert!(shown.reasons.contains(&Reason::Taken));
}

#[test]
fn a_name_that_many_bear_is_nobodys_alone_however_many_they_are() {
    for bearers in [2, 64, 65, 500] {
        let mut accounts: Vec<_> = (0..bearers)
            .map(|at| account(&format!("5423{:010}", at * 1_007), "微信用户"))
            .collect();
        accounts[0].wechat_nickname = Some("风中的琴".to_owned());
        let verdicts = decide(&[claim("1", "", "微信用户", "风中的琴")], &accounts);
        assert_ne!(
            verdicts[0].decision,
            Decision::Matched,
            "{bearers}: {verdicts:?}"
        );
        assert!(
            !verdicts[0].reasons.contains(&Reason::TwoNames),
            "{bearers}"
        );
    }
}

#[test]
fn a_thousand_people_of_one_name_are_still_decided() {
    let accounts: Vec<_> = (0..1_000)
        .map(|at| account(&format!("5423{:010}", at * 1_007), "Momo"))
        .collect();
    let claims: Vec<_> = accounts
        .iter()
        .enumerate()
        .map(|(at, account)| claim(&at.to_string(), &account.user_id, "Momo", "Momo"))
        .collect();
    let verdicts = decide(&claims, &accounts);
    for (claim, verdict) in claims.iter().zip(&verdicts) {
        assert_eq!(verdict.best, claim.typed_planet_id);
        assert_eq!(verdict.decision, Decision::Matched);
    }
}
