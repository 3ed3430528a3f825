//! A clock that stands until it is moved.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use campkeeper::domain::{Clock, Timestamp};
use campkeeper::services::WallClock;
use chrono::TimeDelta;

/// Business time or the wall's, as a test likes.
pub struct TestClock(AtomicI64);

impl TestClock {
    /// A clock that stands at a moment, in microseconds.
    pub fn at(micros: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(micros)))
    }

    /// Moves it.
    pub fn advance(&self, by: TimeDelta) {
        let micros = by.num_microseconds().unwrap();
        self.0.fetch_add(micros, Ordering::SeqCst);
    }

    fn read(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        self.read()
    }
}

impl WallClock for TestClock {
    fn now(&self) -> Timestamp {
        self.read()
    }
}
