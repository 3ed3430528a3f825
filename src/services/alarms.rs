//! Alarms about the product itself: work that fails, and a database that does not answer.

use std::collections::BTreeSet;

use chrono::TimeDelta;

use crate::domain::message::{DatabaseSilent, JobFailed};
use crate::domain::{Recipients, Timestamp, WecomUserid};

use super::chat::Chat;
use super::notify::{Notice, alarmed, tell_deciders};
use super::{Context, Error, Result};

/// People are told of a database that has not answered for so long.
const DATABASE_SILENT_FOR: TimeDelta = TimeDelta::minutes(5);
/// Jobs that have told of what they left undone where they left it.
const TELL_THEMSELVES: &[&str] = &["audit-books", "backup", "restore-drill", "sync-checkins"];

/// Tells that a job has failed, once a day for each.
///
/// # Errors
/// The store cannot.
pub async fn tell_job_failed(ctx: &Context, job: &'static str, error: &Error) -> Result<()> {
    let is_partial = matches!(error, Error::PartlyDone(_));
    // Of a camp at which our own code failed nobody has told anything.
    let failed_camps =
        matches!(error, Error::PartlyDone(figures) if figures.get("failedCamps").is_some());
    if is_partial && !failed_camps && TELL_THEMSELVES.contains(&job) {
        return Ok(());
    }
    let failed = JobFailed {
        job: job.to_owned(),
        reason: ctx.settings.catalogue.say(&error.kind()),
        is_partial,
    };
    let notice = Notice {
        content: failed.into(),
        camp_id: None,
        dedupe_key: format!("{job}:{}", ctx.today()),
    };
    ctx.transact((ctx.clone(), notice), |tx, (ctx, notice)| {
        Box::pin(tell_deciders(tx, &ctx.settings, notice, ctx.now()))
    })
    .await
}

/// Looks at the database from time to time, and tells people directly when it is gone: nothing can
/// be written to the outbox then.
#[derive(Debug, Default)]
pub struct DatabaseWatch {
    /// By the wall.
    silent_since: Option<Timestamp>,
    is_told: bool,
    /// Whoever was to be told when it last answered.
    readers: BTreeSet<WecomUserid>,
}

impl DatabaseWatch {
    /// Looks once. Nobody is told twice of one silence; a message that does not go out is tried
    /// again at the next look.
    pub async fn look(&mut self, ctx: &Context, chat: &dyn Chat) {
        match alarmed(ctx).await {
            Ok(readers) => {
                *self = Self {
                    readers,
                    ..Self::default()
                }
            }
            Err(error) => {
                tracing::error!(%error, "the database does not answer");
                self.note_silence(ctx, chat).await;
            }
        }
    }

    async fn note_silence(&mut self, ctx: &Context, chat: &dyn Chat) {
        let since = *self.silent_since.get_or_insert(ctx.wall_now());
        let is_long = since.plus(DATABASE_SILENT_FOR) <= ctx.wall_now();
        if self.is_told || !is_long || self.readers.is_empty() {
            return;
        }
        let to = Recipients::Members(self.readers.clone());
        let minutes = DATABASE_SILENT_FOR.num_minutes();
        let told = chat.tell_directly(to, DatabaseSilent { minutes }.into());
        match told.await {
            Ok(()) => self.is_told = true,
            Err(error) => tracing::error!(%error, "nobody could be told"),
        }
    }
}
