//! The HTTP door, through the real router, on both engines.

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
#[path = "../store/crowd.rs"]
mod crowd;
#[path = "../support/planet_client.rs"]
mod planet_client;
#[path = "../support/rows.rs"]
mod rows;
#[path = "../support/session.rs"]
mod session;
#[path = "../support/sql.rs"]
mod sql;
#[path = "../support/mod.rs"]
mod support;

mod appeals;
mod bodies;
mod camp_fields;
mod camps;
mod config;
mod console;
mod custody;
mod doors;
mod evidence;
mod house;
mod lists;
mod logs;
mod member_pages;
mod member_tokens;
mod memory;
mod nul;
mod permissions;
mod pictures;
mod planet_project;
mod promises;
mod queries;
mod repeats;
mod reports;
mod reviewing;
mod roster;
mod sessions;
mod sheet;
mod users;
