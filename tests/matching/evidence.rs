//! Evidence that the labelled files lack: numbers, cards, WeChat names, earlier names and camps.

use std::collections::HashSet;

use campkeeper::domain::matching::{
    AccountName, Candidate, Claim, Decision, Likeness, PayerName, Reason, Slip, candidates_for,
};

use super::data::{account, claim, decide};

const MING: &str = "54231919143797";
const HONG: &str = "81179376462529";

fn ming() -> Candidate {
    Candidate {
        member_number: Some(4805),
        card_name: Some("明哥".to_owned()),
        wechat_nickname: Some("风清扬".to_owned()),
        earlier_names: vec!["写作的鱼".to_owned()],
        ..account(MING, "小明同学")
    }
}

fn verdict_on_ming(claim: Claim) -> (u8, Decision, Vec<Reason>) {
    let verdict = decide(&[claim], &[ming(), account(HONG, "红红火火")]).remove(0);
    assert_eq!(verdict.best.as_deref(), Some(MING));
    (verdict.score, verdict.decision, verdict.reasons)
}

#[test]
fn a_member_number_is_as_good_as_an_id() {
    let (score, decision, reasons) = verdict_on_ming(claim("1", "４８０５", "小明同学", ""));
    assert_eq!((score, decision), (100, Decision::Matched));
    assert_eq!(reasons[0], Reason::SameMemberNumber);
}

#[test]
fn a_member_number_next_to_it_is_nothing() {
    let (_, decision, reasons) = verdict_on_ming(claim("1", "4806", "小明同学", ""));
    assert_ne!(decision, Decision::Matched);
    assert!(reasons.contains(&Reason::IdOfNobody));
}

#[test]
fn every_name_of_the_account_can_speak_beside_an_id() {
    let cases = [
        ("明哥", "", PayerName::Typed, AccountName::Card),
        ("写作的鱼", "", PayerName::Typed, AccountName::Earlier),
        ("", "风清扬", PayerName::WeChat, AccountName::WeChat),
        ("", "小明同学", PayerName::WeChat, AccountName::Nickname),
    ];
    for (nickname, wechat, payer, which) in cases {
        let (_, decision, reasons) = verdict_on_ming(claim("1", MING, nickname, wechat));
        assert_eq!(decision, Decision::Matched, "{nickname}{wechat}");
        assert!(reasons.contains(&Reason::NameAgrees(payer, which, Likeness::Same)));
    }
}

#[test]
fn an_earlier_camps_binding_stands_in_for_the_id() {
    let bound = |id, nickname| Claim {
        earlier_accounts: vec![MING.to_owned()],
        ..claim("1", id, nickname, "")
    };
    assert_eq!(verdict_on_ming(bound("", "小明同学")).1, Decision::Matched);
    assert_eq!(verdict_on_ming(bound("", "")).1, Decision::Review);
    assert_eq!(verdict_on_ming(bound("", "完全不同")).1, Decision::Review);
    // A slip in the id that no single edit explains, but the payer is known.
    assert_eq!(
        verdict_on_ming(bound("99999919143797", "小明同学")).1,
        Decision::Matched
    );
    // The typed id is somebody else's: who is right is for a person to say.
    let claims = [bound(HONG, "小明同学")];
    let verdict = decide(&claims, &[ming(), account(HONG, "红红火火")]).remove(0);
    assert_ne!(verdict.decision, Decision::Matched);
}

#[test]
fn earlier_bindings_to_two_accounts_go_to_a_person() {
    let claim = Claim {
        earlier_accounts: vec![MING.to_owned(), HONG.to_owned()],
        ..claim("1", "", "大家", "")
    };
    let verdict = decide(&[claim], &[account(MING, "大家"), account(HONG, "大家")]).remove(0);
    assert_ne!(verdict.decision, Decision::Matched);
}

#[test]
fn a_slip_in_the_id_is_named_and_counts_less_than_an_equal_one() {
    let equal = verdict_on_ming(claim("1", MING, "写作的鱼", "")).0;
    let cases = [
        ("54231919143779", Slip::Swapped),
        ("5423191914379", Slip::Missing),
        ("542319191437970", Slip::Extra),
        ("54231919143787", Slip::Wrong),
    ];
    for (typed, slip) in cases {
        let (score, decision, reasons) = verdict_on_ming(claim("1", typed, "写作的鱼", ""));
        assert_eq!(decision, Decision::Matched);
        assert_eq!(reasons[0], Reason::NearId(slip));
        assert!(score < equal);
    }
}

