//! How one camp is doing, on a card with what there is to ask or to do next.

use crate::bot::cards::waiting::named;
use crate::bot::turn::Turn;
use crate::domain::CampStatus;
use crate::domain::card::{CampOverview, Today};
use crate::domain::command::{Command, Verb};
use crate::domain::staff::Reach;
use crate::services::inbox::Reply;
use crate::services::{Result, lookup};
use crate::store::camps::Camp;

use crate::bot::asking::needed_for;

pub(super) async fn told(turn: &Turn<'_>, camp: &Camp) -> Result<Reply> {
    let progress = lookup::camp_progress(turn.ctx(), &turn.actor, camp).await?;
    let is_running = camp.status == CampStatus::Ongoing;
    let today = match &progress.today {
        Some(today) if is_running => Some(Today {
            came: today.came,
            absent: today.absent,
        }),
        _ => None,
    };
    let may = |verb: Verb| turn.actor.role.may(needed_for(verb)) != Reach::Nowhere;
    let commands = next_steps(camp.status, progress.members > 0, today.is_some())
        .iter()
        .filter(|verb| may(**verb))
        .map(|verb| Command::about(*verb, &camp.name));
    let overview = CampOverview {
        asked_by: turn.person.to_owned(),
        camp: named(camp),
        status: camp.status,
        day: camp.terms.days_begun(turn.ctx().today()),
        days: camp.terms.calendar_days(),
        required_days: camp.terms.required_days,
        members: progress.members,
        joined: progress.joined,
        today,
        average_tenths: progress.average_tenths,
        eligible: progress.eligible,
        by_grace: progress.by_grace,
        one_short: progress.one_short,
        not_yet: progress.not_yet,
        unmatched: progress.unmatched,
        synced_at: progress.synced_at,
        is_complete: progress.is_complete,
        commands: commands.collect(),
    };
    Ok(turn.card(Some(camp.id), overview))
}

/// What can be asked or done next, the most obvious first; six at most have room.
const fn next_steps(status: CampStatus, has_members: bool, is_seen: bool) -> &'static [Verb] {
    use Verb::{
        Absent, Eligible, EnrollCode, Match, NotYet, OneShort, Pending, Status, Sync, Urge,
    };
    match (status, has_members) {
        (CampStatus::Enrolling, _) => &[EnrollCode, Match],
        (_, false) | (CampStatus::Draft | CampStatus::Pending, _) => &[Status],
        (CampStatus::Ongoing, true) if is_seen => &[Absent, Urge, OneShort, NotYet, Eligible, Sync],
        (CampStatus::Ongoing, true) => &[Sync, OneShort, NotYet, Eligible],
        (CampStatus::Ended | CampStatus::Settling, true) => {
            &[Pending, Eligible, OneShort, NotYet, Match, Sync]
        }
        (CampStatus::Archived, true) => &[Eligible, OneShort, NotYet],
    }
}
