//! The store on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod audit;
mod checkins;
mod crowd;
mod inbox;
mod lists;
mod put_off;
mod reports;
mod schema;
mod syncs;
mod words;
mod writer;
