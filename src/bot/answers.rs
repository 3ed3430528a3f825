//! Commands, and what is said to them.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::eligibility::Judgement;
use crate::domain::staff::{Actor, Channel, Reach};
use crate::domain::{Action, MatchStatus};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MemberProgress};
use crate::services::{Result, review, staff, sync};
use crate::store::camps::Camp;

use super::command::{Command, Verb};
use super::names::{self, Found};
use super::{Bot, matching, pending, replies, single};

/// How soon the report of a sync is first asked for.
const FIRST_LOOK: TimeDelta = TimeDelta::seconds(2);

/// What is said to a text, or to a tap on the menu.
pub(super) async fn answer(bot: &Bot, person: &str, text: &str) -> Result<Vec<Reply>> {
    let command = Command::parse(text);
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Chat).await?;
    let Some(actor) = actor else {
        return answer_member(bot, person, command).await;
    };
    match command {
        None => Ok(vec![help(bot, person, &actor, false)]),
        Some(Command {
            verb: Verb::Help, ..
        }) => Ok(vec![help(bot, person, &actor, true)]),
        Some(Command {
            verb: Verb::Progress,
            words,
        }) => progress(bot, person, &actor, &words).await,
        Some(Command {
            verb: Verb::Sync,
            words,
        }) => start_sync(bot, person, &actor, &words).await,
        Some(Command {
            verb: Verb::Match,
            words,
        }) => matching::answer(bot, person, &actor, &words).await,
        Some(Command {
            verb: Verb::Pending,
            words,
        }) => what_waits(bot, person, &actor, &words).await,
    }
}

/// A corp member who has paid hears about themselves; anybody else about nobody.
async fn answer_member(bot: &Bot, person: &str, _command: Option<Command>) -> Result<Vec<Reply>> {
    let places = lookup::own_places(&bot.ctx, person).await?;
    if places.is_empty() {
        return Ok(vec![replies::text(
            bot,
            person,
            "answer_stranger",
            json!({}),
        )]);
    }
    let places: Vec<Value> = places.iter().map(|place| member_line(bot, place)).collect();
    let body = json!({"places": places});
    Ok(vec![replies::text(
        bot,
        person,
        "answer_own_progress",
        body,
    )])
}

fn help(bot: &Bot, person: &str, actor: &Actor, understood: bool) -> Reply {
    let body = json!({
        "name": actor.name,
        "understood": understood,
        "mayMatch": actor.role.may(Action::MatchMembers) != Reach::Nowhere,
        "maySync": actor.role.may(Action::SyncCheckIns) != Reach::Nowhere,
        "mayReview": actor.role.may(Action::ReviewRefunds) != Reach::Nowhere,
    });
    replies::text(bot, person, "answer_help", body)
}

async fn progress(bot: &Bot, person: &str, actor: &Actor, words: &[String]) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(&bot.ctx, actor, Action::ViewCamp).await?;
    let Some((first, rest)) = words.split_first() else {
        return overview(bot, person, actor, &camps).await;
    };
    let camp = match names::find(first, &camps, |camp| &camp.name) {
        Found::One(camp) => camp,
        // `进度 小明` where there is one camp only: the word is a member's name.
        Found::None(_) if camps.len() == 1 => match camps.first() {
            Some(camp) => return member(bot, person, actor, camp, &words.join(" ")).await,
            None => return Ok(Vec::new()),
        },
        other => {
            return Ok(vec![choose_camp(
                bot,
                person,
                Verb::Progress,
                first,
                &other,
            )]);
        }
    };
    if rest.is_empty() {
        Ok(vec![camp_progress(bot, person, actor, camp).await?])
    } else {
        member(bot, person, actor, camp, &rest.join(" ")).await
    }
}

async fn overview(bot: &Bot, person: &str, actor: &Actor, camps: &[Camp]) -> Result<Vec<Reply>> {
    if let [camp] = camps {
        return Ok(vec![camp_progress(bot, person, actor, camp).await?]);
    }
    let mut lines = Vec::new();
    for camp in camps.iter().take(MAX_LINES) {
        let progress = lookup::camp_progress(&bot.ctx, actor, camp).await?;
        lines.push(json!({
            "name": camp.name,
            "status": camp.status.as_str(),
            "day": camp.terms.days_begun(bot.ctx.today()),
            "days": camp.terms.calendar_days(),
            "members": progress.members,
            "eligible": progress.eligible,
        }));
    }
    let body = json!({"camps": lines, "more": camps.len().saturating_sub(MAX_LINES)});
    Ok(vec![replies::text(bot, person, "answer_camps", body)])
}

/// Camps that one answer lists.
const MAX_LINES: usize = 12;

async fn camp_progress(bot: &Bot, person: &str, actor: &Actor, camp: &Camp) -> Result<Reply> {
    let progress = lookup::camp_progress(&bot.ctx, actor, camp).await?;
    let body = json!({
        "name": camp.name,
        "status": camp.status.as_str(),
        "day": camp.terms.days_begun(bot.ctx.today()),
        "days": camp.terms.calendar_days(),
        "requiredDays": camp.terms.required_days,
        "members": progress.members,
        "eligible": progress.eligible,
        "byGrace": progress.by_grace,
        "nearly": progress.nearly,
        "unmatched": progress.unmatched,
        "joined": progress.joined,
        "syncedAt": progress.synced_at.map(replies::moment),
    });
    Ok(replies::about(
        replies::text(bot, person, "answer_camp_progress", body),
        camp.id,
    ))
}

