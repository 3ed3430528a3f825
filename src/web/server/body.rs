//! Bodies on their way: a request's has to come fast enough, and an answer's says when it has gone.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use axum::body::{Body, Bytes};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use tokio::time::Instant;

use super::line::Alarm;
use super::peers::{Peer, Serving};

/// For a whole body, and a second more for each [`BYTES_PER_SECOND_MORE`] of it that have come: a
/// sheet of 20 MiB comes through a line of half a megabit.
const WITHIN: Duration = Duration::from_secs(30);
const BYTES_PER_SECOND_MORE: u64 = 64 * 1024;
/// The slowest line whose bodies are waited for, once it has had its time to begin.
const SLOWEST_BYTES_PER_SECOND: u64 = 1024;
const BEGINS_WITHIN: Duration = Duration::from_secs(10);

/// The body of a request as it comes.
pub(super) struct Arriving {
    body: Incoming,
    peer: Arc<Peer>,
    began: Instant,
    received: u64,
    alarm: Alarm,
}

impl Arriving {
    pub(super) fn new(body: Incoming, peer: Arc<Peer>) -> Self {
        Self {
            body,
            peer,
            began: Instant::now(),
            received: 0,
            alarm: Alarm::default(),
        }
    }

    fn deadline(&self) -> Instant {
        self.began + allowed(self.received)
    }
}

/// How long a body may take of which so much has come.
fn allowed(received: u64) -> Duration {
    let whole = WITHIN + Duration::from_secs(received / BYTES_PER_SECOND_MORE);
    let at_this_pace = BEGINS_WITHIN + Duration::from_secs(received / SLOWEST_BYTES_PER_SECOND);
    whole.min(at_this_pace)
}

impl HttpBody for Arriving {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(cx);
        this.peer.await_body(polled.is_pending());
        match polled {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    let bytes = frame.data_ref().map_or(0, Bytes::len);
                    this.received += bytes as u64;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(BoxError::from)))
            }
            Poll::Pending => {
                let deadline = this.deadline();
                let too_slow = || io::Error::from(io::ErrorKind::TimedOut).into();
                this.alarm
                    .poll(deadline, cx)
                    .map(|()| Some(Err(too_slow())))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// The body of an answer; its request is served until this is gone.
pub(super) struct Departing {
    body: Body,
    _serving: Serving,
}

impl Departing {
    pub(super) fn new(body: Body, serving: Serving) -> Self {
        Self {
            body,
            _serving: serving,
        }
    }
}

impl HttpBody for Departing {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_has_its_time_and_a_large_one_more() {
        const KIB: u64 = 1024;
        for (received, seconds) in [
            (0, 10),
            (KIB, 11),
            // All but the last byte of a large one.
            (64 * KIB - 1, 30),
            (640 * KIB, 40),
            (20 * 1024 * KIB, 350),
        ] {
            assert_eq!(allowed(received).as_secs(), seconds, "{received}");
        }
    }
}
