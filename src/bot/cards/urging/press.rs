//! The press on the card of an urging.

use crate::bot::cards::press::Press;
use crate::domain::card::{Mended, Mending, Outcome, UrgePreview};
use crate::domain::{CardState, Machine as _};
use crate::services::Result;
use crate::services::inbox::Reply;
use crate::services::urge::{self, Shown};

pub(in crate::bot) async fn press(press: &Press<'_>, preview: &UrgePreview) -> Result<Vec<Reply>> {
    if !press.is_open() {
        return press.decided_already().await;
    }
    if press.action != "urge" {
        return Ok(vec![press.gone()]);
    }
    let shown = Shown {
        camp_id: preview.camp.id,
        missing: preview.missing,
        as_of: preview.as_of,
    };
    urge::send(press.ctx(), &press.turn.actor, shown).await?;
    let made = press.turn.decided_now();
    let how = Mending::Urge;
    let change = CardState::Open.to(CardState::Decided)?;
    press
        .decide(change, Outcome::Mended(Mended { made, how }))
        .await
}
