//! The clocks of the product: two, so that the demo and the tests can move business time while
//! signatures, tokens and leases go by the wall.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::{Clock, Timestamp};
use crate::services::WallClock;

/// Both clocks.
#[derive(Clone)]
pub struct Clocks {
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Wall time.
    pub wall: Arc<dyn WallClock>,
}

impl Clocks {
    /// The system's time for both.
    #[must_use]
    pub fn system() -> Self {
        Self {
            clock: Arc::new(SystemClock),
            wall: Arc::new(SystemClock),
        }
    }

    /// The wall as the clients of the platforms read it.
    pub(super) fn wall_reader(&self) -> impl Fn() -> DateTime<Utc> + Send + Sync + use<> {
        let wall = Arc::clone(&self.wall);
        move || wall.now().shanghai().to_utc()
    }
}

/// The system's time. Nothing else reads it.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock;

impl SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one place that reads the time and hands it in"
    )]
    fn read() -> Timestamp {
        Timestamp::from(Utc::now())
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Self::read()
    }
}

impl WallClock for SystemClock {
    fn now(&self) -> Timestamp {
        Self::read()
    }
}
