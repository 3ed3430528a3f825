//! How much room a disk has.

use std::io;
use std::path::Path;

/// The room of the disk that a folder is on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes that we may still write.
    pub free: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Asks the system about the disk of a folder.
///
/// # Errors
/// The folder is not there.
pub fn room_at(folder: &Path) -> io::Result<Room> {
    let told = rustix::fs::statvfs(folder)?;
    Ok(Room {
        free: told.f_bavail.saturating_mul(told.f_frsize),
        total: told.f_blocks.saturating_mul(told.f_frsize),
    })
}
