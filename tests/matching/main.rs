//! The matcher against labelled data, against lists gone wrong, and against its own promises.

#![expect(
    clippy::unwrap_used,
    reason = "a data set that cannot be read must fail the test"
)]

mod adversarial;
mod data;
mod evidence;
mod invented;
mod labelled;
mod properties;
