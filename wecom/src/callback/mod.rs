//! Callbacks: from a request of the platform to a verified message or event, and back.
//!
//! Pure functions over query and body; the clock is handed in. A framework only passes bytes on:
//!
//! ```
//! use std::time::Duration;
//! use wecom::callback::{self, Freshness, OpenError, Query};
//! use wecom::crypto::Keys;
//!
//! fn on_post(keys: &Keys, query: &str, body: &[u8], now_unix_s: i64) -> Result<(), OpenError> {
//!     let query = Query::parse(query)?;
//!     let day = Freshness::within(now_unix_s, Duration::from_secs(86_400));
//!     let inbound = callback::open(keys, &query, body, day)?;
//!     println!("{} sent {:?}", inbound.from_user, inbound.dedupe_key());
//!     Ok(())
//! }
//! ```

mod envelope;
mod query;

use std::ops::Deref;
use std::time::Duration;

pub use envelope::Envelope;
pub use query::{MAX_QUERY_BYTES, Query, QueryError};

use envelope::Signed;

use crate::crypto::{CryptoError, Keys};
use crate::event::{ContentError, Inbound};
use crate::xml::XmlError;

/// Largest body that is looked at, in bytes. Callbacks of an application have a few kilobytes.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;

/// A SHA-1.
const SIGNATURE_HEX_DIGITS: usize = 40;

