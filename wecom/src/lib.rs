//! WeCom (企业微信) for Rust.

pub mod callback;
pub mod crypto;
pub mod event;
pub mod xml;
