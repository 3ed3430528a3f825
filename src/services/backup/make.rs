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

use super::drill::tell_unusable;
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
/// any longer. People are told if there is none.
///
/// # Errors
/// [`Error::PartlyDone`] once people have been told, and those of the store.
pub async fn make(ctx: &Context) -> Result<Made> {
    match into_folder(ctx).await {
        Ok(made) if made.missing == 0 => Ok(made),
        Ok(made) => {
            tell_unusable(ctx, BackupFault::Uploads, made.missing).await?;
            Err(Error::PartlyDone(json!(made)))
        }
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
    let (now, wall_now) = (ctx.now(), ctx.wall_now());
    let dir = settings.dir.clone();
    let prepared = blocking(move || {
        folder::make(&dir)?;
        folder::sweep(&dir, wall_now)?;
        Ok(())
    });
    prepared.await?;
    let made = write(ctx, &folder::place(&settings.dir, now)).await?;
    // Only once there is a newer one.
    let removed = blocking(move || Ok(folder::thin(&settings.dir, now, settings.keep_days)?));
    Ok(Made {
        removed: removed.await?,
        ..made
    })
}

/// Makes a backup in a file, which is there when it is whole, and not before.
///
/// # Errors
/// [`BackupError`].
pub async fn write(ctx: &Context, place: &Path) -> Result<Made, BackupError> {
    let parent = place.parent().filter(|it| !it.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).to_owned();
    let copy_folder = blocking(move || Ok(folder::for_copy(&parent)?)).await?;
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
            let into = into.to_owned();
            blocking(move || {
                use secrecy::ExposeSecret as _;
                let place = postgres_tools::Place::of(url.expose_secret())?;
                Ok(postgres_tools::dump(&place, &into)?)
            })
            .await
        }
    }
}
