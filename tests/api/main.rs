//! The HTTP door, through the real router, on both engines.

#[path = "../support/mod.rs"]
mod support;

mod camps;
mod doors;
mod house;
mod logs;
mod pictures;
mod sessions;
mod users;
