//! The planet's roster: who is a member of it, by number, by account and by name. It comes from the
//! back office's export, since asking the planet for everybody may get the account banned.

mod import;
mod link;
mod unlink;

pub use import::{import, may_import};
pub use link::link_seen;
pub(super) use unlink::unlink_namesakes;
