//! The file of an embedded database is nobody else's on the machine.

use std::fs::{OpenOptions, Permissions, set_permissions};
use std::io::ErrorKind;
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

const MODE: u32 = 0o600;

/// Makes the file, or closes one that was open to others, with what SQLite has put beside it. What
/// it will put there has the mode of the file.
pub(super) fn close_to_others(file: &Path) -> std::io::Result<()> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(MODE)
        .open(file)?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        match set_permissions(&name, Permissions::from_mode(MODE)) {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            // A file that was put there for us may be somebody else's, who says who reads it.
            Err(error) => {
                tracing::warn!(%error, "others on the machine may read the database");
            }
        }
    }
    Ok(())
}
