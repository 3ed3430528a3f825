//! The WeChat Pay stand-in as a merchant sees it. The merchant here is written from the reference,
//! as the stand-in is; it shares no code with it.

mod calls;
mod merchant;
mod notifications;