/// The reason a callback was refused. Answer each with 4xx and an empty body (wecom-app §1.3).
///
/// The texts carry no part of the request and never the expected signature.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The query lacks something or is badly encoded.
    #[error(transparent)]
    Query(#[from] QueryError),
    /// The body is larger than [`MAX_BODY_BYTES`].
    #[error("the body is larger than {MAX_BODY_BYTES} bytes")]
    TooLarge,
    /// The body broke off on its way.
    #[error("the body could not be read to its end")]
    BodyBroken,
    /// The body is not UTF-8.
    #[error("the body is not UTF-8")]
    BodyNotUtf8,
    /// The envelope is not acceptable XML.
    #[error("the envelope is refused")]
    EnvelopeXml(#[source] XmlError),
    /// The envelope has no ciphertext.
    #[error("the envelope has no ciphertext")]
    NoCiphertext,
    /// Signature, decryption or receiver are wrong.
    #[error(transparent)]
    Crypto(#[from] CryptoError),
    /// The signed timestamp is not a number.
    #[error("the timestamp is not a number")]
    Timestamp,
    /// The signature is right, but its timestamp, or the message's own, is too far from the clock.
    #[error("the timestamp is more than {max_age_s} s from now")]
    Stale {
        /// The age that the caller allows, in seconds.
        max_age_s: u64,
    },
    /// What was to be echoed is a message: somebody has caught one and wants it decrypted.
    #[error("a message is no echo")]
    NotAnEcho,
    /// The decrypted message is not acceptable XML or JSON, or lacks what every message has.
    #[error(transparent)]
    Content(#[from] ContentError),
}

/// The age that a callback may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    window: Option<(i64, u64)>,
}

impl Freshness {
    /// Refuses timestamps more than `max_age` before or after `now_unix_s`.
    ///
    /// The timestamp in the query can be made to look fresh by whoever has caught a callback: the
    /// signature is over sorted parts, so `timestamp` and `nonce` can be swapped. So the time that
    /// the message itself states (`CreateTime`, `create_time`) must be within `max_age` too.
    ///
    /// Whether a re-delivery carries a fresh timestamp is not documented (wecom-app §1.7): allow
    /// at least some minutes. One day is a good choice together with deduplication.
    pub fn within(now_unix_s: i64, max_age: Duration) -> Self {
        Self {
            window: Some((now_unix_s, max_age.as_secs())),
        }
    }

    /// Accepts every age: for an envelope that was fresh when it came and was kept since.
    pub fn any() -> Self {
        Self { window: None }
    }

    /// Looks at what a query says of itself before the body has come: a signature in hex, and a
    /// timestamp that is near enough. Nothing is verified by it: it spares the body of a request
    /// that [`open`] would refuse anyway.
    ///
    /// # Errors
    /// [`OpenError::Crypto`], [`OpenError::Timestamp`] or [`OpenError::Stale`].
    pub fn precheck(self, query: &Query<'_>) -> Result<(), OpenError> {
        let signature = query.msg_signature.as_bytes();
        if signature.len() != SIGNATURE_HEX_DIGITS || !signature.iter().all(u8::is_ascii_hexdigit) {
            return Err(CryptoError::Signature.into());
        }
        self.check(&query.timestamp)
    }

    fn check(self, timestamp: &str) -> Result<(), OpenError> {
        let Some((now_unix_s, max_age_s)) = self.window else {
            return Ok(());
        };
        let timestamp_s: i64 = timestamp.parse().map_err(|_| OpenError::Timestamp)?;
        if timestamp_s.abs_diff(now_unix_s) > max_age_s {
            return Err(OpenError::Stale { max_age_s });
        }
        Ok(())
    }

    /// Checks the time that a message states of itself, where it states one.
    pub(crate) fn check_stated(self, created_at_s: Option<i64>) -> Result<(), OpenError> {
        match (self.window, created_at_s) {
            (Some((now_unix_s, max_age_s)), Some(at_s))
                if at_s.abs_diff(now_unix_s) > max_age_s =>
            {
                Err(OpenError::Stale { max_age_s })
            }
            _ => Ok(()),
        }
    }
}

/// Something that came out of a verified callback.
///
/// Only [`open`], [`reopen`] and their robot counterparts make one: whoever holds it knows that
/// the platform sent it.
#[derive(Debug, Clone, PartialEq)]
pub struct Verified<T>(T);

impl<T> Verified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// Gives up the proof and takes the value.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// Verifies, decrypts and parses an application's POST.
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
    let encrypt = envelope::ciphertext(body)?;
    let signed = Signed {
        encrypt: &encrypt,
        msg_signature: &query.msg_signature,
        timestamp: &query.timestamp,
        nonce: &query.nonce,
    };
    parse(&signed.decrypt(keys, freshness)?, freshness)
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
    parse(&envelope.decrypt(keys, freshness)?, freshness)
}

/// A character that was cut in two costs itself: the signature is verified, and what people wrote is
/// worth reading without it.
fn parse(message: &[u8], freshness: Freshness) -> Result<Verified<Inbound>, OpenError> {
    let inbound = Inbound::parse(String::from_utf8_lossy(message).into_owned())?;
    freshness.check_stated(inbound.created_at_s)?;
    Ok(Verified::new(inbound))
}

/// Verifies the GET that the platform sends when an administrator saves the address.
///
/// Answer 200 within one second with exactly these bytes: no quotes, no newline. The same for
/// applications and smart robots (wecom-app §1.4, wecom-bots-h5 §1.1).
///
/// A message is signed like an echo, so whoever has caught one could ask for it here; what looks
/// like a message is never given back.
///
/// # Errors
/// [`OpenError`]; a query without `echostr` gives [`QueryError::Missing`].
pub fn verify_url(
    keys: &Keys,
    query: &Query<'_>,
    freshness: Freshness,
) -> Result<Vec<u8>, OpenError> {
    let signed = Signed {
        encrypt: query
            .echostr
            .as_deref()
            .ok_or(QueryError::Missing("echostr"))?,
        msg_signature: &query.msg_signature,
        timestamp: &query.timestamp,
        nonce: &query.nonce,
    };
    let plain = signed.decrypt(keys, freshness)?;
    if is_message(&plain) {
        return Err(OpenError::NotAnEcho);
    }
    Ok(plain)
}

/// Is true for XML and JSON. Echoes are digits, but nobody has promised that.
fn is_message(plain: &[u8]) -> bool {
    let text = String::from_utf8_lossy(plain);
    let is_blank = |c: char| c.is_whitespace() || c == '\u{feff}' || c.is_control();
    text.trim_start_matches(is_blank)
        .starts_with(['<', '{', '['])
}

#[cfg(test)]
mod tests;
