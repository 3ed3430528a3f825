//! Makes a backup while the product works.

use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::json;
use tokio::runtime::Handle;

use crate::domain::backup::BackupFault;
use crate::platforms::backup_file::{About, BackupWriter};
use crate::platforms::files::FileKey;
use crate::platforms::postgres_tools;
use crate::services::{Context, Error, Result, health, with_causes};
use crate::store::{Engine, audit, copies};

use super::drill::{tell_missing, tell_unusable};
use super::{BackupError, blocking, folder, new_key};

/// A backup that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Made {
    /// Its file.
    pub file: PathBuf,
    /// Its size.
    pub bytes: u64,
    /// Uploaded files in it.
    pub uploads: usize,
    /// Uploaded files that the database knows and the folder of uploads has not.
    pub missing: usize,
    /// Older backups that were removed.
    pub removed: usize,
}

/// Makes the backup of this night in the folder of backups, and removes those that need not be kept
/// any longer. People are told if there is none, and of uploaded files that are missing in it.
///
/// # Errors
/// [`Error::PartlyDone`] once people have been told that there is none, [`BackupError::Stopped`], and
/// those of the store.
pub async fn make(ctx: &Context) -> Result<Made> {
    match into_folder(ctx).await {
        Ok(made) => {
            tell_missing(ctx, made.missing).await?;
            Ok(made)
        }
        // Nothing is wrong: whoever comes next makes it.
        Err(BackupError::Stopped) => Err(BackupError::Stopped.into()),
        Err(error) => {
            let why = with_causes(&error);
            tracing::error!(error = %why, "no backup was made");
            tell_unusable(ctx, BackupFault::NotMade, 0).await?;
            Err(Error::PartlyDone(json!({"error": why})))
        }
    }
}

async fn into_folder(ctx: &Context) -> Result<Made, BackupError> {
    let settings = ctx.settings.backup.clone();
    let now = ctx.now();
    let made = write(ctx, &folder::place(&settings.dir, now)).await?;
    // Only once there is a newer one.
    let removed = blocking(move || Ok(folder::thin(&settings.dir, now, settings.keep_days)?));
    Ok(Made {
        removed: removed.await?,
        ..made
    })
}

/// Makes a backup in a file, which is there when it is whole, and not before. What lies in clear on its
/// way lies in the folder of backups, wherever the file goes.
///
/// # Errors
/// [`BackupError`].
pub async fn write(ctx: &Context, place: &Path) -> Result<Made, BackupError> {
    let (dir, wall_now) = (ctx.settings.backup.dir.clone(), ctx.wall_now());
    let copy_folder = blocking(move || {
        folder::make(&dir)?;
        folder::sweep(&dir, wall_now)?;
        Ok(folder::for_copy(&dir)?)
    });
    let copy_folder = copy_folder.await?;
    let copy = copy_folder.path().join("database");
    // What is noted is in the copy, which is taken afterwards.
    let end = audit::anchor(&mut ctx.db.read().await?, ctx.keys()).await?;
    let about = About {
        engine: health::database(ctx).to_owned(),
        at: ctx.now().rfc3339(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        audit_end: end.map(|end| end.text()),
    };
    copy_database(ctx, &copy).await?;
    if ctx.stop.is_cancelled() {
        return Err(BackupError::Stopped);
    }
    // Read behind the copy: whatever the copy names is among them, unless it was deleted since.
    let keys = copies::upload_keys(&mut ctx.db.read().await?).await?;
    let (head, key) = new_key(ctx.keys())?;
    let (place, ctx, runtime) = (place.to_owned(), ctx.clone(), Handle::current());
    let written = blocking(move || {
        let mut writer = BackupWriter::begin(&place, &head, &key, &about, &copy)?;
        let (mut uploads, mut missing) = (0, 0);
        for key in &keys {
            if ctx.stop.is_cancelled() {
                return Err(BackupError::Stopped);
            }
            let file = key.parse::<FileKey>()?;
            match runtime.block_on(ctx.files.get(&file))? {
                Some(bytes) => {
                    writer.add_upload(key, &bytes)?;
                    uploads += 1;
                }
                None => {
                    tracing::error!(key, "an uploaded file is not where it was put");
                    missing += 1;
                }
            }
        }
        let bytes = writer.finish()?;
        Ok(Made {
            file: place,
            bytes,
            uploads,
            missing,
            removed: 0,
        })
    });
    let made = written.await?;
    drop(copy_folder);
    Ok(made)
}

async fn copy_database(ctx: &Context, into: &Path) -> Result<(), BackupError> {
    match ctx.db.engine() {
        Engine::Sqlite => {
            copies::copy_sqlite(&mut ctx.db.read().await?, into).await?;
            let checked = copies::check_sqlite(into).await?;
            checked.map_err(BackupError::Copy)
        }
        Engine::Postgres => {
            let url = ctx.settings.backup.database_url.clone();
            let (into, stop) = (into.to_owned(), ctx.stop.clone());
            blocking(move || {
                use secrecy::ExposeSecret as _;
                let place = postgres_tools::Place::of(url.expose_secret())?;
                Ok(postgres_tools::dump(&place, &into, &stop)?)
            })
            .await
        }
    }
}
