//! Batches: up to twenty refunds of a camp, to be ticked.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;

use crate::domain::card::{Batch, BatchPlace};
use crate::domain::shown_name::told_apart;
use crate::services::review::Waiting;
use crate::store::refunds::Listed;

use super::waiting::{ground, named, shown};

/// Refunds on one card: what a vote can hold (wecom-app §6).
const MAX_PLACES: usize = 20;

/// A batch of what waits in a camp: those to look at among the others, so that none is forgotten,
/// but not ticked.
pub(in crate::bot) fn propose(waiting: &Waiting) -> Batch {
    let place = |listed: &Listed, clear| BatchPlace {
        refund: shown(listed),
        ground: ground(listed),
        clear,
    };
    let clear = waiting.clear.iter().map(|listed| (listed, true));
    let look = waiting.to_look_at.iter().map(|listed| (listed, false));
    let shown: Vec<_> = clear.chain(look).take(MAX_PLACES).collect();
    let own = |(listed, _): &(&Listed, bool)| (listed.shown_name(), listed.refund.order_no.clone());
    let names = told_apart(shown.iter().map(own).collect());
    let places = shown.into_iter().zip(names).map(|((listed, clear), name)| {
        let mut place = place(listed, clear);
        place.ground.name = name;
        place
    });
    Batch {
        camp: named(&waiting.camp),
        places: places.collect(),
        total: waiting.len(),
    }
}
