//! Commands, and the answers to them.

mod lists;
mod overview;
mod refunds;
mod reports;
mod status;
mod urging;

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::card::Suggestion;
use crate::domain::command::{Command, Verb};
use crate::domain::message::{
    self, CampLine, Camps, EnrollCode, EnrollPicture, Members, NothingPending, OnlyText, OtherTalk,
    OwnProgress, Stranger, SyncReport, SyncStarted,
};
use crate::domain::staff::{Channel, Reach};
use crate::domain::{Action, CampStatus, Recipients};
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MAX_MEMBERS_FOUND, MemberProgress};
use crate::services::review::{self, Waiting};
use crate::services::{Result, dialogue, staff, sync};
use crate::store::camps::Camp;

use super::asking::{chosen, needed_for};
use super::cards::{choosing, digest, matching, single, waiting};
use super::names::{self, Found};
use super::turn::Turn;
use super::understanding::{Understood, YESTERDAY, is_command, understand};
use super::{Bot, members, replies};

/// How soon the report of a sync is first asked for.
const FIRST_LOOK: TimeDelta = TimeDelta::seconds(2);

/// Answers a text.
pub(super) async fn answer(bot: &Bot, person: &str, text: &str) -> Result<Vec<Reply>> {
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Chat).await?;
    let Some(actor) = actor else {
        return answer_member(bot, person).await;
    };
    let turn = Turn::of(bot, person, actor);
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, Action::ViewCamp).await?;
    if let Some(waited_for) = dialogue::of_person(&bot.ctx, person).await?
        && !is_command(text, &names_of(&camps), turn.ctx().today())
        && let Some(answers) = single::reason::said(turn.clone(), waited_for, text).await?
    {
        return Ok(answers);
    }
    answer_to(&turn, text, &camps).await
}

/// Answers a tap on the menu, which is no answer to what was asked.
pub(super) async fn answer_tap(bot: &Bot, person: &str, key: &str) -> Result<Vec<Reply>> {
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Chat).await?;
    let Some(actor) = actor else {
        return answer_member(bot, person).await;
    };
    let turn = Turn::of(bot, person, actor);
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, Action::ViewCamp).await?;
    answer_to(&turn, key, &camps).await
}

async fn answer_to(turn: &Turn<'_>, text: &str, camps: &[Camp]) -> Result<Vec<Reply>> {
    match understand(text, &names_of(camps), turn.ctx().today()) {
        Understood::Command(command) => carry_out(turn, &command).await,
        Understood::Perhaps(command) => Ok(vec![suggest(turn, text, vec![command])]),
        Understood::Greeting => Ok(vec![no_command(turn, true)]),
        Understood::Unclear(word) => unclear(turn, text, camps, &word).await,
    }
}

fn names_of(camps: &[Camp]) -> Vec<String> {
    camps.iter().map(|camp| camp.name.clone()).collect()
}

/// Answers what is no text: a picture, a voice message, a file.
pub(super) fn answer_other(bot: &Bot, person: &str) -> Vec<Reply> {
    vec![replies::reply(bot, person, OnlyText {})]
}

/// Answers a command, whether it was typed or stands behind a button.
pub(super) async fn carry_out(turn: &Turn<'_>, command: &Command) -> Result<Vec<Reply>> {
    let Command { verb, words } = command;
    match verb {
        Verb::Help => Ok(vec![help(turn)]),
        Verb::Camps if words.is_empty() => camps(turn).await,
        Verb::Camps | Verb::Progress => progress(turn, words).await,
        Verb::Sync | Verb::Urge | Verb::EnrollCode => for_one_camp(turn, *verb, words).await,
        Verb::Absent | Verb::Eligible | Verb::OneShort | Verb::NotYet => {
            list(turn, *verb, words).await
        }
        Verb::Match => matching::command::answer(turn, words).await,
        Verb::Pending => what_waits(turn, words).await,
        Verb::Refund => refunds::told(turn, words).await,
        Verb::Retry => refunds::retry(turn, words).await,
        Verb::Report => Ok(vec![reports::of_month(turn, words).await?]),
        Verb::Status => Ok(vec![status::told(turn).await?]),
    }
}

/// Offers what somebody may have meant, as buttons.
fn suggest(turn: &Turn<'_>, said: &str, commands: Vec<Command>) -> Reply {
    let suggestion = Suggestion {
        asked_by: turn.person.to_owned(),
        said: said.chars().take(MAX_SAID).collect(),
        commands,
    };
    turn.card(None, suggestion)
}

/// Characters of what somebody said that are said back.
const MAX_SAID: usize = 20;

/// Answers a word that is no command: it may be a number, or somebody's name.
async fn unclear(turn: &Turn<'_>, text: &str, camps: &[Camp], word: &str) -> Result<Vec<Reply>> {
    let may_review = turn.actor.role.may(Action::ReviewRefunds) != Reach::Nowhere;
    if may_review && ["ord_", "rfd_"].iter().any(|head| word.starts_with(head)) {
        return refunds::told(turn, &[word.to_owned()]).await;
    }
    // A word alone may be a name; what stands in a sentence that is not understood is none.
    if !word.is_empty() && text.trim().chars().count() <= MAX_LONE_NAME {
        let said = in_any_camp(turn, camps, word).await?;
        if !said.is_empty() {
            return Ok(said);
        }
    }
    Ok(vec![no_command(turn, false)])
}

/// Characters of a text that may be nothing but a name.
const MAX_LONE_NAME: usize = 12;

