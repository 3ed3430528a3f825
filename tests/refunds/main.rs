//! Refunds through services, store and the real WeChat Pay client against the strict stand-in, on
//! both engines: whatever happens, each order is refunded exactly once.

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

mod account;
mod alarms;
mod archiving;
mod bad_rows;
mod books;
mod choosing;
mod custody;
mod deciding;
mod each_by_themselves;
mod finding;
mod judging_payments;
mod listing;
mod merchant;
mod objecting;
mod sending;
mod settlements;
mod settling;
mod stage;
mod stuck;
mod told;
mod what_if;
mod words;
