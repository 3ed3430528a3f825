//! Waits until this instance goes by what is stored.

use std::time::Duration;

use crate::services::{LiveContext, Result};
use crate::store::system_config;

use super::Configuration;

/// The time between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Looks at most: a change that cannot be used is never followed.
const LOOKS: usize = 60;

impl Configuration {
    /// Waits, three seconds at most, until what begins now goes by what is stored: who tests a
    /// setting has just changed it.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn wait_until_followed(&self, live: &LiveContext) -> Result<()> {
        let mut conn = self.db.read().await?;
        let generation = system_config::generation(&mut conn).await?;
        drop(conn);
        for _ in 0..LOOKS {
            if live.runtime().generation >= generation {
                break;
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        Ok(())
    }
}
