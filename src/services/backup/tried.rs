//! Tries a backup: reads it to its end, puts its database into one that nobody uses, and looks whether
//! the audit and the books in it hold.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use crate::platforms::backup_file::{self, About, BackupFileError};
use crate::platforms::files::{FileKey, MAX_FILE_BYTES};
use crate::platforms::postgres_tools;
use crate::services::{audit_chain, books};
use crate::store::audit::ChainStatus;
use crate::store::{Db, DbOptions, Keyring, copies, master_key};

use super::{BackupError, blocking, folder, key_of};

/// What a backup was found to hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) about: About,
    /// Rows of its audit.
    pub(super) audit_rows: i64,
    /// Payments whose books were compared.
    pub(super) payments: usize,
    /// Those about which they disagree.
    pub(super) differences: usize,
    pub(super) uploads: usize,
    /// Files that its database knows and it has not.
    pub(super) missing: usize,
}

impl Found {
    /// Refuses books that cannot be relied on. Uploaded files that are missing keep nobody from the money.
    pub(super) const fn check(&self) -> Result<(), BackupError> {
        if self.differences > 0 {
            let payments = self.differences;
            return Err(BackupError::Books { payments });
        }
        Ok(())
    }
}

/// A backup whose database is in use nowhere else. It is closed by [`Self::close`].
pub(super) struct Tried {
    pub(super) db: Db,
    pub(super) found: Found,
    /// Holds the files until it is dropped.
    pub(super) folder: TempDir,
    scratch: Option<Scratch>,
}

/// A database that was made to try a backup.
struct Scratch {
    url: SecretString,
    name: String,
}

/// Where a backup is tried.
#[derive(Clone)]
pub(super) struct Bench {
    /// The database whose server it is tried on; an embedded one needs none.
    pub(super) url: SecretString,
    /// What the name of the database for it ends in.
    pub(super) suffix: &'static str,
    /// Where its files are unpacked.
    pub(super) within: std::path::PathBuf,
    pub(super) keys: Arc<Keyring>,
    /// Cancelled when it is to end.
    pub(super) stop: CancellationToken,
}

impl Bench {
    fn is_postgres(&self) -> bool {
        !self.url.expose_secret().starts_with("sqlite:")
    }

    const fn engine(is_postgres: bool) -> &'static str {
        if is_postgres { "postgres" } else { "sqlite" }
    }

    /// Tries a backup.
    pub(super) async fn try_out(&self, file: &Path) -> Result<Tried, BackupError> {
        let key = key_of(&self.keys, file)?;
        let (file, within, stop) = (file.to_owned(), self.within.clone(), self.stop.clone());
        let unpacked = blocking(move || {
            let folder = folder::for_copy(&within)?;
            let mut uploads = BTreeSet::new();
            let note = |key: &str, bytes: Vec<u8>| -> Result<(), BackupError> {
                if stop.is_cancelled() {
                    return Err(BackupError::Stopped);
                }
                is_named_rightly(key, &bytes)?;
                uploads.insert(key.to_owned());
                Ok(())
            };
            let place = folder.path().join("database");
            let about = backup_file::read(&file, &key, Some(&place), note, MAX_FILE_BYTES)?;
            Ok((folder, about, uploads))
        });
        let (folder, about, uploads) = unpacked.await?;
        if about.engine != Self::engine(self.is_postgres()) {
            let found = about.engine;
            return Err(BackupError::OtherEngine { found });
        }
        let (db, scratch) = self.put_in(&folder.path().join("database")).await?;
        match examine(&db, about, &uploads).await {
            Ok(found) => Ok(Tried {
                db,
                found,
                folder,
                scratch,
            }),
            Err(error) => {
                db.close().await;
                drop_scratch(scratch).await;
                Err(error)
            }
        }
    }

    async fn put_in(&self, copy: &Path) -> Result<(Db, Option<Scratch>), BackupError> {
        let options = DbOptions { connections: 2 };
        if !self.is_postgres() {
            copies::check_sqlite(copy)
                .await?
                .map_err(BackupError::Copy)?;
            let url = format!("sqlite://{}", copy.display());
            return Ok((
                Db::connect(&url, options, Arc::clone(&self.keys)).await?,
                None,
            ));
        }
        let url = self.url.expose_secret();
        let place = postgres_tools::Place::of(url)?;
        let beginning = scratch_beginning(place.database(), self.suffix);
        let name = copies::name_beside(&beginning);
        let scratch_url = postgres_tools::neighbour(url, &name)?;
        copies::sweep_beside(url, &beginning).await?;
        copies::make_beside(url, &name).await?;
        let scratch = Scratch {
            url: self.url.clone(),
            name,
        };
        let (place, from) = (postgres_tools::Place::of(&scratch_url)?, copy.to_owned());
        let stop = self.stop.clone();
        let restored = blocking(move || Ok(postgres_tools::restore(&place, &from, &stop)?)).await;
        let opened = match restored {
            Ok(()) => Db::connect(&scratch_url, options, Arc::clone(&self.keys)).await,
            Err(error) => {
                drop_scratch(Some(scratch)).await;
                return Err(error);
            }
        };
        match opened {
            Ok(db) => Ok((db, Some(scratch))),
            Err(error) => {
                drop_scratch(Some(scratch)).await;
                Err(error.into())
            }
        }
    }
}

