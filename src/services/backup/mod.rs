//! Backups: made while the product works, sealed, thinned, and proved by being restored every night
//! (decision 0030).

mod drill;
mod error;
mod folder;
mod make;
mod needed_keys;
mod restore;
mod tried;

use std::path::Path;

use crate::platforms::backup_file::Head;
use crate::platforms::sealed_stream::KEY_BYTES;
use crate::store::Keyring;

pub use drill::{Drilled, drill};
pub use error::BackupError;
pub use make::{Made, make, write};
pub use needed_keys::{NeededKey, needed_keys};
pub use restore::{Restored, Target, restore};

/// What the key of a backup's file is derived for.
const PURPOSE: &str = "backup file";

/// The key of a new file under the present master key, with its head.
fn new_key(keys: &Keyring) -> Result<(Head, [u8; KEY_BYTES]), BackupError> {
    let head = Head::new(keys.present_id())?;
    let key = keys.mac(PURPOSE, &head.salt);
    Ok((head, key))
}

/// The key of a file, if the master key that it names is at hand.
fn key_of(keys: &Keyring, file: &Path) -> Result<[u8; KEY_BYTES], BackupError> {
    let head = Head::read(file)?;
    let mut readable = keys.macs(PURPOSE, &head.salt);
    let key = readable.find(|(id, _)| *id == head.key_id);
    key.map(|(_, key)| key).ok_or(BackupError::Key)
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| BackupError::Lost)?
}
