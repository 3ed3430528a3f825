//! Cards die with their response codes, after 72 hours (wecom-app §7). What still waits is shown
//! again before that on a new card, as it stands then, and the old one is retired by the code from
//! its sending.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::bot::{Bot, replies};
use crate::domain::card::{Ending, Proposal};
use crate::domain::message::{CardRenewed, RefundFailed};
use crate::domain::staff::Channel;
use crate::domain::{CardState, Recipients, RefundStatus, WecomUserid};
use crate::services::inbox::Reply;
use crate::services::{Error, Result, appeals, cards, review, staff};
use crate::store::cards::Card;

use super::anew::as_of_now;

/// How long before its end a card is renewed: enough for a process that was down to come back.
const BEFORE_THE_END: TimeDelta = TimeDelta::hours(6);

/// Renews every card that still waits and is about to die, and retires those that wait for nothing.
pub(in crate::bot) async fn renew(bot: &Bot) -> Result<()> {
    for card in cards::superseded(&bot.ctx).await? {
        end(bot, &card, Ending::Reissued, None).await?;
    }
    for card in cards::left_behind(&bot.ctx).await? {
        end(bot, &card, Ending::Settled, None).await?;
    }
    let before = bot.ctx.now().plus(BEFORE_THE_END);
    for card in cards::expiring(&bot.ctx, before).await? {
        let readers = readers(bot, &card).await?;
        let successor = reissue(bot, &card, readers).await?;
        let why = match successor {
            Some(_) => Ending::Reissued,
            None => Ending::Expired,
        };
        end(bot, &card, why, successor).await?;
    }
    Ok(())
}

/// Ends a card together with what takes its place; its buttons go as soon as that can be told.
async fn end(bot: &Bot, card: &Card, why: Ending, successor: Option<Reply>) -> Result<()> {
    let old = Recipients::Members(card.audience.clone());
    let retire = replies::scheduled(old, CardRenewed { card_id: card.id }, bot.ctx.now());
    let replies = successor.into_iter().chain([retire]).collect();
    cards::replace(&bot.ctx, card.id, why.into(), replies).await?;
    Ok(())
}

/// Those who have the card and whom it still concerns.
async fn readers(bot: &Bot, card: &Card) -> Result<BTreeSet<WecomUserid>> {
    let named = bot.ctx.settings.recipients.iter();
    let named: BTreeSet<WecomUserid> = named.map(|name| WecomUserid::new(name)).collect();
    let mut readers = BTreeSet::new();
    for reader in &card.audience {
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader.as_str(), Channel::Card).await?;
        if named.contains(reader) || actor.is_some() {
            readers.insert(reader.clone());
        }
    }
    Ok(readers)
}

/// The message that takes the place of `card`; none if nothing waits any more, if its readers have
/// a newer card, or if none of them may decide.
async fn reissue(bot: &Bot, card: &Card, readers: BTreeSet<WecomUserid>) -> Result<Option<Reply>> {
    let (kind, subject) = (card.proposal.kind(), &card.subject);
    let alike = cards::about(&bot.ctx, kind, subject, CardState::Open).await?;
    let is_newer = |other: &Card| other.id > card.id && other.audience.is_superset(&readers);
    if alike.iter().any(is_newer) {
        return Ok(None);
    }
    match &card.proposal {
        Proposal::Digest(_) | Proposal::Batch(_) | Proposal::Single(_) => {
            let proposal = as_of_now(bot, card, &readers).await?;
            Ok(proposal.map(|proposal| {
                let card = cards::new(&bot.ctx, card.camp_id, proposal, readers);
                replies::card(bot, card)
            }))
        }
        Proposal::RefundFailed(failed) => failed_still(bot, card, failed, readers).await,
        Proposal::AppealOpened(appeal) => {
            let is_open = appeals::is_open(&bot.ctx, appeal.appeal_id).await?;
            Ok(is_open.then(|| {
                let to = Recipients::Members(readers);
                let mut reply = replies::scheduled(to, appeal.clone(), bot.ctx.now());
                reply.message.camp_id = card.camp_id;
                reply
            }))
        }
        // A camp that ended, a sync that failed or a question of three days ago is no news, and an
        // odd ranking is told of every night.
        Proposal::Match(_)
        | Proposal::MatchNobody(_)
        | Proposal::Namesakes(_)
        | Proposal::ChooseCamp(_)
        | Proposal::Progress(_)
        | Proposal::Meant(_)
        | Proposal::Urge(_)
        | Proposal::CampEnded(_)
        | Proposal::SyncFailed(_)
        | Proposal::RankingOdd(_)
        | Proposal::PaymentAbnormal(_) => Ok(None),
    }
}

async fn failed_still(
    bot: &Bot,
    card: &Card,
    failed: &RefundFailed,
    readers: BTreeSet<WecomUserid>,
) -> Result<Option<Reply>> {
    for reader in &readers {
        let actor = staff::actor_by_wecom_userid(&bot.ctx, reader.as_str(), Channel::Card).await?;
        let Some(actor) = actor else {
            continue;
        };
        match review::one(&bot.ctx, &actor, failed.refund_id).await {
            Ok(refund) if refund.status() == RefundStatus::ManualRequired => {
                let to = Recipients::Members(readers);
                let mut reply = replies::scheduled(to, failed.clone(), bot.ctx.now());
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
