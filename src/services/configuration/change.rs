//! Changes what is stored.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::config::{ConfigError, check_stored, read_stored};
use crate::domain::Action;
use crate::domain::staff::Actor;
use crate::services::transact::again_if_overtaken;
use crate::services::{Error, FieldErrors, Result, require_anywhere};
use crate::store::audit::Entry;
use crate::store::{Sealed, StoreError, system_config};

use super::stored::{StoredSettings, load};
use super::usable::Purpose;
use super::{Configuration, ConfigureError};

/// A value that was changed, as people may see it: of a secret only whether it is set.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The key.
    pub key: String,
    /// The value before, but for the environment.
    pub from: Value,
    /// The value now, but for the environment.
    pub to: Value,
}

/// New values by key; none: forget what is stored.
type Changes = BTreeMap<String, Option<Value>>;

impl Configuration {
    /// Stores a value, or the values of a whole block, if the product can run with them. `actor` is
    /// none on the command line of the machine itself.
    ///
    /// # Errors
    /// The key that is missing, malformed or not to be stored; or the store cannot.
    pub async fn set(
        &self,
        actor: Option<&Actor>,
        key: &str,
        text: &str,
    ) -> Result<Vec<Change>, ConfigureError> {
        let values = read_stored(key, text)?.into_iter();
        let changes = values.map(|(key, value)| (key, Some(value))).collect();
        self.change(actor, changes).await
    }

    /// Forgets what is stored under a key or a block, if the product can run without it.
    ///
    /// # Errors
    /// As [`Configuration::set`].
    pub async fn unset(
        &self,
        actor: Option<&Actor>,
        key: &str,
    ) -> Result<Vec<Change>, ConfigureError> {
        let keys = load(&self.db).await?.keys();
        let below = format!("{key}.");
        let is_meant = |stored: &String| stored == key || stored.starts_with(&below);
        let changes: Changes = keys.filter(is_meant).map(|stored| (stored, None)).collect();
        if changes.is_empty() {
            check_stored(key)?;
            return Ok(Vec::new());
        }
        self.change(actor, changes).await
    }

    /// Stores what a tree of the file gives otherwise than it holds, if the product can run with it.
    /// `null` forgets what is stored.
    ///
    /// # Errors
    /// [`Error::Invalid`] names the keys that there are not, that take a restart or that cannot be
    /// used; [`Error::Forbidden`] for who is no super admin.
    pub async fn put(&self, actor: &Actor, tree: &Map<String, Value>) -> Result<Vec<Change>> {
        require_anywhere(actor, Action::ManageConfig)?;
        let stored = load(&self.db).await?;
        let changes = self.sources.read_tree(tree, &stored.values);
        let changes = changes.map_err(Error::Invalid)?.into_iter().collect();
        match self.change(Some(actor), changes).await {
            Ok(changed) => Ok(changed),
            Err(ConfigureError::Service(error)) => Err(error),
            Err(ConfigureError::Setting(error)) => Err(Error::Invalid(FieldErrors::from([(
                error.key.into(),
                error.fault,
            )]))),
        }
    }

    async fn change(
        &self,
        actor: Option<&Actor>,
        changes: Changes,
    ) -> Result<Vec<Change>, ConfigureError> {
        if let Some(actor) = actor {
            require_anywhere(actor, Action::ManageConfig)?;
        }
        if changes.is_empty() {
            return Ok(Vec::new());
        }
        let changed = again_if_overtaken(|| async {
            let before = load(&self.db).await?;
            match self.checked(&before, &changes) {
                Ok((changed, after)) => {
                    self.write(actor, &before, &after, &changed).await?;
                    Ok(Ok(changed))
                }
                Err(error) => Ok(Err(error)),
            }
        })
        .await?;
        self.changed.notify_one();
        Ok(changed?)
    }

    /// Tries the changes: what they come to, if the product can run with them.
    fn checked(
        &self,
        before: &StoredSettings,
        changes: &Changes,
    ) -> Result<(Vec<Change>, StoredSettings), ConfigError> {
        let mut after = before.clone();
        after
            .unreadable
            .retain(|error| !changes.contains_key(&error.key));
        for (key, value) in changes {
            match value {
                Some(value) => drop(after.values.insert(key.clone(), value.clone())),
                None => drop(after.values.remove(key)),
            }
        }
        // A variable would hide what is wrong with them until the day it goes.
        let bare = Self {
            sources: self.sources.without(changes.keys()),
            ..self.clone()
        };
        let keys = changes.keys().cloned().collect();
        // What is broken elsewhere keeps nobody from changing them, and does not vouch for them.
        bare.usable(&after, &Purpose::Change(&keys))?;
        let changed = changes.keys().map(|key| Change {
            key: key.clone(),
            from: bare.sources.value(key, &before.values),
            to: bare.sources.value(key, &after.values),
        });
        Ok((changed.collect(), after))
    }

    async fn write(
        &self,
        actor: Option<&Actor>,
        before: &StoredSettings,
        after: &StoredSettings,
        changed: &[Change],
    ) -> Result<()> {
        let mut sealed: Vec<(Change, Option<Sealed>)> = Vec::new();
        for change in changed {
            let value = after
                .values
                .get(&change.key)
                .map(|value| system_config::seal(self.db.keys(), &change.key, &value.to_string()));
            sealed.push((change.clone(), value.transpose().map_err(StoreError::from)?));
        }
        let (actor, seen, now) = (actor.cloned(), before.generation, self.clock.now());
        self.db
            .write(move |tx| {
                Box::pin(async move {
                    // Only over what was seen: the values were tried together.
                    system_config::raise(tx, seen).await?;
                    let by = actor.as_ref().map(|actor| actor.user_id);
                    for (change, value) in sealed {
                        let action = match value {
                            Some(value) => {
                                system_config::put(tx, &change.key, &value, by, now).await?;
                                "config.set"
                            }
                            None => {
                                system_config::remove(tx, &change.key).await?;
                                "config.unset"
                            }
                        };
                        tx.audit(Entry {
                            actor: actor.clone(),
                            action,
                            object_type: "config",
                            object_id: change.key,
                            details: json!({"from": change.from, "to": change.to}),
                            at: now,
                        });
                    }
                    Ok(())
                })
            })
            .await
    }
}
