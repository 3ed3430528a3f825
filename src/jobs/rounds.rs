//! When the workers last came to the end of a round, or began to work. They have no rows in `job_run`: there would be
//! one every two seconds.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::Timestamp;

/// The newest good round of each worker of this instance, by the wall. One that has ended none counts
/// from its beginning: it would be missed by nobody if it had no time.
#[derive(Debug, Default)]
pub(super) struct Rounds(Mutex<BTreeMap<&'static str, Timestamp>>);

impl Rounds {
    pub(super) fn note(&self, job: &'static str, at: Timestamp) {
        self.newest().insert(job, at);
    }

    pub(super) fn last(&self) -> Vec<(&'static str, Timestamp)> {
        self.newest().iter().map(|(job, at)| (*job, *at)).collect()
    }

    /// Plain times stay usable even if a thread died with them.
    fn newest(&self) -> MutexGuard<'_, BTreeMap<&'static str, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
