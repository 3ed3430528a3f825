//! The card of one refund: 通过, 拒绝 (with a reason from a drop-down), 稍后, 详情.

pub(in crate::bot) mod press;
pub(in crate::bot) mod reason;
pub(in crate::bot) mod view;

use crate::bot::cards::waiting::{ground, named, shown};
use crate::domain::RefundStatus;
use crate::domain::card::Single;
use crate::store::camps::Camp;
use crate::store::refunds::{Listed, Refund};

/// The card of what waits for one member.
pub(in crate::bot) fn propose(camp: &Camp, listed: &Listed) -> Single {
    let proposal = &listed.refund.proposal;
    Single {
        camp: named(camp),
        refund: shown(listed),
        ground: ground(listed),
        order_no: listed.refund.order_no.clone(),
        due: listed.due.filter(|due| *due != proposal.amount_fen),
        confidence: listed.refund.provenance.confidence,
        reasons: listed.refund.provenance.match_reasons.clone(),
        rejected_before: listed.refund.rejected_before.clone(),
        first_by: first_by(&listed.refund),
    }
}

/// The first approver, where a second one is waited for.
fn first_by(refund: &Refund) -> Option<String> {
    let decision = refund.state.decision();
    decision
        .filter(|_| refund.status() == RefundStatus::AwaitingSecond)
        .map(|decision| decision.name.clone())
}
