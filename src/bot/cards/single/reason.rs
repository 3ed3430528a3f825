//! The reason of a rejection in somebody's own words: 其他 asks for one message, and that is it.

use crate::bot::cards::draw;
use crate::bot::cards::press::Press;
use crate::bot::turn::Turn;
use crate::domain::CardState;
use crate::domain::card::Proposal;
use crate::domain::dialogue::Dialogue;
use crate::services::inbox::Reply;
use crate::services::{Result, cards, dialogue, refund};

use super::press::finish;

/// Words that call it off.
const CALLED_OFF: &[&str] = &["返回", "取消", "算了"];
/// The action of an answer, which no button has.
const SAID: &str = "said";

/// Takes what somebody has written as the reason; none where the card does not wait for it any more,
/// so that it is read like any other text.
pub(in crate::bot) async fn said(
    turn: Turn<'_>,
    waited_for: Dialogue,
    text: &str,
) -> Result<Option<Vec<Reply>>> {
    let Dialogue::RejectionReason { card_id } = waited_for;
    let (ctx, person) = (turn.ctx(), turn.person);
    let card = cards::find(ctx, card_id).await?;
    let waits = |state| matches!(state, CardState::Open | CardState::Decided);
    let Some(card) = card.filter(|card| waits(card.state)) else {
        dialogue::end(ctx, person, waited_for).await?;
        return Ok(None);
    };
    let Proposal::Single(single) = &card.proposal else {
        return Ok(None);
    };
    let press = Press {
        turn,
        card: &card,
        action: SAID,
        click: None,
    };
    let text = text.trim();
    let answers = if CALLED_OFF.contains(&text) {
        press
            .show(&draw::proposal(press.turn.bot, &card.proposal)?)
            .await?
    } else {
        let decided = refund::reject(ctx, &press.turn.actor, single.refund.id, text).await;
        finish(&press, decided, text).await?
    };
    // Only now: if the process dies before, the message is worked off again.
    dialogue::end(ctx, person, waited_for).await?;
    Ok(Some(answers))
}
