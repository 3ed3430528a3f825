//! The presses on a batch. The ticks travel in the keys of the confirmation, as a mask.

use crate::bot::cards::approving::list::{self, Keys};
use crate::bot::cards::approving::view::BatchConfirm;
use crate::bot::cards::press::Press;
use crate::bot::cards::waiting::nothing;
use crate::bot::layout::CHOICES;
use crate::domain::card::{Batch, BatchPlace, RefundShown};
use crate::domain::{Action, CampId};
use crate::services::inbox::Reply;
use crate::services::{Result, lookup, review};

use super::{propose, view};

pub(in crate::bot) async fn press(press: &Press<'_>, batch: &Batch) -> Result<Vec<Reply>> {
    let (verb, mask) = press.action.split_once('_').unwrap_or((press.action, ""));
    let mask = u32::from_str_radix(mask, 16).unwrap_or_default();
    match verb {
        "submit" | "back" if !press.is_open() => press.decided_already().await,
        "submit" => {
            let mask = mask_of(batch, press.selected(CHOICES));
            if mask == 0 {
                return Ok(vec![press.turn.nothing_picked("ticked")]);
            }
            let keys = Keys::new(format!("confirm_{mask:x}"), format!("back_{mask:x}"));
            let chosen = masked(batch, mask);
            list::confirm(press, &batch.camp, &chosen, keys, BatchConfirm).await
        }
        "back" => {
            let chosen = masked(batch, mask);
            let is_ticked = |place: &BatchPlace| chosen.contains(&&place.refund);
            let view = view::Batch::ticked(batch, is_ticked);
            press.show(&press.turn.bot.draw(&view)?).await
        }
        "confirm" => list::approve(press, &masked(batch, mask)).await,
        "next" => next(press, batch.camp.id).await,
        "undo" => list::undo(press).await,
        _ => press.decided_already().await,
    }
}

/// Sends the next batch of a camp to the one who pressed.
pub(in crate::bot::cards) async fn next(press: &Press<'_>, camp: CampId) -> Result<Vec<Reply>> {
    let turn = &press.turn;
    let camp = lookup::camp(turn.ctx(), &turn.actor, Action::ReviewRefunds, camp).await?;
    let waiting = review::waiting(turn.ctx(), &turn.actor, camp).await?;
    if waiting.is_empty() {
        return Ok(vec![nothing(turn, &waiting)]);
    }
    Ok(vec![turn.card(Some(waiting.camp.id), propose(&waiting))])
}

/// The places of the list that `mask` has a bit for.
fn masked(batch: &Batch, mask: u32) -> Vec<&RefundShown> {
    let places = batch.places.iter().zip(0..u32::BITS);
    places
        .filter(|(_, bit)| (mask >> bit) & 1 == 1)
        .map(|(place, _)| &place.refund)
        .collect()
}

/// The bits of the chosen refunds.
fn mask_of(batch: &Batch, chosen: &[String]) -> u32 {
    let places = batch.places.iter().zip(0..u32::BITS);
    places
        .filter(|(place, _)| chosen.contains(&place.refund.id.to_string()))
        .fold(0, |mask, (_, bit)| mask | (1 << bit))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::card::{CampNamed, Ground};
    use crate::domain::{Fen, RefundId, RefundKind};

    fn batch() -> Batch {
        let place = |id| BatchPlace {
            refund: RefundShown {
                id: RefundId(id),
                hash: format!("h{id}"),
                amount: Fen::new(9900).unwrap(),
                flags: Vec::new(),
            },
            ground: Ground {
                name: "小明".to_owned(),
                kind: RefundKind::Deposit,
                days: None,
            },
            clear: true,
        };
        Batch {
            camp: CampNamed {
                id: CampId(1),
                name: "写作营".to_owned(),
            },
            places: vec![place(7), place(8), place(9)],
            total: 3,
        }
    }

    #[test]
    fn a_choice_comes_back_as_it_was_made() {
        let batch = batch();
        let mask = mask_of(&batch, &["9".to_owned(), "7".to_owned(), "1000".to_owned()]);
        assert_eq!(mask, 0b101);
        let ids: Vec<i64> = masked(&batch, mask)
            .iter()
            .map(|refund| refund.id.0)
            .collect();
        assert_eq!(ids, [7, 9]);
        assert!(masked(&batch, 0).is_empty());
        assert_eq!(masked(&batch, u32::MAX).len(), 3);
    }
}
