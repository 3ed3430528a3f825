//! Commands, and what is said to them.

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::eligibility::Judgement;
use crate::domain::staff::{Actor, Channel, Reach};
use crate::domain::{Action, BindStatus, MatchStatus, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MAX_MEMBERS_FOUND, MemberProgress};
use crate::services::{Result, review, staff, sync};
use crate::store::camps::Camp;

use super::cards::{choosing, matching, pending, single};
use super::command::{self, Command, Verb};
use super::names::{self, Found};
use super::{Bot, replies};

/// How soon the report of a sync is first asked for.
const FIRST_LOOK: TimeDelta = TimeDelta::seconds(2);

/// What is said to a text, or to a tap on the menu.
pub(super) async fn answer(bot: &Bot, person: &str, text: &str) -> Result<Vec<Reply>> {
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Chat).await?;
    let Some(actor) = actor else {
        return answer_member(bot, person).await;
    };
    let Some(Command { verb, words }) = Command::parse(text) else {
        return Ok(vec![no_command(bot, person, &actor, text)]);
    };
    match verb {
        Verb::Help => Ok(vec![help(bot, person, &actor)]),
        Verb::Progress => progress(bot, person, &actor, &words).await,
        Verb::Sync => start_sync(bot, person, &actor, &words).await,
        Verb::Match => matching::answer(bot, person, &actor, &words).await,
        Verb::Pending => what_waits(bot, person, &actor, &words).await,
    }
}

/// What a verb says about the one camp that is meant; `words` are what was said behind its name.
pub(super) async fn about_camp(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    verb: Verb,
    camp: &Camp,
    words: &[String],
) -> Result<Vec<Reply>> {
    match verb {
        Verb::Help => Ok(vec![help(bot, person, actor)]),
        Verb::Progress if words.is_empty() => {
            Ok(vec![camp_progress(bot, person, actor, camp).await?])
        }
        Verb::Progress => member(bot, person, actor, camp, &words.join(" ")).await,
        Verb::Sync => sync_camp(bot, person, actor, camp).await,
        Verb::Match => matching::about_camp(bot, person, actor, camp, words).await,
        Verb::Pending => pending_of(bot, person, actor, camp).await,
    }
}

/// What somebody needs to be allowed for a verb.
pub(super) const fn needed_for(verb: Verb) -> Action {
    match verb {
        Verb::Help | Verb::Progress => Action::ViewCamp,
        Verb::Sync => Action::SyncCheckIns,
        Verb::Match => Action::MatchMembers,
        Verb::Pending => Action::ReviewRefunds,
    }
}

/// A corp member who has paid hears about themselves; anybody else about nobody.
async fn answer_member(bot: &Bot, person: &str) -> Result<Vec<Reply>> {
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

/// What is said to other talk: something short, with the nearest that can be asked.
fn no_command(bot: &Bot, person: &str, actor: &Actor, text: &str) -> Reply {
    let body = json!({
        "name": actor.name,
        "foreign": command::foreign(text),
        "greeting": command::is_greeting(text),
        "nearest": command::nearest(text),
    });
    replies::text(bot, person, "answer_other_talk", body)
}

fn help(bot: &Bot, person: &str, actor: &Actor) -> Reply {
    let body = json!({
        "name": actor.name,
        "mayMatch": actor.role.may(Action::MatchMembers) != Reach::Nowhere,
        "maySync": actor.role.may(Action::SyncCheckIns) != Reach::Nowhere,
        "mayReview": actor.role.may(Action::ReviewRefunds) != Reach::Nowhere,
    });
    replies::text(bot, person, "answer_help", body)
}

async fn progress(bot: &Bot, person: &str, actor: &Actor, words: &[String]) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(&bot.ctx, actor, needed_for(Verb::Progress)).await?;
    let Some((first, rest)) = words.split_first() else {
        return overview(bot, person, actor, &camps).await;
    };
    let verb = Verb::Progress;
    // A camp's name may hold blanks: `进度 AI 写作营`.
    if let Found::One(camp) = names::find(&words.join(" "), &camps, |camp| &camp.name) {
        return about_camp(bot, person, actor, verb, camp, &[]).await;
    }
    match names::find(first, &camps, |camp| &camp.name) {
        Found::One(camp) => about_camp(bot, person, actor, verb, camp, rest).await,
        // `进度 小明` where there is one camp only: the word is a member's name.
        Found::None(_) if camps.len() == 1 => match camps.first() {
            Some(camp) => about_camp(bot, person, actor, verb, camp, words).await,
            None => Ok(Vec::new()),
        },
        found => {
            if let Found::None(_) = found {
                let said = in_any_camp(bot, person, actor, &camps, &words.join(" ")).await?;
                if !said.is_empty() {
                    return Ok(said);
                }
            }
            Ok(vec![choosing::card(bot, person, verb, first, rest, &found)])
        }
    }
}

