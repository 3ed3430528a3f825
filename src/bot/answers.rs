//! Commands, and the answers to them.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::message::{
    self, CampLine, Camps, Members, NothingPending, OtherTalk, OwnProgress, Stranger, SyncReport,
    SyncStarted,
};
use crate::domain::staff::{Channel, Reach};
use crate::domain::{Action, Recipients};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MAX_MEMBERS_FOUND, MemberProgress};
use crate::services::review::{self, Waiting};
use crate::services::{Result, staff, sync};
use crate::store::camps::Camp;

use super::cards::{choosing, digest, matching, single, waiting};
use super::command::{self, Command, Verb};
use super::names::{self, Found};
use super::turn::Turn;
use super::{Bot, members, replies};

/// How soon the report of a sync is first asked for.
const FIRST_LOOK: TimeDelta = TimeDelta::seconds(2);

/// Answers a text, or a tap on the menu.
pub(super) async fn answer(bot: &Bot, person: &str, text: &str) -> Result<Vec<Reply>> {
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Chat).await?;
    let Some(actor) = actor else {
        return answer_member(bot, person).await;
    };
    let turn = Turn::of(bot, person, actor);
    let Some(Command { verb, words }) = Command::parse(text) else {
        return Ok(vec![no_command(&turn, text)]);
    };
    match verb {
        Verb::Help => Ok(vec![help(&turn)]),
        Verb::Progress => progress(&turn, &words).await,
        Verb::Sync => start_sync(&turn, &words).await,
        Verb::Match => matching::command::answer(&turn, &words).await,
        Verb::Pending => what_waits(&turn, &words).await,
    }
}

/// Answers a verb for the one camp that is meant; `words` are those behind its name.
pub(super) async fn about_camp(
    turn: &Turn<'_>,
    verb: Verb,
    camp: &Camp,
    words: &[String],
) -> Result<Vec<Reply>> {
    match verb {
        Verb::Help => Ok(vec![help(turn)]),
        Verb::Progress if words.is_empty() => Ok(vec![camp_progress(turn, camp).await?]),
        Verb::Progress => member(turn, camp, &words.join(" ")).await,
        Verb::Sync => sync_camp(turn, camp).await,
        Verb::Match => matching::command::about_camp(turn, camp, words).await,
        Verb::Pending => pending_of(turn, camp).await,
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
    let places = places
        .iter()
        .map(|place| members::place(bot, place))
        .collect();
    Ok(vec![replies::reply(bot, person, OwnProgress { places })])
}

/// Answers other talk shortly, with the nearest that can be asked.
fn no_command(turn: &Turn<'_>, text: &str) -> Reply {
    let talk = OtherTalk {
        name: turn.actor.name.clone(),
        foreign: command::foreign(text).map(str::to_owned),
        greeting: command::is_greeting(text),
        nearest: command::nearest(text),
    };
    turn.reply(talk)
}

fn help(turn: &Turn<'_>) -> Reply {
    let help = message::Help {
        name: turn.actor.name.clone(),
        may_match: turn.actor.role.may(Action::MatchMembers) != Reach::Nowhere,
        may_sync: turn.actor.role.may(Action::SyncCheckIns) != Reach::Nowhere,
        may_review: turn.actor.role.may(Action::ReviewRefunds) != Reach::Nowhere,
    };
    turn.reply(help)
}

async fn progress(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Progress)).await?;
    let Some((first, rest)) = words.split_first() else {
        return overview(turn, &camps).await;
    };
    let verb = Verb::Progress;
    // A camp's name may hold blanks: `进度 AI 写作营`.
    if let Found::One(camp) = names::find(&words.join(" "), &camps, |camp| &camp.name) {
        return about_camp(turn, verb, camp, &[]).await;
    }
    match names::find(first, &camps, |camp| &camp.name) {
        Found::One(camp) => about_camp(turn, verb, camp, rest).await,
        // `进度 小明` where there is one camp only: the word is a member's name.
        Found::None(_) if camps.len() == 1 => match camps.first() {
            Some(camp) => about_camp(turn, verb, camp, words).await,
            None => Ok(Vec::new()),
        },
        found => {
            if let Found::None(_) = found {
                let said = in_any_camp(turn, &camps, &words.join(" ")).await?;
                if !said.is_empty() {
                    return Ok(said);
                }
            }
            Ok(vec![choosing::ask(turn, verb, first, rest, &found)])
        }
    }
}

/// `进度 小明` where no camp is called so: members of that name, whichever camp they are in.
async fn in_any_camp(turn: &Turn<'_>, camps: &[Camp], wanted: &str) -> Result<Vec<Reply>> {
    let mut places: Vec<MemberProgress> = Vec::new();
    for camp in camps.iter().take(MAX_LINES) {
        places.extend(lookup::find_members(turn.ctx(), &turn.actor, camp, wanted).await?);
    }
    let Some(first) = places.first() else {
        return Ok(Vec::new());
    };
    if places.iter().all(|place| place.camp.id == first.camp.id) {
        return member(turn, &first.camp, wanted).await;
    }
    let shown = places.iter().take(MAX_MEMBERS_FOUND);
    let found = Members {
        camp_name: None,
        wanted: wanted.to_owned(),
        members: shown.map(|place| members::place(turn.bot, place)).collect(),
    };
    Ok(vec![turn.reply(found)])
}

