//! One run of one job: claimed, held under a lease, recorded.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use tracing::Instrument as _;

use crate::domain::staff::Actor;
use crate::domain::{Action, Timestamp};
use crate::services::backup::BackupError;
use crate::services::request_id::RequestId;
use crate::services::{self, Context, Error, WrongState, alarms, require_anywhere};
use crate::store::Lock;
use crate::store::audit::Entry;
use crate::store::job_runs::{self, JobRunRow, Tick};

use super::schedule::{Schedule, ScheduleError};
use super::{JOBS, Job, Jobs, Trigger, find};

/// How long a run lives without a sign of its instance, wall time.
const LEASE: TimeDelta = TimeDelta::minutes(2);
/// How often the instance gives that sign.
const SIGN_EVERY: Duration = Duration::from_secs(30);
/// How long a run may go on once we are told to stop. What is cut off is taken up by another
/// instance, or by us when we are back.
const STOP_WITHIN: Duration = Duration::from_secs(15);

/// What came of a tick.
#[derive(Debug)]
pub enum Ran {
    /// Another instance has run it or is running it; or the job runs for another reason.
    NotOurs,
    /// It ran to its end.
    Done(Value),
    /// What it needs is not configured: there was nothing to do.
    Skipped(&'static str),
    /// Its service failed; the next tick tries again.
    Failed(services::Error),
    /// It was cut off; the tick is free for whoever comes next.
    CutOff,
}

/// Why a job did not run to its end.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// There is none of this name.
    #[error("there is no such job")]
    Unknown,
    /// Some instance is running it now.
    #[error("the job is already running")]
    AlreadyRunning,
    /// Its service failed.
    #[error(transparent)]
    Service(#[from] services::Error),
    /// Its run was cut off.
    #[error("the run was cut off")]
    CutOff,
}

impl From<RunError> for services::Error {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Unknown => Self::NotFound,
            RunError::AlreadyRunning => WrongState::JobRunning.into(),
            RunError::Service(error) => error,
            RunError::CutOff => WrongState::JobCutOff.into(),
        }
    }
}

impl Jobs {
    /// Runs the tick of a job that is due, unless somebody has. `owner` names this instance.
    ///
    /// # Errors
    /// The schedule is none, or the store cannot.
    pub async fn run_due(
        &self,
        job: &'static Job,
        scheduled_at: Timestamp,
        owner: &str,
        stop: &CancellationToken,
    ) -> services::Result<Ran> {
        let tick = Tick {
            job: job.name,
            scheduled_at,
            owner: owner.to_owned(),
        };
        let ctx = self.live.snapshot();
        if !claim(&ctx, &tick).await? {
            return Ok(Ran::NotOurs);
        }
        let work = (job.run)(self.live.clone(), Arc::clone(&self.chat));
        run(&ctx, work, &tick, stop).await
    }

    /// Runs a job once, now, whether or not its tick was claimed.
    ///
    /// # Errors
    /// See [`RunError`].
    pub async fn run_once(&self, name: &str) -> Result<Value, RunError> {
        let job = find(name).ok_or(RunError::Unknown)?;
        let ctx = self.live.snapshot();
        let owner = ctx.new_uuid().to_string();
        let never = CancellationToken::new();
        match self.run_due(job, ctx.now(), &owner, &never).await? {
            Ran::Done(summary) => Ok(summary),
            Ran::NotOurs => Err(RunError::AlreadyRunning),
            Ran::Skipped(what) => Err(services::Error::NotConfigured(what).into()),
            Ran::Failed(error) => Err(error.into()),
            Ran::CutOff => Err(RunError::CutOff),
        }
    }

    /// Runs a job for a member of staff. It goes on if they do not wait for its end.
    ///
    /// # Errors
    /// `actor` may not; or see [`RunError`].
    pub async fn run_for(&self, actor: &Actor, name: &str) -> services::Result<Value> {
        require_anywhere(actor, Action::RunJobs)?;
        let name = find(name).ok_or(services::Error::NotFound)?.name;
        record_order(&self.live.snapshot(), actor, name).await?;
        let jobs = self.clone();
        let ran = tokio::spawn(async move { jobs.run_once(name).await }).await;
        match ran.map_err(|panic| services::Error::Invariant(panic.to_string()))? {
            // They read in the figures what was left.
            Err(RunError::Service(services::Error::PartlyDone(summary))) => Ok(summary),
            ran => Ok(ran?),
        }
    }
}

/// Writes into the audit that somebody has a job run.
async fn record_order(ctx: &Context, actor: &Actor, name: &str) -> services::Result<()> {
    let entry = Entry {
        actor: Some(actor.clone()),
        action: "job.run",
        object_type: "job",
        object_id: name.to_owned(),
        details: Value::Null,
        at: ctx.now(),
    };
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                tx.audit(entry);
                Ok(())
            })
        })
        .await
}

async fn claim(ctx: &Context, tick: &Tick) -> services::Result<bool> {
    let (context, tick) = (ctx.clone(), tick.clone());
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                // Another tick of the job may be claimed beside this one, by hand.
                tx.lock(Lock::JobClaims).await?;
                if job_runs::is_running(tx, tick.job, context.wall_now()).await? {
                    return Ok(false);
                }
                // Read behind that: waiting for a lock is no part of a run.
                let started_at = context.wall_now();
                Ok(job_runs::claim(tx, &tick, started_at, started_at.plus(LEASE)).await?)
            })
        })
        .await
}

