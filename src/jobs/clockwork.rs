//! What runs while we serve: a loop per queue that looks for ticks, and one per worker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use chrono_tz::Asia::Shanghai;
use futures::future::BoxFuture;
use serde_json::Value;
use tokio::sync::Notify;
use tokio_cron_scheduler::{JobScheduler, JobSchedulerError};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tracing::Instrument as _;

use crate::domain::Timestamp;
use crate::services::alarms::DatabaseWatch;
use crate::services::request_id::RequestId;
use crate::services::{Error, Result};
use crate::store::Signal;

use super::runner::{ever_ran, tell_failed};
use super::schedule::{Schedule, ScheduleError};
use super::{JOBS, Job, Jobs, Queue, Ran, Trigger};

/// How often queues look again without being woken: for a business clock that was moved, and for
/// ticks of instances that died.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How often workers look again without being woken (design §5.4).
const POLL_EVERY: Duration = Duration::from_secs(2);
/// How long a worker that was woken waits for what comes with it.
const GATHER: Duration = Duration::from_millis(5);
/// How long a worker rests after an error.
const REST_AFTER_ERROR: Duration = Duration::from_secs(10);
/// Rounds that fail one after the other before people are told.
const FAILURES_TOLD: usize = 3;
/// How often the database is looked at.
const LOOK_AT_DATABASE_EVERY: Duration = Duration::from_secs(30);

/// Why the clockwork does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A schedule of ours cannot be read.
    #[error(transparent)]
    Schedule(#[from] ScheduleError),
    /// The scheduler that wakes us could not be set up.
    #[error("the scheduler could not be set up: {0}")]
    Scheduler(#[from] JobSchedulerError),
}

impl Jobs {
    /// Starts queues and workers as tasks of `tasks`; they end in good order when `stop` is
    /// cancelled. What was missed while nobody ran is caught up at once.
    ///
    /// # Errors
    /// [`StartError`]; nothing runs then.
    pub async fn start(
        &self,
        stop: &CancellationToken,
        tasks: &TaskTracker,
    ) -> Result<(), StartError> {
        let owner = self.live.snapshot().new_uuid().to_string();
        let settled = self.not_missed().await;
        let mut scheduler = JobScheduler::new().await?;
        for queue in [Queue::Nightly, Queue::Frequent] {
            let wake = Arc::new(Notify::new());
            let mut scheduled = Vec::new();
            for job in JOBS {
                let Trigger::At(cron, _) = job.trigger else {
                    continue;
                };
                if job.trigger != Trigger::At(cron, queue) {
                    continue;
                }
                scheduled.push((job, Schedule::parse(cron)?));
                scheduler.add(alarm(cron, Arc::clone(&wake))?).await?;
            }
            let runner = QueueRunner {
                jobs: self.clone(),
                owner: owner.clone(),
                stop: stop.clone(),
                settled: settled.clone(),
            };
            tasks.spawn(runner.run(scheduled, wake));
        }
        for job in JOBS {
            if let Trigger::Woken(signal) = job.trigger {
                tasks.spawn(work(self.clone(), job, signal, stop.clone()));
            }
        }
        tasks.spawn(watch_database(self.clone(), stop.clone()));
        scheduler.start().await?;
        let stop = stop.clone();
        tasks.spawn(async move {
            stop.cancelled().await;
            if let Err(error) = scheduler.shutdown().await {
                tracing::warn!(%error, "the scheduler did not shut down");
            }
        });
        Ok(())
    }
}

/// Jobs that a new installation has not missed: there was nothing yet to keep.
const BEGIN_WITH_THEIR_FIRST_NIGHT: [&str; 2] = ["backup", "restore-drill"];

impl Jobs {
    /// The ticks before now that nobody missed.
    async fn not_missed(&self) -> HashMap<&'static str, Timestamp> {
        let ctx = self.live.snapshot();
        // What cannot be told is caught up.
        if ever_ran(&ctx).await.unwrap_or(true) {
            return HashMap::new();
        }
        let beginning = JOBS.iter().filter_map(|job| match job.trigger {
            Trigger::At(cron, _) if BEGIN_WITH_THEIR_FIRST_NIGHT.contains(&job.name) => {
                let tick = Schedule::parse(cron).and_then(|schedule| schedule.last(ctx.now()));
                tick.ok().map(|tick| (job.name, tick))
            }
            _ => None,
        });
        beginning.collect()
    }
}

