//! The smart robot of the crate `wecom` against the stand-in's: the crate's door and handler on one
//! side, a platform that was written from the reference on the other; and what that platform refuses.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test whose scene cannot be set up has failed"
)]

mod answers;
mod bot;
mod cards;
mod chats;
mod echo;
mod rules;
mod streams;

use std::time::Duration;

/// Long enough for anything that is going to happen at all.
const SOON: Duration = Duration::from_secs(10);
