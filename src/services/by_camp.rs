//! Work on one camp after the other: one that fails does not keep the rest from their turn.

use serde::Serialize;
use serde_json::json;

use crate::domain::CampId;
use crate::store::Rows;
use crate::store::camps::Camp;

use super::rows::readable;
use super::{Error, Result};

/// The camps of a run that failed.
#[derive(Debug, Default)]
pub(super) struct FailedCamps(Vec<CampId>);

impl FailedCamps {
    /// Takes the camps that can be read. Of the others nothing moves on: the run has failed for them.
    pub(super) fn take(&mut self, camps: Rows<Camp>) -> Vec<Camp> {
        let unreadable = camps.bad.iter().filter_map(|error| error.row());
        self.0.extend(unreadable.map(|(_, id)| CampId(id)));
        readable(camps)
    }

    /// Takes what came of a camp; none if it failed, which is logged and kept.
    pub(super) fn unless<T>(&mut self, camp: CampId, done: Result<T>) -> Option<T> {
        done.inspect_err(|error| {
            tracing::error!(
                camp.id = camp.0,
                error = error as &dyn std::error::Error,
                "a camp failed; the others go on"
            );
            self.0.push(camp);
        })
        .ok()
    }

    /// The end of the run: its summary, or [`Error::PartlyDone`] with the camps that failed in it.
    pub(super) fn end<T: Serialize>(self, summary: T) -> Result<T> {
        if self.0.is_empty() {
            return Ok(summary);
        }
        let failed: Vec<i64> = self.0.iter().map(|camp| camp.0).collect();
        let mut figures = json!(summary);
        figures["failedCamps"] = json!(failed);
        Err(Error::PartlyDone(figures))
    }
}
