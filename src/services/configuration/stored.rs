//! Reads what is stored.

use crate::config::{ConfigError, Stored};
use crate::services::Result;
use crate::store::{Db, system_config};

/// The stored values, and the generation that they were read after.
#[derive(Clone)]
pub(super) struct StoredSettings {
    pub(super) generation: i64,
    pub(super) values: Stored,
    pub(super) unreadable: Vec<ConfigError>,
}

pub(super) async fn load(db: &Db) -> Result<StoredSettings> {
    let mut conn = db.read().await?;
    // The number first: a change that is made in between is seen at the next look.
    let generation = system_config::generation(&mut conn).await?;
    let (mut values, mut unreadable) = (Stored::new(), Vec::new());
    for row in system_config::all(&mut conn).await? {
        let opened = row.open(db.keys()).ok();
        match opened.and_then(|text| serde_json::from_str(&text).ok()) {
            Some(value) => drop(values.insert(row.key().to_owned(), value)),
            None => unreadable.push(ConfigError::new(
                row.key(),
                "is stored, but cannot be decrypted",
                "Set it again, or name its key in security.previous_master_keys",
            )),
        }
    }
    Ok(StoredSettings {
        generation,
        values,
        unreadable,
    })
}

impl StoredSettings {
    /// The keys of all that is stored, readable or not.
    pub(super) fn keys(self) -> impl Iterator<Item = String> {
        let unreadable = self.unreadable.into_iter().map(|error| error.key);
        self.values.into_keys().chain(unreadable)
    }

    /// Leaves out what an error about `key` may come from: the key, else its whole block, since the
    /// keys of a platform only work together, else all. `false` if nothing was left to leave out.
    pub(super) fn leave_out(&mut self, key: &str) -> bool {
        let block = key.rsplit_once('.').map_or(key, |(block, _)| block);
        let block = format!("{block}.");
        let is_suspect: &dyn Fn(&str) -> bool = if self.values.contains_key(key) {
            &|stored| stored == key
        } else if self.values.keys().any(|stored| stored.starts_with(&block)) {
            &|stored| stored.starts_with(&block)
        } else {
            &|_| true
        };
        let before = self.values.len();
        self.values.retain(|stored, _| !is_suspect(stored));
        self.values.len() < before
    }
}
