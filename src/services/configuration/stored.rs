//! Reads what is stored.

use std::collections::BTreeMap;

use crate::config::{ConfigError, Stored};
use crate::services::Result;
use crate::store::{Db, system_config};

/// The stored values, and the generation that they were read after.
#[derive(Clone)]
pub(super) struct StoredSettings {
    pub(super) generation: i64,
    pub(super) values: Stored,
    /// A mark of each row, that changes whenever it is written.
    pub(super) rows: BTreeMap<String, String>,
    pub(super) unreadable: Vec<ConfigError>,
}

pub(super) async fn load(db: &Db) -> Result<StoredSettings> {
    let mut conn = db.read().await?;
    // The number first: a change that is made in between is seen at the next look.
    let generation = system_config::generation(&mut conn).await?;
    let (mut values, mut rows, mut unreadable) = (Stored::new(), BTreeMap::new(), Vec::new());
    for row in system_config::all(&mut conn).await? {
        rows.insert(row.key().to_owned(), row.mark());
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
        rows,
        unreadable,
    })
}

impl StoredSettings {
    /// The keys of all that is stored, readable or not.
    pub(super) fn keys(self) -> impl Iterator<Item = String> {
        self.rows.into_keys()
    }
}
