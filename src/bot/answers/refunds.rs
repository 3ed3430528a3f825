//! `退款`: where money stands; `重试`: refunds that did not work are tried again.

use crate::bot::asking::needed_for;
use crate::bot::cards::{choosing, single};
use crate::bot::names::{self, Found};
use crate::bot::turn::Turn;
use crate::bot::understanding::is_all;
use crate::domain::command::Verb;
use crate::domain::message::{
    DecidedBy, FailedLine, RefundFailed, RefundStandings, Retried, StandingLine, StepLine,
};
use crate::domain::{CampId, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::standing::{self, Standing};
use crate::services::{Result, lookup, refund, review};
use crate::store::camps::Camp;
use crate::store::refunds::Listed;

/// Answers `退款 <会员|订单>`: where that money stands; where it waits for the one who asks, its card.
pub(super) async fn told(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Refund)).await?;
    let (camp, words) = without_camp(words, &camps);
    let wanted = words.join(" ");
    let found = if wanted.is_empty() {
        Vec::new()
    } else {
        standing::find(turn.ctx(), &turn.actor, camp, &wanted).await?
    };
    let told = RefundStandings {
        wanted,
        standings: found.iter().map(line).collect(),
    };
    let mut answers = vec![turn.reply(told)];
    if let [only] = found.as_slice() {
        answers.extend(card_of(turn, only).await?);
    }
    Ok(answers)
}

/// `退款 写作营 小满`: the first word may be the camp.
fn without_camp<'w>(words: &'w [String], camps: &[Camp]) -> (Option<CampId>, &'w [String]) {
    match words.split_first() {
        Some((first, rest)) if !rest.is_empty() => {
            match names::find(first, camps, |camp| &camp.name) {
                Found::One(camp) => (Some(camp.id), rest),
                _ => (None, words),
            }
        }
        _ => (None, words),
    }
}

fn line(standing: &Standing) -> StandingLine {
    let refund = standing.refund.as_ref();
    let decision = refund.and_then(|refund| refund.state.decision());
    let failure = refund.and_then(|refund| refund.state.failure_reason());
    let reason = match (failure, &standing.rejection) {
        (Some(failure), _) => failure.word(),
        (None, rejection) => rejection.clone().unwrap_or_default(),
    };
    StandingLine {
        camp_name: standing.camp_name.clone(),
        name: standing.name.clone(),
        order_no: standing.order_no.clone(),
        amount: standing.amount,
        status: refund.map(|refund| refund.status()),
        is_held: refund.is_some_and(|refund| refund.waiting_for().is_some()),
        decision: decision.map(|decision| DecidedBy {
            by: decision.name.clone(),
            at: decision.at,
        }),
        refunded_at: refund.and_then(|refund| refund.state.refunded_at()),
        reason,
        next: standing.next.map(|next| StepLine {
            what: next.what,
            until: next.until,
        }),
    }
}

/// The card by which the one who asks can go on: the decision, or the retry.
async fn card_of(turn: &Turn<'_>, standing: &Standing) -> Result<Option<Reply>> {
    let Some(refund) = &standing.refund else {
        return Ok(None);
    };
    match (refund.status(), standing.camp_id) {
        (RefundStatus::Pending | RefundStatus::AwaitingSecond, Some(camp)) => {
            let needed = needed_for(Verb::Refund);
            let camp = lookup::camp(turn.ctx(), &turn.actor, needed, camp).await?;
            let waiting = review::waiting(turn.ctx(), &turn.actor, camp).await?;
            let listed = waiting.of_refund(refund.id);
            Ok(listed.map(|listed| {
                let camp = &waiting.camp;
                turn.card(Some(camp.id), single::propose(camp, listed))
            }))
        }
        (RefundStatus::ManualRequired, camp) => {
            let reason = refund.state.failure_reason();
            let failed = RefundFailed {
                refund_id: refund.id,
                refund_no: refund.refund_no.to_string(),
                order_no: refund.order_no.clone(),
                camp_name: standing.camp_name.clone(),
                name: standing.name.clone(),
                amount: standing.amount,
                reason: reason.map_or_else(String::new, |reason| reason.word()),
                attempts: refund.state.attempts(),
            };
            Ok(Some(turn.card(camp, failed)))
        }
        _ => Ok(None),
    }
}

