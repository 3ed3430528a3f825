//! The start: what is stored and can be used lies over the file.

use crate::config::Config;
use crate::services::{Error, Result};

use super::stored::load;
use super::usable::{Purpose, Usable};
use super::{Built, Configuration, ConfigureError};

/// The runtime that the product starts with.
pub struct Beginning {
    pub(super) usable: Usable,
    /// The generation of the stored settings that it was made after.
    pub generation: i64,
}

impl Beginning {
    /// What was built.
    #[must_use]
    pub fn built(&self) -> &Built {
        &self.usable.built
    }

    /// The keys of stored values that had to be left out.
    #[must_use]
    pub fn left_out(&self) -> Vec<String> {
        let left_out = self.usable.left_out.iter();
        left_out.map(|it| it.error.key.clone()).collect()
    }
}

impl Configuration {
    /// Builds what the product starts with. A stored value that cannot be used is left out: the
    /// file's holds in its place, and a platform that is only half filled without it is off.
    ///
    /// # Errors
    /// File and environment cannot be used, or the store cannot be read.
    pub async fn begin(&self) -> Result<Beginning, ConfigureError> {
        let stored = load(&self.db).await?;
        Ok(Beginning {
            usable: self.usable(&stored, &Purpose::Start)?,
            generation: stored.generation,
        })
    }

    /// The values that hold at this moment, for who looks at the installation.
    ///
    /// # Errors
    /// [`Error::Invariant`] if they cannot be used; the store cannot be read.
    pub async fn in_use(&self) -> Result<Config> {
        match self.begin().await {
            Ok(beginning) => Ok(beginning.usable.built.config),
            Err(ConfigureError::Setting(error)) => Err(Error::Invariant(error.to_string())),
            Err(ConfigureError::Service(error)) => Err(error),
        }
    }
}
