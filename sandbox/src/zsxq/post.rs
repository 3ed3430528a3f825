//! One check-in as it is kept.

use chrono::{DateTime, Utc};

/// A check-in post.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Post {
    pub(super) topic_id: i64,
    pub(super) user_id: i64,
    pub(super) at: DateTime<Utc>,
    pub(super) text: String,
}
