//! `匹配`: who of a camp waits for a person to say which planet account they are, the card that asks
//! it, and the presses on that card.

pub(in crate::bot) mod namesakes;

use serde_json::{Value, json};

use crate::domain::matching::Decision;
use crate::domain::staff::Actor;
use crate::domain::{
    Action, CampStatus, CardState, Machine as _, MatchStatus, MemberId, PlanetUserId,
};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MemberProgress, shown_name};
use crate::services::matching::{self, Choice, Question, Suggestion, was_looked_at};
use crate::services::{Error, Refusal, Result};
use crate::store::camps::Camp;
use crate::store::cards::{NewCard, Outcome};
use crate::store::members::Member;

use crate::bot::cards::choosing;
use crate::bot::cards::pending::CARD_LIFE;
use crate::bot::cards::press::Press;
use crate::bot::command::Verb;
use crate::bot::names::{self, Found};
use crate::bot::{Bot, answers, replies};

/// The question of the card.
const ACCOUNT: &str = "account";
/// The option that is no account: 以上都不是.
const NONE: &str = "none";
/// The card of a member for whom there is no account to choose.
pub(in crate::bot) const NOBODY: &str = "match_nobody";
/// Characters of an option (wecom-app §6).
const MAX_OPTION_CHARS: usize = 16;
/// Accounts that the text before the card explains; the card has up to nine.
const EXPLAINED: usize = 5;

/// What is said to `匹配 [营] [会员]`.
pub(in crate::bot) async fn answer(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    words: &[String],
) -> Result<Vec<Reply>> {
    let mut camps = lookup::camps_for(&bot.ctx, actor, Action::MatchMembers).await?;
    camps.retain(|camp| camp.status != CampStatus::Archived);
    let Some((first, rest)) = words.split_first() else {
        return everywhere(bot, person, actor, &camps).await;
    };
    if let Found::One(camp) = names::find(&words.join(" "), &camps, |camp| &camp.name) {
        return next(bot, person, actor, camp, None).await;
    }
    match names::find(first, &camps, |camp| &camp.name) {
        Found::One(camp) => about_camp(bot, person, actor, camp, rest).await,
        found => {
            let verb = Verb::Match;
            Ok(vec![choosing::card(bot, person, verb, first, rest, &found)])
        }
    }
}

/// Asks about a member of a camp: the one who is named, else the next one who waits.
pub(in crate::bot) async fn about_camp(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
    words: &[String],
) -> Result<Vec<Reply>> {
    if words.is_empty() {
        next(bot, person, actor, camp, None).await
    } else {
        member(bot, person, actor, camp, &words.join(" ")).await
    }
}

/// The camps in which somebody waits; the only one at once.
async fn everywhere(bot: &Bot, person: &str, actor: &Actor, camps: &[Camp]) -> Result<Vec<Reply>> {
    let mut waiting = Vec::new();
    for camp in camps {
        let members = matching::waiting(&bot.ctx, actor, camp.id).await?;
        if !members.is_empty() {
            let count = not_looked_at(&members);
            waiting.push((camp, count, members.len() - count));
        }
    }
    if let [(camp, ..)] = waiting.as_slice() {
        return next(bot, person, actor, camp, None).await;
    }
    let line = |(camp, count, seen): &(&Camp, usize, usize)| json!({"name": camp.name, "count": count, "seen": seen});
    let lines: Vec<Value> = waiting.iter().map(line).collect();
    let body = json!({"camps": lines});
    Ok(vec![replies::text(bot, person, "answer_match_camps", body)])
}

/// Asks about a member of a camp whom nobody has looked at: the one `after` another, where that
/// one is passed over.
async fn next(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
    after: Option<MemberId>,
) -> Result<Vec<Reply>> {
    let waiting = matching::waiting(&bot.ctx, actor, camp.id).await?;
    let fresh = not_looked_at(&waiting);
    match matching::next_to_ask(&bot.ctx, actor, camp.id, after).await? {
        Some(member) => ask(bot, person, actor, camp, member, fresh.saturating_sub(1)).await,
        None => {
            let body = json!({
                "campId": camp.id.0, "campName": camp.name, "count": waiting.len(),
            });
            let text = replies::text(bot, person, "answer_match_done", body);
            Ok(vec![replies::about(text, camp.id)])
        }
    }
}

fn not_looked_at(waiting: &[Member]) -> usize {
    let fresh = waiting.iter().filter(|member| !was_looked_at(member));
    fresh.count()
}

