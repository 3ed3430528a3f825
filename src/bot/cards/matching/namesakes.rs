//! The card from which somebody picks the member that they meant, where several are called so: told
//! apart by how they go in WeChat, by when they paid, and by the end of their order's number.

use crate::bot::cards::waiting::named;
use crate::bot::turn::Turn;
use crate::domain::card::{Namesake, Namesakes};
use crate::domain::shown_name::shown_name;
use crate::services::inbox::Reply;
use crate::services::lookup::MemberProgress;
use crate::store::camps::Camp;

/// Asks which of the members is meant that a name has found.
pub(super) fn ask(
    turn: &Turn<'_>,
    camp: &Camp,
    wanted: &str,
    several: &[&MemberProgress],
) -> Reply {
    let namesakes = Namesakes {
        asked_by: turn.person.to_owned(),
        camp: named(camp),
        wanted: wanted.to_owned(),
        members: several.iter().map(|place| namesake(place)).collect(),
    };
    turn.card(Some(camp.id), namesakes)
}

fn namesake(place: &MemberProgress) -> Namesake {
    let identity = &place.member.identity;
    let nicknames = [&*identity.wechat_nickname, &*identity.planet_nickname];
    Namesake {
        id: place.member.id,
        name: shown_name(&nicknames, None, identity.planet_user_id),
        paid_at: place.paid_at,
        order_no: place.order_no.clone(),
    }
}
