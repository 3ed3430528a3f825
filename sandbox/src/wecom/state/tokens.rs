//! Access tokens and JS tickets.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use super::pace::{Pace, WrongSecrets};
use crate::wecom::refusal::Refusal;

/// The corp's tokens and tickets.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    pub(crate) current: Option<(String, DateTime<Utc>)>,
    /// Tokens that once were good.
    pub(crate) old: Vec<String>,
    pub(crate) wrong_secrets: WrongSecrets,
    pub(crate) asked: Pace,
    pub(crate) tickets: HashMap<&'static str, Ticket>,
}

#[derive(Debug, Default)]
pub(crate) struct Ticket {
    pub(crate) current: Option<(String, DateTime<Utc>)>,
    pub(crate) asked: Pace,
}

impl Tokens {
    /// Makes the current token one that was: the next call with it gets 42001.
    pub(crate) fn revoke(&mut self) {
        self.old.extend(self.current.take().map(|(token, _)| token));
    }

    /// Whether `token` is good now.
    pub(crate) fn check(&mut self, token: &str, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self
            .current
            .as_ref()
            .is_some_and(|(_, expires)| *expires <= now)
        {
            self.revoke();
        }
        if self
            .current
            .as_ref()
            .is_some_and(|(current, _)| current == token)
        {
            return Ok(());
        }
        if self.old.iter().any(|old| old == token) {
            return Err(Refusal::outcome(42001, "access_token expired"));
        }
        Err(Refusal::broken(40014, "access_token was issued here"))
    }
}
