//! Restores a backup into an empty database, once it was tried and found whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use crate::domain::Timestamp;
use crate::platforms::backup_file;
use crate::platforms::files::{Files, MAX_FILE_BYTES};
use crate::platforms::postgres_tools::{self, Place};
use crate::services::audit_chain;
use crate::services::{Error, Result};
use crate::store::audit::Entry;
use crate::store::{Db, DbOptions, Keyring, StoreError, copies};

use super::tried::{Bench, Found, Tried, is_named_rightly};
use super::{BackupError, blocking, key_of};

/// What the database for a trial is called besides.
const SUFFIX: &str = "_restore";

/// Where a backup is restored to.
pub struct Target {
    /// The address of the database.
    pub url: SecretString,
    /// The file of an embedded one.
    pub sqlite_file: Option<PathBuf>,
    /// Where uploads go.
    pub files: Files,
    /// The master keys.
    pub keys: Arc<Keyring>,
    /// The present moment of business.
    pub now: Timestamp,
}

/// What was restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Restored {
    /// When the backup was begun.
    pub made_at: String,
    /// Rows of the audit in it.
    pub audit_rows: i64,
    /// Payments in it.
    pub payments: usize,
    /// Uploaded files that were put back.
    pub uploads: usize,
    /// Uploaded files that its database knows and it has not.
    pub missing: usize,
}

/// Restores a backup: tries it beside, audit and books first, and puts it into the place that must be
/// empty. Uploaded files that are missing in it are counted, and keep nobody from the rest.
///
/// # Errors
/// [`BackupError`]; unless it was the disk, nothing is in the place then that was not there before.
pub async fn restore(target: &Target, file: &Path) -> Result<Restored> {
    require_empty(target).await?;
    let within = match &target.sqlite_file {
        // On the same disk, so that it can be moved.
        Some(file) => folder_of(file),
        None => std::env::temp_dir(),
    };
    let bench = Bench {
        url: target.url.clone(),
        suffix: SUFFIX,
        within,
        keys: Arc::clone(&target.keys),
    };
    let tried = bench.try_out(file).await?;
    let found = tried.found.clone();
    if found.differences > 0 {
        tried.close().await;
        let payments = found.differences;
        return Err(BackupError::Books { payments }.into());
    }
    let uploads = put_uploads(target, file).await?;
    put_database(target, tried, file, &found).await?;
    Ok(Restored {
        made_at: found.about.at,
        audit_rows: found.audit_rows,
        payments: found.payments,
        uploads,
        missing: found.missing,
    })
}

async fn require_empty(target: &Target) -> Result<(), BackupError> {
    if target
        .sqlite_file
        .as_ref()
        .is_some_and(|file| !file.exists())
    {
        return Ok(());
    }
    let db = connect(target, target.url.expose_secret()).await?;
    let is_empty = copies::is_empty(&db).await;
    db.close().await;
    if is_empty? {
        Ok(())
    } else {
        Err(BackupError::NotEmpty)
    }
}

async fn connect(target: &Target, url: &str) -> Result<Db, StoreError> {
    Db::connect(url, DbOptions { connections: 2 }, Arc::clone(&target.keys)).await
}

async fn put_uploads(target: &Target, file: &Path) -> Result<usize, BackupError> {
    let key = key_of(&target.keys, file)?;
    let (file, files, runtime) = (file.to_owned(), target.files.clone(), Handle::current());
    blocking(move || {
        // The database was tried; of this reading only the files are wanted.
        let unwanted = tempfile::tempdir()?;
        let mut put = 0;
        let keep = |key: &str, bytes: Vec<u8>| -> Result<(), BackupError> {
            is_named_rightly(key, &bytes)?;
            let extension = key.split_once('.').map_or("", |(_, extension)| extension);
            runtime.block_on(files.put(&bytes, extension))?;
            put += 1;
            Ok(())
        };
        let place = unwanted.path().join("database");
        backup_file::read(&file, &key, &place, keep, MAX_FILE_BYTES)?;
        Ok(put)
    })
    .await
}

/// Puts the database in its place, with a word in the audit of what was done, and notes its end anew.
async fn put_database(target: &Target, tried: Tried, file: &Path, found: &Found) -> Result<()> {
    let before = audit_chain::noted(&target.files).await?;
    let entry = entry(target, file, found, before.as_deref());
    let db = match &target.sqlite_file {
        Some(place) => {
            record(&tried.db, entry).await?;
            let folder = tried.close().await;
            let copy = folder.path().join("database");
            copies::leave_sqlite(&copy)
                .await
                .map_err(BackupError::from)?;
            if place.exists() {
                copies::leave_sqlite(place)
                    .await
                    .map_err(BackupError::from)?;
            }
            let place = place.clone();
            blocking(move || {
                File::open(&copy)?.sync_all()?;
                std::fs::rename(&copy, &place)?;
                File::open(folder_of(&place))?.sync_all()?;
                Ok(())
            })
            .await?;
            connect(target, target.url.expose_secret()).await?
        }
        None => {
            let folder = tried.close().await;
            let to = Place::of(target.url.expose_secret()).map_err(BackupError::from)?;
            let copy = folder.path().join("database");
            blocking(move || Ok(postgres_tools::restore(&to, &copy)?)).await?;
            let db = connect(target, target.url.expose_secret()).await?;
            db.migrate().await?;
            record(&db, entry).await?;
            db
        }
    };
    let noted = audit_chain::begin_anew(&db, &target.files).await;
    db.close().await;
    noted
}

fn entry(target: &Target, file: &Path, found: &Found, noted: Option<&str>) -> Entry {
    let name = file.file_name().unwrap_or_default();
    Entry {
        actor: None,
        action: "backup.restore",
        object_type: "backup",
        object_id: name.to_string_lossy().into_owned(),
        details: json!({
            "madeAt": found.about.at,
            "auditRows": found.audit_rows,
            // What the folder of uploads had noted: how far the audit was that this one replaces.
            "auditEndBefore": noted,
        }),
        at: target.now,
    }
}

async fn record(db: &Db, entry: Entry) -> Result<()> {
    db.write(move |tx| {
        Box::pin(async move {
            tx.audit(entry);
            Ok::<_, Error>(())
        })
    })
    .await
}

fn folder_of(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|it| !it.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
