//! The log of what callers did that the real platforms forbid.
//!
//! An end-to-end test ends with "no violation": a request may be refused or, as the platforms
//! often do, quietly damaged (over-long text cut, messages dropped); either way it is written here.

use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{clock::SandboxClock, faults::Platform, lock::lock};

/// Violations kept; later ones are counted but not stored.
const MAX_KEPT: usize = 10_000;

/// One broken rule.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Violation {
    /// When, by the wall clock.
    pub at: DateTime<Utc>,
    /// Whose rule it is.
    pub platform: Platform,
    /// The request that broke it, for example `POST cgi-bin/message/send`.
    pub request: String,
    /// The rule, short and stable, for example `text.content <= 2048 bytes`.
    pub rule: String,
    /// What was seen instead.
    pub detail: String,
}

/// The log. Clones share it.
#[derive(Clone)]
pub struct Violations {
    clock: SandboxClock,
    entries: Arc<Mutex<Vec<Violation>>>,
}

impl Violations {
    pub(crate) fn new(clock: SandboxClock) -> Self {
        Self {
            clock,
            entries: Arc::default(),
        }
    }

    /// Notes a broken rule.
    pub fn record(
        &self,
        platform: Platform,
        request: impl Into<String>,
        rule: impl Into<String>,
        detail: impl Into<String>,
    ) {
        let violation = Violation {
            at: self.clock.wall_now(),
            platform,
            request: request.into(),
            rule: rule.into(),
            detail: detail.into(),
        };
        tracing::warn!(
            platform = %violation.platform,
            request = %violation.request,
            rule = %violation.rule,
            "protocol violation"
        );
        let mut entries = lock(&self.entries);
        if entries.len() < MAX_KEPT {
            entries.push(violation);
        }
    }

    /// Everything noted so far, oldest first.
    pub fn all(&self) -> Vec<Violation> {
        lock(&self.entries).clone()
    }

    /// Whether nothing was noted.
    pub fn is_empty(&self) -> bool {
        lock(&self.entries).is_empty()
    }

    /// Forgets everything, for a test that has looked at what it provoked.
    pub fn clear(&self) {
        lock(&self.entries).clear();
    }
}
