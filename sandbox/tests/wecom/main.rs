//! The WeCom stand-in, seen from outside as an application would.

#![expect(
    clippy::unwrap_used,
    reason = "a test whose scene cannot be set up has failed"
)]

mod callbacks;
mod cards;
mod contacts;
mod control;
#[path = "../support/description.rs"]
mod described;
mod description;
mod habits;
mod media;
mod messages;
mod oauth;
mod robots;
mod setting;
mod tokens;