/// Lists members of the camp that is named, of the only one, or of the one that is chosen.
async fn list(turn: &Turn<'_>, verb: Verb, words: &[String]) -> Result<Vec<Reply>> {
    let is_day = |word: &&String| YESTERDAY.contains(&word.as_str());
    let (days, words): (Vec<String>, Vec<String>) =
        words.iter().cloned().partition(|word| is_day(&word));
    let mut camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(verb)).await?;
    let wanted = words.join(" ");
    let is_running = |camp: &Camp| camp.status == CampStatus::Ongoing;
    if wanted.is_empty() && verb == Verb::Absent && camps.iter().any(is_running) {
        camps.retain(is_running);
    }
    match chosen(&wanted, &camps) {
        Found::One(camp) => about_camp(turn, verb, camp, &days).await,
        found => Ok(vec![choosing::ask(turn, verb, &wanted, &days, &found)]),
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
        Verb::Camps | Verb::Progress if words.is_empty() => {
            Ok(vec![overview::told(turn, camp).await?])
        }
        Verb::Absent | Verb::Eligible | Verb::OneShort | Verb::NotYet => {
            Ok(vec![lists::told(turn, verb, camp, words).await?])
        }
        Verb::Camps | Verb::Progress => member(turn, camp, &words.join(" ")).await,
        Verb::Sync => sync_camp(turn, camp).await,
        Verb::Match => matching::command::about_camp(turn, camp, words).await,
        Verb::Pending => pending_of(turn, camp).await,
        Verb::Urge => urging::ask(turn, camp).await,
        Verb::EnrollCode => Ok(enroll_code(turn, camp)),
        Verb::Retry => refunds::retry_camp(turn, camp).await,
        // These ask about no camp.
        Verb::Refund => refunds::told(turn, words).await,
        Verb::Report => Ok(vec![reports::of_month(turn, words).await?]),
        Verb::Status => Ok(vec![status::told(turn).await?]),
    }
}

/// Tells a corp member who has paid about themselves, and anybody else about nobody.
async fn answer_member(bot: &Bot, person: &str) -> Result<Vec<Reply>> {
    let places = lookup::own_places(&bot.ctx, person).await?;
    if places.is_empty() {
        return Ok(vec![replies::reply(bot, person, Stranger {})]);
    }
    let mut own = Vec::with_capacity(places.len());
    for place in &places {
        own.push(members::in_detail(bot, place).await?);
    }
    let own = OwnProgress { places: own };
    Ok(vec![replies::reply(bot, person, own)])
}

/// Answers other talk shortly.
fn no_command(turn: &Turn<'_>, greeting: bool) -> Reply {
    let name = turn.actor.name.clone();
    turn.reply(OtherTalk { name, greeting })
}

fn help(turn: &Turn<'_>) -> Reply {
    let help = message::Help {
        name: turn.actor.name.clone(),
        may_match: turn.actor.role.may(Action::MatchMembers) != Reach::Nowhere,
        may_sync: turn.actor.role.may(Action::SyncCheckIns) != Reach::Nowhere,
        may_review: turn.actor.role.may(Action::ReviewRefunds) != Reach::Nowhere,
        may_urge: turn.actor.role.may(Action::Urge) != Reach::Nowhere,
        may_report: turn.actor.role.may(Action::ViewReports) != Reach::Nowhere,
    };
    turn.reply(help)
}

/// The camps to choose from; the one there is is told of at once.
async fn camps(turn: &Turn<'_>) -> Result<Vec<Reply>> {
    let camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(Verb::Camps)).await?;
    if camps.len() < 2 {
        return overview(turn, &camps).await;
    }
    let all = Found::Several(camps.iter().collect());
    Ok(vec![choosing::ask(turn, Verb::Progress, "", &[], &all)])
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
        return Ok(vec![overview::told(turn, camp).await?]);
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

/// Members of a camp by a name: one with what waits for them, several as a list.
async fn member(turn: &Turn<'_>, camp: &Camp, wanted: &str) -> Result<Vec<Reply>> {
    let found = lookup::find_members(turn.ctx(), &turn.actor, camp, wanted).await?;
    let answer = members::found(turn, camp, wanted, &found).await?;
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

/// Answers a verb that is about one camp, for the one that is named.
async fn for_one_camp(turn: &Turn<'_>, verb: Verb, words: &[String]) -> Result<Vec<Reply>> {
    let mut camps = lookup::camps_for(turn.ctx(), &turn.actor, needed_for(verb)).await?;
    let wanted = words.join(" ");
    // Without a word those are meant for which there is something to do, if there are any.
    let of_use = |camp: &Camp| match verb {
        Verb::Urge => camp.status == CampStatus::Ongoing,
        Verb::EnrollCode => camp.status == CampStatus::Enrolling,
        _ => true,
    };
    if wanted.is_empty() && camps.iter().any(of_use) {
        camps.retain(of_use);
    }
    match chosen(&wanted, &camps) {
        Found::One(camp) => about_camp(turn, verb, camp, &[]).await,
        found => Ok(vec![choosing::ask(turn, verb, &wanted, &[], &found)]),
    }
}

/// The link by which members enroll in a camp, and the same as a picture.
fn enroll_code(turn: &Turn<'_>, camp: &Camp) -> Vec<Reply> {
    let link = EnrollCode {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        status: camp.status,
    };
    let picture = EnrollPicture { camp_id: camp.id };
    let is_open = camp.status == CampStatus::Enrolling;
    let picture = is_open.then(|| turn.reply_about(camp.id, picture));
    let link = turn.reply_about(camp.id, link);
    std::iter::once(link).chain(picture).collect()
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