#[test]
fn an_equal_id_under_another_name_is_for_a_person() {
    let (score, decision, reasons) = verdict_on_ming(claim("1", MING, "完全不同", "也不同"));
    assert_eq!((score, decision), (50, Decision::Review));
    assert_eq!(reasons, [Reason::SameId, Reason::NicknameDiffers]);
}

#[test]
fn a_wechat_nickname_stands_in_for_a_nickname_that_was_changed() {
    // Those who are called 小明同学 too take nothing away: the id tells them apart.
    let namesake = account(HONG, "小明同学-杭州");
    let accounts = [ming(), namesake, account("15953551052545", "橘子汽水")];
    for (wechat, likeness) in [
        ("小明同学", Likeness::Same),
        ("🍀小明同學", Likeness::SameLetters),
        ("小明同学-深圳", Likeness::SameCore),
    ] {
        let renamed = claim("1", MING, "从前的名字", wechat);
        let verdict = decide(&[renamed], &accounts).remove(0);
        assert_eq!(verdict.best.as_deref(), Some(MING));
        assert_eq!(verdict.decision, Decision::Matched, "{verdict:?}");
        let agrees = Reason::NameAgrees(PayerName::WeChat, AccountName::Nickname, likeness);
        assert!(verdict.reasons.contains(&agrees), "{verdict:?}");
        assert!(verdict.reasons.contains(&Reason::NicknameDiffers));
    }
}

#[test]
fn a_changed_nickname_that_several_others_bear_says_little() {
    let others = ["81179376462529", "15953551052545"].map(|id| account(id, "橘子汽水"));
    let accounts = [vec![ming()], others.to_vec()].concat();
    let renamed = claim("1", MING, "橘子汽水", "小明同学");
    assert_eq!(decide(&[renamed], &accounts)[0].decision, Decision::Matched);
}

#[test]
fn two_unlike_names_that_are_nobody_elses_are_as_good_as_an_id() {
    let (score, decision, reasons) = verdict_on_ming(claim("1", "", "小明同学", "风清扬"));
    assert_eq!((score, decision), (84, Decision::Matched));
    assert!(reasons.contains(&Reason::TwoNames));
    for (id, nickname, wechat) in [
        ("", "小明同学", "小明同学"),
        ("", "小明同学", "风清"),
        ("", "小明", "风清扬"),
        ("", "风清扬", "风清扬"),
        (HONG, "小明同学", "风清扬"),
        ("99999999999999", "小明同学", "风清扬"),
    ] {
        let verdict = verdict_on_ming(claim("1", id, nickname, wechat));
        assert_ne!(verdict.1, Decision::Matched, "{id} {nickname} {wechat}");
    }
}

#[test]
fn two_names_of_which_one_is_shared_go_to_a_person() {
    let claim = claim("1", "", "小明同学", "风清扬");
    let named = account(HONG, "小明同学");
    let known = Candidate {
        wechat_nickname: Some("风清扬".to_owned()),
        ..account(HONG, "别人")
    };
    for other in [named, known] {
        let verdict = decide(std::slice::from_ref(&claim), &[ming(), other]).remove(0);
        assert_ne!(verdict.decision, Decision::Matched, "{verdict:?}");
    }
}

#[test]
fn a_wechat_nickname_that_is_one_accounts_alone_is_a_suggestion() {
    let (_, decision, reasons) = verdict_on_ming(claim("1", "", "", "小明同学"));
    assert_eq!(decision, Decision::Review);
    assert!(reasons.contains(&Reason::NameAlone));
}

#[test]
fn two_entries_of_one_account_are_one_account() {
    let renamed = account(MING, "新名字");
    let verdict = decide(&[claim("1", MING, "新名字", "")], &[ming(), renamed]).remove(0);
    assert_eq!((verdict.score, verdict.decision), (100, Decision::Matched));
    assert!(verdict.runners_up.is_empty());
}

#[test]
fn the_card_shows_the_best_candidates_first_with_reasons() {
    let accounts = [
        account(HONG, "小明和他的猫"),
        ming(),
        account("15953551052545", "无关的人"),
    ];
    let shown = candidates_for(
        &claim("1", "", "小明", "风清扬"),
        &accounts,
        &HashSet::new(),
        9,
    );
    let ids: Vec<&str> = shown.iter().map(|scored| scored.user_id.as_str()).collect();
    assert_eq!(ids, [MING, HONG]);
    assert!(shown.iter().all(|scored| !scored.reasons.is_empty()));
    assert!(candidates_for(&claim("1", "", "小明", ""), &accounts, &HashSet::new(), 0).is_empty());
}
