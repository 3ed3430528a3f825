//! A card about refunds as things stand now: in the place of one that dies, and of one that shows what
//! is no longer so.

use std::collections::BTreeSet;

use crate::bot::{Bot, replies};
use crate::domain::WecomUserid;
use crate::domain::card::Proposal;
use crate::services::inbox::Reply;
use crate::services::{Result, cards};
use crate::store::cards::Card;
use crate::store::outbox::Priority;

use super::press::Press;
use super::waiting::waiting_for;
use super::{batch, digest, single};

/// Sends those who have the pressed card, and the one who pressed, another one of its kind; none if
/// nothing of it waits any more. The old one is retired by it.
pub(super) async fn instead(press: &Press<'_>) -> Result<Option<Reply>> {
    let (bot, card, readers) = (press.turn.bot, press.card, press.readers());
    let proposal = as_of_now(bot, card, &readers).await?;
    Ok(proposal.map(|proposal| {
        let card = cards::new(&bot.ctx, card.camp_id, proposal, readers);
        let mut reply = replies::card(bot, card);
        reply.message.priority = Priority::Reply;
        reply
    }))
}

/// Makes the proposal of a card about refunds anew; none if nothing waits.
pub(super) async fn as_of_now(
    bot: &Bot,
    card: &Card,
    readers: &BTreeSet<WecomUserid>,
) -> Result<Option<Proposal>> {
    let Some(camp) = card.camp_id else {
        return Ok(None);
    };
    let waiting = waiting_for(bot, readers, camp).await?;
    let Some(waiting) = waiting.filter(|waiting| !waiting.is_empty()) else {
        return Ok(None);
    };
    Ok(match &card.proposal {
        Proposal::Digest(_) => Some(digest::propose(&waiting)?.into()),
        Proposal::Batch(_) => Some(batch::propose(&waiting).into()),
        Proposal::Single(old) => {
            let listed = waiting.of_refund(old.refund.id);
            listed.map(|listed| single::propose(&waiting.camp, listed).into())
        }
        _ => None,
    })
}