/// Answers `重试 [退款|营|全部]`. Without a word it tells what could be tried again; what somebody
/// may have meant otherwise is asked about.
pub(super) async fn retry(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let wanted = words.join(" ");
    if wanted.is_empty() {
        return Ok(vec![retry_list(turn).await?]);
    }
    if is_all(&wanted) {
        return Ok(vec![retry_all(turn, None).await?]);
    }
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Retry)).await?;
    if let Some(camp) = names::equal(&wanted, &camps, |camp| &camp.name) {
        return retry_camp(turn, camp).await;
    }
    let (camp, of_whom) = without_camp(words, &camps);
    let of_whom = of_whom.join(" ");
    let found = standing::find(turn.ctx(), &turn.actor, camp, &of_whom).await?;
    // Only who is named in full: half a name may be somebody else's.
    if let [only] = found.as_slice()
        && (only.is_of_number || names::equal(&of_whom, &found, |it| &it.name).is_some())
        && has_failed(only)
    {
        return Ok(vec![retry_one(turn, only).await?]);
    }
    if !found.is_empty() {
        return which_one(turn, of_whom, &found).await;
    }
    match names::find(&wanted, &camps, |camp| &camp.name) {
        // No camp, no member: the answer about refunds says so.
        Found::None(nearest) if nearest.is_empty() => told(turn, words).await,
        found => Ok(vec![choosing::ask(turn, Verb::Retry, &wanted, &[], &found)]),
    }
}

/// Cards of one answer.
const MAX_CARDS: usize = 3;

/// Tells of those who may be meant, with the card of the only one, or of each that can be tried again.
async fn which_one(turn: &Turn<'_>, wanted: String, found: &[Standing]) -> Result<Vec<Reply>> {
    let told = RefundStandings {
        wanted,
        standings: found.iter().map(line).collect(),
    };
    let mut answers = vec![turn.reply(told)];
    let can_be_chosen = |standing: &&Standing| found.len() == 1 || has_failed(standing);
    for standing in found.iter().filter(can_be_chosen).take(MAX_CARDS) {
        answers.extend(card_of(turn, standing).await?);
    }
    Ok(answers)
}

fn has_failed(standing: &Standing) -> bool {
    let refund = standing.refund.as_ref();
    refund.is_some_and(|refund| {
        let status = refund.status();
        matches!(status, RefundStatus::Failed | RefundStatus::ManualRequired)
    })
}

/// Has all refunds of a camp tried again that did not work.
pub(super) async fn retry_camp(turn: &Turn<'_>, camp: &Camp) -> Result<Vec<Reply>> {
    Ok(vec![retry_all(turn, Some(camp)).await?])
}

async fn retry_one(turn: &Turn<'_>, standing: &Standing) -> Result<Reply> {
    let mut told = Retried {
        camp_name: standing.camp_name.clone(),
        ..nothing()
    };
    if let Some(refund) = &standing.refund {
        let reason = refund.state.failure_reason();
        told.retried.push(FailedLine {
            name: standing.name.clone(),
            amount: standing.amount,
            reason: reason.map_or_else(String::new, |reason| reason.word()),
        });
        refund::retry(turn.ctx(), &turn.actor, refund.id).await?;
    }
    Ok(turn.reply(told))
}

async fn retry_all(turn: &Turn<'_>, camp: Option<&Camp>) -> Result<Reply> {
    let id: Option<CampId> = camp.map(|camp| camp.id);
    let done = refund::retry_all(turn.ctx(), &turn.actor, id).await?;
    Ok(turn.reply(Retried {
        camp_name: camp.map(|camp| camp.name.clone()),
        retried: done.passing.iter().map(failed_line).collect(),
        left: done.left.iter().map(failed_line).collect(),
        ..nothing()
    }))
}

async fn retry_list(turn: &Turn<'_>) -> Result<Reply> {
    let found = refund::failures(turn.ctx(), &turn.actor, None).await?;
    Ok(turn.reply(Retried {
        could: found.passing.iter().map(failed_line).collect(),
        left: found.left.iter().map(failed_line).collect(),
        ..nothing()
    }))
}

fn failed_line(listed: &Listed) -> FailedLine {
    let reason = listed.refund.state.failure_reason();
    FailedLine {
        name: listed.shown_name(),
        amount: listed.refund.proposal.amount_fen,
        reason: reason.map_or_else(String::new, |reason| reason.word()),
    }
}

const fn nothing() -> Retried {
    Retried {
        camp_name: None,
        retried: Vec::new(),
        could: Vec::new(),
        left: Vec::new(),
    }
}
