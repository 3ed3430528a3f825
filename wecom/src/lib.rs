// The README's bot is a test only where the feature that it needs is on.
#![cfg_attr(any(not(doctest), feature = "axum"), doc = include_str!("../README.md"))]
#![cfg_attr(docsrs, feature(doc_cfg))]
// Others read this crate without its source: there, a field without a word is a riddle.
#![warn(missing_docs)]

#[cfg(feature = "axum")]
pub mod axum;
pub mod callback;
pub mod card;
pub mod chat;
pub mod client;
pub mod crypto;
pub mod event;
pub mod external_chat;
pub mod group_robot;
mod hidden;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
pub mod hostile;
pub mod jssdk;
pub mod lenient_json;
pub mod limit;
pub mod media;
pub mod menu;
pub mod message;
pub mod oauth;
pub mod reply;
pub mod robot;
pub mod user;
pub mod visible;
pub mod xml;

pub use client::{Client, ClientBuilder, Error, ErrorClass};
pub use hidden::OneTimeCode;
pub use limit::LimitError;
/// Secrets are given to and by this crate in its `SecretString`.
pub use secrecy;