async fn run(
    ctx: &Context,
    work: BoxFuture<'static, services::Result<Value>>,
    tick: &Tick,
    stop: &CancellationToken,
) -> services::Result<Ran> {
    tracing::info!(job = tick.job, scheduled_at = %tick.scheduled_at.rfc3339(), "a job begins");
    // A task of its own: a panic in it is its failure, and dropping it cuts it off.
    let span = tracing::info_span!("job", job = tick.job, id = %RequestId::new());
    let mut work = AbortOnDropHandle::new(tokio::spawn(work.instrument(span)));
    let cut_off = async {
        stop.cancelled().await;
        tokio::time::sleep(STOP_WITHIN).await;
    };
    let ran = tokio::select! {
        done = &mut work => match done {
            Ok(Ok(summary)) => Ran::Done(summary),
            Ok(Err(services::Error::NotConfigured(what))) => Ran::Skipped(what),
            Ok(Err(services::Error::Backup(BackupError::Stopped))) => Ran::CutOff,
            Ok(Err(error)) => Ran::Failed(error),
            Err(panic) => Ran::Failed(services::Error::Invariant(panic.to_string())),
        },
        () = lease_lost(ctx, tick) => Ran::CutOff,
        () = cut_off => Ran::CutOff,
    };
    if matches!(ran, Ran::CutOff) {
        // The tick is let go of only once nothing works on it any more.
        work.abort();
        let _ = work.await;
    }
    record(ctx, tick, &ran).await?;
    Ok(ran)
}

/// Gives the sign of life for as long as the tick is ours; returns when it no longer is.
async fn lease_lost(ctx: &Context, tick: &Tick) {
    loop {
        tokio::time::sleep(SIGN_EVERY).await;
        match extend(ctx, tick, ctx.wall_now().plus(LEASE)).await {
            Ok(true) => {}
            Ok(false) => return,
            // The lease outlasts several of these.
            Err(error) => tracing::warn!(%error, job = tick.job, "the lease was not extended"),
        }
    }
}

async fn extend(ctx: &Context, tick: &Tick, until: Timestamp) -> services::Result<bool> {
    let tick = tick.clone();
    ctx.db
        .write(move |tx| Box::pin(async move { Ok(job_runs::extend(tx, &tick, until).await?) }))
        .await
}

async fn record(ctx: &Context, tick: &Tick, ran: &Ran) -> services::Result<()> {
    let (outcome, summary) = match ran {
        Ran::NotOurs => return Ok(()),
        Ran::CutOff => {
            tracing::warn!(job = tick.job, "a job was cut off");
            // Free at once: the lease ends a moment ago.
            let just_over = ctx.wall_now().minus(TimeDelta::microseconds(1));
            extend(ctx, tick, just_over).await?;
            return Ok(());
        }
        Ran::Done(summary) => {
            tracing::info!(job = tick.job, %summary, "a job is done");
            ("done", summary.to_string())
        }
        Ran::Skipped(what) => ("skipped", format!("{what} is not configured")),
        Ran::Failed(error) => {
            match error {
                services::Error::PartlyDone(figures) => {
                    tracing::warn!(job = tick.job, %figures, "a job left something undone");
                }
                error => tracing::error!(job = tick.job, %error, "a job failed"),
            }
            tell_failed(ctx, tick.job, error).await;
            ("failed", error.to_string())
        }
    };
    let (tick, wall_now) = (tick.clone(), ctx.wall_now());
    ctx.db
        .write(move |tx| {
            Box::pin(
                async move { Ok(job_runs::finish(tx, &tick, wall_now, outcome, &summary).await?) },
            )
        })
        .await
}

/// True once any job has run on this database.
pub(super) async fn ever_ran(ctx: &Context) -> services::Result<bool> {
    Ok(job_runs::ever_ran(&mut ctx.db.read().await?).await?)
}

/// A job and how it last went.
#[derive(Debug, Clone)]
pub struct JobReport {
    /// Its name.
    pub name: &'static str,
    /// Its cron in Asia/Shanghai; none for a job that commits wake.
    pub schedule: Option<&'static str>,
    /// When it is due next; none for a job that commits wake.
    pub next_at: Option<Timestamp>,
    /// Its newest run.
    pub last: Option<JobRunRow>,
}

/// Every job and how it last went.
///
/// # Errors
/// `actor` may not see it, or the store cannot.
pub async fn report(ctx: &Context, actor: &Actor) -> services::Result<Vec<JobReport>> {
    require_anywhere(actor, Action::RunJobs)?;
    let mut conn = ctx.db.read().await?;
    let mut reports = Vec::with_capacity(JOBS.len());
    for job in JOBS {
        let schedule = match job.trigger {
            Trigger::At(cron, _) => Some(cron),
            Trigger::Woken(_) => None,
        };
        let next_at = schedule.map(|cron| next_at(cron, ctx.now())).transpose();
        reports.push(JobReport {
            name: job.name,
            schedule,
            next_at: next_at.map_err(|error| services::Error::Invariant(error.to_string()))?,
            last: job_runs::newest(&mut conn, job.name).await?,
        });
    }
    Ok(reports)
}

fn next_at(cron: &str, now: Timestamp) -> Result<Timestamp, ScheduleError> {
    Schedule::parse(cron)?.next(now)
}

/// Tells people that a job failed. If that fails too, the log has it.
pub(super) async fn tell_failed(ctx: &Context, job: &'static str, error: &Error) {
    if let Err(untold) = alarms::tell_job_failed(ctx, job, error).await {
        tracing::error!(job, error = %untold, "nobody could be told of a job that failed");
    }
}
