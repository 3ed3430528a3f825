//! Commands, and the answers to them.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::eligibility::Days;
use crate::domain::message::{
    self, CampLine, Camps, Members, NothingPending, OtherTalk, OwnProgress, Place, Stranger,
    SyncReport, SyncStarted,
};
use crate::domain::staff::{Actor, Channel, Reach};
use crate::domain::{Action, BindStatus, MatchStatus, Recipients};
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

/// Answers a text, or a tap on the menu.
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

/// Answers a verb for the one camp that is meant; `words` are those behind its name.
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

/// The permission that a verb needs.
pub(super) const fn needed_for(verb: Verb) -> Action {
    match verb {
        Verb::Help | Verb::Progress => Action::ViewCamp,
        Verb::Sync => Action::SyncCheckIns,
        Verb::Match => Action::MatchMembers,
        Verb::Pending => Action::ReviewRefunds,
    }
}

/// Tells a corp member who has paid about themselves, and anybody else about nobody.
async fn answer_member(bot: &Bot, person: &str) -> Result<Vec<Reply>> {
    let places = lookup::own_places(&bot.ctx, person).await?;
    if places.is_empty() {
        return Ok(vec![replies::reply(bot, person, Stranger {})]);
    }
    let places = places.iter().map(|place| place_of(bot, place)).collect();
    Ok(vec![replies::reply(bot, person, OwnProgress { places })])
}

/// Answers other talk shortly, with the nearest that can be asked.
fn no_command(bot: &Bot, person: &str, actor: &Actor, text: &str) -> Reply {
    let talk = OtherTalk {
        name: actor.name.clone(),
        foreign: command::foreign(text).map(str::to_owned),
        greeting: command::is_greeting(text),
        nearest: command::nearest(text),
    };
    replies::reply(bot, person, talk)
}

fn help(bot: &Bot, person: &str, actor: &Actor) -> Reply {
    let help = message::Help {
        name: actor.name.clone(),
        may_match: actor.role.may(Action::MatchMembers) != Reach::Nowhere,
        may_sync: actor.role.may(Action::SyncCheckIns) != Reach::Nowhere,
        may_review: actor.role.may(Action::ReviewRefunds) != Reach::Nowhere,
    };
    replies::reply(bot, person, help)
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
    let found = Members {
        camp_name: None,
        wanted: wanted.to_owned(),
        members: shown.map(|place| place_of(bot, place)).collect(),
    };
    Ok(vec![replies::reply(bot, person, found)])
}

async fn overview(bot: &Bot, person: &str, actor: &Actor, camps: &[Camp]) -> Result<Vec<Reply>> {
    if let [camp] = camps {
        return Ok(vec![camp_progress(bot, person, actor, camp).await?]);
    }
    let mut lines = Vec::new();
    for camp in camps.iter().take(MAX_LINES) {
        let progress = lookup::camp_progress(&bot.ctx, actor, camp).await?;
        lines.push(CampLine {
            name: camp.name.clone(),
            status: camp.status,
            day: camp.terms.days_begun(bot.ctx.today()),
            days: camp.terms.calendar_days(),
            members: progress.members,
            eligible: progress.eligible + progress.by_grace,
        });
    }
    let camps = Camps {
        camps: lines,
        more: camps.len().saturating_sub(MAX_LINES),
    };
    Ok(vec![replies::reply(bot, person, camps)])
}

/// Camps that one answer lists.
const MAX_LINES: usize = 12;

async fn camp_progress(bot: &Bot, person: &str, actor: &Actor, camp: &Camp) -> Result<Reply> {
    let progress = lookup::camp_progress(&bot.ctx, actor, camp).await?;
    let told = message::CampProgress {
        name: camp.name.clone(),
        status: camp.status,
        day: camp.terms.days_begun(bot.ctx.today()),
        days: camp.terms.calendar_days(),
        required_days: camp.terms.required_days,
        members: progress.members,
        eligible: progress.eligible,
        by_grace: progress.by_grace,
        nearly: progress.nearly,
        unmatched: progress.unmatched,
        joined: progress.joined,
        synced_at: progress.synced_at,
    };
    Ok(replies::about(replies::reply(bot, person, told), camp.id))
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
    let members = Members {
        camp_name: Some(camp.name.clone()),
        wanted: wanted.to_owned(),
        members: found.iter().map(|place| place_of(bot, place)).collect(),
    };
    replies::about(replies::reply(bot, person, members), camp.id)
}

fn place_of(bot: &Bot, place: &MemberProgress) -> Place {
    Place {
        camp_name: place.camp.name.clone(),
        camp_status: place.camp.status,
        day: place.terms.days_begun(bot.ctx.today()),
        camp_days: place.terms.calendar_days(),
        name: place.name().to_owned(),
        days: Days::of(place.member.checked_in_days, &place.terms),
        matched: place.member.match_status == MatchStatus::Matched,
        may_bind: place.bind_status == BindStatus::Pending,
        joined: place.member.joined,
        refund: place.refund,
    }
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
    let started = SyncStarted {
        camp_name: camp.name.clone(),
    };
    let started = replies::reply(bot, person, started);
    let report = SyncReport {
        camp_name: camp.name.clone(),
        sync_id: run.id,
    };
    let look_at = bot.ctx.now().plus(FIRST_LOOK);
    let report = replies::scheduled(Recipients::one(person), report, look_at);
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
                let nothing = NothingPending {
                    camp_name: None,
                    awaiting,
                    has_no_list: false,
                    goes_on: false,
                    unlisted,
                };
                replies::reply(bot, person, nothing)
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
