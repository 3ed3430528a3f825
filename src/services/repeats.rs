//! Requests of staff that carry a key of their own (`Idempotency-Key`). Whoever lost the answer sends
//! the same once more and gets the first answer: nothing is done twice.
//!
//! The name of a request is taken before anything is done, and its answer is kept after. A process
//! that dies in between leaves a name without an answer: how far the work came is not known then, so
//! that it is not done again under this name, and whoever asks is told to look.

use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::domain::UserId;
use crate::store::staff_requests::{self, CONTENT, KeptRequest, RequestName};
use crate::store::{Sealed, StoreError};

use super::{Context, Error, FieldError, Result, WrongState};

/// The header, and the field that is wrong where it is.
pub const FIELD: &str = "Idempotency-Key";
/// Characters of a key at most (contract).
const MAX_KEY_CHARS: usize = 64;
/// How long an answer is kept, by the wall (contract).
const KEPT: TimeDelta = TimeDelta::hours(24);
/// How long whoever asks again waits for the first answer.
const WAITS: Duration = Duration::from_secs(10);
const LOOKS_EVERY: Duration = Duration::from_millis(100);
/// When to ask again where the first still runs.
const COME_AGAIN: Duration = Duration::from_secs(2);
/// Work that has no answer for so long runs no more: its process has died.
const RUNS_AT_MOST: TimeDelta = TimeDelta::minutes(5);

/// A request with a key.
#[derive(Debug, Clone)]
pub struct KeyedRequest {
    /// Who sends it.
    pub user: UserId,
    /// Method and path.
    pub route: String,
    /// What it carries.
    pub key: String,
    /// All that may differ under one key: query and body.
    pub content: Vec<u8>,
}

/// An answer as it went out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptAnswer {
    /// The status of HTTP.
    pub status: u16,
    /// The object of the answer, but for its time.
    pub object: String,
}

/// What is sealed into the row.
#[derive(Serialize, Deserialize)]
struct Content {
    /// SHA-256 of what was asked.
    asked: Vec<u8>,
    answer: Option<KeptAnswer>,
}

/// The right to do the work of a request, once.
#[derive(Debug)]
pub struct FirstTime {
    id: i64,
    asked: Vec<u8>,
}

/// What is to be done with a request.
#[derive(Debug)]
pub enum Begun {
    /// Nobody has done it: it is for the holder of this to do, and to [`keep`].
    First(FirstTime),
    /// It has been done, and this was the answer.
    Again(KeptAnswer),
}

/// Takes the name of a request, or finds the answer of the one that has it. Waits for an answer that
/// is on its way.
///
/// # Errors
/// [`Error::Invalid`] for a key that is none or was used for something else; [`Error::Busy`] while the
/// first still runs; `WrongState::OutcomeUnknown` where it has ended without an answer.
pub async fn begin(ctx: &Context, request: KeyedRequest) -> Result<Begun> {
    let invalid = |error| Err(Error::invalid(FIELD, error));
    if request.key.is_empty() {
        return invalid(FieldError::Missing);
    }
    if request.key.chars().count() > MAX_KEY_CHARS {
        let max = MAX_KEY_CHARS;
        return invalid(FieldError::TooLong { max });
    }
    let asked = digest(&SHA256, &request.content).as_ref().to_vec();
    let name = RequestName {
        user: request.user,
        route: request.route,
        key: request.key,
    };
    let patience = Instant::now() + WAITS;
    loop {
        // Looks first: whoever waits keeps nobody from writing.
        if let Some(kept) = find(ctx, &name).await? {
            let content = open(ctx, &kept)?;
            if content.asked != asked {
                return invalid(FieldError::KeyReused);
            }
            if let Some(answer) = content.answer {
                return Ok(Begun::Again(answer));
            }
            if kept.begun_at.plus(RUNS_AT_MOST) <= ctx.wall_now() {
                return Err(WrongState::OutcomeUnknown.into());
            }
        } else if let Some(id) = claim(ctx, &name, &asked).await? {
            // Nobody has it, or it is gone again: it was sent away before anything was done.
            return Ok(Begun::First(FirstTime { id, asked }));
        }
        if Instant::now() >= patience {
            return Err(Error::Busy {
                retry_after: COME_AGAIN,
            });
        }
        tokio::time::sleep(LOOKS_EVERY).await;
    }
}

async fn claim(ctx: &Context, name: &RequestName, asked: &[u8]) -> Result<Option<i64>> {
    let content = Content {
        asked: asked.to_vec(),
        answer: None,
    };
    let content = seal(ctx, &content)?;
    let (name, now) = (name.clone(), ctx.wall_now());
    let until = now.plus(KEPT);
    let claimed: Result<Option<i64>, StoreError> = ctx
        .db
        .write(move |tx| {
            Box::pin(async move { staff_requests::claim(tx, &name, &content, now, until).await })
        })
        .await;
    Ok(claimed?)
}

async fn find(ctx: &Context, name: &RequestName) -> Result<Option<KeptRequest>> {
    let mut conn = ctx.db.read().await?;
    Ok(staff_requests::find(&mut conn, name, ctx.wall_now()).await?)
}

/// Keeps the answer of what was done.
///
/// # Errors
/// Those of the store: then nobody learns of the answer under this name any more.
pub async fn keep(ctx: &Context, first: FirstTime, answer: KeptAnswer) -> Result<()> {
    let FirstTime { id, asked } = first;
    let content = Content {
        asked,
        answer: Some(answer),
    };
    let content = seal(ctx, &content)?;
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                staff_requests::answer(tx, id, &content);
                Ok(())
            })
        })
        .await
}

/// Gives the name back: the request was sent away to come again, and nothing was done.
///
/// # Errors
/// Those of the store.
pub async fn release(ctx: &Context, first: FirstTime) -> Result<()> {
    ctx.db
        .write(move |tx| {
            Box::pin(async move {
                staff_requests::release(tx, first.id);
                Ok(())
            })
        })
        .await
}

fn seal(ctx: &Context, content: &Content) -> Result<Sealed> {
    let json = serde_json::to_vec(content).map_err(|error| Error::Invariant(error.to_string()))?;
    Ok(ctx.keys().seal(CONTENT, &json)?)
}

fn open(ctx: &Context, kept: &KeptRequest) -> Result<Content> {
    let json = ctx.keys().open(CONTENT, &kept.content)?;
    serde_json::from_slice(&json).map_err(|error| {
        let id = kept.id;
        Error::Invariant(format!("staff_request {id} cannot be read: {error}"))
    })
}
