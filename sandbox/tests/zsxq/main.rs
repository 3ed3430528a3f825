//! The planet's stand-in as a sync client sees it. The client here is written from the reference
//! and shares no code with the stand-in.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share runs in tests only"
)]

mod client;
#[path = "../support/description.rs"]
mod described;
mod description;
mod gate;
mod people;
mod ranking;
mod topics;
