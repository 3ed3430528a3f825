//! The chat while settings change: a bot for each round of work, in the words that hold then.

use std::sync::{Arc, Mutex, PoisonError};

use crate::services::{LiveContext, Settings};

use super::instance::Bot;
use super::templates::{TemplateError, Templates};

/// Talks in WeCom: makes a bot for each round of work.
pub struct WecomChat {
    live: LiveContext,
    texts: Mutex<Texts>,
}

/// The templates of the folder that they were loaded with.
struct Texts {
    dir: String,
    templates: Arc<Templates>,
}

impl Texts {
    fn load(settings: &Settings) -> Result<Self, TemplateError> {
        let mut templates = Templates::load(&settings.templates_dir)?;
        templates.set_site(&settings.public_url);
        Ok(Self {
            dir: settings.templates_dir.clone(),
            templates: Arc::new(templates),
        })
    }
}

impl WecomChat {
    /// A chat in the words of the templates that the settings name.
    ///
    /// # Errors
    /// They cannot be used.
    pub fn new(live: LiveContext) -> Result<Self, TemplateError> {
        let texts = Texts::load(&live.runtime().settings)?;
        Ok(Self {
            live,
            texts: Mutex::new(texts),
        })
    }

    /// The bot of a round that begins now.
    pub(super) fn bot(&self) -> Bot {
        let ctx = self.live.snapshot();
        let templates = self.templates(&ctx.settings);
        Bot { ctx, templates }
    }

    fn templates(&self, settings: &Settings) -> Arc<Templates> {
        let mut texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        if texts.dir != settings.templates_dir {
            settings.templates_dir.clone_into(&mut texts.dir);
            match Texts::load(settings) {
                Ok(new) => *texts = new,
                // They were tried before they were put to use: somebody has changed them since.
                Err(error) => tracing::error!(%error, "the old templates stay in use"),
            }
        }
        Arc::clone(&texts.templates)
    }
}
