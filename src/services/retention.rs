//! What has had its time goes: sign-ins that were never finished, sessions of members and staff, the
//! answers that are kept for whoever asks again, what WeCom told us once it was worked off, runs of
//! jobs, and pictures that members brought with an objection.

use chrono::TimeDelta;
use futures::future::BoxFuture;
use serde::Serialize;

use crate::domain::Timestamp;
use crate::store::{
    StoreResult, Tx, dialogues, inbox, job_runs, sessions, sign_ins, staff_requests, staff_sessions,
};

use super::{Context, Result, appeals};

/// How long the key of an event tells a replay (contract, Meanings).
const EVENTS_KEPT: TimeDelta = TimeDelta::days(30);
/// How long people can read how a job went.
const JOB_RUNS_KEPT: TimeDelta = TimeDelta::days(90);
/// Rows that are deleted in one transaction.
const CHUNK: u64 = 500;

/// What was deleted.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Forgotten {
    /// Sign-ins whose time was over.
    pub sign_ins: u64,
    /// Questions of the chat that nobody has answered in time.
    pub dialogues: u64,
    /// Sessions of the member pages whose time was over.
    pub member_sessions: u64,
    /// Sessions of staff whose time was over.
    pub staff_sessions: u64,
    /// Answers kept for staff who ask again, whose day was over.
    pub staff_requests: u64,
    /// Events that were worked off long ago.
    pub events: u64,
    /// Runs of jobs that ended long ago.
    pub job_runs: u64,
    /// Pictures of objections that were answered long ago.
    pub appeal_pictures: u64,
}

/// Deletes at most so many rows whose time is over by the wall; how many.
type Forget = for<'t> fn(&'t mut Tx, Timestamp, i64) -> BoxFuture<'t, StoreResult<u64>>;

/// Deletes all of it, a chunk at a time.
pub async fn forget_over(ctx: &Context) -> Result<Forgotten> {
    Ok(Forgotten {
        sign_ins: all(ctx, |tx, now, limit| {
            Box::pin(sign_ins::forget_over(tx, now, limit))
        })
        .await?,
        dialogues: all(ctx, |tx, now, limit| {
            Box::pin(dialogues::forget_over(tx, now, limit))
        })
        .await?,
        member_sessions: all(ctx, |tx, now, limit| {
            Box::pin(sessions::forget_over(tx, now, limit))
        })
        .await?,
        staff_sessions: all(ctx, |tx, now, limit| {
            Box::pin(staff_sessions::forget_over(tx, now, limit))
        })
        .await?,
        staff_requests: all(ctx, |tx, now, limit| {
            Box::pin(staff_requests::forget_over(tx, now, limit))
        })
        .await?,
        events: all(ctx, |tx, now, limit| {
            Box::pin(inbox::forget_over(tx, now.minus(EVENTS_KEPT), limit))
        })
        .await?,
        job_runs: all(ctx, |tx, now, limit| {
            Box::pin(job_runs::forget_over(tx, now.minus(JOB_RUNS_KEPT), limit))
        })
        .await?,
        appeal_pictures: appeals::forget_pictures(ctx).await?,
    })
}

async fn all(ctx: &Context, forget: Forget) -> Result<u64> {
    let now = ctx.wall_now();
    let limit = i64::try_from(CHUNK).unwrap_or(i64::MAX);
    let mut forgotten = 0;
    loop {
        let write = ctx.db.write(move |tx| forget(tx, now, limit));
        let rows: u64 = write.await?;
        forgotten += rows;
        if rows < CHUNK || ctx.stop.is_cancelled() {
            return Ok(forgotten);
        }
    }
}
