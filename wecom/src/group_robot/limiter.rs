//! At most 20 messages in any 60 seconds per key.

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use sha1::{Digest as _, Sha1};
use tokio::time::Instant;

/// Messages allowed per [`WINDOW`].
pub(super) const MAX_PER_WINDOW: usize = 20;
/// The window; a second longer than the platform's minute, since clocks and networks differ.
pub(super) const WINDOW: Duration = Duration::from_secs(61);

/// The times of the last messages of one key.
#[derive(Default)]
pub(super) struct Limiter {
    sent: Mutex<VecDeque<Instant>>,
}

impl Limiter {
    /// Takes a slot, or says how long until one is free.
    pub(super) fn try_slot(&self) -> Result<(), Duration> {
        let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        while sent
            .front()
            .is_some_and(|at| now.duration_since(*at) >= WINDOW)
        {
            sent.pop_front();
        }
        match sent.front() {
            Some(oldest) if sent.len() >= MAX_PER_WINDOW => {
                Err((*oldest + WINDOW).duration_since(now))
            }
            _ => {
                sent.push_back(now);
                Ok(())
            }
        }
    }

    /// True if a message was sent within the window.
    pub(super) fn is_counting(&self) -> bool {
        let sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
        sent.back().is_some_and(|last| last.elapsed() < WINDOW)
    }

    /// Takes a slot, waiting for it.
    pub(super) async fn slot(&self) {
        while let Err(wait) = self.try_slot() {
            tokio::time::sleep(wait).await;
        }
    }
}

/// The limiters of the keys of a client, by a digest of the key. One that nobody holds and that
/// counts nothing is forgotten when another is made.
#[derive(Default)]
pub(crate) struct Limiters {
    by_key: Mutex<HashMap<[u8; 20], Arc<Limiter>>>,
}

impl Limiters {
    pub(super) fn of(&self, key: &SecretString) -> Arc<Limiter> {
        let digest = Sha1::digest(key.expose_secret().as_bytes());
        let mut by_key = self.by_key.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(limiter) = by_key.get(&*digest) {
            return Arc::clone(limiter);
        }
        by_key.retain(|_, limiter| Arc::strong_count(limiter) > 1 || limiter.is_counting());
        Arc::clone(by_key.entry(digest.into()).or_default())
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.by_key.lock().unwrap().len()
    }
}
