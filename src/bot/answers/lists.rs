//! Who of a camp is doing how: who has not checked in, whose days suffice, who is a day short.

use chrono::Days as Later;

use crate::bot::turn::Turn;
use crate::bot::understanding::YESTERDAY;
use crate::domain::command::Verb;
use crate::domain::message::{Listing, NameLine};
use crate::domain::shown_name::told_apart;
use crate::services::inbox::Reply;
use crate::services::member_lists::{self, Attainment};
use crate::services::{Result, presence};
use crate::store::camps::Camp;
use crate::store::members::Member;

/// Names that one answer holds.
const MAX_NAMES: usize = 40;

/// Lists the members of a camp whom a verb asks for.
pub(super) async fn told(
    turn: &Turn<'_>,
    verb: Verb,
    camp: &Camp,
    words: &[String],
) -> Result<Reply> {
    let (members, as_of, unknown, day) = if verb == Verb::Absent {
        let is_yesterday = words.iter().any(|word| YESTERDAY.contains(&word.as_str()));
        let today = turn.ctx().today();
        let day = if is_yesterday {
            today.checked_sub_days(Later::new(1)).unwrap_or(today)
        } else {
            today
        };
        let found = presence::on(turn.ctx(), &turn.actor, camp, day).await?;
        match found.known_at() {
            Some(at) => (found.absent, Some(at), found.unknown, Some(day)),
            // Nobody is named for a day that was not read yet.
            None => (Vec::new(), None, 0, Some(day)),
        }
    } else {
        let wanted: &[Attainment] = match verb {
            Verb::Eligible => &[Attainment::Eligible, Attainment::ByGrace],
            Verb::OneShort => &[Attainment::OneShort],
            _ => &[Attainment::OneShort, Attainment::NotYet],
        };
        let found = member_lists::of_camp(turn.ctx(), &turn.actor, camp, wanted).await?;
        (found.members, found.as_of, 0, None)
    };
    let own = |member: &Member| (member.identity.shown_name(), member.id.to_string());
    let names = told_apart(members.iter().map(own).collect());
    let lines = members.iter().zip(names).take(MAX_NAMES);
    let listing = Listing {
        camp_id: camp.id,
        camp_name: camp.name.clone(),
        verb,
        day,
        is_in_camp: day.is_none_or(|day| camp.terms.days().any(|of_camp| of_camp == day)),
        total: members.len(),
        names: lines
            .map(|(member, name)| NameLine {
                name,
                days: member.checked_in_days,
            })
            .collect(),
        unknown,
        as_of,
    };
    Ok(turn.reply_about(camp.id, listing))
}
