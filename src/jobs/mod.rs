//! Door 3, the clock: what is due, and the one service that does it.
//!
//! Cron only wakes. What is due is computed from the business clock, and a tick belongs to the
//! instance whose row in `job_run` wins; a dead instance's tick is taken over when its lease ends,
//! and of what was missed while nobody ran, the newest tick is caught up. Work that commits wake
//! (inbox, outbox, refunds) does not wait for ticks: each piece has a lease of its own.
//!
//! Knows no rule: each job calls one service and reports what that says it did.

mod clockwork;
mod rounds;
mod runner;
mod schedule;

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use serde_json::{Value, json};

use crate::domain::Timestamp;
use crate::services::audit_chain::AuditedLog;
use crate::services::books::AuditedBooks;
use crate::services::chat::Chat;
use crate::services::{self, LiveContext};
use crate::store::Signal;

pub use clockwork::StartError;
use rounds::Rounds;
pub use runner::{JobReport, Ran, RunError, report};
pub use schedule::{Schedule, ScheduleError};

/// The jobs of this instance, with what they need. Cheap to clone.
#[derive(Clone)]
pub struct Jobs {
    live: LiveContext,
    chat: Arc<dyn Chat>,
    rounds: Arc<Rounds>,
}

impl Jobs {
    /// The jobs of an instance that talks by `chat`.
    #[must_use]
    pub fn new(live: LiveContext, chat: Arc<dyn Chat>) -> Self {
        let rounds = Arc::default();
        Self { live, chat, rounds }
    }

    /// When the workers of this instance last came to the end of a round, or else began, by the wall.
    #[must_use]
    pub fn last_rounds(&self) -> Vec<(&'static str, Timestamp)> {
        self.rounds.last()
    }

    /// The chat that its jobs go by.
    #[must_use]
    pub fn chat(&self) -> &dyn Chat {
        &*self.chat
    }
}

/// A job: its name, when it runs, and the service that it calls.
#[derive(Debug)]
pub struct Job {
    /// Its name on the command line, in the API and in `job_run`.
    pub name: &'static str,
    /// When it runs.
    pub trigger: Trigger,
    /// Calls its service, or the chat; answers what was done.
    pub run: fn(LiveContext, Arc<dyn Chat>) -> BoxFuture<'static, services::Result<Value>>,
}

/// When a job runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// At these times in Asia/Shanghai: second, minute, hour, day, month, weekday.
    At(&'static str, Queue),
    /// When a commit wakes it, and every two seconds in case none did.
    Woken(Signal),
}

/// Jobs of one queue run one after the other, in the order of [`JOBS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Queue {
    /// The night's work, of which each step builds on the one before. It may take half an hour.
    Nightly,
    /// Short work that must not wait for the night's.
    Frequent,
}

macro_rules! job {
    ($name:literal, $trigger:expr, |$live:ident, $chat:ident| $call:expr, |$done:pat_param| $summary:expr) => {
        Job {
            name: $name,
            trigger: $trigger,
            run: |$live, $chat| {
                async move {
                    let $done = $call.await?;
                    Ok($summary)
                }
                .boxed()
            },
        }
    };
}

/// What a job did; a failure unless it is all of it.
fn whole(summary: Value, is_whole: bool) -> services::Result<Value> {
    if is_whole {
        Ok(summary)
    } else {
        Err(services::Error::PartlyDone(summary))
    }
}

/// The books, and the audit of what people did; the one is told of whatever the other finds.
async fn audit_night(ctx: services::Context) -> services::Result<(AuditedBooks, AuditedLog)> {
    let books = services::books::audit(&ctx).await?;
    Ok((books, services::audit_chain::audit_nightly(&ctx).await?))
}

