//! The card from which somebody picks the camp that they meant: where a word fits several, or none.

pub(in crate::bot) mod press;
pub(in crate::bot) mod view;

use crate::bot::cards::waiting::named;
use crate::bot::names::Found;
use crate::bot::turn::Turn;
use crate::domain::card::{CampChoice, CampWaits};
use crate::domain::command::Verb;
use crate::domain::message::NoCamp;
use crate::services::inbox::Reply;
use crate::services::review::Waiting;
use crate::store::camps::Camp;

/// Asks which of the camps is meant that a word may mean; `words` are what was said behind it.
pub(in crate::bot) fn ask(
    turn: &Turn<'_>,
    verb: Verb,
    wanted: &str,
    words: &[String],
    found: &Found<'_, Camp>,
) -> Reply {
    let (fits, camps) = match found {
        Found::One(camp) => (true, vec![*camp]),
        Found::Several(camps) => (true, camps.clone()),
        Found::None(camps) => (false, camps.clone()),
    };
    let wanted = wanted.to_owned();
    if camps.is_empty() {
        return turn.reply(NoCamp { wanted });
    }
    let choice = CampChoice {
        asked_by: turn.person.to_owned(),
        verb,
        words: words.to_vec(),
        wanted,
        fits,
        camps: camps.into_iter().map(named).collect(),
        waiting: Vec::new(),
    };
    turn.card(None, choice)
}

/// Asks in which of the camps to review, where something waits in several.
pub(in crate::bot) fn ask_where_to_review(turn: &Turn<'_>, waiting: &[Waiting]) -> Reply {
    let waits = |waiting: &Waiting| CampWaits {
        clear: waiting.clear.len(),
        look: waiting.to_look_at.len(),
    };
    let choice = CampChoice {
        asked_by: turn.person.to_owned(),
        verb: Verb::Pending,
        words: Vec::new(),
        wanted: String::new(),
        fits: true,
        camps: waiting.iter().map(|waiting| named(&waiting.camp)).collect(),
        waiting: waiting.iter().map(waits).collect(),
    };
    turn.card(None, choice)
}