/// Asks about one member by name, looked at or not.
async fn member(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
    wanted: &str,
) -> Result<Vec<Reply>> {
    let found = lookup::find_members(&bot.ctx, actor, camp, wanted).await?;
    let is_open = |place: &&MemberProgress| place.member.match_status != MatchStatus::Matched;
    let open: Vec<&MemberProgress> = found.iter().filter(is_open).collect();
    match open.as_slice() {
        [] => Ok(vec![answers::members(bot, person, camp, wanted, &found)]),
        [only] => ask(bot, person, actor, camp, only.member.id, 0).await,
        several => Ok(vec![namesakes::card(bot, person, camp, wanted, several)]),
    }
}

/// A text with the evidence, and the card to choose on where there is anything to choose.
pub(in crate::bot) async fn ask(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
    id: MemberId,
    left: usize,
) -> Result<Vec<Reply>> {
    let question = matching::question(&bot.ctx, actor, id).await?;
    let body = body_of(camp, &question, left);
    let text = replies::text(bot, person, "answer_match", body.clone());
    let text = replies::about(text, camp.id);
    let kind = match (question.suggestions.is_empty(), left) {
        (false, _) => "match",
        (true, 0) => return Ok(vec![text]),
        (true, _) => NOBODY,
    };
    let card = NewCard {
        kind: kind.to_owned(),
        camp_id: Some(camp.id),
        subject: format!("member:{id}"),
        proposal: body.clone(),
        audience: vec![person.to_owned()],
        expires_at: bot.ctx.now().plus(CARD_LIFE),
    };
    Ok(vec![text, replies::card(bot, person, kind, body, card)])
}

fn body_of(camp: &Camp, question: &Question, left: usize) -> Value {
    let Question {
        member,
        payment,
        suggestions,
        none_resembles,
    } = question;
    let candidates: Vec<Value> = suggestions
        .iter()
        .enumerate()
        .map(|(place, suggestion)| candidate(place, suggestion))
        .collect();
    json!({
        "campId": camp.id.0,
        "campName": camp.name,
        "memberId": member.id.0,
        "name": shown_name(member),
        "wechatNickname": member.identity.wechat_nickname,
        "typedId": payment.claim.planet_id,
        "typedNickname": payment.claim.nickname,
        "orderNo": payment.order_no,
        "remarks": remarks(question),
        "candidates": candidates,
        "explained": EXPLAINED,
        "unsure": is_unsure(suggestions),
        "unclaimed": none_resembles,
        "left": left,
    })
}

/// What is known of the member beside what speaks for the account that fits best: that others
/// claim their account, or whom the machine took them for.
fn remarks(question: &Question) -> Vec<&str> {
    let best = question.suggestions.first();
    let is_said =
        |reason: &&str| best.is_some_and(|best| best.reasons.iter().any(|said| said == reason));
    let reasons = question.member.identity.reasons.iter();
    reasons
        .map(String::as_str)
        .filter(|reason| !is_said(reason))
        .collect()
}

/// Whether the best account is none that a person should take without looking twice.
fn is_unsure(suggestions: &[Suggestion]) -> bool {
    suggestions
        .first()
        .is_none_or(|best| best.is_doubtful || best.score < Decision::REVIEW_FROM)
}

fn candidate(place: usize, suggestion: &Suggestion) -> Value {
    let score = match suggestion.score {
        // Nothing speaks for it: a number would say that something does.
        0 => String::new(),
        score => format!(" {score}分"),
    };
    let number = format!("{} ", place + 1);
    let taken = score.chars().count() + number.chars().count();
    let room = MAX_OPTION_CHARS.saturating_sub(taken);
    let name = called(suggestion);
    json!({
        "account": suggestion.planet_user_id.to_string(),
        "name": name,
        "score": suggestion.score,
        "reasons": suggestion.reasons,
        "label": number + &wecom::limit::fit_characters(&name, room) + &score,
    })
}

/// The nickname of an account; its id where there is none.
fn called(suggestion: &Suggestion) -> String {
    match suggestion.planet_nickname.trim() {
        "" => suggestion.planet_user_id.to_string(),
        name => name.to_owned(),
    }
}

