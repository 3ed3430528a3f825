//! Names in the small room that a card's options have.

use crate::domain::shown_name;

/// A name shortened to `room` characters. What tells namesakes apart stays, at the cost of the rest.
pub(super) fn fit_name(name: &str, room: usize) -> String {
    let (name, own) = shown_name::parts(name);
    let room = room.saturating_sub(own.chars().count());
    wecom::limit::fit_characters(name, room) + own
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_tells_namesakes_apart_is_not_cut() {
        assert_eq!(fit_name("小明同学", 6), "小明同学");
        assert_eq!(fit_name("很长很长的名字", 6), "很长很长的…");
        assert_eq!(fit_name("很长很长的名字·0007", 6), "…·0007");
        assert_eq!(fit_name("小·0007", 6), "小·0007");
    }
}
