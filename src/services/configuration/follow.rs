//! Follows what is changed in the store, by whichever instance.

use std::time::Duration;

use crate::domain::message::{InForce, SettingUnusable};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{LiveContext, Result};
use crate::store::system_config;

use super::stored::load;
use super::usable::{LeftOut, Purpose, Usable};
use super::{Beginning, Configuration};

/// The time between two looks at the generation.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Follows changes for as long as it is polled.
pub struct Follower {
    configuration: Configuration,
    live: LiveContext,
    in_use: Usable,
    /// The last change that was tried, whether or not it could be used.
    tried: i64,
}

impl Follower {
    /// Follows changes after `beginning`.
    #[must_use]
    pub fn new(configuration: Configuration, live: LiveContext, beginning: Beginning) -> Self {
        let Beginning { usable, generation } = beginning;
        Self {
            configuration,
            live,
            in_use: usable,
            tried: generation,
        }
    }

    /// Waits until settings have changed and new operations go by them.
    pub async fn changed(&mut self) {
        loop {
            let rest = tokio::time::sleep(LOOK_EVERY);
            tokio::select! {
                () = rest => {}
                () = self.configuration.changed.notified() => {}
            }
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
        let stored = load(&self.configuration.db).await?;
        let usable = self
            .configuration
            .usable(&stored, &Purpose::Follow(&self.in_use));
        let is_new = match usable {
            Ok(usable) => {
                self.live.replace(usable.built.runtime(stored.generation));
                self.in_use = usable;
                tracing::info!(generation = stored.generation, "settings have changed");
                self.tell_left_out().await?;
                true
            }
            Err(error) => {
                // Not of anything that is stored, so each change fails by itself.
                let left_out = LeftOut {
                    rows: stored.generation.to_string(),
                    in_force: InForce::Former,
                    error,
                };
                self.tell(&left_out).await?;
                false
            }
        };
        self.tried = stored.generation;
        Ok(is_new)
    }

    /// Tells the admins what had to be left out of what is in use.
    ///
    /// # Errors
    /// The store cannot.
    pub async fn tell_left_out(&self) -> Result<()> {
        for left_out in &self.in_use.left_out {
            self.tell(left_out).await?;
        }
        Ok(())
    }

    /// Tells the admins of a stored value that cannot be used: once for each time that it was
    /// written, however many instances stumble over it, and whatever else is changed.
    async fn tell(&self, left_out: &LeftOut) -> Result<()> {
        let LeftOut {
            error,
            in_force,
            rows,
        } = left_out;
        tracing::error!(
            key = error.key, %error, in_force = in_force.as_str(),
            "a stored setting cannot be used"
        );
        let notice = Notice {
            content: SettingUnusable {
                key: error.key.clone(),
                in_force: *in_force,
            }
            .into(),
            camp_id: None,
            dedupe_key: format!("{}:{rows}", error.key),
        };
        let settings = self.in_use.built.settings.clone();
        let now = self.configuration.clock.now();
        self.configuration
            .db
            .write(move |tx| {
                Box::pin(async move { tell_deciders(tx, &settings, &notice, now).await })
            })
            .await
    }
}
