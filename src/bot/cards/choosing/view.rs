//! The views of choosing a camp.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::bot::templates::views;
use crate::domain::CampId;
use crate::domain::card::{CampChoice, CampNamed, Chosen};
use crate::domain::command::Verb;

/// Buttons on a card (wecom-app §6).
const MAX_BUTTONS: usize = 6;
/// Characters of a button (wecom-app §6).
const MAX_BUTTON_CHARS: usize = 10;
/// Options of a drop-down (wecom-app §6).
const MAX_OPTIONS: usize = 10;
/// Characters of an option (wecom-app §6).
const MAX_OPTION_CHARS: usize = 16;

views! {
    Choice => "choose_camp.card",
    Chosen => "camp_chosen.card",
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
#[serde(rename_all = "camelCase")]
pub(in crate::bot) struct Choice {
    verb: Verb,
    wanted: String,
    fits: bool,
    lines: Vec<Line>,
    more: usize,
    as_buttons: bool,
    camps: Vec<Camp>,
}

/// How much waits in a camp.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Line {
    name: String,
    clear: usize,
    look: usize,
}

#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(serde::Deserialize))]
struct Camp {
    id: CampId,
    name: String,
}

impl Choice {
    pub(in crate::bot) fn of(choice: &CampChoice) -> Self {
        let lines = choice.camps.iter().zip(&choice.waiting).take(MAX_OPTIONS);
        let lines = lines.map(|(camp, waits)| Line {
            name: camp.name.clone(),
            clear: waits.clear,
            look: waits.look,
        });
        let camps = choice.camps.iter().take(MAX_OPTIONS).map(|camp| Camp {
            id: camp.id,
            name: both_ends(&camp.name, MAX_OPTION_CHARS),
        });
        Self {
            verb: choice.verb,
            wanted: choice.wanted.clone(),
            fits: choice.fits,
            lines: lines.collect(),
            more: choice.camps.len().saturating_sub(MAX_OPTIONS),
            as_buttons: fit_on_buttons(&choice.camps),
            camps: camps.collect(),
        }
    }
}

/// One tap is enough where every name can be read on a button; else it is a drop-down.
fn fit_on_buttons(camps: &[CampNamed]) -> bool {
    let names: BTreeSet<&str> = camps.iter().map(|camp| camp.name.as_str()).collect();
    names.len() == camps.len()
        && camps.len() <= MAX_BUTTONS
        && names
            .iter()
            .all(|name| name.chars().count() <= MAX_BUTTON_CHARS)
}

/// A long name by its beginning and its end, where the number of a term stands.
fn both_ends(name: &str, max: usize) -> String {
    let characters: Vec<char> = name.chars().collect();
    if characters.len() <= max {
        return name.to_owned();
    }
    let head = (max - 1) / 2;
    let tail = max - 1 - head;
    let (begins, ends) = (
        characters.iter().take(head),
        characters.iter().rev().take(tail),
    );
    let ends: Vec<&char> = ends.collect();
    begins
        .chain(std::iter::once(&'…'))
        .chain(ends.into_iter().rev())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_both_ends() {
        assert_eq!(both_ends("写作营", 16), "写作营");
        let long = "二〇二六年秋季公众号写作训练营第十二期";
        assert_eq!(both_ends(long, 16), "二〇二六年秋季…作训练营第十二期");
        assert_eq!(both_ends(long, 16).chars().count(), 16);
    }
}
