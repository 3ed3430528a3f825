//! Cards die with their response codes, after 72 hours (wecom-app §7). What still waits is shown
//! anew before that, as it stands then, and the old card is greyed by the code from its sending.

use chrono::TimeDelta;
use serde_json::{Value, json};

use crate::domain::staff::Channel;
use crate::domain::{CardState, RefundId, RefundStatus};
use crate::services::inbox::Reply;
use crate::services::{Error, Result, cards, review, staff};
use crate::store::cards::Card;
use crate::store::outbox::Priority;

use crate::bot::cards::pending::{self, Frozen};
use crate::bot::cards::single;
use crate::bot::{Bot, replies};

/// How long before its end a card is renewed: enough for a process that was down to come back.
const BEFORE_THE_END: TimeDelta = TimeDelta::hours(6);

/// Renews every card that still waits and is about to die, and greys those that wait for nothing.
pub(in crate::bot) async fn renew(bot: &Bot) -> Result<()> {
    for card in cards::superseded(&bot.ctx).await? {
        end(bot, &card, "renewed").await?;
    }
    for card in cards::left_behind(&bot.ctx).await? {
        end(bot, &card, "done").await?;
    }
    let before = bot.ctx.now().plus(BEFORE_THE_END);
    for card in cards::expiring(&bot.ctx, before).await? {
        let readers = readers(bot, &card).await?;
        let anew = anew(bot, &card, &readers).await?;
        let why = if anew.is_some() { "renewed" } else { "over" };
        let all = anew.into_iter().chain([grey(bot, &card)]).collect();
        cards::replace(&bot.ctx, card.id, ended(bot, &card, why)?.into(), all).await?;
    }
    Ok(())
}

async fn end(bot: &Bot, card: &Card, why: &str) -> Result<()> {
    let outcome = ended(bot, card, why)?;
    cards::replace(&bot.ctx, card.id, outcome.into(), vec![grey(bot, card)]).await?;
    Ok(())
}

/// What a card shows whose buttons do nothing any more: `renewed`, `done` elsewhere, or `over`.
pub(in crate::bot) fn ended(bot: &Bot, card: &Card, why: &str) -> Result<Value> {
    Ok(json!({"title": title(bot, card)?, "why": why}))
}

fn grey(bot: &Bot, card: &Card) -> Reply {
    let old = json!({"cardId": card.id.0});
    let readers = card.audience.join("|");
    replies::later(&readers, "card_renewed", old, bot.ctx.now())
}

/// Those who have the card and whom it still concerns.
async fn readers(bot: &Bot, card: &Card) -> Result<Vec<String>> {
    let named = &bot.ctx.settings.recipients;
    let mut readers = Vec::new();
    for reader in &card.audience {
        let is_named = named.iter().any(|name| name.to_lowercase() == *reader);
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader, Channel::Card).await?;
        if is_named || actor.is_some() {
            readers.push(reader.clone());
        }
    }
    Ok(readers)
}

/// The card that takes the place of `card`; none if nothing waits any more, if its readers have a
/// newer one, or if none of them may decide.
async fn anew(bot: &Bot, card: &Card, readers: &[String]) -> Result<Option<Reply>> {
    let alike = cards::about(&bot.ctx, &card.kind, &card.subject, CardState::Open).await?;
    let has_all = |other: &Card| readers.iter().all(|reader| other.audience.contains(reader));
    if alike
        .iter()
        .any(|other| other.id > card.id && has_all(other))
    {
        return Ok(None);
    }
    match card.kind.as_str() {
        "digest" | "batch" | "single" => shown_anew(bot, card, readers).await,
        "refund_failed" => failed_still(bot, card, readers).await,
        // A camp that ended or a sync that failed three days ago is no news.
        _ => Ok(None),
    }
}

async fn shown_anew(bot: &Bot, card: &Card, readers: &[String]) -> Result<Option<Reply>> {
    let Some(camp) = card.camp_id else {
        return Ok(None);
    };
    let waiting = pending::waiting_for(bot, readers, camp).await?;
    let Some(waiting) = waiting.filter(|waiting| !waiting.is_empty()) else {
        return Ok(None);
    };
    let recipient = readers.join("|");
    let shown = match card.kind.as_str() {
        "digest" => Some(pending::digest(bot, &recipient, &waiting)?),
        "batch" => Some(pending::batch(bot, &recipient, &waiting)),
        _ => {
            let shown = Frozen::of(card)?.picked;
            let id = shown.first().map(|refund| RefundId(refund.id));
            let listed = id.and_then(|id| waiting.of_refund(id));
            listed.map(|listed| single::card(bot, &recipient, &waiting.camp, listed))
        }
    };
    Ok(shown.map(unasked))
}

async fn failed_still(bot: &Bot, card: &Card, readers: &[String]) -> Result<Option<Reply>> {
    let id = card.proposal.get("refundId").and_then(Value::as_i64);
    let Some(id) = id.map(RefundId) else {
        return Ok(None);
    };
    for reader in readers {
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader, Channel::Card).await?;
        let Some(actor) = actor else {
            continue;
        };
        match review::one(&bot.ctx, &actor, id).await {
            Ok(refund) if refund.status() == RefundStatus::ManualRequired => {
                let (recipient, body) = (readers.join("|"), card.proposal.clone());
                let mut reply = replies::later(&recipient, "refund_failed", body, bot.ctx.now());
                reply.message.camp_id = card.camp_id;
                return Ok(Some(reply));
            }
            Ok(_) => return Ok(None),
            Err(Error::NotFound | Error::Forbidden(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(None)
}

/// Nobody has just asked for it.
fn unasked(mut reply: Reply) -> Reply {
    reply.message.priority = Priority::Notice;
    reply
}

/// The first line of the old card, which stays.
fn title(bot: &Bot, card: &Card) -> Result<String> {
    let body = card.proposal.get("body").unwrap_or(&card.proposal);
    let layout = bot.layout(&card.kind, &bot.with_site(body.clone()))?;
    Ok(layout.title().to_owned())
}
