//! Interactive cards: one folder per flow, and what all of them share.

pub(super) mod approving;
pub(super) mod choosing;
pub(super) mod matching;
pub(super) mod notices;
pub(super) mod pending;
pub(super) mod press;
pub(super) mod renewing;
pub(super) mod single;
mod unusual;
