//! `状态`: how the product itself is doing.

use std::time::Duration;

use crate::bot::turn::Turn;
use crate::domain::message::{ProductStatus, StatusCampLine, StatusOfWhole};
use crate::services::Result;
use crate::services::inbox::Reply;
use crate::services::product_status::{self, CampLine, Login, Whole};

const SECONDS_PER_DAY: u64 = 24 * 3600;

pub(super) async fn told(turn: &Turn<'_>) -> Result<Reply> {
    let status = product_status::read(turn.ctx(), &turn.actor).await?;
    let camp = |camp: CampLine| StatusCampLine {
        name: camp.name,
        synced_at: camp.synced_at,
        is_incomplete: camp.is_incomplete,
        unmatched: camp.unmatched,
    };
    Ok(turn.reply(ProductStatus {
        camps: status.camps.into_iter().map(camp).collect(),
        more: status.more,
        to_review: status.to_review,
        whole: status.whole.as_ref().map(whole),
    }))
}

fn whole(whole: &Whole) -> StatusOfWhole {
    let lives = match whole.login {
        Login::Configured { expires_in } => expires_in,
        Login::NotConfigured => None,
    };
    StatusOfWhole {
        has_planet: whole.login != Login::NotConfigured,
        cookie_days: lives.map(|lives: Duration| lives.as_secs() / SECONDS_PER_DAY),
        queued: whole.events + whole.messages,
        undelivered: whole.undelivered,
        held_back: whole.hold.as_ref().map(|_| whole.held_back),
        differences: whole.differences,
    }
}
