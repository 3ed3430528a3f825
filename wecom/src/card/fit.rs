//! Shortening to the recommended lengths, for those who ask (wecom-app §6).

use crate::limit::fit_characters;

/// Shortens `text` to `max` characters where it is longer.
pub(super) fn fit_in_place(text: &mut String, max: usize) {
    if text.chars().count() > max {
        *text = fit_characters(text, max);
    }
}

pub(super) fn fit_option(text: &mut Option<String>, max: usize) {
    text.iter_mut().for_each(|text| fit_in_place(text, max));
}
