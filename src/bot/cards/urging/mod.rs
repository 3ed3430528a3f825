//! The card on which somebody sees what a camp's group will read, before it goes out.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;

use crate::bot::cards::waiting::named;
use crate::domain::card::UrgePreview;
use crate::services::urge::Draft;

/// The card of what an urging would say.
pub(in crate::bot) fn propose(draft: &Draft) -> UrgePreview {
    UrgePreview {
        camp: named(&draft.camp),
        missing: draft.missing,
        came: draft.came,
        unknown: draft.unknown,
        as_of: draft.as_of,
    }
}
