//! What the database says of itself: whether it is up to date, the newest backup, the newest audit.

use chrono::TimeDelta;
use serde_json::Value;

use crate::catalogue::{Finding, Part};
use crate::domain::Timestamp;
use crate::services::{Context, Result, books};
use crate::store::job_runs::{self, JobRunRow};
use crate::store::{Db, Engine, installation};

use super::outcome::Checked;

/// The jobs whose newest end is looked at, by their names in `job_run`.
const AUDIT: &str = "audit-books";
const BACKUP: &str = "backup";
/// Both run every night; later is too late.
const LATEST: TimeDelta = TimeDelta::hours(50);

pub(super) async fn look_at_database(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::Database;
    let applied = installation::applied_migrations(&mut ctx.db.read().await?).await?;
    let missing = Db::migrations(ctx.db.engine()).saturating_sub(applied);
    let engine = match ctx.db.engine() {
        Engine::Sqlite => "SQLite",
        Engine::Postgres => "PostgreSQL",
    };
    Ok(vec![match missing {
        0 => Checked::ok(
            PART,
            Finding::DatabaseGood {
                engine: engine.to_owned(),
            },
        ),
        missing if missing > 0 => Checked::fail(PART, Finding::DatabaseBehind { missing }),
        _ => Checked::fail(PART, Finding::DatabaseAhead),
    }])
}

pub(super) async fn look_at_backup(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::Backup;
    let newest = job_runs::newest_carried_out(&mut ctx.db.read().await?, BACKUP).await?;
    Ok(vec![match newest {
        None => Checked::warn(PART, Finding::NoBackup),
        Some(run) if is_late(ctx, &run) => {
            let days = days_since(ctx, &run);
            Checked::fail(PART, Finding::BackupOld { days })
        }
        Some(run) => {
            let at = ended_at(&run).shanghai().format("%Y-%m-%d %H:%M");
            let at = at.to_string();
            match run.outcome.as_deref() {
                Some("done") => Checked::ok(PART, Finding::BackupGood { at }),
                _ => Checked::fail(PART, Finding::BackupFailed { at }),
            }
        }
    }])
}

pub(super) async fn look_at_books(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::Books;
    let newest = job_runs::newest_carried_out(&mut ctx.db.read().await?, AUDIT).await?;
    let is_clean = match &newest {
        Some(run) if is_late(ctx, run) => {
            let days = days_since(ctx, run);
            return Ok(vec![Checked::warn(PART, Finding::BooksOld { days })]);
        }
        Some(run) => is_clean(run),
        // Before the first night there is little to compare.
        None => books::audit(ctx).await?.is_clean(),
    };
    Ok(vec![if is_clean {
        Checked::ok(PART, Finding::BooksGood)
    } else {
        Checked::fail(PART, Finding::BooksDiffer)
    }])
}

fn is_clean(run: &JobRunRow) -> bool {
    run.outcome.as_deref() == Some("done")
        && run.summary.as_deref().is_some_and(|summary| {
            let summary: Value = serde_json::from_str(summary).unwrap_or_default();
            summary["different"] == 0 && summary["isBalanced"] == true
        })
}

fn ended_at(run: &JobRunRow) -> Timestamp {
    Timestamp::from_micros(run.finished_at.unwrap_or(run.started_at))
}

fn is_late(ctx: &Context, run: &JobRunRow) -> bool {
    ended_at(run).plus(LATEST) < ctx.wall_now()
}

fn days_since(ctx: &Context, run: &JobRunRow) -> i64 {
    (ctx.wall_now().secs() - ended_at(run).secs()) / (24 * 3600)
}
