//! Proves the newest backup by restoring it where nobody works, and says so.

use chrono::TimeDelta;
use serde::Serialize;
use serde_json::json;

use crate::domain::Message;
use crate::domain::backup::{BackupFault, week_of};
use crate::domain::message::{BackupProved, BackupUnusable};
use crate::services::notify::{Notice, tell_deciders};
use crate::services::{Context, Error, Result, with_causes};

use super::folder::{self, Kept};
use super::tried::{Bench, Found};
use super::{BackupError, blocking};

/// The newest backup may be so old: one night may fail, and the next is told of.
const MAX_AGE: TimeDelta = TimeDelta::hours(36);
/// What the database for a trial is called besides.
const SUFFIX: &str = "_drill";

/// A backup that was proved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drilled {
    /// The name of its file.
    pub file: String,
    /// When it was begun.
    pub made_at: String,
    /// Rows of its audit.
    pub audit_rows: i64,
    /// Payments whose books were compared.
    pub payments: usize,
    /// Payments about which they disagree; none.
    pub differences: usize,
    /// Uploaded files in it.
    pub uploads: usize,
    /// Uploaded files that its database knows and it has not.
    pub missing: usize,
}

/// Restores the newest backup into a database of its own and looks whether audit and books hold. The
/// deciders are told once a week that it does, and at once if it does not. Uploaded files that are missing
/// are told and counted: what the money rests on is proved all the same.
///
/// # Errors
/// [`Error::PartlyDone`] once people have been told that it does not, [`BackupError::Stopped`], and those
/// of the store.
pub async fn drill(ctx: &Context) -> Result<Drilled> {
    match prove(ctx).await {
        Ok(drilled) => {
            tell_proved(ctx).await?;
            tell_missing(ctx, drilled.missing).await?;
            Ok(drilled)
        }
        // Nothing is wrong with it: whoever comes next tries it.
        Err(BackupError::Stopped) => Err(BackupError::Stopped.into()),
        Err(error) => {
            let why = with_causes(&error);
            tracing::error!(error = %why, "the newest backup is not proved");
            tell_unusable(ctx, error.fault(), error.count()).await?;
            Err(Error::PartlyDone(json!({"error": why})))
        }
    }
}

async fn prove(ctx: &Context) -> Result<Drilled, BackupError> {
    let dir = ctx.settings.backup.dir.clone();
    let newest = blocking(move || Ok(folder::list(&dir)?.pop())).await?;
    let Kept { path, at } = newest.ok_or(BackupError::None)?;
    if at.plus(MAX_AGE) < ctx.now() {
        let hours = (ctx.now().secs() - at.secs()) / 3600;
        return Err(BackupError::Old { hours });
    }
    let bench = Bench {
        url: ctx.settings.backup.database_url.clone(),
        suffix: SUFFIX,
        within: ctx.settings.backup.dir.clone(),
        keys: ctx.db.shared_keys(),
        stop: ctx.stop.clone(),
    };
    let tried = bench.try_out(&path).await?;
    let found = tried.found.clone();
    tried.close().await;
    found.check()?;
    let Found {
        about,
        audit_rows,
        payments,
        differences,
        uploads,
        missing,
    } = found;
    let name = path.file_name().unwrap_or_default();
    Ok(Drilled {
        file: name.to_string_lossy().into_owned(),
        made_at: about.at,
        audit_rows,
        payments,
        differences,
        uploads,
        missing,
    })
}

async fn tell_proved(ctx: &Context) -> Result<()> {
    let proved = BackupProved {
        time: ctx.now().shanghai().format("%H:%M").to_string(),
        differences: 0,
    };
    let (year, week) = week_of(ctx.today());
    tell(ctx, proved.into(), format!("{year}-{week}")).await
}

/// Tells the deciders that there is no backup to rely on, once a day for each reason.
pub(super) async fn tell_unusable(ctx: &Context, fault: BackupFault, count: usize) -> Result<()> {
    let unusable = BackupUnusable { fault, count };
    tell(ctx, unusable.into(), format!("{fault}:{}", ctx.today())).await
}

/// Tells the deciders of uploaded files that are missing, if any are: once a week, and of more or fewer
/// at once.
pub(super) async fn tell_missing(ctx: &Context, count: usize) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let fault = BackupFault::Uploads;
    let (year, week) = week_of(ctx.today());
    let unusable = BackupUnusable { fault, count };
    let key = format!("{fault}:{count}:{year}-{week}");
    tell(ctx, unusable.into(), key).await
}

async fn tell(ctx: &Context, content: Message, dedupe_key: String) -> Result<()> {
    let notice = Notice {
        content,
        camp_id: None,
        dedupe_key,
    };
    let given = (ctx.settings.clone(), notice, ctx.now());
    ctx.transact(given, |tx, (settings, notice, now)| {
        Box::pin(tell_deciders(tx, settings, notice, *now))
    })
    .await
}
