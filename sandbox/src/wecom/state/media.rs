//! Uploaded files.

use bytes::Bytes;
use chrono::{DateTime, Utc};

/// An uploaded file.
#[derive(Clone, Debug)]
pub(crate) struct Media {
    pub(crate) kind: String,
    pub(crate) filename: String,
    pub(crate) content_type: String,
    pub(crate) bytes: Bytes,
    pub(crate) expires: DateTime<Utc>,
    /// The robot it is tied to, if one uploaded it.
    pub(crate) robot_key: Option<String>,
}

impl Media {
    /// Whether the app may send it as a message of this kind: what a group robot uploaded is tied to
    /// the robot (wecom-bots-h5 §2).
    pub(crate) fn is_of_app(&self, kind: &str, now: DateTime<Utc>) -> bool {
        self.kind == kind && self.robot_key.is_none() && self.expires > now
    }
}
