//! The presses on the cards that ask who a member is, or which of several.

use crate::bot::cards::press::Press;
use crate::domain::card::{
    Chosen, MatchDecided, MatchNobody, MatchQuestion, MatchResult, Namesakes, Outcome,
};
use crate::domain::command::Verb;
use crate::domain::message::DecidedBy;
use crate::domain::shown_name::shown_nickname;
use crate::domain::{Action, CampId, CardState, Machine as _, MatchStatus, MemberId, PlanetUserId};
use crate::services::inbox::Reply;
use crate::services::matching::{self, Choice};
use crate::services::{Error, Refusal, Result, lookup};
use crate::store::camps::Camp;
use crate::store::members::Member;

use super::{ask, next};

/// The question of the card.
const ACCOUNT: &str = "account";
/// The option that is no account: 以上都不是.
const NONE: &str = "none";
/// The question of the drop-down with namesakes.
const MEMBER: &str = "member";

/// A press on the card that asks which account a member is.
pub(in crate::bot) async fn on_question(
    press: &Press<'_>,
    question: &MatchQuestion,
) -> Result<Vec<Reply>> {
    match (press.action, press.card.state) {
        ("submit", CardState::Open) => submit(press, question).await,
        ("submit", _) if press.is_mine_again() => repeat(press).await,
        ("undo", CardState::Decided) => undo(press, question).await,
        ("next", _) => after(press, question.camp.id, question.member).await,
        _ => {
            let outcome = press.card.outcome.as_ref().ok_or(Error::NotFound)?;
            press.too_late(outcome).await
        }
    }
}

/// A press on the card of a member for whom there is no account to choose.
pub(in crate::bot) async fn on_nobody(
    press: &Press<'_>,
    nobody: &MatchNobody,
) -> Result<Vec<Reply>> {
    match press.action {
        "next" => after(press, nobody.camp.id, nobody.member).await,
        _ => Ok(vec![press.gone()]),
    }
}

/// Asks about the member after this one.
async fn after(press: &Press<'_>, camp: CampId, member: MemberId) -> Result<Vec<Reply>> {
    let camp = camp_of(press, camp).await?;
    next(&press.turn, &camp, Some(member)).await
}

async fn camp_of(press: &Press<'_>, camp: CampId) -> Result<Camp> {
    lookup::camp(press.ctx(), &press.turn.actor, Action::MatchMembers, camp).await
}

async fn submit(press: &Press<'_>, question: &MatchQuestion) -> Result<Vec<Reply>> {
    let Some(choice) = chosen(press, question) else {
        return Ok(vec![press.turn.nothing_picked("ticked")]);
    };
    let (ctx, actor) = (press.ctx(), &press.turn.actor);
    match matching::choose(ctx, actor, question.member, choice).await {
        Ok(member) => {
            let change = CardState::Open.to(CardState::Decided)?;
            press
                .decide(change, outcome(&member, press.turn.decided_now()))
                .await
        }
        Err(Error::Refused(Refusal::AlreadyDecided { by, at, .. })) => {
            let member = matching::question(ctx, actor, question.member)
                .await?
                .member;
            press
                .too_late(&outcome(&member, DecidedBy { by, at }).without_undo())
                .await
        }
        Err(error) => Err(error),
    }
}

/// Reads what was picked, if the card has offered it.
fn chosen(press: &Press<'_>, question: &MatchQuestion) -> Option<Choice> {
    let picked = press.selected(ACCOUNT).first()?;
    if picked == NONE {
        return Some(Choice::NoneOfThese);
    }
    let account = PlanetUserId(picked.parse().ok()?);
    let mut offered = question.candidates.iter();
    offered
        .any(|candidate| candidate.account == account)
        .then_some(Choice::Account(account))
}

/// Shows once more what this very click has decided: the process died before it could.
async fn repeat(press: &Press<'_>) -> Result<Vec<Reply>> {
    let outcome = press.card.outcome.clone().ok_or(Error::NotFound)?;
    let change = CardState::Open.to(CardState::Decided)?;
    press.decide(change, outcome).await
}

async fn undo(press: &Press<'_>, question: &MatchQuestion) -> Result<Vec<Reply>> {
    let Some(Outcome::Match(MatchDecided {
        result: MatchResult::Matched { account, nickname },
        ..
    })) = press.card.outcome.clone()
    else {
        return Err(Error::NotFound);
    };
    matching::withdraw(press.ctx(), &press.turn.actor, question.member, account).await?;
    let outcome = MatchDecided {
        made: press.turn.decided_now(),
        result: MatchResult::Withdrawn { account, nickname },
        is_final: true,
    };
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    press.decide(change, Outcome::Match(outcome)).await
}

/// Records what was said of a member, as they stand now.
fn outcome(member: &Member, made: DecidedBy) -> Outcome {
    let is_matched = member.match_status == MatchStatus::Matched;
    let result = match member.identity.planet_user_id.filter(|_| is_matched) {
        Some(account) => MatchResult::Matched {
            account,
            nickname: shown_nickname(&member.identity.planet_nickname, Some(account)),
        },
        None => MatchResult::NoneOfThese,
    };
    Outcome::Match(MatchDecided {
        made,
        result,
        is_final: false,
    })
}

/// A press on the card with namesakes: the member who was picked is asked about.
pub(in crate::bot) async fn on_namesakes(
    press: &Press<'_>,
    namesakes: &Namesakes,
) -> Result<Vec<Reply>> {
    if !press.is_open() && !press.is_mine_again() {
        return Ok(vec![press.gone()]);
    }
    let picked = press.selected(MEMBER).first();
    let picked = picked.and_then(|id| id.parse().ok()).map(MemberId);
    let mut offered = namesakes.members.iter().map(|namesake| namesake.id);
    let id = offered
        .find(|id| Some(*id) == picked)
        .ok_or(Error::NotFound)?;
    let camp = camp_of(press, namesakes.camp.id).await?;
    let said = ask(&press.turn, &camp, id, 0).await?;
    let chosen = Chosen {
        verb: Verb::Match,
        camp_name: camp.name,
    };
    press.choose(chosen).await?;
    Ok(said)
}
