//! What Prometheus is told of the state of things, read from the database when it asks.

use chrono::TimeDelta;
use serde_json::Value;

use crate::domain::custody::{Awaited, Turn};
use crate::domain::ledger::Account;
use crate::domain::{RefundStatus, Timestamp};
use crate::store::gauges::{self, Queued};
use crate::store::{Conn, job_runs, ledger};

use super::{Context, Result};

/// The job whose figures say how many differences the books have.
const BOOKS_JOB: &str = "audit-books";
/// The job that proves the newest backup.
const DRILL_JOB: &str = "restore-drill";

/// The state of things at one moment.
#[derive(Debug, Clone)]
pub struct Gauges {
    /// Refunds by status; one that no refund has is 0.
    pub refunds: Vec<(RefundStatus, i64)>,
    /// What lies in each account, and under `reserved` what of it is on its way.
    pub held_fen: Vec<(&'static str, i64)>,
    /// Steps whose date has passed, by whose turn it is.
    pub overdue: Vec<(Turn, i64)>,
    /// What waits in each queue.
    pub queues: [Queue; 3],
    /// When each job of the clock last came to its end.
    pub last_success: Vec<(&'static str, Timestamp)>,
    /// When a backup was last restored and found whole.
    pub backup_verified: Option<Timestamp>,
    /// Payments about which the last audit of the books disagreed; none before the first.
    pub books_differences: Option<i64>,
}

/// A queue.
#[derive(Debug, Clone, Copy)]
pub struct Queue {
    /// Its name.
    pub name: &'static str,
    /// How much waits.
    pub depth: i64,
    /// How long the oldest has waited.
    pub oldest: TimeDelta,
}

/// Reads all of it. `jobs` are those of the clock.
///
/// # Errors
/// The store cannot.
pub async fn read(ctx: &Context, jobs: &[&'static str]) -> Result<Gauges> {
    let mut conn = ctx.db.read().await?;
    let conn = &mut conn;
    let mut last_success = Vec::with_capacity(jobs.len());
    for job in jobs {
        let at = gauges::last_success(conn, job).await?;
        last_success.extend(at.map(|at| (*job, at)));
    }
    Ok(Gauges {
        refunds: refunds(conn).await?,
        held_fen: accounts(conn).await?,
        overdue: overdue(conn).await?,
        queues: [
            queue("inbox", gauges::inbox(conn).await?, ctx.wall_now()),
            queue("outbox", gauges::outbox(conn, ctx.now()).await?, ctx.now()),
            queue(
                "refunds",
                gauges::due_refunds(conn, ctx.now()).await?,
                ctx.now(),
            ),
        ],
        backup_verified: gauges::last_success(conn, DRILL_JOB).await?,
        books_differences: books_differences(conn).await?,
        last_success,
    })
}

fn queue(name: &'static str, queued: Queued, now: Timestamp) -> Queue {
    let waited = queued
        .since
        .map(|since| TimeDelta::microseconds(now.micros().saturating_sub(since.micros())));
    Queue {
        name,
        depth: queued.depth,
        oldest: waited.unwrap_or_default().max(TimeDelta::zero()),
    }
}

async fn refunds(conn: &mut Conn) -> Result<Vec<(RefundStatus, i64)>> {
    let found = gauges::refunds(conn).await?;
    let count = |status: RefundStatus| found.iter().find(|(other, _)| *other == status);
    let all = RefundStatus::ALL.iter();
    Ok(all
        .map(|status| (*status, count(*status).map_or(0, |(_, count)| *count)))
        .collect())
}

async fn accounts(conn: &mut Conn) -> Result<Vec<(&'static str, i64)>> {
    let balances = ledger::balances(conn, None).await?;
    let accounts = Account::ALL.iter();
    let mut sums: Vec<_> = accounts
        .map(|account| (account.as_str(), balances.of(*account)))
        .collect();
    sums.push(("reserved", balances.reserved));
    Ok(sums)
}

async fn overdue(conn: &mut Conn) -> Result<Vec<(Turn, i64)>> {
    let found = gauges::overdue(conn).await?;
    let turns = Turn::ALL.iter().map(|turn| {
        let of_turn = found.iter().filter(|(what, _)| {
            let awaited: Option<Awaited> = what.parse().ok();
            awaited.is_some_and(|awaited| awaited.who() == *turn)
        });
        (*turn, of_turn.map(|(_, count)| count).sum())
    });
    Ok(turns.collect())
}

/// What the last run of the audit that had figures says, whether or not it found any. Sums that do not
/// balance are one difference at least.
async fn books_differences(conn: &mut Conn) -> Result<Option<i64>> {
    let newest = job_runs::newest_with_figures(conn, BOOKS_JOB).await?;
    let figures: Option<Value> = newest
        .and_then(|run| run.summary)
        .and_then(|summary| serde_json::from_str(&summary).ok());
    Ok(figures.and_then(|figures| {
        let different = figures["different"].as_i64()?;
        let is_balanced = figures["isBalanced"] != false;
        Some(different.max(i64::from(!is_balanced)))
    }))
}
