//! The bot itself: what it works with, and how it lays out a card.

use std::sync::Arc;

use crate::services::{Context, Error, Result};

use super::layout::Layout;
use super::templates::{Templates, View};

/// The bot in one round of work. Cheap to clone.
#[derive(Clone)]
pub(super) struct Bot {
    pub(super) ctx: Context,
    pub(super) templates: Arc<Templates>,
}

impl Bot {
    /// Lays out a card.
    pub(super) fn draw<V: View>(&self, view: &V) -> Result<Layout> {
        let layout = self.templates.layout(view);
        layout.map_err(|error| Error::Invariant(full(&error)))
    }
}

/// An error with its causes, for the record of what could not be put into words.
pub(super) fn full(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text += &format!(": {inner}");
        cause = inner.source();
    }
    text
}