/// Wakes a queue at the times of a schedule. Its default timezone would be UTC.
fn alarm(cron: &str, wake: Arc<Notify>) -> Result<tokio_cron_scheduler::Job, JobSchedulerError> {
    tokio_cron_scheduler::Job::new_async_tz(cron, Shanghai, move |_, _| {
        let wake = Arc::clone(&wake);
        Box::pin(async move { wake.notify_one() })
    })
}

/// Runs the jobs of one queue.
struct QueueRunner {
    jobs: Jobs,
    owner: String,
    stop: CancellationToken,
    /// The newest tick of each job that needs no more looking at.
    settled: HashMap<&'static str, Timestamp>,
}

impl QueueRunner {
    async fn run(mut self, jobs: Vec<(&'static Job, Schedule)>, wake: Arc<Notify>) {
        loop {
            for (job, schedule) in &jobs {
                if self.stop.is_cancelled() {
                    return;
                }
                self.look_at(job, schedule).await;
            }
            tokio::select! {
                () = self.stop.cancelled() => return,
                () = wake.notified() => {}
                () = tokio::time::sleep(LOOK_EVERY) => {}
            }
        }
    }

    async fn look_at(&mut self, job: &'static Job, schedule: &Schedule) {
        let due = match schedule.last(self.jobs.live.snapshot().now()) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(job = job.name, %error, "a schedule has no past");
                return;
            }
        };
        if self.settled.get(job.name) == Some(&due) {
            return;
        }
        match self.jobs.run_due(job, due, &self.owner, &self.stop).await {
            Ok(Ran::Done(_) | Ran::Skipped(_) | Ran::Failed(_)) => {
                self.settled.insert(job.name, due);
            }
            // Somebody else's: it is looked at again, should they die.
            Ok(Ran::NotOurs | Ran::CutOff) => {}
            Err(error) => tracing::error!(job = job.name, %error, "a tick could not be claimed"),
        }
    }
}

/// Works whenever a commit wakes it, and every two seconds in case none did. The service leases
/// each piece for itself, so that several instances share the work.
async fn work(jobs: Jobs, job: &'static Job, signal: Signal, stop: CancellationToken) {
    let mut failures = 0;
    jobs.rounds.note(job.name, jobs.live.snapshot().wall_now());
    while !stop.is_cancelled() {
        let ctx = jobs.live.snapshot();
        // Not cut off by `stop`: it ends by itself at the next recorded point.
        let run = (job.run)(jobs.live.clone(), Arc::clone(&jobs.chat));
        let rest = match round(job.name, run).await {
            Ok(rest) => {
                failures = 0;
                jobs.rounds.note(job.name, ctx.wall_now());
                rest
            }
            Err(error) => {
                failures += 1;
                // Said once a day, for as long as it goes on.
                if failures >= FAILURES_TOLD {
                    tell_failed(&ctx, job.name, &error).await;
                }
                REST_AFTER_ERROR
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            // What comes in a burst is taken in one go.
            () = ctx.db.signalled(signal) => tokio::time::sleep(GATHER).await,
            () = tokio::time::sleep(rest) => {}
        }
    }
}

/// One round of a worker, in a task of its own: a panic ends the round, and not the worker. Answers
/// how long it rests afterwards unless it is woken.
async fn round(name: &'static str, work: BoxFuture<'static, Result<Value>>) -> Result<Duration> {
    let span = tracing::info_span!("job", job = name, id = %RequestId::new());
    match tokio::spawn(work.instrument(span)).await {
        Ok(Ok(_)) => Ok(POLL_EVERY),
        // Its platform is off: there is nothing to do.
        Ok(Err(Error::NotConfigured(_))) => Ok(REST_AFTER_ERROR),
        Ok(Err(error)) => {
            tracing::error!(job = name, %error, "a worker failed");
            Err(error)
        }
        Err(panic) => {
            tracing::error!(job = name, error = %panic, "a worker panicked");
            Err(Error::Invariant(panic.to_string()))
        }
    }
}

/// Looks at the database until we stop. It may be cut off anywhere.
async fn watch_database(jobs: Jobs, stop: CancellationToken) {
    let looks = async {
        let mut watch = DatabaseWatch::default();
        loop {
            watch.look(&jobs.live.snapshot(), &*jobs.chat).await;
            tokio::time::sleep(LOOK_AT_DATABASE_EVERY).await;
        }
    };
    stop.run_until_cancelled(looks).await;
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_panic_ends_a_round_and_not_the_worker() {
        let panics = async { panic!("what nobody thought of") };
        assert!(round("panics", panics.boxed()).await.is_err());
        let works = async { Ok(Value::Null) };
        assert_eq!(round("works", works.boxed()).await.unwrap(), POLL_EVERY);
    }
}
