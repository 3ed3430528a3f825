//! The press on a button that asks for something.

use crate::bot::answers;
use crate::bot::cards::draw;
use crate::bot::cards::press::Press;
use crate::domain::card::Chosen;
use crate::domain::command::Command;
use crate::services::Result;
use crate::services::inbox::Reply;

use super::view::ASK;

/// Answers what somebody may have meant. What does something is done once: that decides the card.
pub(in crate::bot) async fn on_meant(
    press: &Press<'_>,
    commands: &[Command],
) -> Result<Vec<Reply>> {
    let Some(command) = pressed(press, commands).filter(|command| command.verb.acts()) else {
        return on_overview(press, commands).await;
    };
    if !press.is_open() {
        return press.decided_already().await;
    }
    let answers = answers::carry_out(&press.turn, command).await?;
    let chosen = Chosen {
        verb: command.verb,
        camp_name: command.words.join(" "),
    };
    press.choose(chosen).await?;
    Ok(answers)
}

fn pressed<'a>(press: &Press<'_>, commands: &'a [Command]) -> Option<&'a Command> {
    let idx = press.action.strip_prefix(ASK)?;
    commands.get(idx.parse::<usize>().ok()?)
}

/// Answers the command of the pressed button, as if it had been typed.
pub(in crate::bot) async fn on_overview(
    press: &Press<'_>,
    commands: &[Command],
) -> Result<Vec<Reply>> {
    let Some(command) = pressed(press, commands) else {
        return Ok(vec![press.gone()]);
    };
    let answers = answers::carry_out(&press.turn, command).await?;
    // A click leaves the buttons pressed until the card is changed. That it could not be is not worth
    // a text: what was asked for is there.
    let layout = draw::proposal(press.turn.bot, &press.card.proposal)?;
    press.show(&layout).await?;
    Ok(answers)
}
