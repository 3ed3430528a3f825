//! One refund in every status, for tests that go through all of them.

use super::{
    Approval, ClosedAs, Decision, Due, FailureReason, History, Processing, Proposal, RefundFlag,
    RefundKind, RefundState, Settlement, SettlementWay, Silence,
};
use crate::domain::{Fen, PaymentId, PlanetUserId, RefundNo, Timestamp, UserId};

/// What is proposed for payment 7, whose account has checked in on seven days.
pub(crate) fn proposal(kind: RefundKind, flags: Vec<RefundFlag>) -> Proposal {
    Proposal {
        payment_id: PaymentId(7),
        kind,
        amount_fen: Fen::new(9900).unwrap(),
        checked_in_days: 7,
        terms: None,
        planet_user_id: Some(PlanetUserId(300_000_000_000_007)),
        rivals: 0,
        flags,
        reason: String::new(),
    }
}

pub(crate) fn decision(user: i64) -> Decision {
    Decision {
        by: UserId(user),
        name: format!("user {user}"),
        at: Timestamp::from_micros(user),
    }
}

pub(crate) fn number() -> RefundNo {
    RefundNo::new(uuid::Uuid::nil())
}

pub(crate) fn settlement(user: i64) -> Settlement {
    Settlement {
        by: decision(user),
        way: SettlementWay::Transfer,
        amount: Fen::new(9900).unwrap(),
    }
}

fn history(attempts: i64) -> History {
    History {
        approval: Approval {
            first_approver: UserId(1),
            last: decision(2),
            undo_until: Timestamp::from_micros(60),
        },
        attempts,
        wechat_refund_id: None,
    }
}

const AT: Timestamp = Timestamp::from_micros(100);

/// At least one state of every status, and each form of those that have several.
pub(crate) fn samples() -> Vec<RefundState> {
    [undecided(), under_way(), ended()].concat()
}

fn undecided() -> Vec<RefundState> {
    let approved = |due| RefundState::Approved {
        history: history(0),
        due,
    };
    let by = Some(decision(1));
    vec![
        RefundState::Pending,
        RefundState::AwaitingSecond { first: decision(1) },
        approved(Due::At(AT)),
        approved(Due::SetAside),
        RefundState::Rejected { by: None },
        RefundState::Rejected { by },
    ]
}

fn under_way() -> Vec<RefundState> {
    let processing = |polls, due, lease_until, silence| {
        RefundState::Processing(Processing {
            history: history(1),
            polls,
            due,
            lease_until,
            silence,
        })
    };
    let silence = |blocked_by| {
        let since = AT;
        Some(Silence { since, blocked_by })
    };
    let failed = |attempts, retry_at| RefundState::Failed {
        history: history(attempts),
        reason: FailureReason::Refused,
        retry_at,
    };
    let wrong_keys = FailureReason::Code("SIGN_ERROR".to_owned());
    vec![
        processing(0, Due::At(AT), Some(AT), None),
        processing(3, Due::At(AT), None, silence(None)),
        processing(3, Due::SetAside, None, silence(Some(wrong_keys))),
        failed(1, Due::At(AT)),
        failed(2, Due::SetAside),
    ]
}

fn ended() -> Vec<RefundState> {
    let closed = |reason, closed_as| RefundState::Closed {
        history: Some(history(3)),
        reason: Some(reason),
        closed_as,
    };
    let wechat_refund_id = Some("5030".to_owned());
    let by_hand = ClosedAs::SettledOutside(settlement(3));
    vec![
        RefundState::ManualRequired {
            history: History {
                wechat_refund_id,
                ..history(3)
            },
            reason: FailureReason::Abnormal,
        },
        RefundState::Success {
            approval: history(1).approval,
            attempts: 1,
            wechat_refund_id: "5030".to_owned(),
            at: AT,
        },
        closed(FailureReason::Abnormal, by_hand.clone()),
        RefundState::Closed {
            history: None,
            reason: None,
            closed_as: by_hand,
        },
        closed(FailureReason::Closed, ClosedAs::ReplacedBy(number())),
    ]
}
