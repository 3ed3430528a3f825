//! Members: who they are, by machine and by hand, and what staff see of them; on both engines.

#[path = "../support/mod.rs"]
mod support;

mod by_hand;
mod smart;
mod world;
