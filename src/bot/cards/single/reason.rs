//! The reason of a rejection in somebody's own words: 其他 asks for one message. What they write decides
//! nothing: the card says it back, and a press on that rejects.

use crate::bot::cards::draw;
use crate::bot::cards::press::Press;
use crate::bot::turn::Turn;
use crate::domain::CardState;
use crate::domain::card::{Proposal, Single};
use crate::domain::dialogue::Dialogue;
use crate::services::inbox::Reply;
use crate::services::{Result, cards, dialogue, refund};

use super::press::no_longer_waiting;
use super::view;

/// Words that call it off.
const CALLED_OFF: &[&str] = &["返回", "取消", "算了"];
/// The action of an answer, which no button has.
const SAID: &str = "said";

/// Takes what somebody has written for the reason, and asks whether they mean it; none where the card
/// does not wait for it any more, so that it is read like any other text.
pub(in crate::bot) async fn said(
    turn: Turn<'_>,
    waited_for: Dialogue,
    text: &str,
) -> Result<Option<Vec<Reply>>> {
    let text = text.trim();
    let is_called_off = CALLED_OFF.contains(&text);
    // It is one message; the same one comes again where the process died over it.
    if let Dialogue::RejectionWritten { words, .. } = &waited_for
        && words != text
        && !is_called_off
    {
        return Ok(None);
    }
    let (ctx, person) = (turn.ctx(), turn.person);
    let card = cards::find(ctx, waited_for.card_id()).await?;
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
    let answers = if !press.is_open() {
        press.decided_already().await
    } else if is_called_off {
        show_again(&press).await
    } else {
        let asked = ask_whether_meant(&press, single, text).await;
        if asked.is_ok() {
            return asked.map(Some);
        }
        asked
    };
    no_longer_waiting(&press, answers).await.map(Some)
}

async fn show_again(press: &Press<'_>) -> Result<Vec<Reply>> {
    let layout = draw::proposal(press.turn.bot, &press.card.proposal)?;
    press.show(&layout).await
}

/// Keeps the words, and shows them on the card with the press that rejects for them.
async fn ask_whether_meant(press: &Press<'_>, single: &Single, words: &str) -> Result<Vec<Reply>> {
    refund::check_reason(words)?;
    let written = Dialogue::RejectionWritten {
        card_id: press.card.id,
        words: words.to_owned(),
    };
    dialogue::begin(press.ctx(), press.turn.person, written).await?;
    let asked = view::SaidReason::of(single, words);
    press.show(&press.turn.bot.draw(&asked)?).await
}
