//! The store on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod checkins;
mod inbox;
mod schema;
mod syncs;
mod writer;
