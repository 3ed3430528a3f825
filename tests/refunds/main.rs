//! Refunds through services, store and the real WeChat Pay client against the strict stand-in, on
//! both engines: whatever happens, each order is refunded exactly once.

#[path = "../support/mod.rs"]
mod support;

mod deciding;
mod listing;
mod sending;
mod stage;
mod words;
