//! The sandbox's two times: the wall clock, and a business time that people can move.
//!
//! Signatures, tokens and codes live by the wall clock; what happens on a day (check-ins, payments,
//! the life of a card) lives by business time. It does not know who else keeps a clock: whoever
//! must follow (the demo's product) registers a [`ClockHook`].

use std::sync::{Arc, Mutex};

use chrono::{DateTime, TimeDelta, Utc};

use crate::lock::lock;

/// Called with the new offset from the wall clock each time business time is moved.
pub type ClockHook = Arc<dyn Fn(TimeDelta) + Send + Sync>;

/// A wall clock with a movable business time beside it. Clones share the offset.
#[derive(Clone)]
pub struct SandboxClock {
    offset: Arc<Mutex<TimeDelta>>,
    moved: Option<ClockHook>,
}

impl SandboxClock {
    /// A clock whose business time is the wall clock until it is moved.
    pub fn new(moved: Option<ClockHook>) -> Self {
        Self {
            offset: Arc::new(Mutex::new(TimeDelta::zero())),
            moved,
        }
    }

    /// The real time: for signatures, token life and codes of a few minutes.
    #[expect(
        clippy::disallowed_methods,
        reason = "the stand-ins are the outside world; this is their only clock"
    )]
    pub fn wall_now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    /// Business time: the wall clock plus the offset people have set.
    pub fn now(&self) -> DateTime<Utc> {
        let wall = self.wall_now();
        wall.checked_add_signed(self.offset()).unwrap_or(wall)
    }

    /// How far business time is from the wall clock.
    pub fn offset(&self) -> TimeDelta {
        *lock(&self.offset)
    }

    /// Moves business time by `step` (may be negative) and tells the hook.
    pub fn advance(&self, step: TimeDelta) {
        let offset = {
            let mut offset = lock(&self.offset);
            *offset = offset.checked_add(&step).unwrap_or(*offset);
            *offset
        };
        self.tell(offset);
    }

    /// Sets business time to `instant`; it keeps running from there. Tells the hook.
    pub fn set(&self, instant: DateTime<Utc>) {
        let new_offset = instant.signed_duration_since(self.wall_now());
        *lock(&self.offset) = new_offset;
        self.tell(new_offset);
    }

    fn tell(&self, offset: TimeDelta) {
        if let Some(hook) = &self.moved {
            hook(offset);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moves_add_up_and_the_hook_hears_the_whole_offset() {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        let clock = SandboxClock::new(Some(Arc::new(move |offset| lock(&sink).push(offset))));

        clock.advance(TimeDelta::days(1));
        clock.advance(TimeDelta::hours(-1));

        assert_eq!(clock.offset(), TimeDelta::hours(23));
        assert_eq!(
            *lock(&heard),
            vec![TimeDelta::days(1), TimeDelta::hours(23)]
        );
        let ahead = clock.now().signed_duration_since(clock.wall_now());
        assert!((ahead - TimeDelta::hours(23)).num_seconds().abs() <= 1);
    }

    #[test]
    fn setting_an_instant_starts_from_there() {
        let clock = SandboxClock::new(None);
        let target = clock.wall_now() + TimeDelta::days(40);
        clock.set(target);
        assert!((clock.now() - target).num_seconds().abs() <= 1);
    }
}
