//! The bot itself: what it works with, and how it lays out a card.

use std::sync::Arc;

use crate::services::{Context, Error, Result, with_causes};

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
        layout.map_err(|error| Error::Invariant(with_causes(&error)))
    }
}
