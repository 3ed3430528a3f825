//! The life of an interactive card: it waits, somebody decides, and may take that back.

use super::Machine;

text_enum! {
    /// Where a card is in its life.
    pub enum CardState {
        /// Waits for somebody.
        Open = "open",
        /// Somebody has taken it, and what they approve by it is on its way.
        Claimed = "claimed",
        /// Somebody has decided.
        Decided = "decided",
        /// The decision was withdrawn.
        Withdrawn = "withdrawn",
        /// Its time was over, or another card has taken its place.
        Replaced = "replaced",
    }
}

impl Machine for CardState {
    const SUBJECT: &'static str = "card";

    fn may_become(self, to: Self) -> bool {
        use CardState::{Claimed, Decided, Open, Replaced, Withdrawn};
        matches!(
            (self, to),
            (Open, Claimed | Decided | Replaced)
                // Nothing could be approved: others may be able to.
                | (Claimed, Decided | Open)
                | (Decided, Withdrawn)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::CardState::{self, Claimed, Decided, Open, Replaced, Withdrawn};
    use crate::domain::machine::assert_table;

    #[test]
    fn the_whole_table() {
        assert_table(
            CardState::ALL,
            &[
                (Open, Claimed),
                (Open, Decided),
                (Open, Replaced),
                (Claimed, Decided),
                (Claimed, Open),
                (Decided, Withdrawn),
            ],
        );
    }
}
