//! The press on a button that asks for something.

use crate::bot::answers;
use crate::bot::cards::draw;
use crate::bot::cards::press::Press;
use crate::domain::command::Command;
use crate::services::Result;
use crate::services::inbox::Reply;

use super::view::ASK;

/// Answers the command of the pressed button, as if it had been typed.
pub(in crate::bot) async fn press(press: &Press<'_>, commands: &[Command]) -> Result<Vec<Reply>> {
    let idx = press.action.strip_prefix(ASK);
    let idx = idx.and_then(|idx| idx.parse::<usize>().ok());
    let Some(command) = idx.and_then(|idx| commands.get(idx)) else {
        return Ok(vec![press.gone()]);
    };
    let answers = answers::carry_out(&press.turn, command).await?;
    // A click leaves the buttons pressed until the card is changed. That it could not be is not worth
    // a text: what was asked for is there.
    let layout = draw::proposal(press.turn.bot, &press.card.proposal)?;
    press.show(&layout).await?;
    Ok(answers)
}
