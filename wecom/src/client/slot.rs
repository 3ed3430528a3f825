//! A cached secret with an expiry: the access token and the two JS tickets.
//!
//! One fetch at a time, whoever asks and however soon they give up; renewed before it expires, in
//! the background; a wrong secret is not tried again at once, since WeCom blocks the address for an
//! hour after repeated tries (wecom-app §4).

use std::{
    future::Future,
    sync::{
        Arc, PoisonError, RwLock, RwLockWriteGuard,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::Instant,
};

use super::{
    error::{Error, TransportError},
    store::LiveToken,
};

/// Renewed this long before the platform's expiry (of usually two hours).
const RENEW_EARLY: Duration = Duration::from_secs(300);
/// After an error that a person must mend, or that names a time to wait, the same error is given
/// back for this long; twice as long after each that follows. Renewals of a value that still lives,
/// and of one that was refused, keep at least this distance too.
const HOLD_OFF: Duration = Duration::from_secs(10);
/// The longest that doubling leads to, so that what a person has mended shows. In an hour this
/// makes ten tries.
const MAX_HOLD_OFF: Duration = Duration::from_secs(600);

/// Cheap to clone; clones share the value.
#[derive(Clone, Default)]
pub(crate) struct Slot(Arc<State>);

#[derive(Default)]
struct State {
    current: RwLock<Current>,
    fetches: AtomicU64,
    /// Whoever holds it may fetch.
    last_failure: Arc<Mutex<Option<Failure>>>,
}

#[derive(Default)]
struct Current {
    entry: Option<Entry>,
    /// The value that was dropped last.
    dropped: Option<SecretString>,
    /// Time of the last drop because the platform had refused one.
    refused_at: Option<Instant>,
}

impl Current {
    fn drop_entry(&mut self) {
        if let Some(entry) = self.entry.take() {
            self.dropped = Some(entry.value);
        }
    }
}

#[derive(Clone)]
struct Entry {
    value: SecretString,
    renew_at: Instant,
    expires_at: Instant,
}

/// A fetch that went wrong.
struct Failure {
    at: Instant,
    error: Error,
    /// Doubles with every error that calls for patience, until a fetch succeeds.
    step: Duration,
    /// Pause before the next try.
    hold_off: Duration,
}

impl Failure {
    fn new(error: Error, before: Option<&Self>) -> Self {
        let step = before.map_or(Duration::ZERO, |before| before.step);
        let asked = error.retry_after().unwrap_or_default();
        let (step, hold_off) = if error.needs_admin() || !asked.is_zero() {
            let step = (step * 2).clamp(HOLD_OFF, MAX_HOLD_OFF);
            (step, step.max(asked))
        } else {
            (step, Duration::ZERO)
        };
        Self {
            at: Instant::now(),
            error,
            step,
            hold_off,
        }
    }

    fn holds_off(&self, at_least: Duration) -> bool {
        self.at.elapsed() < self.hold_off.max(at_least)
    }
}

impl Slot {
    /// The cached value, or the result of the one fetch that runs for all who wait.
    ///
    /// The fetch runs as a task of its own, so that it outlives callers who give up; within the
    /// last minutes of a value nobody waits for it at all.
    pub(crate) async fn get<F, Fut>(&self, fetch: F) -> Result<SecretString, Error>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<LiveToken, Error>> + Send + 'static,
    {
        let fetches_seen = self.0.fetches.load(Ordering::Acquire);
        if let Some(entry) = self.usable() {
            if entry.renew_at <= Instant::now() {
                self.renew_in_the_background(fetch);
            }
            return Ok(entry.value);
        }
        let turn = Arc::clone(&self.0.last_failure).lock_owned().await;
        if let Some(entry) = self.usable() {
            return Ok(entry.value);
        }
        let waited_for_a_fetch = self.0.fetches.load(Ordering::Acquire) != fetches_seen;
        if let Some(failure) = &*turn
            && (waited_for_a_fetch || failure.holds_off(Duration::ZERO))
        {
            return Err(failure.error.clone());
        }
        let task = tokio::spawn(self.clone().renew(turn, fetch()));
        task.await.unwrap_or_else(|_| Err(broken_off()))
    }

    fn renew_in_the_background<F, Fut>(&self, fetch: F)
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<LiveToken, Error>> + Send + 'static,
    {
        // Whoever holds the lock is renewing it already.
        if let Ok(turn) = Arc::clone(&self.0.last_failure).try_lock_owned()
            && !turn.as_ref().is_some_and(|last| last.holds_off(HOLD_OFF))
        {
            tokio::spawn(self.clone().renew(turn, fetch()));
        }
    }

    async fn renew(
        self,
        mut turn: OwnedMutexGuard<Option<Failure>>,
        fetch: impl Future<Output = Result<LiveToken, Error>>,
    ) -> Result<SecretString, Error> {
        let result = fetch.await;
        self.0.fetches.fetch_add(1, Ordering::Release);
        match result {
            Ok(fetched) => {
                *turn = None;
                Ok(self.store(fetched))
            }
            Err(error) => {
                *turn = Some(Failure::new(error.clone(), turn.as_ref()));
                Err(error)
            }
        }
    }

    /// Drops `used`, which the platform has refused. Says whether asking for a value again can
    /// help: not if one was dropped a moment ago, since the next would be refused as well.
    pub(crate) fn invalidate(&self, used: &SecretString) -> bool {
        let mut current = self.current();
        let is_current = |entry: &Entry| entry.value.expose_secret() == used.expose_secret();
        if !current.entry.as_ref().is_some_and(is_current) {
            return true; // Somebody has already replaced it.
        }
        if current.refused_at.is_some_and(|at| at.elapsed() < HOLD_OFF) {
            return false;
        }
        current.refused_at = Some(Instant::now());
        current.drop_entry();
        true
    }

    /// Drops whatever is cached.
    pub(crate) fn clear(&self) {
        self.current().drop_entry();
    }

    /// True if `value` is the one that was dropped last.
    pub(crate) fn has_dropped(&self, value: &str) -> bool {
        let dropped = &self.current().dropped;
        dropped
            .as_ref()
            .is_some_and(|it| it.expose_secret() == value)
    }

    fn current(&self) -> RwLockWriteGuard<'_, Current> {
        self.0
            .current
            .write()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The cached value while it lives.
    fn usable(&self) -> Option<Entry> {
        let current = self
            .0
            .current
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let entry = current.entry.clone();
        entry.filter(|entry| Instant::now() < entry.expires_at)
    }

    fn store(&self, fetched: LiveToken) -> SecretString {
        let now = Instant::now();
        let early = RENEW_EARLY.min(fetched.lifetime / 2);
        let value = fetched.value;
        self.current().entry = Some(Entry {
            value: value.clone(),
            renew_at: now + (fetched.lifetime - early),
            expires_at: now + fetched.lifetime,
        });
        value
    }
}

/// The task that fetches ended without a result: it panicked, or the runtime is shutting down.
fn broken_off() -> Error {
    Error::Transport(TransportError {
        may_have_been_sent: true,
        is_permanent: false,
        detail: "the fetch was broken off".into(),
    })
}

#[cfg(test)]
mod tests;