/// Every job, in the order in which a night goes (design §5.4).
pub const JOBS: &[Job] = &[
    job!(
        "advance-camps",
        Trigger::At("0 5 0 * * *", Queue::Nightly),
        |live, _chat| services::camps::advance_by_calendar(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "sync-checkins",
        Trigger::At("0 0 1 * * *", Queue::Nightly),
        |live, _chat| services::sync::sync_all(&live),
        |done| whole(json!(done), done.incomplete == 0)?
    ),
    job!(
        "expire-bindings",
        Trigger::At("0 0 2 * * *", Queue::Nightly),
        |live, _chat| services::bind::expire(&live.snapshot()),
        |expired| json!({"expired": expired})
    ),
    job!(
        "smart-match",
        Trigger::At("30 0 2 * * *", Queue::Nightly),
        |live, _chat| services::matching::smart_match(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "build-refund-lists",
        Trigger::At("0 1 2 * * *", Queue::Nightly),
        |live, _chat| services::refund::build_due_lists(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "run-refunds",
        Trigger::Woken(Signal::Refunds),
        |live, _chat| services::refund::run_due(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "audit-books",
        Trigger::At("0 10 3 * * *", Queue::Nightly),
        |live, _chat| audit_night(live.snapshot()),
        |(books, log)| {
            let is_clean = books.is_clean() && log.intact;
            let mut summary = json!(books);
            summary["log"] = json!(log);
            whole(summary, is_clean)?
        }
    ),
    job!(
        "backup",
        Trigger::At("0 30 3 * * *", Queue::Nightly),
        |live, _chat| services::backup::make(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "restore-drill",
        Trigger::At("0 40 3 * * *", Queue::Nightly),
        |live, _chat| services::backup::drill(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "retention",
        Trigger::At("0 50 3 * * *", Queue::Nightly),
        |live, _chat| services::retention::forget_over(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "watch",
        Trigger::At("0 */10 * * * *", Queue::Frequent),
        |live, _chat| services::custody::watch(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "reminders",
        Trigger::At("0 0 10 * * *", Queue::Frequent),
        |live, _chat| services::reminders::remind(&live.snapshot()),
        |done| json!(done)
    ),
    job!(
        "work-inbox",
        Trigger::Woken(Signal::Inbox),
        |_live, chat| chat.work_inbox(),
        |done| json!(done)
    ),
    job!(
        "send-outbox",
        Trigger::Woken(Signal::Outbox),
        |_live, chat| chat.send_outbox(),
        |done| json!(done)
    ),
    job!(
        "reconcile-payments",
        Trigger::At("0 5 * * * *", Queue::Frequent),
        |live, _chat| services::reconcile::unpaid(&live.snapshot()),
        |done| json!(done)
    ),
    // The first run of a day is that of half past ten; the others are for bills that come late.
    job!(
        "trade-bill",
        Trigger::At("0 30 10-23 * * *", Queue::Frequent),
        |live, _chat| services::bills::compare_due(&live.snapshot()),
        |done| whole(json!(done), done.failed + done.left == 0)?
    ),
    job!(
        "check-cookie",
        Trigger::At("0 30 */6 * * *", Queue::Frequent),
        |live, _chat| services::sync::check_cookie(&live.snapshot()),
        |state| json!({"cookie": state.as_str()})
    ),
];

/// The job of a name.
#[must_use]
pub fn find(name: &str) -> Option<&'static Job> {
    JOBS.iter().find(|job| job.name == name)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_name_is_one_of_the_contract_and_every_schedule_can_be_read() {
        let known = [
            "advance-camps",
            "sync-checkins",
            "expire-bindings",
            "smart-match",
            "build-refund-lists",
            "run-refunds",
            "audit-books",
            "backup",
            "restore-drill",
            "retention",
            "reminders",
            "watch",
            "work-inbox",
            "send-outbox",
            "reconcile-payments",
            "trade-bill",
            "check-cookie",
        ];
        let names: HashSet<&str> = JOBS.iter().map(|job| job.name).collect();
        assert_eq!(names, HashSet::from(known));
        assert_eq!(names.len(), JOBS.len(), "a name twice");
        for job in JOBS {
            if let Trigger::At(cron, _) = job.trigger {
                Schedule::parse(cron).unwrap();
            }
        }
    }
}
