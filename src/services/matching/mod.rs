//! The verbs around the matcher of [`crate::domain::matching`]: what the machine decides by
//! itself, what a person decides, and what a person is shown to decide by.
//!
//! The machine is precise before it is complete, since a wrong match pays the wrong person: it
//! decides only where nobody else claims the account, and never where a person has decided.

mod by_hand;
mod camp_members;
mod choose;
mod decided;
mod queue;
mod smart;
mod suggest;

pub use by_hand::{match_by_hand, unmatch};
pub(super) use decided::{claimed, said};

pub use choose::{Choice, choose, was_looked_at, withdraw};
pub use queue::next_to_ask;
pub(super) use smart::tell_people;
pub use smart::{Summary, match_camp, smart_match};
pub use suggest::{Question, Suggestion, candidates, question, waiting};