/// `进度 小明` where no camp is called so: members of that name, whichever camp they are in.
async fn in_any_camp(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    camps: &[Camp],
    wanted: &str,
) -> Result<Vec<Reply>> {
    let mut places: Vec<MemberProgress> = Vec::new();
    for camp in camps.iter().take(MAX_LINES) {
        places.extend(lookup::find_members(&bot.ctx, actor, camp, wanted).await?);
    }
    let Some(first) = places.first() else {
        return Ok(Vec::new());
    };
    if places.iter().all(|place| place.camp.id == first.camp.id) {
        return member(bot, person, actor, &first.camp, wanted).await;
    }
    let shown = places.iter().take(MAX_MEMBERS_FOUND);
    let lines: Vec<Value> = shown.map(|place| member_line(bot, place)).collect();
    let body = json!({"campName": null, "wanted": wanted, "members": lines});
    Ok(vec![replies::text(bot, person, "answer_members", body)])
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
            "eligible": progress.eligible + progress.by_grace,
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
        "mayBind": place.bind_status == BindStatus::Pending,
        "joined": place.member.joined,
        "refund": place.refund.map(RefundStatus::as_str),
    })
}

async fn start_sync(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    words: &[String],
) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(&bot.ctx, actor, needed_for(Verb::Sync)).await?;
    let wanted = words.join(" ");
    match chosen(&wanted, &camps) {
        Found::One(camp) => sync_camp(bot, person, actor, camp).await,
        found => Ok(vec![choosing::card(
            bot,
            person,
            Verb::Sync,
            &wanted,
            &[],
            &found,
        )]),
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
    let report = replies::later(person, "sync_report", body, look_at);
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
        let mut waiting = review::waiting_everywhere(&bot.ctx, actor).await?;
        let awaiting: usize = waiting.iter().map(|camp| camp.awaiting_another).sum();
        waiting.retain(|camp| !camp.is_empty());
        return Ok(vec![match waiting.as_slice() {
            [] => {
                let unlisted = pending::unlisted(bot, actor).await?;
                let body = json!({"awaiting": awaiting, "unlisted": unlisted});
                replies::text(bot, person, "answer_nothing_pending", body)
            }
            [only] => pending::digest(bot, person, only)?,
            several => choosing::pending_card(bot, person, several),
        }]);
    }
    let camps = lookup::camps_for(&bot.ctx, actor, needed_for(Verb::Pending)).await?;
    match chosen(&wanted, &camps) {
        Found::One(camp) => pending_of(bot, person, actor, camp).await,
        found => Ok(vec![choosing::card(
            bot,
            person,
            Verb::Pending,
            &wanted,
            &[],
            &found,
        )]),
    }
}

async fn pending_of(bot: &Bot, person: &str, actor: &Actor, camp: &Camp) -> Result<Vec<Reply>> {
    let waiting = review::waiting(&bot.ctx, actor, camp.clone()).await?;
    if waiting.is_empty() {
        return Ok(vec![pending::nothing(bot, person, &waiting)]);
    }
    Ok(vec![pending::digest(bot, person, &waiting)?])
}

/// The camp that is meant; without a word, the only one there is.
fn chosen<'a>(wanted: &str, camps: &'a [Camp]) -> Found<'a, Camp> {
    match (wanted.is_empty(), camps) {
        (true, [only]) => Found::One(only),
        (true, all) => Found::Several(all.iter().collect()),
        (false, all) => names::find(wanted, all, |camp| &camp.name),
    }
}
