//! The check-in sync against the planet's stand-in, on both engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/context.rs"]
mod context;
#[path = "../support/planet_client.rs"]
mod planet_client;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod cookie;
mod jobs;
mod reading;
mod results;
mod runs;
mod world;
