//! What a caller did wrong although the call goes on.

use std::sync::Mutex;

use crate::lock::lock;

/// Rules broken without a refusal: (rule, detail).
#[derive(Default)]
pub(crate) struct Notes(Mutex<Vec<(String, String)>>);

impl Notes {
    /// Notes a rule that was broken though the call goes on.
    pub(crate) fn note(&self, rule: impl Into<String>, detail: impl Into<String>) {
        lock(&self.0).push((rule.into(), detail.into()));
    }

    pub(crate) fn take(&self) -> Vec<(String, String)> {
        std::mem::take(&mut lock(&self.0))
    }
}
