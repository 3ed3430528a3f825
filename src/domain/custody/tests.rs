use proptest::prelude::*;

use super::*;
use crate::domain::refund::samples::samples;

const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);
const RULES: PromiseRules = PromiseRules {
    list_within: 2,
    decision_within: 3,
    money_within: 1,
    appeal_hours: 72,
    answer_within: 2,
};

fn promise() -> Promise {
    let day = NaiveDate::from_ymd_opt(2027, 1, 10).unwrap();
    Promise {
        list_by: day,
        decision_by: day.succ_opt().unwrap(),
        money_days: 1,
    }
}

fn facts() -> Facts {
    Facts {
        paid_at: NOW,
        promise: Some(promise()),
        rules: RULES,
        member: Some(MemberFacts {
            may_bind: false,
            bind_deadline: Some(NOW),
            is_matched: true,
            verdict: None,
        }),
        refund: None,
        objected_at: None,
        is_merchant_held: false,
    }
}

fn with_member(change: impl FnOnce(&mut MemberFacts)) -> Facts {
    let mut facts = facts();
    change(facts.member.as_mut().unwrap());
    facts
}

fn verdict(is_eligible: bool, refused_at: Option<Timestamp>) -> Facts {
    let verdict = VerdictFacts {
        is_eligible,
        refused_at,
    };
    with_member(|member| member.verdict = Some(verdict))
}

#[test]
fn a_deposit_goes_from_the_member_to_the_planet_and_to_the_staff() {
    use Awaited::{Bind, Evidence, List, Match, Object};
    for (facts, what) in [
        (with_member(|member| member.may_bind = true), Bind),
        (with_member(|member| member.is_matched = false), Match),
        (facts(), Evidence),
        (verdict(true, None), List),
        (verdict(true, Some(NOW)), List),
        (verdict(false, None), List),
        (verdict(false, Some(NOW)), Object),
    ] {
        assert_eq!(facts.next_step(NOW).what, what, "{facts:?}");
    }
    let refused = verdict(false, Some(NOW)).next_step(NOW);
    assert_eq!(refused.until, NOW.plus(TimeDelta::hours(72)));
}

#[test]
fn an_objection_is_answered_before_anything_is_decided_or_kept() {
    let approved = samples()
        .into_iter()
        .find(|state| matches!(state, RefundState::Approved { .. }));
    let refund = |state| {
        Some(RefundFacts {
            state,
            kind: RefundKind::Deposit,
            proposed_at: NOW,
        })
    };
    for (facts, waits) in [
        (verdict(false, Some(NOW)), true),
        (facts(), true),
        (
            Facts {
                refund: refund(RefundState::Pending),
                ..facts()
            },
            true,
        ),
        // What is on its way is not called back.
        (
            Facts {
                refund: refund(approved.unwrap()),
                ..facts()
            },
            false,
        ),
    ] {
        let objected = Facts {
            objected_at: Some(NOW),
            ..facts
        };
        let next = objected.next_step(NOW);
        assert_eq!(next.what == Awaited::Answer, waits, "{objected:?}");
        if waits {
            assert_eq!(next.until, NOW.plus(TimeDelta::days(2)));
        }
    }
}

#[test]
fn what_was_proposed_late_is_not_overdue_at_once() {
    let refund = |proposed_at, kind| Facts {
        refund: Some(RefundFacts {
            state: RefundState::Pending,
            kind,
            proposed_at,
        }),
        ..facts()
    };
    let promised = end_of(promise().decision_by);
    let until = |facts: Facts| facts.next_step(NOW).until;
    let early = promised.minus(TimeDelta::days(2));
    assert_eq!(until(refund(early, RefundKind::Deposit)), promised);
    let three_days = TimeDelta::days(3);
    let late = promised.plus(TimeDelta::days(9));
    assert_eq!(
        until(refund(late, RefundKind::Deposit)),
        late.plus(three_days)
    );
    assert_eq!(
        until(refund(early, RefundKind::Duplicate)),
        early.plus(three_days)
    );
}

prop_compose! {
    fn any_moment()(micros in 1_700_000_000_000_000_i64..1_900_000_000_000_000) -> Timestamp {
        Timestamp::from_micros(micros)
    }
}

prop_compose! {
    fn any_member()(
        may_bind in any::<bool>(),
        bind_deadline in proptest::option::of(any_moment()),
        is_matched in any::<bool>(),
        verdict in proptest::option::of((any::<bool>(), proptest::option::of(any_moment()))),
    ) -> MemberFacts {
        let verdict = verdict.map(|(is_eligible, refused_at)| VerdictFacts { is_eligible, refused_at });
        MemberFacts { may_bind, bind_deadline, is_matched, verdict }
    }
}

prop_compose! {
    fn any_refund()(
        state in proptest::sample::select(samples()),
        kind in proptest::sample::select(RefundKind::ALL),
        proposed_at in any_moment(),
    ) -> RefundFacts {
        RefundFacts { state, kind, proposed_at }
    }
}

prop_compose! {
    fn any_facts()(
        paid_at in any_moment(),
        promised in any::<bool>(),
        member in proptest::option::of(any_member()),
        refund in proptest::option::of(any_refund()),
        objected_at in proptest::option::of(any_moment()),
        is_merchant_held in any::<bool>(),
    ) -> Facts {
        let promise = promised.then(promise);
        Facts { paid_at, promise, rules: RULES, member, refund, objected_at, is_merchant_held }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]

    /// Whatever the facts are, it is somebody's turn, and time brings no other step but the one that
    /// an undo window's end brings.
    #[test]
    fn every_combination_of_facts_has_one_next_step_with_a_date(
        facts in any_facts(), now in any_moment(),
    ) {
        let step = facts.next_step(now);
        prop_assert!(step.until > Timestamp::from_micros(0));
        prop_assert_eq!(step.is_overdue(step.until.plus(TimeDelta::microseconds(1))), true);
        let later = facts.next_step(now.plus(TimeDelta::days(1)));
        prop_assert!(later == step || step.what == Awaited::Undo);
        // A refund that is open is never left to the member.
        let is_open = facts.refund.as_ref().is_some_and(|refund| {
            !matches!(refund.state, RefundState::Rejected { .. })
        });
        prop_assert!(!is_open || step.what.who() != Turn::Member);
    }
}
