//! Reads the rest of a request that was answered before its end: a refusal for want of a token, or
//! for a picture that is too large. Otherwise the connection would be cut while the caller still
//! sends, and the answer, or the next request on that connection, would be lost to them.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, BodyDataStream, Bytes, HttpBody as _};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use futures::{Stream, StreamExt as _};
use tokio::sync::oneshot;

/// More than any honest slip of the hand; who sends more is cut off.
const MAX_REST_BYTES: usize = 32 * 1024 * 1024;
/// How long the rest may take.
const WITHIN: Duration = Duration::from_secs(10);

/// Has the handler read a loan of the body, and reads to its end what the handler leaves.
pub(super) async fn read_to_the_end(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    let (give_back, mut given_back) = oneshot::channel();
    let request = request.map(|body| {
        Body::from_stream(Loan {
            rest: Some(body.into_data_stream()),
            give_back: Some(give_back),
        })
    });
    let mut response = next.run(request).await;
    if let Ok(rest) = given_back.try_recv() {
        let is_read = tokio::time::timeout(WITHIN, read(rest)).await;
        if is_read != Ok(true) {
            let close = HeaderValue::from_static("close");
            response.headers_mut().insert(header::CONNECTION, close);
        }
    }
    response
}

/// Whether the end was reached.
async fn read(mut rest: BodyDataStream) -> bool {
    let mut bytes = 0;
    while let Some(chunk) = rest.next().await {
        match chunk {
            Ok(chunk) => bytes += chunk.len(),
            Err(_) => return false,
        }
        if bytes > MAX_REST_BYTES {
            return false;
        }
    }
    true
}

/// A body that goes back to its owner when whoever reads it leaves off before the end.
struct Loan {
    rest: Option<BodyDataStream>,
    give_back: Option<oneshot::Sender<BodyDataStream>>,
}

impl Stream for Loan {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(rest) = &mut self.rest else {
            return Poll::Ready(None);
        };
        let polled = rest.poll_next_unpin(cx);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.rest = None;
        }
        polled
    }
}

impl Drop for Loan {
    fn drop(&mut self) {
        if let (Some(rest), Some(give_back)) = (self.rest.take(), self.give_back.take()) {
            // Nobody waits for it once the connection is gone.
            drop(give_back.send(rest));
        }
    }
}
