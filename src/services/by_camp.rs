//! Work on one camp after the other: one that fails does not keep the rest from their turn.

use serde::Serialize;

use crate::domain::CampId;

use super::{Error, Result};

/// The camps of a run that failed.
#[derive(Debug, Default)]
pub(super) struct FailedCamps {
    camps: Vec<CampId>,
    first: Option<Error>,
}

impl FailedCamps {
    /// Takes what came of a camp; none if it failed, which is kept.
    pub(super) fn unless<T>(&mut self, camp: CampId, done: Result<T>) -> Option<T> {
        match done {
            Ok(done) => Some(done),
            Err(error) => {
                tracing::error!(
                    camp.id = camp.0,
                    error = &error as &dyn std::error::Error,
                    "a camp failed; the others go on"
                );
                self.camps.push(camp);
                self.first.get_or_insert(error);
                None
            }
        }
    }

    /// The end of the run: its summary, or that and what failed.
    pub(super) fn end<T: Serialize>(self, summary: T) -> Result<T> {
        let Some(first) = self.first else {
            return Ok(summary);
        };
        let summary = serde_json::to_string(&summary);
        Err(Error::SomeCamps {
            camps: self.camps,
            first: Box::new(first),
            summary: summary.unwrap_or_else(|error| error.to_string()),
        })
    }
}