async fn overview(turn: &Turn<'_>, camps: &[Camp]) -> Result<Vec<Reply>> {
    if let [camp] = camps {
        return Ok(vec![camp_progress(turn, camp).await?]);
    }
    let mut lines = Vec::new();
    let shown = camps.get(..MAX_LINES).unwrap_or(camps);
    let all = lookup::progress_of_camps(turn.ctx(), &turn.actor, shown).await?;
    for (camp, progress) in shown.iter().zip(all) {
        lines.push(CampLine {
            name: camp.name.clone(),
            status: camp.status,
            day: camp.terms.days_begun(turn.ctx().today()),
            days: camp.terms.calendar_days(),
            members: progress.members,
            eligible: progress.eligible + progress.by_grace,
        });
    }
    let camps = Camps {
        camps: lines,
        more: camps.len().saturating_sub(MAX_LINES),
    };
    Ok(vec![turn.reply(camps)])
}

/// Camps that one answer lists.
const MAX_LINES: usize = 12;

async fn camp_progress(turn: &Turn<'_>, camp: &Camp) -> Result<Reply> {
    let progress = lookup::camp_progress(turn.ctx(), &turn.actor, camp).await?;
    let told = message::CampProgress {
        name: camp.name.clone(),
        status: camp.status,
        day: camp.terms.days_begun(turn.ctx().today()),
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
    Ok(turn.reply_about(camp.id, told))
}

/// Members of a camp by a name: one with what waits for them, several as a list.
async fn member(turn: &Turn<'_>, camp: &Camp, wanted: &str) -> Result<Vec<Reply>> {
    let found = lookup::find_members(turn.ctx(), &turn.actor, camp, wanted).await?;
    let answer = members::found(turn, camp, wanted, &found);
    let [only] = found.as_slice() else {
        return Ok(vec![answer]);
    };
    if turn.actor.role.may(Action::ReviewRefunds) == Reach::Nowhere {
        return Ok(vec![answer]);
    }
    let waiting = review::waiting(turn.ctx(), &turn.actor, camp.clone()).await?;
    let card = waiting
        .of_member(only.member.id)
        .map(|listed| turn.card(Some(camp.id), single::propose(camp, listed)));
    Ok(std::iter::once(answer).chain(card).collect())
}

async fn start_sync(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Sync)).await?;
    let wanted = words.join(" ");
    match chosen(&wanted, &camps) {
        Found::One(camp) => sync_camp(turn, camp).await,
        found => Ok(vec![choosing::ask(turn, Verb::Sync, &wanted, &[], &found)]),
    }
}

/// Starts a sync, says so at once, and reports when it is done.
pub(super) async fn sync_camp(turn: &Turn<'_>, camp: &Camp) -> Result<Vec<Reply>> {
    let run = sync::request(turn.ctx(), &turn.actor, camp.id, Duration::ZERO).await?;
    let started = SyncStarted {
        camp_name: camp.name.clone(),
    };
    let started = turn.reply(started);
    let report = SyncReport {
        camp_name: camp.name.clone(),
        sync_id: run.id,
    };
    let look_at = turn.ctx().now().plus(FIRST_LOOK);
    let report = replies::scheduled(Recipients::one(turn.person), report, look_at);
    Ok(vec![
        replies::about(started, camp.id),
        replies::about(report, camp.id),
    ])
}

async fn what_waits(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let wanted = words.join(" ");
    if wanted.is_empty() {
        let mut waiting = review::waiting_everywhere(turn.ctx(), &turn.actor).await?;
        let awaiting: usize = waiting.iter().map(|camp| camp.awaiting_another).sum();
        waiting.retain(|camp| !camp.is_empty());
        return Ok(vec![match waiting.as_slice() {
            [] => {
                let unlisted = waiting::unlisted(turn).await?;
                let nothing = NothingPending {
                    camp_name: None,
                    awaiting,
                    has_no_list: false,
                    goes_on: false,
                    unlisted,
                };
                turn.reply(nothing)
            }
            [only] => digest_of(turn, only)?,
            several => choosing::ask_where_to_review(turn, several),
        }]);
    }
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Pending)).await?;
    match chosen(&wanted, &camps) {
        Found::One(camp) => pending_of(turn, camp).await,
        found => Ok(vec![choosing::ask(
            turn,
            Verb::Pending,
            &wanted,
            &[],
            &found,
        )]),
    }
}

async fn pending_of(turn: &Turn<'_>, camp: &Camp) -> Result<Vec<Reply>> {
    let waiting = review::waiting(turn.ctx(), &turn.actor, camp.clone()).await?;
    if waiting.is_empty() {
        return Ok(vec![waiting::nothing(turn, &waiting)]);
    }
    Ok(vec![digest_of(turn, &waiting)?])
}

fn digest_of(turn: &Turn<'_>, waiting: &Waiting) -> Result<Reply> {
    Ok(turn.card(Some(waiting.camp.id), digest::propose(waiting)?))
}

/// The camp that is meant; without a word, the only one there is.
fn chosen<'a>(wanted: &str, camps: &'a [Camp]) -> Found<'a, Camp> {
    match (wanted.is_empty(), camps) {
        (true, [only]) => Found::One(only),
        (true, all) => Found::Several(all.iter().collect()),
        (false, all) => names::find(wanted, all, |camp| &camp.name),
    }
}
