//! Cards die with their response codes, after 72 hours (wecom-app §7). What still waits is shown
//! anew before that, as it stands then, and the old card is greyed by the code from its sending.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::staff::{Actor, Channel};
use crate::domain::{Action, RefundId, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::review::{self, Waiting};
use crate::services::{Error, Result, cards, lookup, staff};
use crate::store::cards::{Card, CardState};
use crate::store::outbox::Lane;

use super::pending::{self, Frozen};
use super::{Bot, replies, single};

/// How long before its end a card is renewed: enough for a process that was down to come back.
const BEFORE_THE_END: TimeDelta = TimeDelta::hours(6);

/// Renews every card that still waits and is about to die.
pub(super) async fn renew(bot: &Bot) -> Result<()> {
    let before = bot.ctx.now().plus(BEFORE_THE_END);
    for card in cards::expiring(&bot.ctx, before).await? {
        let anew = anew(bot, &card).await?;
        let outcome = json!({"title": title(bot, &card)?, "renewed": anew.is_some()});
        let person = card.audience.first().map_or("", String::as_str);
        let old = json!({"cardId": card.id.0});
        let grey = replies::later(person, "card_renewed", old, bot.ctx.now());
        let all = anew.into_iter().chain([grey]).collect();
        cards::replace(&bot.ctx, card.id, outcome, all).await?;
    }
    Ok(())
}

/// The card that takes the place of `card`; none if nothing waits any more, if a newer one is
/// there already, or if its reader may no longer decide.
async fn anew(bot: &Bot, card: &Card) -> Result<Option<Reply>> {
    let Some(person) = card.audience.first() else {
        return Ok(None);
    };
    let alike = cards::about(&bot.ctx, &card.kind, &card.subject, CardState::Open).await?;
    let is_newer = |other: &Card| other.id > card.id && other.audience == card.audience;
    if alike.iter().any(is_newer) {
        return Ok(None);
    }
    let actor = staff::actor_by_wecom_userid(&bot.ctx, person, Channel::Card).await?;
    let Some(actor) = actor else {
        return Ok(None);
    };
    match card.kind.as_str() {
        "digest" | "batch" | "single" => shown_anew(bot, person, &actor, card).await,
        "refund_failed" => failed_still(bot, person, &actor, card).await,
        // A camp that ended or a sync that failed three days ago is no news.
        _ => Ok(None),
    }
}

async fn shown_anew(bot: &Bot, person: &str, actor: &Actor, card: &Card) -> Result<Option<Reply>> {
    let Some(waiting) = waiting(bot, actor, card).await? else {
        return Ok(None);
    };
    if waiting.is_empty() {
        return Ok(None);
    }
    match card.kind.as_str() {
        "digest" => pending::digest(bot, person, &waiting).map(Some),
        "batch" => Ok(Some(pending::batch(bot, person, &waiting))),
        _ => {
            let shown = Frozen::of(card)?.picked;
            let id = shown.first().map(|refund| RefundId(refund.id));
            let listed = id.and_then(|id| waiting.of_refund(id));
            Ok(listed.map(|listed| single::card(bot, person, &waiting.camp, listed)))
        }
    }
    .map(|reply| reply.map(unasked))
}

/// What waits in the card's camp, if `actor` may still decide there.
async fn waiting(bot: &Bot, actor: &Actor, card: &Card) -> Result<Option<Waiting>> {
    let Some(camp) = card.camp_id else {
        return Ok(None);
    };
    match lookup::camp(&bot.ctx, actor, Action::ReviewRefunds, camp).await {
        Ok(camp) => review::waiting(&bot.ctx, actor, camp).await.map(Some),
        Err(Error::NotFound | Error::Forbidden(_)) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn failed_still(
    bot: &Bot,
    person: &str,
    actor: &Actor,
    card: &Card,
) -> Result<Option<Reply>> {
    let id = card.proposal.get("refundId").and_then(Value::as_i64);
    let Some(id) = id.map(RefundId) else {
        return Ok(None);
    };
    let refund = match review::one(&bot.ctx, actor, id).await {
        Ok(refund) => refund,
        Err(Error::NotFound | Error::Forbidden(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    let is_stuck = refund.status == RefundStatus::ManualRequired;
    Ok(is_stuck.then(|| {
        let body = card.proposal.clone();
        let mut reply = replies::later(person, "refund_failed", body, bot.ctx.now());
        reply.message.camp_id = card.camp_id;
        reply
    }))
}

/// Nobody has just asked for it.
fn unasked(mut reply: Reply) -> Reply {
    reply.message.lane = Lane::Notice;
    reply
}

/// The first line of the old card, which stays.
fn title(bot: &Bot, card: &Card) -> Result<String> {
    let body = card.proposal.get("body").unwrap_or(&card.proposal);
    let layout = bot.layout(&card.kind, &bot.with_site(body.clone()))?;
    Ok(layout.title().to_owned())
}
