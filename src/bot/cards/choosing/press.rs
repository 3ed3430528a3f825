//! The press on the card with camps: what was asked for goes on with the camp that was picked.

use crate::bot::answers;
use crate::bot::asking::needed_for;
use crate::bot::cards::press::Press;
use crate::domain::CampId;
use crate::domain::card::{CampChoice, Chosen};
use crate::services::inbox::Reply;
use crate::services::{Error, Result, lookup};

/// The question of the drop-down.
const CAMP: &str = "camp";
/// The beginning of the action of a camp's button.
const PICK: &str = "pick_";

pub(in crate::bot) async fn press(press: &Press<'_>, choice: &CampChoice) -> Result<Vec<Reply>> {
    if !press.is_open() && !press.is_mine_again() {
        return Ok(vec![press.gone()]);
    }
    let picked = press.action.strip_prefix(PICK).map(str::to_owned);
    let picked = picked.or_else(|| press.selected(CAMP).first().cloned());
    let camp = picked.and_then(|id| id.parse().ok()).map(CampId);
    let needed = needed_for(choice.verb);
    let camp = camp.ok_or(Error::NotFound)?;
    let camp = lookup::camp(press.ctx(), &press.turn.actor, needed, camp).await?;
    let said = answers::about_camp(&press.turn, choice.verb, &camp, &choice.words).await?;
    let chosen = Chosen {
        verb: choice.verb,
        camp_name: camp.name,
    };
    press.choose(chosen).await?;
    Ok(said)
}
