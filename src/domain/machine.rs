//! What all state machines share: a move is a value that only its machine can make.

use std::fmt::{Debug, Display};

/// A status with a table of allowed moves.
pub trait Machine: Copy + Eq + Debug + Display + Send + Sync + 'static {
    /// What it is the status of, as logs and errors name it.
    const SUBJECT: &'static str;

    /// Whether its table has a move from `self` to `to`.
    fn may_become(self, to: Self) -> bool;

    /// The move from `self` to `to`, or the reason why there is none.
    fn to(self, to: Self) -> Result<Move<Self>, BadMove> {
        if self.may_become(to) {
            Ok(Move {
                from: Some(self),
                to,
            })
        } else {
            Err(self.bad_move(to))
        }
    }

    /// The reason why there is no move from `self` to `to`.
    fn bad_move(self, to: Self) -> BadMove {
        BadMove {
            subject: Self::SUBJECT,
            from: self.to_string(),
            to: to.to_string(),
        }
    }
}

/// An allowed change of status. The store writes nothing else: its guard is `from`, so that a
/// status is never written without the check that it still is what the rule was asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move<S> {
    from: Option<S>,
    to: S,
}

impl<S: Machine> Move<S> {
    /// The first entry of a log: the subject came to be in `to`.
    #[must_use]
    pub const fn born(to: S) -> Self {
        Self { from: None, to }
    }

    /// The status that must still hold; `None` at birth.
    #[must_use]
    pub const fn from(&self) -> Option<S> {
        self.from
    }

    /// The status to be written.
    #[must_use]
    pub const fn to(&self) -> S {
        self.to
    }
}

/// A change that the table does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a {subject} cannot go from {from} to {to}")]
pub struct BadMove {
    /// Camp, order, binding, refund, member or card.
    pub subject: &'static str,
    /// The present status.
    pub from: String,
    /// The one asked for.
    pub to: String,
}

/// Asserts the whole from × to table of a machine: every pair is either listed or refused.
#[cfg(test)]
pub(crate) fn assert_table<S: Machine>(all: &[S], allowed: &[(S, S)]) {
    for &from in all {
        for &to in all {
            let listed = allowed.contains(&(from, to));
            assert_eq!(from.may_become(to), listed, "{}: {from} → {to}", S::SUBJECT);
            assert_eq!(from.to(to).is_ok(), listed);
        }
    }
}
