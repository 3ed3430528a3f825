//! Codes of the authorize page.

use chrono::{DateTime, Utc};

/// A code from the authorize page.
#[derive(Clone, Debug)]
pub(crate) struct IssuedCode {
    pub(crate) identity: Identity,
    /// Whether `snsapi_privateinfo` was asked for, with the app's agentid.
    pub(crate) has_ticket: bool,
    pub(crate) expires: DateTime<Utc>,
}

/// Who passed the authorize page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Identity {
    /// userid.
    Member(String),
    /// openid.
    Outsider(String),
}
