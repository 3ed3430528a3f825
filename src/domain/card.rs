//! An interactive card: what it was made of, its life (it waits, somebody decides, and may take
//! that back), and what became of it.

mod outcome;
mod payload;
mod proposal;

use super::Machine;

pub use outcome::*;
pub use payload::*;
pub use proposal::*;

text_enum! {
    /// Where a card is in its life.
    pub enum CardState {
        /// Waits for somebody.
        Open = "open",
        /// Somebody has taken it, and what they approve by it is on its way.
        Reserved = "reserved",
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
        use CardState::{Decided, Open, Replaced, Reserved, Withdrawn};
        matches!(
            (self, to),
            (Open, Reserved | Decided | Replaced)
                // Nothing could be approved: others may be able to.
                | (Reserved, Decided | Open)
                | (Decided, Withdrawn)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::CardState::{self, Decided, Open, Replaced, Reserved, Withdrawn};
    use crate::domain::machine::assert_table;

    #[test]
    fn the_whole_table() {
        assert_table(
            CardState::ALL,
            &[
                (Open, Reserved),
                (Open, Decided),
                (Open, Replaced),
                (Reserved, Decided),
                (Reserved, Open),
                (Decided, Withdrawn),
            ],
        );
    }
}
