//! The memory of bodies on their way. Small ones are always taken: as many as there are
//! connections are nothing. Larger ones share what is set aside for them, and while others wait for
//! it, who sends slowly is not waited for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::{Request, State};
use axum::http::header;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures::{StreamExt as _, stream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::Instant;

use crate::catalogue::ErrorKind;
use crate::services::seldom::Seldom;

use super::WebState;
use super::error::Problem;

/// Bodies up to this need no room: callbacks, and what members send, are smaller.
const SMALL_BYTES: usize = 8 * 1024;
/// All larger bodies at once. What a picture or a sheet has beyond [`super::MAX_BODY_BYTES`] is
/// not counted here: those have room of their own.
const MAX_BYTES_AT_ONCE: usize = 16 * 1024 * 1024;
/// How long a body may wait for room.
const WAITS_FOR_ROOM: Duration = Duration::from_secs(2);
/// How long a body may take while another waits for room.
const WITHIN_IF_OTHERS_WAIT: Duration = Duration::from_secs(1);
const UNIT: usize = 1024;

/// What is set aside for bodies.
pub(super) struct Bodies {
    room: Arc<Semaphore>,
    waiting: watch::Sender<usize>,
    full: Seldom,
}

impl Default for Bodies {
    fn default() -> Self {
        Self {
            room: Arc::new(Semaphore::new(MAX_BYTES_AT_ONCE / UNIT)),
            waiting: watch::Sender::new(0),
            full: Seldom::new(),
        }
    }
}

/// The room that a request has taken, which is given back when it is answered.
#[derive(Default)]
struct Taken {
    room: Mutex<Option<OwnedSemaphorePermit>>,
    found_none: AtomicBool,
}

/// Has the body of a request wait for room before it is read, and answers 503 where there is none.
pub(super) async fn bound(State(state): State<WebState>, request: Request, next: Next) -> Response {
    let length = request.headers().get(header::CONTENT_LENGTH);
    let length = length.and_then(|length| length.to_str().ok()?.parse().ok());
    let most: usize = length.unwrap_or(super::MAX_BODY_BYTES);
    if most <= SMALL_BYTES || request.body().is_end_stream() {
        return next.run(request).await;
    }
    let units = most.min(super::MAX_BODY_BYTES).div_ceil(UNIT);
    let taken = Arc::new(Taken::default());
    let request = request.map(|body| {
        let coming = Coming {
            body: body.into_data_stream(),
            bodies: Arc::clone(&state.bodies),
            taken: Arc::clone(&taken),
            units: u32::try_from(units).unwrap_or(u32::MAX),
            began: None,
        };
        Body::from_stream(stream::try_unfold(coming, Coming::next))
    });
    let response = next.run(request).await;
    if taken.found_none.load(Ordering::Relaxed) {
        let seconds = WAITS_FOR_ROOM.as_secs();
        return Problem::from(ErrorKind::Busy { seconds }).into_response();
    }
    response
}

/// A body that is read as far as there is room for it.
struct Coming {
    body: BodyDataStream,
    bodies: Arc<Bodies>,
    taken: Arc<Taken>,
    units: u32,
    /// When there was room.
    began: Option<Instant>,
}

impl Coming {
    async fn next(mut self) -> Result<Option<(Bytes, Self)>, BoxError> {
        let began = match self.began {
            Some(began) => began,
            None => {
                let Some(room) = self.bodies.take(self.units).await else {
                    self.taken.found_none.store(true, Ordering::Relaxed);
                    return Err("there is no room for the body".into());
                };
                let taken = self.taken.room.lock();
                *taken.unwrap_or_else(PoisonError::into_inner) = Some(room);
                *self.began.insert(Instant::now())
            }
        };
        tokio::select! {
            biased;
            part = self.body.next() => Ok(part.transpose()?.map(|part| (part, self))),
            () = self.bodies.others_wait_too_long(began) => {
                Err("the body is slow, and others wait".into())
            }
        }
    }
}

impl Bodies {
    async fn take(&self, units: u32) -> Option<OwnedSemaphorePermit> {
        if let Ok(room) = Arc::clone(&self.room).try_acquire_many_owned(units) {
            return Some(room);
        }
        let _waiting = Waiting::new(&self.waiting);
        let room = Arc::clone(&self.room).acquire_many_owned(units);
        let room = tokio::time::timeout(WAITS_FOR_ROOM, room).await;
        if room.is_err()
            && let Some(left_out) = self.full.turn()
        {
            tracing::warn!(left_out, "too many large bodies at once: one was sent away");
        }
        room.ok()?.ok()
    }

    /// Waits until a body that began then has no time left, since others wait.
    async fn others_wait_too_long(&self, began: Instant) {
        let mut waiting = self.waiting.subscribe();
        tokio::time::sleep_until(began + WITHIN_IF_OTHERS_WAIT).await;
        if waiting.wait_for(|waiting| *waiting > 0).await.is_err() {
            // Its sender is ours: it is never gone.
            std::future::pending::<()>().await;
        }
    }
}

/// Somebody who waits for room.
struct Waiting<'a>(&'a watch::Sender<usize>);

impl<'a> Waiting<'a> {
    fn new(waiting: &'a watch::Sender<usize>) -> Self {
        waiting.send_modify(|waiting| *waiting += 1);
        Self(waiting)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.send_modify(|waiting| *waiting -= 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coming(bodies: &Arc<Bodies>, body: Body, bytes: usize) -> Coming {
        Coming {
            body: body.into_data_stream(),
            bodies: Arc::clone(bodies),
            taken: Arc::default(),
            units: u32::try_from(bytes.div_ceil(UNIT)).unwrap(),
            began: None,
        }
    }

    fn without_an_end() -> Body {
        Body::from_stream(stream::pending::<Result<Bytes, BoxError>>())
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_slow_makes_room_for_those_who_wait() {
        let bodies = Arc::new(Bodies::default());
        let slow = coming(&bodies, without_an_end(), MAX_BYTES_AT_ONCE);
        let slow = tokio::spawn(async move { slow.next().await.map(drop) });
        tokio::time::sleep(Duration::from_secs(20)).await;
        assert!(!slow.is_finished(), "nobody waits");
        let came = coming(&bodies, Body::from("whole"), UNIT).next();
        // It gives its room back with its request.
        let ended = async { assert!(slow.await.unwrap().is_err()) };
        let (came, ()) = tokio::join!(came, ended);
        let (part, _) = came.unwrap().unwrap();
        assert_eq!(part, "whole");
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_is_sent_away() {
        let bodies = Arc::new(Bodies::default());
        // Whose body has come whole is worked on, and keeps its room meanwhile.
        let _worked_on = bodies
            .take((MAX_BYTES_AT_ONCE / UNIT) as u32)
            .await
            .unwrap();
        let late = coming(&bodies, Body::from("late"), UNIT);
        let taken = Arc::clone(&late.taken);
        assert!(late.next().await.is_err());
        assert!(taken.found_none.load(Ordering::Relaxed));
    }
}
