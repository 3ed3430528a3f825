//! Which earlier master keys the kept backups are sealed under: those must not go yet.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::Timestamp;
use crate::platforms::backup_file::Head;
use crate::services::{Context, Result};
use crate::store::KeyId;

use super::{PURPOSE, blocking, folder};

/// An earlier master key that backups need.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NeededKey {
    /// Where it stands in the configuration; none if it is not there any more.
    pub key: Option<String>,
    /// How many backups are sealed under it.
    pub backups: usize,
    /// When the newest of them was begun.
    pub newest: String,
}

/// The keys before the present one that files in the folder of backups are sealed under.
///
/// # Errors
/// The folder cannot be read.
pub async fn needed_keys(ctx: &Context) -> Result<Vec<NeededKey>> {
    let dir = ctx.settings.backup.dir.clone();
    let sealed = blocking(move || {
        let mut sealed: BTreeMap<KeyId, (usize, Timestamp)> = BTreeMap::new();
        for kept in folder::list(&dir)? {
            match Head::read(&kept.path) {
                Ok(head) => {
                    let (count, newest) = sealed.entry(head.key_id).or_insert((0, kept.at));
                    *count += 1;
                    *newest = kept.at.max(*newest);
                }
                Err(error) => tracing::warn!(%error, file = %kept.path.display(), "no backup"),
            }
        }
        Ok(sealed)
    });
    let mut sealed = sealed.await?;
    let mut needed = Vec::new();
    // The present key comes first, and then the others as they are configured.
    for (place, (id, _)) in ctx.keys().macs(PURPOSE, &[]).enumerate() {
        let Some((backups, newest)) = sealed.remove(&id) else {
            continue;
        };
        if let Some(place) = place.checked_sub(1) {
            needed.push(NeededKey {
                key: Some(format!("security.previous_master_keys.{place}")),
                backups,
                newest: newest.rfc3339(),
            });
        }
    }
    needed.extend(sealed.into_values().map(|(backups, newest)| NeededKey {
        key: None,
        backups,
        newest: newest.rfc3339(),
    }));
    Ok(needed)
}
