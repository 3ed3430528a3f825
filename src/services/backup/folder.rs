//! The folder of backups, and the files in it.

use std::fs::{DirBuilder, DirEntry};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use tempfile::TempDir;

use crate::domain::Timestamp;
use crate::domain::backup::dispensable;

const PREFIX: &str = "campkeeper-";
const SUFFIX: &str = ".backup";
/// What a backup is copied into on its way.
const COPY_PREFIX: &str = ".campkeeper-copy-";
const PART_SUFFIX: &str = ".backup.part";
/// What a run that was cut off has left behind is removed once it is so old.
const LEFT_BEHIND_FOR: TimeDelta = TimeDelta::days(1);
/// The mode of the folder: its files are nobody else's on the machine.
const MODE: u32 = 0o700;

/// A backup in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) path: PathBuf,
    pub(super) at: Timestamp,
}

/// Makes the folder if it is not there.
pub(super) fn make(folder: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(MODE).create(folder)
}

/// The place of a backup that is begun now. Its name is its moment, to the second.
pub(super) fn place(folder: &Path, now: Timestamp) -> PathBuf {
    folder.join(format!("{PREFIX}{}{SUFFIX}", now.secs()))
}

/// A folder for a copy on its way, which goes when it is dropped.
pub(super) fn for_copy(within: &Path) -> io::Result<TempDir> {
    // Nobody else on the machine may look into one.
    tempfile::Builder::new()
        .prefix(COPY_PREFIX)
        .tempdir_in(within)
}

/// All backups, the oldest first. A folder that is not there has none.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Kept>> {
    let mut kept: Vec<Kept> = entries(folder)?
        .into_iter()
        .filter_map(|entry| {
            let at = moment_of(entry.file_name().to_str()?)?;
            Some(Kept {
                path: entry.path(),
                at,
            })
        })
        .collect();
    kept.sort_by_key(|kept| kept.at);
    Ok(kept)
}

/// Removes those that need not be kept; how many.
pub(super) fn thin(folder: &Path, now: Timestamp, keep_days: u16) -> io::Result<usize> {
    let kept = list(folder)?;
    let moments: Vec<Timestamp> = kept.iter().map(|kept| kept.at).collect();
    let gone = dispensable(&moments, now, keep_days);
    for it in kept.iter().filter(|kept| gone.contains(&kept.at)) {
        std::fs::remove_file(&it.path)?;
    }
    Ok(gone.len())
}

/// Removes what runs that were cut off have left behind.
pub(super) fn sweep(folder: &Path, wall_now: Timestamp) -> io::Result<()> {
    for entry in entries(folder)? {
        let name = entry.file_name();
        let name = name.to_str().unwrap_or_default();
        let is_copy = name.starts_with(COPY_PREFIX);
        if !is_copy && !name.ends_with(PART_SUFFIX) {
            continue;
        }
        let changed: chrono::DateTime<chrono::Utc> = entry.metadata()?.modified()?.into();
        if Timestamp::from(changed).plus(LEFT_BEHIND_FOR) > wall_now {
            continue;
        }
        if is_copy {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

fn entries(folder: &Path) -> io::Result<Vec<DirEntry>> {
    match std::fs::read_dir(folder) {
        Ok(entries) => entries.collect(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn moment_of(name: &str) -> Option<Timestamp> {
    let secs: i64 = name
        .strip_prefix(PREFIX)?
        .strip_suffix(SUFFIX)?
        .parse()
        .ok()?;
    Some(Timestamp::from_micros(secs.checked_mul(1_000_000)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(1_796_000_000_000_000);

    #[test]
    fn backups_are_found_by_their_names_and_thinned() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(list(&folder.path().join("none")).unwrap(), []);
        for hours in [100 * 24, 30, 3, 2] {
            let at = NOW.minus(TimeDelta::hours(hours));
            std::fs::write(place(folder.path(), at), "x").unwrap();
        }
        std::fs::write(folder.path().join("notes.txt"), "x").unwrap();
        assert_eq!(thin(folder.path(), NOW, 30).unwrap(), 2);
        let left = list(folder.path()).unwrap();
        let hours: Vec<i64> = left
            .iter()
            .map(|kept| (NOW.secs() - kept.at.secs()) / 3600)
            .collect();
        assert_eq!(hours, [30, 2]);
        assert!(folder.path().join("notes.txt").exists());
    }

    #[test]
    fn what_was_left_behind_goes_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let copy = for_copy(folder.path()).unwrap().keep();
        let part = folder.path().join("campkeeper-1.backup.part");
        std::fs::write(&part, "x").unwrap();
        let changed: chrono::DateTime<chrono::Utc> =
            part.metadata().unwrap().modified().unwrap().into();
        let changed = Timestamp::from(changed);
        sweep(folder.path(), changed).unwrap();
        assert!(copy.exists() && part.exists());
        sweep(folder.path(), changed.plus(TimeDelta::days(2))).unwrap();
        assert!(!copy.exists() && !part.exists());
    }
}
