//! Approving by the list, as the digest of a camp and its batches do.

pub(in crate::bot) mod list;
pub(in crate::bot) mod view;
