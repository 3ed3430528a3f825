//! Payloads that outlive the code that wrote them: a message waits in the outbox, a card lies in a
//! chat for days. Each is stored beside the version of its shape and read by that version.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored payload that this program cannot read. It is never guessed at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// A kind that this program does not know.
    #[error("the kind {0:?} is not known")]
    Kind(String),
    /// A version of a known kind that this program does not know.
    #[error("version {version} of {kind} is not known")]
    Version {
        /// The stored word of the kind.
        kind: &'static str,
        /// The stored version.
        version: i64,
    },
    /// The payload is not of the shape that its kind and version promise.
    #[error("version {version} of {kind} has another shape: {why}")]
    Shape {
        /// The stored word of the kind.
        kind: &'static str,
        /// The stored version.
        version: i64,
        /// What serde has found.
        why: String,
    },
}

/// A payload with a version.
pub trait Versioned: Serialize + DeserializeOwned {
    /// The word under which its kind is stored.
    const KIND: &'static str;
    /// The version that is written now.
    const VERSION: i64 = 1;

    /// Reads what an older version has written; none for a version that never was.
    ///
    /// # Errors
    /// What serde has found wrong with the payload.
    fn read_older(version: i64, payload: &str) -> Option<serde_json::Result<Self>> {
        let _ = (version, payload);
        None
    }

    /// Reads a stored payload by the version that wrote it.
    ///
    /// # Errors
    /// [`Unreadable::Version`] and [`Unreadable::Shape`].
    fn read(version: i64, payload: &str) -> Result<Self, Unreadable> {
        let kind = Self::KIND;
        let read = if version == Self::VERSION {
            serde_json::from_str(payload)
        } else {
            Self::read_older(version, payload).ok_or(Unreadable::Version { kind, version })?
        };
        read.map_err(|error| Unreadable::Shape {
            kind,
            version,
            why: error.to_string(),
        })
    }
}
