//! Room, and whether files can be written.

use std::path::{Path, PathBuf};

use secrecy::ExposeSecret as _;

use crate::catalogue::{Finding, Part};
use crate::config::Config;
use crate::platforms::disk::{self, Room};
use crate::services::configuration::Configuration;
use crate::services::{Context, Result};

use super::outcome::Checked;

const MIB: u64 = 1024 * 1024;
/// Less is nearly full: a night's backup and a day's pictures would not fit.
const FULL: u64 = 256 * MIB;
/// Less is little.
const LOW: u64 = 2048 * MIB;
/// What is written to see whether it can be.
const NOTE: &str = ".written-by-doctor";

pub(super) async fn look(ctx: &Context, configuration: &Configuration) -> Result<Vec<Checked>> {
    const PART: Part = Part::Disk;
    if let Err(error) = ctx.files.keep_note(NOTE, "campkeeper doctor\n").await {
        tracing::warn!(%error, "files cannot be written");
        return Ok(vec![Checked::fail(PART, Finding::FilesUnwritable)]);
    }
    let folders = folders(&configuration.in_use().await?);
    let rooms = tokio::task::spawn_blocking(move || {
        let rooms = folders.iter().filter_map(|it| room_at(it));
        rooms.map(|Room { free, .. }| free).min()
    });
    let free = rooms.await.ok().flatten();
    Ok(vec![match free {
        None => Checked::warn(PART, Finding::Internal),
        Some(free) if free < FULL => Checked::fail(
            PART,
            Finding::DiskFull {
                free_mib: free / MIB,
            },
        ),
        Some(free) if free < LOW => Checked::warn(
            PART,
            Finding::DiskLow {
                free_mib: free / MIB,
            },
        ),
        Some(free) => {
            let free_gib = free / (1024 * MIB);
            Checked::ok(PART, Finding::DiskGood { free_gib })
        }
    }])
}

/// The room of the disk that a folder is on, or will be on once it is made.
fn room_at(folder: &Path) -> Option<Room> {
    let mut there = folder
        .ancestors()
        .map(|it| match it.as_os_str().is_empty() {
            true => Path::new("."),
            false => it,
        });
    there.find_map(|it| disk::room_at(it).ok())
}

/// The folders that we write to.
fn folders(config: &Config) -> Vec<PathBuf> {
    let database = config.database.url.expose_secret();
    let database = database.strip_prefix("sqlite://").and_then(|path| {
        let path = path.split('?').next().unwrap_or_default();
        Path::new(path).parent().map(Path::to_path_buf)
    });
    let files = config.files.url.strip_prefix("file://").map(PathBuf::from);
    let backups = Some(PathBuf::from(config.backup.dir.trim()));
    [database, files, backups].into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use crate::config::{Sources, Stored};

    use super::*;

    #[test]
    fn a_folder_that_is_not_made_yet_has_the_room_of_its_disk() {
        let folder = tempfile::tempdir().unwrap();
        let not_yet = folder.path().join("a/b");
        let total = |folder: &Path| room_at(folder).unwrap().total;
        assert_eq!(total(&not_yet), total(folder.path()));
        assert!(room_at(Path::new("not-yet/here")).is_some());
    }

    #[test]
    fn the_folder_of_backups_is_looked_at() {
        let file = "[security]\nmaster_key = \"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=\"\n\
                    [backup]\ndir = \"/mnt/backups\"\n";
        let config = Sources::new(file, []).config(&Stored::new()).unwrap();
        assert!(folders(&config).contains(&PathBuf::from("/mnt/backups")));
    }
}
