//! `匹配`: who of a camp waits for a person to say which planet account they are.

use crate::bot::cards::choosing;
use crate::bot::members;
use crate::bot::names::{self, Found};
use crate::bot::turn::Turn;
use crate::domain::command::Verb;
use crate::domain::message::{MatchCampLine, MatchCamps};
use crate::domain::{Action, CampStatus, MatchStatus};
use crate::services::Result;
use crate::services::inbox::Reply;
use crate::services::lookup::{self, MemberProgress};
use crate::services::matching;
use crate::store::camps::Camp;

use super::{ask, namesakes, next, not_looked_at};

/// Answers `匹配 [营] [会员]`.
pub(in crate::bot) async fn answer(turn: &Turn<'_>, words: &[String]) -> Result<Vec<Reply>> {
    let mut camps = lookup::camps_for(turn.ctx(), &turn.actor, Action::MatchMembers).await?;
    camps.retain(|camp| camp.status != CampStatus::Archived);
    let Some((first, rest)) = words.split_first() else {
        return everywhere(turn, &camps).await;
    };
    if let Found::One(camp) = names::find(&words.join(" "), &camps, |camp| &camp.name) {
        return next(turn, camp, None).await;
    }
    match names::find(first, &camps, |camp| &camp.name) {
        Found::One(camp) => about_camp(turn, camp, rest).await,
        found => Ok(vec![choosing::ask(turn, Verb::Match, first, rest, &found)]),
    }
}

/// Asks about a member of a camp: the one who is named, else the next one who waits.
pub(in crate::bot) async fn about_camp(
    turn: &Turn<'_>,
    camp: &Camp,
    words: &[String],
) -> Result<Vec<Reply>> {
    if words.is_empty() {
        next(turn, camp, None).await
    } else {
        member(turn, camp, &words.join(" ")).await
    }
}

/// Lists the camps in which somebody waits; asks at once where it is one.
async fn everywhere(turn: &Turn<'_>, camps: &[Camp]) -> Result<Vec<Reply>> {
    let mut waiting = Vec::new();
    for camp in camps {
        let members = matching::waiting(turn.ctx(), &turn.actor, camp.id).await?;
        if !members.is_empty() {
            let count = not_looked_at(&members);
            waiting.push((camp, count, members.len() - count));
        }
    }
    if let [(camp, ..)] = waiting.as_slice() {
        return next(turn, camp, None).await;
    }
    let lines = waiting
        .into_iter()
        .map(|(camp, count, seen)| MatchCampLine {
            name: camp.name.clone(),
            count,
            seen,
        });
    let camps = lines.collect();
    Ok(vec![turn.reply(MatchCamps { camps })])
}

/// Asks about one member by name, looked at or not.
async fn member(turn: &Turn<'_>, camp: &Camp, wanted: &str) -> Result<Vec<Reply>> {
    let found = lookup::find_members(turn.ctx(), &turn.actor, camp, wanted).await?;
    let is_open = |place: &&MemberProgress| place.member.match_status != MatchStatus::Matched;
    let open: Vec<&MemberProgress> = found.iter().filter(is_open).collect();
    match open.as_slice() {
        [] => Ok(vec![members::found(turn, camp, wanted, &found).await?]),
        [only] => ask(turn, camp, only.member.id, 0).await,
        several => Ok(vec![namesakes::ask(turn, camp, wanted, several)]),
    }
}
