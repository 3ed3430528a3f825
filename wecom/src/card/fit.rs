//! Shortening to the recommended lengths, for those who ask (wecom-app §6).

use super::Place;
use crate::limit::fit_characters;

/// Lengths, in characters, that clients show of a card at one place.
pub(super) struct Lengths {
    pub(super) title: usize,
    pub(super) vote_title: usize,
    pub(super) desc: usize,
    /// Of votes and forms.
    pub(super) form_desc: usize,
    pub(super) sub_title: usize,
}

impl Lengths {
    /// wecom-app §6 for an application, wecom-bots-h5 §1.7 for robots of both kinds.
    pub(super) fn of(place: Place) -> Self {
        match place {
            Place::Application => Self {
                title: 36,
                vote_title: 16,
                desc: 44,
                form_desc: 160,
                sub_title: 160,
            },
            Place::GroupRobot | Place::SmartRobot => Self {
                title: 26,
                vote_title: 26,
                desc: 30,
                form_desc: 30,
                sub_title: 112,
            },
        }
    }
}

/// Shortens `text` to `max` characters where it is longer.
pub(super) fn fit_in_place(text: &mut String, max: usize) {
    if text.chars().count() > max {
        *text = fit_characters(text, max);
    }
}

pub(super) fn fit_option(text: &mut Option<String>, max: usize) {
    text.iter_mut().for_each(|text| fit_in_place(text, max));
}
