//! The configuration of a product whose settings and clients are those of a test.

use std::sync::Arc;

use campkeeper::config::{Config, ConfigError, Sources};
use campkeeper::services::configuration::{Build, Built, Configuration};
use campkeeper::services::{Clients, Context, Settings};

use crate::support::test_master_key;

/// Whatever is set, settings and clients stay those of the test.
struct AsGiven {
    settings: Arc<Settings>,
    clients: Arc<Clients>,
}

impl Build for AsGiven {
    fn build(&self, config: Config, _: Option<&Built>) -> Result<Built, ConfigError> {
        Ok(Built {
            config,
            settings: Arc::clone(&self.settings),
            clients: Arc::clone(&self.clients),
        })
    }
}

/// The configuration of an empty file, whose values change nothing of the context.
pub fn unchanging(ctx: &Context) -> Configuration {
    let file = format!("[security]\nmaster_key = \"{}\"\n", test_master_key());
    let builder = AsGiven {
        settings: Arc::clone(&ctx.settings),
        clients: Arc::clone(&ctx.clients),
    };
    let (db, clock) = (ctx.db.clone(), Arc::clone(&ctx.clock));
    Configuration::new(db, clock, Sources::new(file, []), Arc::new(builder))
}
