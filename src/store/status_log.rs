//! The status logs: who moved what from where to where, why and when. Each is written by the
//! function that writes the status, so that one never happens without the other.

use crate::domain::{Machine, Move, Timestamp};

use super::db::run;
use super::{StoreResult, Tx};

/// Who made a move, why and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// A staff member's name, `member`, `wechat_pay`, or the job that did it.
    pub operator: String,
    /// Why, in a few words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

impl Note {
    /// A note of `operator`.
    pub fn new(operator: impl Into<String>, reason: impl Into<String>, at: Timestamp) -> Self {
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
    pub(super) async fn add<S: Machine>(
        self,
        tx: &mut Tx,
        subject: i64,
        change: Move<S>,
        note: &Note,
    ) -> StoreResult<()> {
        let from = change.from().map(|from| from.to_string());
        run!(tx, c => sqlx::query(self.0)
            .bind(subject)
            .bind(from)
            .bind(change.to().to_string())
            .bind(&note.operator)
            .bind(&note.reason)
            .bind(note.at.micros())
            .execute(c)
            .await
            .map(drop))?;
        Ok(())
    }
}
