//! The store on both engines.

#[path = "../support/mod.rs"]
mod support;

mod audit;
mod inbox;
mod schema;
mod writer;
