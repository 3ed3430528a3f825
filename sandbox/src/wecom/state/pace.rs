//! How often somebody did something.

use std::{
    collections::{HashMap, VecDeque},
    net::IpAddr,
};

use chrono::{DateTime, TimeDelta, Utc};

/// Counts events in a sliding window.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    seen: VecDeque<DateTime<Utc>>,
}

impl Pace {
    /// Longest window that is counted.
    const KEPT: TimeDelta = TimeDelta::hours(1);

    /// Counts one more event at `now` if fewer than `most` happened within `window`.
    pub(crate) fn allows(&mut self, now: DateTime<Utc>, window: TimeDelta, most: usize) -> bool {
        while self
            .seen
            .front()
            .is_some_and(|at| now.signed_duration_since(*at) >= Self::KEPT)
        {
            self.seen.pop_front();
        }
        let recent = self
            .seen
            .iter()
            .rev()
            .take_while(|at| now.signed_duration_since(**at) < window);
        recent.count() < most
    }

    pub(crate) fn count(&mut self, now: DateTime<Utc>) {
        self.seen.push_back(now);
    }
}

/// Wrong secrets by address, and until when an address is blocked.
#[derive(Debug, Default)]
pub(crate) struct WrongSecrets {
    pub(crate) tries: HashMap<IpAddr, u32>,
    pub(crate) blocked_until: HashMap<IpAddr, DateTime<Utc>>,
}
