//! Members that a name has found, as people are told of them.

use crate::domain::eligibility::Days;
use crate::domain::message::{Members, Place};
use crate::domain::shown_name::told_apart;
use crate::domain::{BindStatus, MatchStatus};
use crate::services::inbox::Reply;
use crate::services::lookup::MemberProgress;
use crate::store::camps::Camp;

use super::Bot;
use super::turn::Turn;

/// Tells which members of a camp a name has found.
pub(super) fn found(turn: &Turn<'_>, camp: &Camp, wanted: &str, found: &[MemberProgress]) -> Reply {
    let own = |place: &MemberProgress| (place.name(), place.order_no.clone());
    let names = told_apart(found.iter().map(own).collect());
    let members = found.iter().zip(names);
    let members = Members {
        camp_name: Some(camp.name.clone()),
        wanted: wanted.to_owned(),
        members: members
            .map(|(place, name)| Place {
                name,
                ..self::place(turn.bot, place)
            })
            .collect(),
    };
    turn.reply_about(camp.id, members)
}

/// A member's place in a camp, as of today.
pub(super) fn place(bot: &Bot, place: &MemberProgress) -> Place {
    Place {
        camp_name: place.camp.name.clone(),
        camp_status: place.camp.status,
        day: place.terms.days_begun(bot.ctx.today()),
        camp_days: place.terms.calendar_days(),
        name: place.name(),
        days: Days::of(place.member.checked_in_days, &place.terms),
        source: place.member.days_source,
        matched: place.member.match_status == MatchStatus::Matched,
        may_bind: place.bind_status == BindStatus::Pending,
        joined: place.member.joined,
        refund: place.refund,
    }
}
