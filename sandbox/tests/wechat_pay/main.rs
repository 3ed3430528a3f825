//! The WeChat Pay stand-in as a merchant sees it. The merchant here is written from the reference,
//! as the stand-in is; it shares no code with it.

#![expect(
    clippy::unwrap_used,
    reason = "what the tests share runs in tests only"
)]

mod calls;
#[path = "../support/description.rs"]
mod described;
mod description;
mod limits;
mod merchant;
mod notifications;
mod payers;
