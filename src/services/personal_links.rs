//! Links that we sign for one planet user and one camp: who opens them need not say who they are.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::domain::{CampId, PlanetUserId, Terms, Timestamp};

use super::{Context, Refusal, Result};

const PURPOSE: &str = "personal link";

/// The signed part of a link: until when it is good, and the MAC over all it says.
#[must_use]
pub fn ticket(ctx: &Context, camp: CampId, user: PlanetUserId, terms: &Terms) -> String {
    let until = terms.over_at().secs();
    let mac = ctx.keys().mac(PURPOSE, &signed_text(camp, user, until));
    format!("{until}.{}", URL_SAFE_NO_PAD.encode(mac))
}

/// The address of a personal link.
#[must_use]
pub fn url(ctx: &Context, camp: CampId, user: PlanetUserId, terms: &Terms) -> String {
    let base = &ctx.settings.public_url;
    let ticket = ticket(ctx, camp, user, terms);
    format!("{base}/h5/camps/{camp}?planetUserId={user}&ticket={ticket}")
}

/// Says whether we signed `ticket` for this user and this camp.
///
/// # Errors
/// `link_expired` after the camp's end; a ticket that we did not make is `Ok(false)`.
pub fn verify(ctx: &Context, camp: CampId, user: PlanetUserId, ticket: &str) -> Result<bool> {
    let Some((until, mac)) = ticket.split_once('.') else {
        return Ok(false);
    };
    let (Ok(until), Ok(mac)) = (until.parse::<i64>(), URL_SAFE_NO_PAD.decode(mac)) else {
        return Ok(false);
    };
    if !ctx
        .keys()
        .verify_mac(PURPOSE, &signed_text(camp, user, until), &mac)
    {
        return Ok(false);
    }
    if Timestamp::secs(ctx.now()) >= until {
        return Err(Refusal::LinkExpired.into());
    }
    Ok(true)
}

fn signed_text(camp: CampId, user: PlanetUserId, until: i64) -> Vec<u8> {
    format!("{camp}:{user}:{until}").into_bytes()
}
