//! The configuration while the product runs: settings that are stored lie over the file and under
//! the environment, and every instance follows a change within seconds.

mod begin;
mod change;
mod follow;
mod stored;
mod usable;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tokio::sync::Notify;

use crate::config::{Config, ConfigError, Origin, Shown, Sources};
use crate::domain::staff::Actor;
use crate::domain::{Action, Clock};
use crate::store::Db;

use super::{Clients, Error, LiveContext, Result, Runtime, Settings, require_anywhere};

pub use begin::Beginning;
pub use change::Change;
pub use follow::Follower;

/// Settings and clients as one configuration asks for them.
#[derive(Clone)]
pub struct Built {
    pub config: Config,
    pub settings: Arc<Settings>,
    pub clients: Arc<Clients>,
}

/// Builds settings and clients; `app` does, since services make no clients.
pub trait Build: Send + Sync {
    /// Builds what `config` asks for. A client whose block is the same as in `previous` is kept,
    /// with all that it knows.
    ///
    /// # Errors
    /// The first key that is missing or cannot be used.
    fn build(&self, config: Config, previous: Option<&Built>) -> Result<Built, ConfigError>;
}

/// Why a setting was not changed, or the product does not start.
#[derive(Debug, thiserror::Error)]
pub enum ConfigureError {
    /// A key is missing or malformed.
    #[error(transparent)]
    Setting(#[from] ConfigError),
    /// The store cannot, or the person may not.
    #[error(transparent)]
    Service(#[from] Error),
}

/// Where settings come from, and what is made of them. Cheap to clone.
#[derive(Clone)]
pub struct Configuration {
    db: Db,
    clock: Arc<dyn Clock>,
    sources: Sources,
    builder: Arc<dyn Build>,
    /// Woken by a change that was made here, so that nobody waits for the next look.
    changed: Arc<Notify>,
}

/// The configuration as a super admin sees it.
#[derive(Debug)]
pub struct Overview {
    /// How browsers and platforms reach us.
    pub public_url: String,
    /// Where the value of every key comes from.
    pub origins: BTreeMap<String, Origin>,
}

impl Configuration {
    /// The configuration of `sources` and of what is stored in `db`.
    pub fn new(db: Db, clock: Arc<dyn Clock>, sources: Sources, builder: Arc<dyn Build>) -> Self {
        Self {
            db,
            clock,
            sources,
            builder,
            changed: Arc::default(),
        }
    }

    /// The tree of the configuration file as it holds, of secrets only whether they are set.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who is no super admin.
    pub async fn tree(&self, actor: &Actor) -> Result<BTreeMap<String, Value>> {
        require_anywhere(actor, Action::ManageConfig)?;
        let stored = stored::load(&self.db).await?;
        Ok(self.sources.tree(&stored.values))
    }

    /// Where values come from, and where we are reached.
    ///
    /// # Errors
    /// [`Error::Forbidden`] for who is no super admin.
    pub async fn overview(&self, actor: &Actor, live: &LiveContext) -> Result<Overview> {
        require_anywhere(actor, Action::ManageConfig)?;
        let stored = stored::load(&self.db).await?;
        Ok(Overview {
            public_url: live.runtime().settings.public_url.clone(),
            origins: self.sources.origins(&stored.values),
        })
    }

    /// The value of a key that is in use, or of each key of a block, and where it comes from; of a
    /// secret only whether it is set.
    ///
    /// # Errors
    /// There is no such key, or the store cannot be read.
    pub async fn show(&self, key: &str) -> Result<Vec<Shown>, ConfigureError> {
        let stored = stored::load(&self.db).await?;
        Ok(self.sources.show(key, &stored.values)?)
    }

    /// True if the environment decides about a key, whatever is stored.
    #[must_use]
    pub fn is_overridden(&self, key: &str) -> bool {
        self.sources.is_overridden(key)
    }

    /// The database that holds what is stored.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }
}

impl Built {
    /// The runtime that these make.
    #[must_use]
    pub fn runtime(&self, generation: i64) -> Runtime {
        Runtime {
            generation,
            settings: Arc::clone(&self.settings),
            clients: Arc::clone(&self.clients),
        }
    }
}
