//! The refunds that wait in a camp, as a card shows them to those whom it goes to.

use std::collections::BTreeSet;

use crate::bot::Bot;
use crate::bot::turn::Turn;
use crate::domain::card::{CampNamed, Ground, RefundShown, Tally};
use crate::domain::eligibility::Days;
use crate::domain::message::NothingPending;
use crate::domain::staff::Channel;
use crate::domain::{Action, CampId, CampStatus, RefundKind, WecomUserid};
use crate::services::inbox::Reply;
use crate::services::review::{self, Waiting, sum};
use crate::services::{Error, Result, lookup, staff};
use crate::store::camps::Camp;
use crate::store::refunds::Listed;

/// Finds what waits in a camp, as that one of these people sees it who may decide most there: who has
/// approved first sees less than their colleagues. None if nobody may.
pub(in crate::bot) async fn waiting_for(
    bot: &Bot,
    readers: &BTreeSet<WecomUserid>,
    camp: CampId,
) -> Result<Option<Waiting>> {
    let mut most: Option<Waiting> = None;
    for reader in readers {
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader.as_str(), Channel::Card).await?;
        let Some(actor) = actor else {
            continue;
        };
        match lookup::camp(&bot.ctx, &actor, Action::ReviewRefunds, camp).await {
            Ok(camp) => {
                let waiting = review::waiting(&bot.ctx, &actor, camp).await?;
                if most.as_ref().is_none_or(|most| most.len() < waiting.len()) {
                    most = Some(waiting);
                }
            }
            Err(Error::NotFound | Error::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(most)
}

/// The camps of somebody that have ended and whose list could not be built yet.
pub(in crate::bot) async fn unlisted(turn: &Turn<'_>) -> Result<Vec<String>> {
    let mut camps = lookup::camps_for(turn.ctx(), &turn.actor, Action::ReviewRefunds).await?;
    camps.retain(|camp| camp.status == CampStatus::Ended);
    Ok(camps.into_iter().map(|camp| camp.name).collect())
}

/// Tells somebody that nothing waits for them in a camp.
pub(in crate::bot) fn nothing(turn: &Turn<'_>, waiting: &Waiting) -> Reply {
    let status = waiting.camp.status;
    turn.reply(NothingPending {
        camp_name: Some(waiting.camp.name.clone()),
        awaiting: waiting.awaiting_another,
        has_no_list: status == CampStatus::Ended,
        goes_on: matches!(status, CampStatus::Enrolling | CampStatus::Ongoing),
        unlisted: Vec::new(),
    })
}

pub(in crate::bot) fn named(camp: &Camp) -> CampNamed {
    CampNamed {
        id: camp.id,
        name: camp.name.clone(),
    }
}

/// A refund as a card shows it.
pub(super) fn shown(listed: &Listed) -> RefundShown {
    RefundShown {
        id: listed.refund.id,
        hash: listed.refund.proposal_hash.clone(),
        amount: listed.refund.proposal.amount_fen,
        flags: listed.refund.proposal.flags.clone(),
    }
}

/// Whose money it is, and what for.
pub(super) fn ground(listed: &Listed) -> Ground {
    let proposal = &listed.refund.proposal;
    let days = |terms| Days::of(proposal.checked_in_days, terms);
    Ground {
        name: listed.shown_name(),
        kind: proposal.kind,
        days: proposal
            .terms
            .as_ref()
            .filter(|_| rests_on_days(proposal.kind))
            .map(days),
    }
}

pub(super) fn tally(listed: &[Listed]) -> Result<Tally> {
    Ok(Tally {
        count: listed.len(),
        sum: sum(listed)?,
    })
}

/// Tells a refund that is earned by days: a payment that something is wrong with goes back whatever
/// somebody's days are.
pub(super) const fn rests_on_days(kind: RefundKind) -> bool {
    matches!(kind, RefundKind::Deposit | RefundKind::Manual)
}
