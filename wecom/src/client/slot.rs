//! A cached secret with an expiry: the access token and the two JS tickets.
//!
//! One fetch at a time, whoever asks; renewed before it expires; a wrong secret is not tried again
//! at once, since WeCom blocks the address for an hour after repeated tries (wecom-app §4).

use std::{
    future::Future,
    sync::{
        PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use secrecy::{ExposeSecret as _, SecretString};
use tokio::{sync::Mutex, time::Instant};

use super::error::Error;

/// Renewed this long before the platform's expiry (of usually two hours).
const RENEW_EARLY: Duration = Duration::from_secs(300);
/// After an error that a person must mend, the same error is given back for this long; twice as long
/// after each that follows.
const HOLD_OFF: Duration = Duration::from_secs(10);
/// Never longer than this, so that what a person has mended shows. In an hour this makes ten tries.
const MAX_HOLD_OFF: Duration = Duration::from_secs(600);

/// A secret value as fetched, with its life time.
pub(crate) struct Fetched {
    pub(crate) value: SecretString,
    pub(crate) lifetime: Duration,
}

#[derive(Default)]
pub(crate) struct Slot {
    current: RwLock<Option<Entry>>,
    fetches: AtomicU64,
    last_failure: Mutex<Option<Failure>>,
}

/// A fetch that went wrong.
struct Failure {
    at: Instant,
    error: Error,
    /// How long it is not tried again.
    hold_off: Duration,
}

impl Failure {
    fn new(error: Error, before: Option<&Self>) -> Self {
        let hold_off = match before {
            _ if !error.needs_admin() => Duration::ZERO,
            Some(before) if before.error.needs_admin() => (before.hold_off * 2).min(MAX_HOLD_OFF),
            _ => HOLD_OFF,
        };
        Self {
            at: Instant::now(),
            error,
            hold_off,
        }
    }
}

#[derive(Clone)]
struct Entry {
    value: SecretString,
    renew_at: Instant,
    expires_at: Instant,
}

impl Slot {
    /// The cached value, or the result of the one fetch that runs for all who wait.
    pub(crate) async fn get<F, Fut>(&self, fetch: F) -> Result<SecretString, Error>
    where
        F: FnOnce() -> Fut,
        Fut: Future<Output = Result<Fetched, Error>>,
    {
        if let Some(entry) = self.fresh() {
            return Ok(entry.value);
        }
        let fetches_seen = self.fetches.load(Ordering::Acquire);
        let mut last_failure = self.last_failure.lock().await;
        if let Some(entry) = self.fresh() {
            return Ok(entry.value);
        }
        let waited_for_a_fetch = self.fetches.load(Ordering::Acquire) != fetches_seen;
        if let Some(failure) = &*last_failure
            && (waited_for_a_fetch || failure.at.elapsed() < failure.hold_off)
        {
            return self.usable().ok_or_else(|| failure.error.clone());
        }
        let result = fetch().await;
        self.fetches.fetch_add(1, Ordering::Release);
        match result {
            Ok(fetched) => {
                *last_failure = None;
                Ok(self.store(fetched))
            }
            Err(error) => {
                *last_failure = Some(Failure::new(error.clone(), last_failure.as_ref()));
                self.usable().ok_or(error)
            }
        }
    }

    /// Drops `used`, unless somebody has already replaced it.
    pub(crate) fn invalidate(&self, used: &SecretString) {
        let mut current = self.current.write().unwrap_or_else(PoisonError::into_inner);
        current.take_if(|entry| entry.value.expose_secret() == used.expose_secret());
    }

    /// Drops whatever is cached.
    pub(crate) fn clear(&self) {
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn entry(&self) -> Option<Entry> {
        self.current
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn fresh(&self) -> Option<Entry> {
        self.entry().filter(|entry| Instant::now() < entry.renew_at)
    }

    /// The old value while it still lives: better than an error when an early renewal fails.
    fn usable(&self) -> Option<SecretString> {
        let entry = self
            .entry()
            .filter(|entry| Instant::now() < entry.expires_at)?;
        Some(entry.value)
    }

    fn store(&self, fetched: Fetched) -> SecretString {
        let now = Instant::now();
        let early = RENEW_EARLY.min(fetched.lifetime / 2);
        let value = fetched.value;
        let entry = Entry {
            value: value.clone(),
            renew_at: now + (fetched.lifetime - early),
            expires_at: now + fetched.lifetime,
        };
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = Some(entry);
        value
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, atomic::AtomicUsize};

    use super::*;
    use crate::client::error::{RawText, TransportError};

    fn fetched(value: &str) -> Fetched {
        Fetched {
            value: value.into(),
            lifetime: Duration::from_secs(7200),
        }
    }

    fn refused(code: i64) -> Error {
        Error::Api {
            code,
            message: RawText::from_bytes(b""),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_hundred_callers_share_one_fetch() {
        let (slot, fetches) = (Arc::new(Slot::default()), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..100)
            .map(|_| {
                let (slot, fetches) = (Arc::clone(&slot), Arc::clone(&fetches));
                tokio::spawn(async move {
                    slot.get(|| async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        Ok(fetched("t1"))
                    })
                    .await
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap().expose_secret(), "t1");
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_callers_share_a_failure_too() {
        let (slot, fetches) = (Arc::new(Slot::default()), Arc::new(AtomicUsize::new(0)));
        let callers: Vec<_> = (0..20)
            .map(|_| {
                let (slot, fetches) = (Arc::clone(&slot), Arc::clone(&fetches));
                tokio::spawn(async move {
                    slot.get(|| async {
                        fetches.fetch_add(1, Ordering::SeqCst);
                        tokio::time::sleep(Duration::from_millis(50)).await;
                        Err(refused(-1))
                    })
                    .await
                })
            })
            .collect();
        for caller in callers {
            assert_eq!(caller.await.unwrap().unwrap_err().code(), Some(-1));
        }
        assert_eq!(fetches.load(Ordering::SeqCst), 1);
        let next = slot.get(|| async { Ok(fetched("t2")) }).await;
        assert_eq!(
            next.unwrap().expose_secret(),
            "t2",
            "a busy platform is asked again"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_is_not_tried_again_at_once() {
        let slot = Slot::default();
        assert!(slot.get(|| async { Err(refused(40001)) }).await.is_err());
        let held = slot.get(|| async { Ok(fetched("t")) }).await;
        assert_eq!(held.unwrap_err().code(), Some(40001));
        tokio::time::advance(HOLD_OFF).await;
        assert!(slot.get(|| async { Err(refused(40001)) }).await.is_err());
        tokio::time::advance(HOLD_OFF).await;
        let held = slot.get(|| async { Ok(fetched("t")) }).await;
        assert!(held.is_err(), "the second time it waits twice as long");
        tokio::time::advance(HOLD_OFF).await;
        assert!(slot.get(|| async { Ok(fetched("t")) }).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_wrong_secret_is_tried_a_dozen_times_in_an_hour() {
        let (slot, mut tries) = (Slot::default(), 0);
        for _ in 0..1800 {
            let fetch = || {
                tries += 1;
                async { Err(refused(40001)) }
            };
            assert!(slot.get(fetch).await.is_err());
            tokio::time::advance(Duration::from_secs(2)).await;
        }
        assert!(tries <= 12, "{tries}");
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_renewed_early_and_the_old_value_bridges_a_failed_renewal() {
        let slot = Slot::default();
        slot.get(|| async { Ok(fetched("old")) }).await.unwrap();
        tokio::time::advance(Duration::from_secs(7200 - 299)).await;
        let down = TransportError {
            may_have_been_sent: true,
            detail: "timed out".into(),
        };
        let bridged = slot
            .get(|| async { Err(Error::Transport(down)) })
            .await
            .unwrap();
        assert_eq!(bridged.expose_secret(), "old");
        let renewed = slot.get(|| async { Ok(fetched("new")) }).await.unwrap();
        assert_eq!(renewed.expose_secret(), "new");
    }

    #[tokio::test]
    async fn only_the_value_that_failed_is_dropped() {
        let slot = Slot::default();
        slot.get(|| async { Ok(fetched("new")) }).await.unwrap();
        slot.invalidate(&"old".into());
        let kept = slot.get(|| async { Ok(fetched("third")) }).await.unwrap();
        assert_eq!(kept.expose_secret(), "new");
        slot.invalidate(&"new".into());
        let fetched = slot.get(|| async { Ok(fetched("third")) }).await.unwrap();
        assert_eq!(fetched.expose_secret(), "third");
    }
}
