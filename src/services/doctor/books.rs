//! What the database says of itself: whether it is up to date, the newest backup and the newest proof of
//! one, the newest audit.

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
const DRILL: &str = "restore-drill";
/// They run every night; later is too late.
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
    let mut conn = ctx.db.read().await?;
    let Some(made) = job_runs::newest_carried_out(&mut conn, BACKUP).await? else {
        return Ok(vec![Checked::warn(PART, Finding::NoBackup)]);
    };
    if is_late(ctx, &made) {
        let days = days_since(ctx, &made);
        return Ok(vec![Checked::fail(PART, Finding::BackupOld { days })]);
    }
    let at = shown_end(&made);
    if !is_done(&made) {
        return Ok(vec![Checked::fail(PART, Finding::BackupFailed { at })]);
    }
    // One that was never restored is a hope; before the first night there is no more.
    let drill = job_runs::newest_carried_out(&mut conn, DRILL).await?;
    Ok(vec![match drill {
        Some(drill) if !is_done(&drill) => {
            let at = shown_end(&drill);
            Checked::fail(PART, Finding::DrillFailed { at })
        }
        Some(drill) if is_late(ctx, &drill) => {
            let days = days_since(ctx, &drill);
            Checked::warn(PART, Finding::DrillOld { days })
        }
        _ => match figures(&made)["missing"].as_u64() {
            Some(count) if count > 0 => {
                Checked::warn(PART, Finding::BackupLacksUploads { at, count })
            }
            _ => Checked::ok(PART, Finding::BackupGood { at }),
        },
    }])
}

pub(super) async fn look_at_books(ctx: &Context) -> Result<Vec<Checked>> {
    const PART: Part = Part::Books;
    let mut conn = ctx.db.read().await?;
    let Some(newest) = job_runs::newest_carried_out(&mut conn, AUDIT).await? else {
        // Before the first night there is little to compare.
        let is_clean = books::compare_all(&mut conn).await?.is_clean();
        return Ok(vec![of_books(is_clean)]);
    };
    // A run that failed has no figures, and takes nothing back of what the one before it found.
    let told = job_runs::newest_with_figures(&mut conn, AUDIT).await?;
    let found = told.as_ref().map(figures).unwrap_or_default();
    let is_clean = found.is_null() || (found["different"] == 0 && found["isBalanced"] == true);
    Ok(vec![if !is_clean {
        of_books(is_clean)
    } else if found["log"]["intact"] == false {
        let seq = found["log"]["seq"].as_i64().unwrap_or_default();
        Checked::fail(PART, Finding::AuditBroken { seq })
    } else if figures(&newest).is_null() {
        let at = shown_end(&newest);
        Checked::fail(PART, Finding::BooksNotCompared { at })
    } else if is_late(ctx, &newest) {
        let days = days_since(ctx, &newest);
        Checked::warn(PART, Finding::BooksOld { days })
    } else {
        of_books(is_clean)
    }])
}

fn of_books(is_clean: bool) -> Checked {
    if is_clean {
        Checked::ok(Part::Books, Finding::BooksGood)
    } else {
        Checked::fail(Part::Books, Finding::BooksDiffer)
    }
}

/// What a run did, whether or not it did all of it; nothing if it failed otherwise.
fn figures(run: &JobRunRow) -> Value {
    let summary = run.summary.as_deref().unwrap_or_default();
    let figures: Option<Value> = serde_json::from_str(summary).ok();
    figures.filter(Value::is_object).unwrap_or_default()
}

fn is_done(run: &JobRunRow) -> bool {
    run.outcome.as_deref() == Some("done")
}

fn shown_end(run: &JobRunRow) -> String {
    let at = ended_at(run).shanghai().format("%Y-%m-%d %H:%M");
    at.to_string()
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
