//! Lines of the log about what an attacker can repeat as often as they like.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two lines about the same thing.
const AT_MOST_EVERY: Duration = Duration::from_secs(60);

/// Lets one line through a minute, and counts those that it holds back.
#[derive(Debug)]
pub struct Seldom(Mutex<Told>);

#[derive(Debug)]
struct Told {
    last: Option<Instant>,
    left_out: u64,
}

impl Seldom {
    /// The first line goes through.
    #[must_use]
    pub const fn new() -> Self {
        Self(Mutex::new(Told {
            last: None,
            left_out: 0,
        }))
    }

    /// How many lines were held back since the last one, if this one may be written.
    #[must_use]
    pub fn turn(&self) -> Option<u64> {
        self.turn_at(Instant::now())
    }

    fn turn_at(&self, now: Instant) -> Option<u64> {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_due = told
            .last
            .is_none_or(|last| now.saturating_duration_since(last) >= AT_MOST_EVERY);
        if !is_due {
            told.left_out += 1;
            return None;
        }
        told.last = Some(now);
        Some(std::mem::take(&mut told.left_out))
    }
}

impl Default for Seldom {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_a_minute_says_how_many_were_left_out() {
        let (seldom, began) = (Seldom::new(), Instant::now());
        let at = |seconds| seldom.turn_at(began + Duration::from_secs(seconds));
        assert_eq!(
            [0, 1, 59, 60, 61, 200].map(at),
            [Some(0), None, None, Some(2), None, Some(1)]
        );
    }
}
