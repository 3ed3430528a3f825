//! Follows what is changed in the store, by whichever instance.

use std::time::Duration;

use crate::config::ConfigError;
use crate::domain::message::{InForce, SettingUnusable};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{LiveContext, Result, Settings};
use crate::store::system_config;

use super::stored::load;
use super::{Beginning, Built, Configuration};

/// The time between two looks at the generation.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Follows changes for as long as it is polled.
pub struct Follower {
    configuration: Configuration,
    live: LiveContext,
    in_use: Built,
    /// The last change that was tried, whether or not it could be used.
    tried: i64,
}

impl Follower {
    /// Follows changes after `beginning`, and tells the admins what had to be left out of it.
    ///
    /// # Errors
    /// The store cannot.
    pub async fn new(
        configuration: Configuration,
        live: LiveContext,
        beginning: Beginning,
    ) -> Result<Self> {
        let Beginning {
            built,
            generation,
            left_out,
        } = beginning;
        for error in &left_out {
            tracing::error!(key = error.key, %error, "a stored setting cannot be used");
            configuration
                .tell(&built.settings, error, generation, InForce::File)
                .await?;
        }
        Ok(Self {
            configuration,
            live,
            in_use: built,
            tried: generation,
        })
    }

    /// Waits until settings have changed and new operations go by them.
    pub async fn changed(&mut self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            match self.look().await {
                Ok(true) => return,
                Ok(false) => {}
                Err(error) => tracing::warn!(%error, "stored settings were not looked at"),
            }
        }
    }

    /// Takes over what was changed, if anything was and can be used.
    async fn look(&mut self) -> Result<bool> {
        let mut conn = self.configuration.db.read().await?;
        let generation = system_config::generation(&mut conn).await?;
        drop(conn);
        if generation == self.tried {
            return Ok(false);
        }
        let mut stored = load(&self.configuration.db).await?;
        let built = match stored.unreadable.pop() {
            Some(error) => Err(error),
            None => self.configuration.build(&stored, Some(&self.in_use)),
        };
        let is_new = match built {
            Ok(built) => {
                self.live.replace(built.runtime(stored.generation));
                self.in_use = built;
                tracing::info!(generation = stored.generation, "settings have changed");
                true
            }
            Err(error) => {
                tracing::error!(
                    key = error.key, %error,
                    "a stored setting cannot be used: the old settings stay"
                );
                let settings = &self.in_use.settings;
                self.configuration
                    .tell(settings, &error, stored.generation, InForce::Former)
                    .await?;
                false
            }
        };
        self.tried = stored.generation;
        Ok(is_new)
    }
}

impl Configuration {
    /// Tells the admins of a stored value that cannot be used: once for each change, however many
    /// instances stumble over it.
    async fn tell(
        &self,
        settings: &Settings,
        error: &ConfigError,
        generation: i64,
        in_force: InForce,
    ) -> Result<()> {
        let notice = Notice {
            content: SettingUnusable {
                key: error.key.clone(),
                in_force,
            }
            .into(),
            camp_id: None,
            dedupe_key: format!("{}:{generation}", error.key),
        };
        let (settings, now) = (settings.clone(), self.clock.now());
        self.db
            .write(move |tx| {
                Box::pin(async move { tell_deciders(tx, &settings, &notice, now).await })
            })
            .await
    }
}
