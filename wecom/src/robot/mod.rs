//! Smart robots (智能机器人) in URL mode: encrypted JSON both ways (wecom-bots-h5 §1).
//!
//! A robot has its own address, token and key, and an empty receiver id:
//! `Keys::new(token, encoding_aes_key, "")`. Its address is verified like an application's, with
//! [`callback::verify_url`](crate::callback::verify_url). The long connection (WebSocket) is not
//! part of this crate.

mod event;
mod inbound;
mod media;
mod reply;
mod response_url;
mod snapshot;
mod stream;

pub use event::{CardClick, Event, Feedback, FeedbackKind, FeedbackReason};
pub use inbound::{Body, Chat, Content, Inbound, Message};
pub use media::decrypt_media;
pub use reply::{Reply, ReplyError};
pub use response_url::{Push, ResponseUrl};
pub use snapshot::{MAX_CONTENT_BYTES, MAX_STREAM_IMAGES, Snapshot};
pub use stream::{Poll, Stream, StreamFull, Streams};

use crate::callback::{Envelope, Freshness, OpenError, Query, Verified};
use crate::crypto::Keys;

/// Verifies, decrypts and parses a robot's POST.
///
/// # Errors
/// [`OpenError`] says what was wrong; nothing of an unverified body is ever parsed beyond finding
/// its ciphertext.
pub fn open(
    keys: &Keys,
    query: &Query<'_>,
    body: &[u8],
    freshness: Freshness,
) -> Result<Verified<Inbound>, OpenError> {
    reopen(keys, &Envelope::from_json(query, body)?, freshness)
}

/// As [`open`] for an envelope that was taken apart before, for example one from an inbox.
///
/// # Errors
/// As [`open`].
pub fn reopen(
    keys: &Keys,
    envelope: &Envelope,
    freshness: Freshness,
) -> Result<Verified<Inbound>, OpenError> {
    let inbound = Inbound::parse(&envelope.decrypt(keys, freshness)?)?;
    freshness.check_stated(inbound.created_at_s)?;
    Ok(Verified::new(inbound))
}

#[cfg(test)]
mod tests;