impl Tried {
    /// Closes its database, which goes if it was made for this; its files go with the folder.
    pub(super) async fn close(self) -> TempDir {
        self.db.close().await;
        drop_scratch(self.scratch).await;
        self.folder
    }
}

async fn drop_scratch(scratch: Option<Scratch>) {
    let Some(Scratch { url, name }) = scratch else {
        return;
    };
    if let Err(error) = copies::drop_beside(url.expose_secret(), &name).await {
        tracing::warn!(%error, name, "a database that was made to try a backup is left");
    }
}

/// What the names of databases for trials begin with: plain, and after the database's own.
fn scratch_beginning(database: &str, suffix: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let own = database.chars().map(|c| if is_plain(c) { c } else { '_' });
    // PostgreSQL cuts off names of more than 63 bytes.
    format!("{}{suffix}_", own.take(40).collect::<String>())
}

/// A file is named by its content.
pub(super) fn is_named_rightly(key: &str, bytes: &[u8]) -> Result<FileKey, BackupError> {
    let wrong = || BackupFileError::Damaged("a file in it is not what its name says".to_owned());
    let named: FileKey = key.parse().map_err(|_| wrong())?;
    if named.names(bytes) {
        Ok(named)
    } else {
        Err(wrong().into())
    }
}

async fn examine(db: &Db, about: About, uploads: &BTreeSet<String>) -> Result<Found, BackupError> {
    db.migrate().await?;
    if !master_key::fits(db).await? {
        return Err(BackupError::Key);
    }
    let proved = prove(db, about.audit_end.as_deref()).await?;
    let known = copies::upload_keys(&mut db.read().await?).await?;
    let missing = known.iter().filter(|key| !uploads.contains(*key)).count();
    Ok(Found {
        about,
        audit_rows: proved.audit_rows,
        payments: proved.payments,
        differences: proved.differences,
        uploads: uploads.len(),
        missing,
    })
}

/// What was found of a database that came out of a backup.
pub(super) struct Proved {
    pub(super) audit_rows: i64,
    pub(super) payments: usize,
    pub(super) differences: usize,
}

/// Walks the audit of a database to the end that its backup names, and compares its books.
pub(super) async fn prove(db: &Db, audit_end: Option<&str>) -> Result<Proved, BackupError> {
    let audit_rows = match audit_chain::verify_copy(db, audit_end).await? {
        ChainStatus::Intact { rows } => rows,
        ChainStatus::Broken { seq, what } => return Err(BackupError::Audit { seq, what }),
    };
    let books = books::compare_all(&mut db.read().await?).await?;
    Ok(Proved {
        audit_rows,
        payments: books.payments,
        differences: books.different + usize::from(!books.is_balanced),
    })
}
