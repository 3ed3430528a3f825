//! Trade bills against the books: services and store on both engines, the real client, and the
//! strict stand-in, whose bills are made of what it has processed.

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
#[path = "../support/pay_client.rs"]
mod pay_client;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod days;
mod differing;
mod settling;
mod stage;
