//! Members: who they are, by machine and by hand, and what staff see of them; on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/context.rs"]
mod context;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod at_once;
mod by_hand;
mod choosing;
mod contested;
mod guards;
mod roster;
mod smart;
mod world;