/// Members of a camp by a name: one with what waits for them, several as a list.
async fn member(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
    wanted: &str,
) -> Result<Vec<Reply>> {
    let found = lookup::find_members(&bot.ctx, actor, camp, wanted).await?;
    let answer = members(bot, person, camp, wanted, &found);
    let [only] = found.as_slice() else {
        return Ok(vec![answer]);
    };
    if actor.role.may(Action::ReviewRefunds) == Reach::Nowhere {
        return Ok(vec![answer]);
    }
    let waiting = review::waiting(&bot.ctx, actor, camp.clone()).await?;
    let card = waiting
        .of_member(only.member.id)
        .map(|listed| single::card(bot, person, camp, listed));
    Ok(std::iter::once(answer).chain(card).collect())
}

/// The members that a name has found.
pub(super) fn members(
    bot: &Bot,
    person: &str,
    camp: &Camp,
    wanted: &str,
    found: &[MemberProgress],
) -> Reply {
    let lines: Vec<Value> = found.iter().map(|place| member_line(bot, place)).collect();
    let body = json!({"campName": camp.name, "wanted": wanted, "members": lines});
    replies::about(replies::text(bot, person, "answer_members", body), camp.id)
}

fn member_line(bot: &Bot, place: &MemberProgress) -> Value {
    json!({
        "campName": place.camp.name,
        "campStatus": place.camp.status.as_str(),
        "day": place.terms.days_begun(bot.ctx.today()),
        "campDays": place.terms.calendar_days(),
        "name": place.name(),
        "days": place.days_shown(),
        "missing": (place.terms.required_days - place.member.checked_in_days).max(0),
        "judgement": match place.judgement {
            Judgement::Eligible => "eligible",
            Judgement::ByGrace => "by_grace",
            Judgement::NotEligible => "not_eligible",
        },
        "matched": place.member.match_status == MatchStatus::Matched,
        "joined": place.member.joined,
    })
}

async fn start_sync(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    words: &[String],
) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(&bot.ctx, actor, Action::SyncCheckIns).await?;
    let wanted = words.join(" ");
    match chosen(&wanted, &camps) {
        Found::One(camp) => sync_camp(bot, person, actor, camp).await,
        other => Ok(vec![choose_camp(bot, person, Verb::Sync, &wanted, &other)]),
    }
}

/// Starts a sync, says so at once, and reports when it is done.
pub(super) async fn sync_camp(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camp: &Camp,
) -> Result<Vec<Reply>> {
    let run = sync::request(&bot.ctx, actor, camp.id, Duration::ZERO).await?;
    let body = json!({"campName": camp.name, "syncId": run.id.0});
    let started = replies::text(bot, person, "answer_sync_started", body.clone());
    let look_at = bot.ctx.now().plus(FIRST_LOOK);
    let report = replies::later(bot, person, "sync_report", body, look_at);
    Ok(vec![
        replies::about(started, camp.id),
        replies::about(report, camp.id),
    ])
}

async fn what_waits(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    words: &[String],
) -> Result<Vec<Reply>> {
    let wanted = words.join(" ");
    if wanted.is_empty() {
        let waiting = review::waiting_everywhere(&bot.ctx, actor).await?;
        return match waiting.as_slice() {
            [] => Ok(vec![replies::text(
                bot,
                person,
                "answer_nothing_pending",
                json!({}),
            )]),
            [only] => Ok(vec![pending::digest(bot, person, only)?]),
            several => {
                let lines: Vec<Value> = several
                    .iter()
                    .map(|waiting| {
                        json!({
                            "name": waiting.camp.name,
                            "clear": waiting.clear.len(),
                            "look": waiting.to_look_at.len(),
                        })
                    })
                    .collect();
                let body = json!({"camps": lines});
                Ok(vec![replies::text(
                    bot,
                    person,
                    "answer_pending_camps",
                    body,
                )])
            }
        };
    }
    let camps = lookup::camps_for(&bot.ctx, actor, Action::ReviewRefunds).await?;
    match chosen(&wanted, &camps) {
        Found::One(camp) => {
            let waiting = review::waiting(&bot.ctx, actor, camp.clone()).await?;
            if waiting.is_empty() {
                let body = json!({"campName": camp.name});
                return Ok(vec![replies::text(
                    bot,
                    person,
                    "answer_nothing_pending",
                    body,
                )]);
            }
            Ok(vec![pending::digest(bot, person, &waiting)?])
        }
        other => Ok(vec![choose_camp(
            bot,
            person,
            Verb::Pending,
            &wanted,
            &other,
        )]),
    }
}

/// The camp that is meant; without a word, the only one there is.
fn chosen<'a>(wanted: &str, camps: &'a [Camp]) -> Found<'a, Camp> {
    match (wanted.is_empty(), camps) {
        (true, [only]) => Found::One(only),
        (true, all) => Found::Several(all.iter().collect()),
        (false, all) => names::find(wanted, all, |camp| &camp.name),
    }
}

pub(super) fn choose_camp(
    bot: &Bot,
    person: &str,
    verb: Verb,
    wanted: &str,
    found: &Found<'_, Camp>,
) -> Reply {
    let (fits, camps) = match found {
        Found::One(camp) => (true, vec![*camp]),
        Found::Several(camps) => (true, camps.clone()),
        Found::None(camps) => (false, camps.clone()),
    };
    let names: Vec<&str> = camps
        .iter()
        .take(MAX_LINES)
        .map(|camp| camp.name.as_str())
        .collect();
    let body = json!({"verb": verb.as_str(), "wanted": wanted, "fits": fits, "names": names});
    replies::text(bot, person, "answer_choose_camp", body)
}