/// A press on the card.
pub(in crate::bot) async fn on_match(press: &Press<'_>) -> Result<Vec<Reply>> {
    match (press.action, press.card.state) {
        ("submit", CardState::Open) => submit(press).await,
        ("submit", _) if press.is_mine_again() => repeat(press).await,
        ("undo", CardState::Decided) => undo(press).await,
        ("next", _) => {
            let camp = press.card.camp_id.ok_or(Error::NotFound)?;
            let action = Action::MatchMembers;
            let camp = lookup::camp(&press.bot.ctx, &press.actor, action, camp).await?;
            let (bot, person) = (press.bot, press.person);
            next(bot, person, &press.actor, &camp, Some(member_of(press)?)).await
        }
        _ => {
            let outcome = press.card.outcome.as_ref().ok_or(Error::NotFound)?;
            press.too_late("match_decided", &outcome.shown).await
        }
    }
}

async fn submit(press: &Press<'_>) -> Result<Vec<Reply>> {
    let Some(choice) = chosen(press) else {
        let body = json!({"word": "nothing_ticked"});
        let text = replies::text(press.bot, press.person, "answer_refused", body);
        return Ok(vec![text]);
    };
    let id = member_of(press)?;
    let ctx = &press.bot.ctx;
    match matching::choose(ctx, &press.actor, id, choice).await {
        Ok(member) => {
            let at = replies::moment(ctx.now());
            let outcome = outcome(press, &member, &press.actor.name, at);
            let change = CardState::Open.to(CardState::Decided)?;
            press.conclude(change, "match_decided", outcome).await
        }
        Err(Error::Refused(Refusal::AlreadyDecided { by, at, .. })) => {
            let member = matching::question(ctx, &press.actor, id).await?.member;
            let outcome = outcome(press, &member, &by, replies::moment(at));
            press.too_late("match_decided", &outcome.shown).await
        }
        Err(error) => Err(error),
    }
}

/// What was picked, if the card has offered it.
fn chosen(press: &Press<'_>) -> Option<Choice> {
    let picked = press.click.selected(ACCOUNT).first()?;
    if picked == NONE {
        return Some(Choice::NoneOfThese);
    }
    let offered = press.card.proposal.get("candidates")?.as_array()?;
    let is_offered = offered
        .iter()
        .any(|candidate| candidate.get("account").and_then(Value::as_str) == Some(picked));
    let account = picked.parse().ok().filter(|_| is_offered)?;
    Some(Choice::Account(PlanetUserId(account)))
}

/// Shows once more what this very click has decided: the process died before it could.
async fn repeat(press: &Press<'_>) -> Result<Vec<Reply>> {
    let outcome = press.card.outcome.clone().ok_or(Error::NotFound)?;
    let change = CardState::Open.to(CardState::Decided)?;
    press.conclude(change, "match_decided", outcome).await
}

async fn undo(press: &Press<'_>) -> Result<Vec<Reply>> {
    let mut outcome = press.card.outcome.clone().ok_or(Error::NotFound)?;
    let account = outcome.account.ok_or(Error::NotFound)?;
    let id = member_of(press)?;
    matching::withdraw(&press.bot.ctx, &press.actor, id, account).await?;
    if let Some(fields) = outcome.shown.as_object_mut() {
        let at = replies::moment(press.bot.ctx.now());
        fields.insert("status".to_owned(), json!("withdrawn"));
        fields.insert("by".to_owned(), json!(press.actor.name));
        fields.insert("at".to_owned(), json!(at));
    }
    let change = CardState::Decided.to(CardState::Withdrawn)?;
    press.conclude(change, "match_decided", outcome).await
}

fn member_of(press: &Press<'_>) -> Result<MemberId> {
    let id = press.card.proposal.get("memberId").and_then(Value::as_i64);
    id.map(MemberId).ok_or(Error::NotFound)
}

/// What the card shows once somebody has decided: the member as they stand now.
fn outcome(press: &Press<'_>, member: &Member, by: &str, at: String) -> Outcome {
    let is_matched = member.match_status == MatchStatus::Matched;
    let account = member.identity.planet_user_id.filter(|_| is_matched);
    let asked = |name: &str| press.card.proposal.get(name).cloned();
    let shown = json!({
        "what": "match",
        "campName": asked("campName"),
        "name": asked("name"),
        "account": account.map(|account| account.to_string()),
        "chosen": Some(&member.identity.planet_nickname).filter(|_| is_matched),
        "status": if is_matched { "matched" } else { NONE },
        "by": by,
        "at": at,
    });
    Outcome {
        account,
        ..Outcome::from(shown)
    }
}
