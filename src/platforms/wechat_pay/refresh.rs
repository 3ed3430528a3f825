//! When the platform certificates were last asked for, and how soon they may be again.

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::{Mutex, Notify};

/// After WeChat Pay has said that the merchant has no certificates at all.
const PAUSE_AFTER_NONE: TimeDelta = TimeDelta::hours(6);

/// When the list was last asked for, and last taken over. The lock is held during a fetch, so that
/// there is one at a time.
#[derive(Default)]
pub(super) struct RefreshState {
    pub(super) times: Mutex<Times>,
    /// A notification has named a certificate that is not held.
    pub(super) wanted: Notify,
}

#[derive(Default)]
pub(super) struct Times {
    pub(super) tried_at: Option<DateTime<Utc>>,
    pub(super) taken_at: Option<DateTime<Utc>>,
    /// When WeChat Pay said that there are none.
    pub(super) none_at: Option<DateTime<Utc>>,
}

impl Times {
    pub(super) fn may_try(&self, now: DateTime<Utc>, pause: TimeDelta) -> bool {
        self.tried_at.is_none_or(|tried| passed(tried, now, pause))
    }

    pub(super) fn was_told_none(&self, now: DateTime<Utc>) -> bool {
        self.none_at
            .is_some_and(|told| !passed(told, now, PAUSE_AFTER_NONE))
    }
}

/// Also true when the clock was set back, so that a refresh is never put off for long.
pub(super) fn passed(since: DateTime<Utc>, now: DateTime<Utc>, pause: TimeDelta) -> bool {
    now.signed_duration_since(since).abs() >= pause
}
