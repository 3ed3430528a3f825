// The README's bot needs the feature; docs.rs and `cargo test --all-features` have it.
#![cfg_attr(feature = "axum", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "axum"),
    doc = "WeCom (企业微信) for Rust; see the README."
)]

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
pub mod jssdk;
pub mod limit;
pub mod media;
pub mod menu;
pub mod message;
pub mod oauth;
pub mod reply;
pub mod robot;
pub mod user;
pub mod xml;

pub use client::{Client, ClientBuilder, Error, ErrorClass};
pub use hidden::OneTimeCode;
pub use limit::LimitError;
/// Secrets are given to and by this crate in its `SecretString`.
pub use secrecy;
