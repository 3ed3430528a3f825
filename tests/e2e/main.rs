//! The product as its users meet it: the real router, the real callbacks, the stand-ins.

#[path = "../support/mod.rs"]
mod support;

#[path = "../support/app.rs"]
mod app;

mod camp;

mod payments;
