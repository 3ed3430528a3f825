//! The matcher against labelled data, against lists gone wrong, and against its own promises.

mod adversarial;
mod data;
mod evidence;
mod labelled;
mod properties;
