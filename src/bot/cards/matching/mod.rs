//! Matching the members of a camp with planet accounts: a text with the evidence, and the card on which a person chooses.

pub(in crate::bot) mod command;
pub(in crate::bot) mod namesakes;
pub(in crate::bot) mod press;
pub(in crate::bot) mod view;

use crate::bot::cards::waiting::named;
use crate::bot::turn::Turn;
use crate::domain::MemberId;
use crate::domain::card::{MatchNobody, MatchQuestion};
use crate::domain::matching::Decision;
use crate::domain::message::{Candidate, MatchDone, MatchEvidence};
use crate::domain::shown_name::{shown_name, told_apart, visible};
use crate::services::Result;
use crate::services::inbox::Reply;
use crate::services::matching::{self, Question, Suggestion, was_looked_at};
use crate::store::camps::Camp;
use crate::store::members::Member;

/// Asks about a member of a camp whom nobody has looked at: the one `after` another, where that
/// one is passed over.
async fn next(turn: &Turn<'_>, camp: &Camp, after: Option<MemberId>) -> Result<Vec<Reply>> {
    let waiting = matching::waiting(turn.ctx(), &turn.actor, camp.id).await?;
    let fresh = not_looked_at(&waiting);
    match matching::next_to_ask(turn.ctx(), &turn.actor, camp.id, after).await? {
        Some(member) => ask(turn, camp, member, fresh.saturating_sub(1)).await,
        None => {
            let done = MatchDone {
                camp_id: camp.id,
                camp_name: camp.name.clone(),
                count: waiting.len(),
            };
            Ok(vec![turn.reply_about(camp.id, done)])
        }
    }
}

fn not_looked_at(waiting: &[Member]) -> usize {
    let fresh = waiting.iter().filter(|member| !was_looked_at(member));
    fresh.count()
}

/// Asks about one member: a text with the evidence, and the card to choose on where there is
/// anything to choose.
async fn ask(turn: &Turn<'_>, camp: &Camp, id: MemberId, left: usize) -> Result<Vec<Reply>> {
    let question = matching::question(turn.ctx(), &turn.actor, id).await?;
    let evidence = turn.reply_about(camp.id, evidence(camp, &question, left));
    let card = match (question.suggestions.is_empty(), left) {
        (false, _) => turn.card(Some(camp.id), propose(camp, &question)),
        (true, 0) => return Ok(vec![evidence]),
        (true, _) => {
            let nobody = MatchNobody {
                camp: named(camp),
                member: id,
                name: question.member.identity.shown_name(),
            };
            turn.card(Some(camp.id), nobody)
        }
    };
    Ok(vec![evidence, card])
}

fn propose(camp: &Camp, question: &Question) -> MatchQuestion {
    let claim = &question.payment.claim;
    MatchQuestion {
        camp: named(camp),
        member: question.member.id,
        name: question.member.identity.shown_name(),
        wechat_nickname: visible(&question.member.identity.wechat_nickname),
        typed_id: claim.planet_id.clone(),
        typed_nickname: claim.nickname.as_deref().map(visible),
        remarks: remarks(question),
        candidates: candidates(&question.suggestions),
        unsure: is_unsure(&question.suggestions),
        unclaimed: question.none_resembles,
    }
}

fn evidence(camp: &Camp, question: &Question, left: usize) -> MatchEvidence {
    let asked = propose(camp, question);
    MatchEvidence {
        camp_id: camp.id,
        camp_name: asked.camp.name,
        name: asked.name,
        wechat_nickname: asked.wechat_nickname,
        typed_id: asked.typed_id,
        typed_nickname: asked.typed_nickname,
        order_no: question.payment.order_no.clone(),
        remarks: asked.remarks,
        candidates: asked.candidates,
        unclaimed: asked.unclaimed,
        left,
    }
}

/// Lists what is known of the member beside what speaks for the account that fits best: that
/// others claim their account, or whom the machine took them for.
fn remarks(question: &Question) -> Vec<String> {
    let best = question.suggestions.first();
    let is_said =
        |reason: &&String| best.is_some_and(|best| best.reasons.iter().any(|it| it == *reason));
    let reasons = question.member.identity.reasons.iter();
    reasons.filter(|reason| !is_said(reason)).cloned().collect()
}

/// Is true where a person should not take even the best account without looking twice.
fn is_unsure(suggestions: &[Suggestion]) -> bool {
    suggestions
        .first()
        .is_none_or(|best| best.is_doubtful || best.score < Decision::REVIEW_FROM)
}

/// The accounts to choose from: those that look the same carry the end of their id.
fn candidates(suggestions: &[Suggestion]) -> Vec<Candidate> {
    let named = |suggestion: &Suggestion| {
        let account = suggestion.planet_user_id;
        let name = shown_name(&[&suggestion.planet_nickname], None, Some(account));
        (name, account.to_string())
    };
    let names = told_apart(suggestions.iter().map(named).collect());
    let candidate = |(suggestion, name): (&Suggestion, String)| Candidate {
        account: suggestion.planet_user_id,
        name,
        score: suggestion.score,
        reasons: suggestion.reasons.clone(),
    };
    suggestions.iter().zip(names).map(candidate).collect()
}
