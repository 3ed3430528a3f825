//! The bot itself: what it works with, and how it lays out a card.

use std::sync::Arc;

use wecom::crypto::Keys;

use crate::services::{Context, Error, Result};

use super::layout::Layout;
use super::templates::{Templates, View};

/// The bot. Cheap to clone.
#[derive(Clone)]
pub struct Bot {
    pub(super) ctx: Context,
    pub(super) templates: Arc<Templates>,
    pub(super) keys: Option<Arc<Keys>>,
}

impl Bot {
    /// A bot that reads with `keys`, the ones of the callback; none while WeCom is not set up.
    #[must_use]
    pub fn new(ctx: Context, mut templates: Templates, keys: Option<Keys>) -> Self {
        templates.set_site(&ctx.settings.public_url);
        Self {
            ctx,
            templates: Arc::new(templates),
            keys: keys.map(Arc::new),
        }
    }

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
