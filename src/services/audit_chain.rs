//! Whether the audit is whole. Its end is noted outside of the database whenever it moves, so that rows
//! which were cut off with the end set back, or a log that was emptied, are missed.

use std::time::Duration;

use serde::Serialize;

use crate::domain::ChainFault;
use crate::domain::message::AuditBroken;
use crate::domain::staff::{Action, Actor};
use crate::platforms::files::Files;
use crate::store::audit::{self, Anchor, ChainStatus};
use crate::store::{Db, Signal, StoreResult};

use super::notify::{Notice, tell_deciders};
use super::{Context, LiveContext, Result, require_anywhere};

/// The note beside the uploads.
const NOTE: &str = "audit-end";
/// What was noted before a backup was restored.
const FORMER_NOTE: &str = "audit-end-before-restore";
/// Rows that come in a burst are noted once.
const NOTE_AT_MOST_EVERY: Duration = Duration::from_secs(1);
/// Rows of other instances wake nobody here.
const NOTE_AT_LEAST_EVERY: Duration = Duration::from_secs(60);

/// The audit as its verification found it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AuditedLog {
    /// Every row is as it was written, and none is missing.
    pub intact: bool,
    /// How many rows there are; none if it is broken.
    pub rows: Option<i64>,
    /// The row at which it is broken.
    pub seq: Option<i64>,
    /// What does not fit there.
    pub what: Option<ChainFault>,
}

impl From<ChainStatus> for AuditedLog {
    fn from(chain: ChainStatus) -> Self {
        let (rows, seq, what) = match chain {
            ChainStatus::Intact { rows } => (Some(rows), None, None),
            ChainStatus::Broken { seq, what } => (None, Some(seq), Some(what)),
        };
        Self {
            intact: what.is_none(),
            rows,
            seq,
            what,
        }
    }
}

/// Walks the whole audit for who may see it.
///
/// # Errors
/// `actor` may not, or store or files cannot.
pub async fn verify_for(ctx: &Context, actor: &Actor) -> Result<AuditedLog> {
    require_anywhere(actor, Action::ViewLogs)?;
    Ok(verify(ctx, None).await?.into())
}

/// Walks the whole audit, and compares it with what was noted of it beside the uploads and with
/// `told`, a line of [`Anchor::text`] from the log of the program or from a backup.
///
/// # Errors
/// Store or files cannot.
pub async fn verify(ctx: &Context, told: Option<&str>) -> Result<ChainStatus> {
    // Read first: what is added meanwhile is behind it.
    let noted = ctx.files.note(NOTE).await?;
    Ok(walk(&ctx.db, noted.as_deref().into_iter().chain(told)).await?)
}

/// The same for a copy of a database, of which nothing is noted but `told`, in the backup that it came
/// from.
///
/// # Errors
/// The store cannot.
pub async fn verify_copy(copy: &Db, told: Option<&str>) -> StoreResult<ChainStatus> {
    walk(copy, told.into_iter()).await
}

async fn walk<'t>(db: &Db, ends: impl Iterator<Item = &'t str> + Send) -> StoreResult<ChainStatus> {
    let mut conn = db.read().await?;
    let chain = audit::verify(&mut conn, db.keys()).await?;
    if !matches!(chain, ChainStatus::Intact { .. }) {
        return Ok(chain);
    }
    for text in ends {
        let Some(anchor) = Anchor::read(db.keys(), text) else {
            let what = ChainFault::NoteAltered;
            return Ok(ChainStatus::Broken { seq: 1, what });
        };
        let found = audit::has(&mut conn, db.keys(), &anchor).await?;
        if !matches!(found, ChainStatus::Intact { .. }) {
            return Ok(found);
        }
    }
    Ok(chain)
}

/// What is noted beside the uploads.
///
/// # Errors
/// Files cannot.
pub async fn noted(files: &Files) -> Result<Option<String>> {
    Ok(files.note(NOTE).await?)
}

/// Notes the end of a database that was restored on purpose, whatever was noted of the one before it;
/// that is kept beside it.
///
/// # Errors
/// Store or files cannot.
pub async fn begin_anew(db: &Db, files: &Files) -> Result<()> {
    if let Some(former) = files.note(NOTE).await? {
        files.keep_note(FORMER_NOTE, &former).await?;
    }
    let end = audit::anchor(&mut db.read().await?, db.keys()).await?;
    match end {
        Some(end) => Ok(files.keep_note(NOTE, &end.text()).await?),
        None => Ok(()),
    }
}

/// Verifies the audit, writes its end into the log of the program, and tells the admins once a day
/// if it is broken.
///
/// # Errors
/// Store or files cannot.
pub async fn audit_nightly(ctx: &Context) -> Result<AuditedLog> {
    let chain = verify(ctx, None).await?;
    let audited = AuditedLog::from(chain);
    let Some(what) = audited.what else {
        let anchor = audit::anchor(&mut ctx.db.read().await?, ctx.keys()).await?;
        if let Some(anchor) = anchor {
            tracing::info!(rows = anchor.rows(), end = %anchor.text(), "the audit is whole");
        }
        return Ok(audited);
    };
    tracing::error!(seq = audited.seq, %what, "the audit is broken");
    let notice = Notice {
        content: AuditBroken {
            seq: audited.seq.unwrap_or_default(),
            what: ctx.settings.catalogue.say(&what),
        }
        .into(),
        camp_id: None,
        dedupe_key: ctx.today().to_string(),
    };
    let given = (ctx.settings.clone(), notice, ctx.now());
    ctx.transact(given, |tx, (settings, notice, now)| {
        Box::pin(async move { tell_deciders(tx, settings, notice, *now).await })
    })
    .await?;
    Ok(audited)
}

/// Notes the end of the audit whenever it has moved. Never ends; it may be cut off anywhere.
pub async fn keep_noting(live: LiveContext) {
    loop {
        let ctx = live.snapshot();
        if let Err(error) = note(&ctx).await {
            tracing::error!(%error, "the end of the audit could not be noted");
        }
        tokio::time::sleep(NOTE_AT_MOST_EVERY).await;
        tokio::select! {
            () = ctx.db.signalled(Signal::Audit) => {}
            () = tokio::time::sleep(NOTE_AT_LEAST_EVERY) => {}
        }
    }
}

/// Notes the end of the audit beside the uploads, unless what was noted before is no part of it: then
/// that is what shows that it was changed, and stays.
///
/// # Errors
/// Store or files cannot.
pub async fn note(ctx: &Context) -> Result<()> {
    let noted = ctx.files.note(NOTE).await?;
    let mut conn = ctx.db.read().await?;
    let Some(end) = audit::anchor(&mut conn, ctx.keys()).await? else {
        if noted.is_some() {
            // Rows that come now are noted nowhere: the next verification says what is wrong.
            tracing::error!("the audit has an end that is not signed");
        }
        return Ok(());
    };
    if let Some(noted) = noted {
        let Some(noted) = Anchor::read(ctx.keys(), &noted) else {
            tracing::error!("what was noted of the audit is not ours, or its key is gone");
            return Ok(());
        };
        if noted.rows() == end.rows() && noted.is_present(ctx.keys()) {
            return Ok(());
        }
        let found = audit::has(&mut conn, ctx.keys(), &noted).await?;
        if let ChainStatus::Broken { seq, what } = found {
            tracing::error!(seq, %what, "the audit is broken");
            return Ok(());
        }
    }
    drop(conn);
    Ok(ctx.files.keep_note(NOTE, &end.text()).await?)
}
