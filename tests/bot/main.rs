//! The bot against WeCom's stand-in: the real callback, the real inbox, the real cards, on both
//! engines.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[path = "../support/clock.rs"]
mod clock;
#[path = "../support/configuration.rs"]
mod configuration;
#[path = "../support/context.rs"]
mod context;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod asking;
mod callback;
mod cards;
mod changing;
mod confirming;
mod deciding;
mod dying;
mod matching;
mod progress;
mod renewing;
mod retrying;
mod second;
mod sending;
mod stage;
mod talking;
mod telling;
mod unusual;
mod urging;
mod versions;
