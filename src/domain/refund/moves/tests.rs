use std::collections::BTreeSet;

use super::*;
use crate::domain::refund::samples::{decision, number, samples, settlement};

type Step = fn(RefundState) -> Result<Moved, BadMove>;

const NOW: Timestamp = Timestamp::from_micros(1_000_000);

/// Every move with the states that have it.
fn steps() -> Vec<(Step, &'static [RefundStatus], RefundStatus)> {
    use RefundStatus::{
        Approved, AwaitingSecond, Closed, Failed, ManualRequired, Pending, Processing, Rejected,
        Success,
    };
    vec![
        (|s| s.approve_first(decision(1)), &[Pending], AwaitingSecond),
        (
            |s| s.approve(decision(2), NOW),
            &[Pending, AwaitingSecond],
            Approved,
        ),
        (
            |s| {
                let replaced = samples().iter().find_map(|s| s.approval().cloned());
                s.approve_as_successor(&replaced.unwrap(), decision(3))
            },
            &[Pending],
            Approved,
        ),
        (RefundState::withdraw, &[Approved], Pending),
        (
            |s| s.reject(Some(decision(1))),
            &[Pending, AwaitingSecond],
            Rejected,
        ),
        (|s| s.reject(None), &[Pending, AwaitingSecond], Rejected),
        (RefundState::reopen, &[Rejected, Closed], Pending),
        (|s| s.resume(NOW), &[ManualRequired], Processing),
        (
            |s| s.settle(settlement(3)),
            &[
                Pending,
                AwaitingSecond,
                Approved,
                Rejected,
                Processing,
                Failed,
                ManualRequired,
            ],
            Closed,
        ),
        (|s| s.replace_by(number()), &[ManualRequired], Closed),
        (|s| s.send(NOW, NOW), &[Approved, Failed], Processing),
        (RefundState::discover_try, &[Approved], Processing),
        (RefundState::take_up, &[Approved], Processing),
        (|s| s.hold_back(NOW), &[Processing], Approved),
        (
            |s| s.fail(FailureReason::Refused, NOW),
            &[Processing],
            Failed,
        ),
        (
            |s| s.require_person(FailureReason::Refused, None),
            &[Processing, Failed],
            ManualRequired,
        ),
        (
            |s| s.succeed("5030".to_owned(), NOW),
            &[Processing, Failed, ManualRequired],
            Success,
        ),
    ]
}

#[test]
fn the_moves_are_the_table_and_the_table_is_the_moves() {
    let mut reached = BTreeSet::new();
    for (step, from, to) in steps() {
        for state in samples() {
            let status = state.status();
            // Another refund is in its place.
            let is_replaced = state.replaced_by().is_some();
            match step(state) {
                Ok(moved) => {
                    assert!(from.contains(&status), "{status} → {to}");
                    assert_eq!(moved.change().from(), Some(status));
                    assert_eq!(moved.change().to(), to);
                    assert_eq!(moved.state().status(), to);
                    reached.insert((status, to));
                }
                Err(bad) => {
                    assert!(!from.contains(&status) || is_replaced, "{bad}");
                    assert_eq!(
                        (bad.from.as_str(), bad.to.as_str()),
                        (status.as_str(), to.as_str())
                    );
                }
            }
        }
    }
    for &from in RefundStatus::ALL {
        for &to in RefundStatus::ALL {
            let is_reached = reached.contains(&(from, to));
            assert_eq!(is_reached, from.may_become(to), "{from} → {to}");
        }
    }
}

#[test]
fn an_approval_stays_with_the_refund_to_the_end() {
    let first = RefundState::Pending.approve_first(decision(1)).unwrap();
    let approved = first.into_state().approve(decision(2), NOW).unwrap();
    let sent = approved.into_state().send(NOW, NOW).unwrap().into_state();
    let given_up = sent.require_person(FailureReason::Abnormal, Some("5030".to_owned()));
    let given_up = given_up.unwrap().into_state();
    assert_eq!(given_up.wechat_refund_id(), Some("5030"));
    let resumed = given_up.resume(NOW).unwrap().into_state();
    assert_eq!(resumed.attempts(), 2);
    let done = resumed
        .succeed("5031".to_owned(), NOW)
        .unwrap()
        .into_state();
    let approval = done.approval().unwrap();
    assert_eq!(approval.first_approver, decision(1).by);
    assert_eq!(done.decision(), Some(&decision(2)));
    assert_eq!(
        (done.attempts(), done.wechat_refund_id()),
        (2, Some("5031"))
    );
}

#[test]
fn a_try_that_met_the_merchants_trouble_does_not_count() {
    let approved = RefundState::Pending.approve(decision(1), NOW).unwrap();
    let mut state = approved.into_state();
    for _ in 0..5 {
        let sent = state.send(NOW, NOW).unwrap().into_state();
        assert_eq!(sent.attempts(), 1);
        let later = NOW.plus(chrono::TimeDelta::hours(1));
        state = sent.hold_back(later).unwrap().into_state();
        assert_eq!((state.attempts(), state.next_try_at()), (0, Some(later)));
    }
}

#[test]
fn silence_counts_from_its_beginning_and_ends_with_any_word() {
    let later = |minutes| NOW.plus(chrono::TimeDelta::minutes(minutes));
    let asked = |state: RefundState, now| match state {
        RefundState::Processing(processing) => processing.unknown(None, now),
        other => other,
    };
    let sent = RefundState::Pending
        .approve(decision(1), NOW)
        .and_then(|approved| approved.into_state().send(NOW, NOW));
    let mut state = sent.unwrap().into_state();
    for minutes in [1, 2, 3] {
        state = asked(state, later(minutes));
    }
    let RefundState::Processing(silent) = state else {
        panic!("it stays under way")
    };
    let silence = silent.silence.clone().unwrap();
    assert_eq!((silence.since, silent.polls), (later(1), 3));
    assert!(!silence.has_lasted(chrono::TimeDelta::minutes(3), later(3)));
    assert!(silence.has_lasted(chrono::TimeDelta::minutes(3), later(4)));
    let RefundState::Processing(heard) = silent.under_way("5030".to_owned(), later(4)) else {
        panic!("it stays under way")
    };
    assert_eq!((heard.silence, heard.lease_until), (None, None));
    assert_eq!(heard.due, Due::At(later(5)));
}

#[test]
fn after_closed_nothing_but_money_changes_what_people_have() {
    use FailureReason::{Abnormal, Closed, Mismatch};
    for (known, told, is_news) in [
        (Mismatch, Abnormal, true),
        (Abnormal, Closed, true),
        (Abnormal, Abnormal, false),
        (Closed, Abnormal, false),
        (Closed, Closed, false),
    ] {
        for state in samples() {
            let RefundState::ManualRequired { history, .. } = state else {
                assert_eq!(state.corrected(told.clone(), "5030".to_owned()), None);
                continue;
            };
            let reason = known.clone();
            let state = RefundState::ManualRequired { history, reason };
            let corrected = state.corrected(told.clone(), "5030".to_owned());
            assert_eq!(corrected.is_some(), is_news, "{known:?} {told:?}");
        }
    }
}
