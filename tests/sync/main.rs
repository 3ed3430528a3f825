//! The check-in sync against the planet's stand-in, on both engines.

#[path = "../support/mod.rs"]
mod support;

mod cookie;
mod jobs;
mod reading;
mod results;
mod runs;
mod world;
