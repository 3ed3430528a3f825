//! The status logs: who moved what from where to where, why and when. Each is written by the
//! function that writes the status, so that one never happens without the other.

use crate::domain::staff::Actor;
use crate::domain::{Machine, Move, Timestamp, UserId};

use super::Tx;
use super::bundle::Statement;

/// Who makes a move: a member of staff, or a word of ours for who is none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Operator {
    /// A staff member's name, `member`, `wechat_pay`, or the job that did it.
    pub name: String,
    /// The member of staff: several may have one name, and somebody's may be a word of ours.
    pub staff: Option<UserId>,
}

impl From<&Actor> for Operator {
    fn from(actor: &Actor) -> Self {
        Self {
            name: actor.name.clone(),
            staff: Some(actor.user_id),
        }
    }
}

impl From<&'static str> for Operator {
    fn from(word: &'static str) -> Self {
        Self {
            name: word.to_owned(),
            staff: None,
        }
    }
}

/// Who made a move, why and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Who.
    pub operator: Operator,
    /// Why, in a few words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Note {
    /// A note of `operator`.
    pub fn new(operator: impl Into<Operator>, reason: impl Into<String>, at: Timestamp) -> Self {
        Self {
            operator: operator.into(),
            reason: reason.into(),
            at,
        }
    }
}

/// A status log and its statement.
#[derive(Debug, Clone, Copy)]
pub(super) struct StatusLog(pub(super) &'static str);

impl StatusLog {
    /// Adds the row of one move of `subject`.
    pub(super) fn add<S: Machine>(self, tx: &mut Tx, subject: i64, change: Move<S>, note: &Note) {
        self.put_off(tx, Statement::new(self.0).bind(subject), change, note);
    }

    /// Adds the row of one move; `statement` has bound what names the subject.
    pub(super) fn put_off<S: Machine>(
        self,
        tx: &mut Tx,
        statement: Statement,
        change: Move<S>,
        note: &Note,
    ) {
        tx.put_off(
            statement
                .bind(change.from().map(|from| from.to_string()))
                .bind(change.to().to_string())
                .bind(&note.operator.name)
                .bind(&note.reason)
                .bind(note.at.micros())
                .bind(note.operator.staff.map(|id| id.0)),
        );
    }
}
