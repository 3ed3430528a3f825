//! Restores a backup into an empty database, once it was tried and found whole.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::domain::Timestamp;
use crate::platforms::backup_file::{self, Head};
use crate::platforms::files::{Files, MAX_FILE_BYTES};
use crate::platforms::postgres_tools::{self, Place};
use crate::services::audit_chain;
use crate::services::{Error, Result};
use crate::store::audit::{self, Anchor, ChainStatus, Entry};
use crate::store::copies::{self, Vacancy};
use crate::store::{Db, DbOptions, Keyring, StoreError};

use super::tried::{Bench, Found, Tried, is_named_rightly, prove};
use super::{BackupError, blocking, folder, key_of};

/// What the database for a trial is called besides.
const SUFFIX: &str = "_restore";
/// The note beside the uploads of a restore that is not over.
const UNDER_WAY: &str = "restore-under-way";
/// What the audit says of a restore.
const ACTION: &str = "backup.restore";

/// Where a backup is restored to.
pub struct Target {
    /// The address of the database.
    pub url: SecretString,
    /// The file of an embedded one.
    pub sqlite_file: Option<PathBuf>,
    /// Where uploads go.
    pub files: Files,
    /// The folder of backups, where one for another server is unpacked.
    pub backup_dir: PathBuf,
    /// The master keys.
    pub keys: Arc<Keyring>,
    /// The present moment of business.
    pub now: Timestamp,
    /// The present moment by the wall.
    pub wall_now: Timestamp,
    /// Cancelled when it is to end; once the database is in its place it goes on to its end.
    pub stop: CancellationToken,
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
/// empty. Uploaded files that are missing in it are counted, and keep nobody from the rest. One that was
/// cut off goes on where it was.
///
/// # Errors
/// [`BackupError`]; unless it was the disk, nothing is in the place then that was not there before.
pub async fn restore(target: &Target, file: &Path) -> Result<Restored> {
    let place = look_at_place(target, file).await?;
    let within = match &target.sqlite_file {
        // On the same disk, so that it can be moved.
        Some(file) => folder_of(file),
        None => target.backup_dir.clone(),
    };
    let (swept, wall_now) = (within.clone(), target.wall_now);
    blocking(move || {
        folder::make(&swept)?;
        Ok(folder::sweep(&swept, wall_now)?)
    })
    .await?;
    let bench = Bench {
        url: target.url.clone(),
        suffix: SUFFIX,
        within,
        keys: Arc::clone(&target.keys),
        stop: target.stop.clone(),
    };
    let tried = bench.try_out(file).await?;
    let found = tried.found.clone();
    let uploads = match put_uploads(target, file, &found).await {
        Ok(uploads) => uploads,
        Err(error) => {
            tried.close().await;
            return Err(error.into());
        }
    };
    match place {
        Standing::Restored => drop(tried.close().await),
        Standing::Free(vacancy) => put_database(target, tried, file, vacancy).await?,
    }
    let db = connect(target).await?;
    let ended = end(target, &db, file, &found).await;
    db.close().await;
    ended?;
    Ok(Restored {
        made_at: found.about.at,
        audit_rows: found.audit_rows,
        payments: found.payments,
        uploads,
        missing: found.missing,
    })
}

/// What is in the place of the database.
enum Standing {
    /// Nothing that anybody needs.
    Free(Vacancy),
    /// The database of this very backup: a restore of it was cut off behind that.
    Restored,
}

async fn look_at_place(target: &Target, file: &Path) -> Result<Standing, BackupError> {
    if let Some(place) = &target.sqlite_file
        && !place.exists()
    {
        require_none_beside(place)?;
        return Ok(Standing::Free(Vacancy::Bare));
    }
    let db = connect(target).await?;
    let looked = look_into(target, &db, file).await;
    db.close().await;
    looked
}

async fn look_into(target: &Target, db: &Db, file: &Path) -> Result<Standing, BackupError> {
    match copies::vacancy(db).await? {
        Vacancy::Taken if is_of(target, db, file).await? => Ok(Standing::Restored),
        Vacancy::Taken => Err(BackupError::NotEmpty),
        vacancy => Ok(Standing::Free(vacancy)),
    }
}

/// SQLite would write what another database had not yet written into its file over the one that is
/// restored.
fn require_none_beside(place: &Path) -> Result<(), BackupError> {
    for suffix in ["-wal", "-shm", "-journal"] {
        let mut beside = place.as_os_str().to_owned();
        beside.push(suffix);
        let beside = PathBuf::from(beside);
        if beside.exists() {
            return Err(BackupError::LeftBeside(beside));
        }
    }
    Ok(())
}

/// Whether the database came out of this backup by a restore that was cut off. That notes which one it
/// puts in place, and how far the audit in it goes.
async fn is_of(target: &Target, db: &Db, file: &Path) -> Result<bool, BackupError> {
    let noted = target.files.note(UNDER_WAY).await?.unwrap_or_default();
    let Some((name, end)) = noted.split_once('\n') else {
        return Ok(false);
    };
    let Some(end) = Anchor::read(db.keys(), end).filter(|_| name == name_of(file).as_str()) else {
        return Ok(false);
    };
    let mut conn = db.read().await?;
    let has_end = audit::has(&mut conn, db.keys(), &end).await?;
    if !matches!(has_end, ChainStatus::Intact { .. }) {
        return Ok(false);
    }
    // What is behind it has to be the restore's own row: another database may have gone this way, too.
    let behind = audit::action_at(&mut conn, end.rows() + 1).await?;
    Ok(behind.is_none_or(|action| action == ACTION))
}

/// What no other backup is called: the salt of its key.
fn name_of(file: &Path) -> String {
    let salt = Head::read(file).map(|head| head.salt);
    salt.map_or_else(|_| String::new(), |salt| STANDARD_NO_PAD.encode(salt))
}

async fn connect(target: &Target) -> Result<Db, StoreError> {
    let url = target.url.expose_secret();
    Db::connect(url, DbOptions { connections: 2 }, Arc::clone(&target.keys)).await
}

async fn put_uploads(target: &Target, file: &Path, found: &Found) -> Result<usize, BackupError> {
    found.check()?;
    let key = key_of(&target.keys, file)?;
    let (file, files, runtime) = (file.to_owned(), target.files.clone(), Handle::current());
    let stop = target.stop.clone();
    blocking(move || {
        let mut put = 0;
        let keep = |key: &str, bytes: Vec<u8>| -> Result<(), BackupError> {
            if stop.is_cancelled() {
                return Err(BackupError::Stopped);
            }
            is_named_rightly(key, &bytes)?;
            let extension = key.split_once('.').map_or("", |(_, extension)| extension);
            runtime.block_on(files.put(&bytes, extension))?;
            put += 1;
            Ok(())
        };
        // The database was tried; of this reading only the files are wanted.
        backup_file::read(&file, &key, None, keep, MAX_FILE_BYTES)?;
        Ok(put)
    })
    .await
}

/// Puts the database in its place, and notes before which one that is.
async fn put_database(
    target: &Target,
    tried: Tried,
    file: &Path,
    vacancy: Vacancy,
) -> Result<(), BackupError> {
    let noted = note_under_way(target, &tried.db, file).await;
    let folder = tried.close().await;
    noted?;
    if target.stop.is_cancelled() {
        return Err(BackupError::Stopped);
    }
    let copy = folder.path().join("database");
    let Some(place) = target.sqlite_file.clone() else {
        if vacancy == Vacancy::Unused {
            let db = connect(target).await?;
            let cleared = copies::clear(&db).await;
            db.close().await;
            cleared?;
        }
        let to = Place::of(target.url.expose_secret())?;
        let stop = target.stop.clone();
        return blocking(move || Ok(postgres_tools::restore(&to, &copy, &stop)?)).await;
    };
    copies::leave_sqlite(&copy).await?;
    if place.exists() {
        copies::leave_sqlite(&place).await?;
    }
    blocking(move || {
        require_none_beside(&place)?;
        File::open(&copy)?.sync_all()?;
        std::fs::rename(&copy, &place)?;
        File::open(folder_of(&place))?.sync_all()?;
        Ok(())
    })
    .await
}

async fn note_under_way(target: &Target, tried: &Db, file: &Path) -> Result<(), BackupError> {
    let end = audit::anchor(&mut tried.read().await?, tried.keys()).await?;
    let end = end.map(|end| end.text()).unwrap_or_default();
    let note = format!("{}\n{end}", name_of(file));
    Ok(target.files.keep_note(UNDER_WAY, &note).await?)
}

/// Looks once more at the database in its place, puts a word into its audit of what was done, and notes
/// its end anew. It may be cut off anywhere, and run again.
async fn end(target: &Target, db: &Db, file: &Path, found: &Found) -> Result<()> {
    db.migrate().await?;
    let proved = prove(db, found.about.audit_end.as_deref()).await?;
    if proved.differences > 0 {
        let payments = proved.differences;
        return Err(BackupError::Books { payments }.into());
    }
    let behind = audit::action_at(&mut db.read().await?, found.audit_rows + 1).await?;
    if behind.is_none() {
        let before = audit_chain::noted(&target.files).await?;
        record(db, entry(target, file, found, before.as_deref())).await?;
    }
    audit_chain::begin_anew(db, &target.files).await?;
    target.files.keep_note(UNDER_WAY, "").await?;
    Ok(())
}

fn entry(target: &Target, file: &Path, found: &Found, noted: Option<&str>) -> Entry {
    let name = file.file_name().unwrap_or_default();
    Entry {
        actor: None,
        action: ACTION,
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
