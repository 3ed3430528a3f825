//! The product as its users meet it: the real router, the real callbacks, the stand-ins.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    unreachable_pub,
    reason = "what tests share fails like the test itself, and is nobody's interface"
)]

#[expect(dead_code, reason = "the product opens its own database here")]
#[path = "../support/mod.rs"]
mod support;

#[path = "../support/app.rs"]
mod app;

mod audit;
mod backups;
mod bills;
mod camp;
mod certificates;
mod closing;
mod command_line;
mod connections;
mod doctor;
mod identity;
mod jobs;
mod keys;
mod killed;

mod main_job;
mod matching;
mod member_api;
mod merchant;
mod metrics;
mod outages;
mod payments;
mod postings;
mod racing;
mod reminders;
mod secrets;
mod settings;
mod sign_in;
mod staff_sign_in;
mod wizard;
