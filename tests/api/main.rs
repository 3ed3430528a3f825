//! The HTTP door, through the real router, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[expect(dead_code, reason = "the router is reached without an address")]
#[path = "../support/mod.rs"]
mod support;

mod camps;
mod doors;
mod house;
mod logs;
mod pictures;
mod roster;
mod sessions;
mod users;
