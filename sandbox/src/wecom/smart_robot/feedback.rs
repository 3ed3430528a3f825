//! What members think of an answer.

use serde::{Deserialize, Serialize};

/// Thumbs under an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum FeedbackKind {
    /// Up.
    Accurate,
    /// Down.
    Inaccurate,
    /// Taken back.
    Cancelled,
}

/// Thumbs with, if they are down, words and reasons.
#[derive(Clone, Debug)]
pub struct Rating {
    /// Up, down or taken back.
    pub kind: FeedbackKind,
    /// What the member wrote.
    pub content: String,
    /// 1 off topic, 2 incomplete, 3 wrong, 4 analysis error.
    pub reasons: Vec<i64>,
}

impl From<FeedbackKind> for Rating {
    fn from(kind: FeedbackKind) -> Self {
        Self {
            kind,
            content: String::new(),
            reasons: Vec::new(),
        }
    }
}
