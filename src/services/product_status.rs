//! How the product itself is doing, as staff ask for it in a chat: each hears of what is theirs.

use std::time::Duration;

use chrono::TimeDelta;

use crate::domain::merchant::MerchantHold;
use crate::domain::staff::{Actor, Reach};
use crate::domain::{Action, CampStatus, Timestamp};
use crate::store::camps::Camp;
use crate::store::syncs::{self, SyncState};
use crate::store::{inbox, outbox, trade_bills};

use super::{Context, Result, lookup, merchant, refund::review};

/// Camps that one answer lists.
const MAX_CAMPS: usize = 10;
/// What reached nobody is told of for so long.
const UNDELIVERED_FOR: TimeDelta = TimeDelta::days(7);

/// How the product is doing, as far as one person may know it.
#[derive(Debug)]
pub struct ProductStatus {
    /// The camps that run or are being settled.
    pub camps: Vec<CampLine>,
    /// Camps that are not among them for want of room.
    pub more: usize,
    /// Refunds that wait for this person; none for who reviews none.
    pub to_review: Option<usize>,
    /// None for who has nothing to do with the whole product.
    pub whole: Option<Whole>,
}

/// How a camp's data are doing.
#[derive(Debug)]
pub struct CampLine {
    pub name: String,
    /// As of when the days are known; none before the first complete sync.
    pub synced_at: Option<Timestamp>,
    /// The newest sync did not read everything.
    pub is_incomplete: bool,
    /// Members whose account is not sure.
    pub unmatched: i64,
}

/// What concerns the whole product.
#[derive(Debug)]
pub struct Whole {
    pub login: Login,
    /// Events from WeCom that are not worked off.
    pub events: i64,
    /// Messages that are due and not sent.
    pub messages: i64,
    /// Notices of the last week that reached nobody.
    pub undelivered: i64,
    /// None: refunds go out.
    pub hold: Option<MerchantHold>,
    /// Refunds that wait behind the hold.
    pub held_back: i64,
    /// Differences between the books and WeChat Pay's bills that nobody has settled.
    pub differences: i64,
}

/// The login at the planet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// There is none.
    NotConfigured,
    /// How long it lives, where the planet has said so since the start.
    Configured { expires_in: Option<Duration> },
}

/// Reads how the product is doing.
///
/// # Errors
/// [`super::Error::Forbidden`] for who may see no camp.
pub async fn read(ctx: &Context, actor: &Actor) -> Result<ProductStatus> {
    let mut camps = lookup::camps_for(ctx, actor, Action::ViewCamp).await?;
    camps.retain(|camp| {
        use CampStatus::{Ended, Enrolling, Ongoing, Settling};
        matches!(camp.status, Enrolling | Ongoing | Ended | Settling)
    });
    let more = camps.len().saturating_sub(MAX_CAMPS);
    camps.truncate(MAX_CAMPS);
    let to_review = match actor.role.may(Action::ReviewRefunds) {
        Reach::Nowhere => None,
        Reach::All | Reach::OwnCamps => {
            let waiting = review::waiting_everywhere(ctx, actor).await?;
            Some(waiting.iter().map(review::Waiting::len).sum())
        }
    };
    let whole = match actor.role.may(Action::ProbeMerchant) {
        Reach::All => Some(whole(ctx, actor).await?),
        Reach::OwnCamps | Reach::Nowhere => None,
    };
    Ok(ProductStatus {
        camps: lines(ctx, actor, &camps).await?,
        more,
        to_review,
        whole,
    })
}

async fn lines(ctx: &Context, actor: &Actor, camps: &[Camp]) -> Result<Vec<CampLine>> {
    let progress = lookup::progress_of_camps(ctx, actor, camps).await?;
    let mut conn = ctx.db.read().await?;
    let mut lines = Vec::with_capacity(camps.len());
    for (camp, progress) in camps.iter().zip(progress) {
        let newest = syncs::newest_finished(&mut conn, camp.id).await?;
        lines.push(CampLine {
            name: camp.name.clone(),
            synced_at: progress.synced_at,
            is_incomplete: newest.is_some_and(|run| run.state != SyncState::Complete),
            unmatched: progress.unmatched,
        });
    }
    Ok(lines)
}

async fn whole(ctx: &Context, actor: &Actor) -> Result<Whole> {
    let merchant = merchant::state(ctx, actor).await?;
    let login = ctx
        .clients
        .planet
        .as_ref()
        .map_or(Login::NotConfigured, |planet| Login::Configured {
            expires_in: planet.cookie_expires_in(),
        });
    let mut conn = ctx.db.read().await?;
    Ok(Whole {
        login,
        events: inbox::waiting(&mut conn).await?,
        messages: outbox::waiting(&mut conn, ctx.now()).await?,
        undelivered: outbox::undelivered(&mut conn, ctx.now().minus(UNDELIVERED_FOR)).await?,
        hold: merchant.hold,
        held_back: merchant.waiting.count,
        differences: trade_bills::count_open(&mut conn).await?,
    })
}
