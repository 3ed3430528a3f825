//! The start: what is stored and can be used lies over the file.

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
}
