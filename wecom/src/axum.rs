//! Verified callbacks for axum (feature `axum`).
//!
//! [`routes`] serves a whole [`Door`]. Who has handlers of their own takes [`AppCallback`] and
//! [`RobotCallback`] as an argument: a handler that has one knows that the platform sent it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, FailedToBufferBody};
use axum::extract::{DefaultBodyLimit, FromRef, FromRequest, RawQuery, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::task::JoinError;

use crate::callback::{self, Freshness, MAX_BODY_BYTES, OpenError, Query, Verified};
use crate::chat::{Door, DoorError, Handler};
use crate::crypto::Keys;
use crate::{event, robot};

/// Gives the current time in Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Serves `door` at `path`: GET verifies the address, POST delivers. The handler runs to its end
/// even if the platform hangs up, which it does after 5 seconds.
///
/// `on_error` hears of every request that got no ordinary response, for the log. Signature
/// failures are everyday noise on a public port.
pub fn routes<H: Handler + 'static>(
    path: &str,
    door: Door<H>,
    clock: Clock,
    on_error: impl Fn(&DoorError) + Send + Sync + 'static,
) -> Router {
    let shared = Arc::new((door, clock, on_error));
    let for_get = Arc::clone(&shared);
    let verify = move |RawQuery(query): RawQuery| async move {
        let (door, clock, on_error) = &*for_get;
        respond(
            door.verify(query.as_deref().unwrap_or_default(), clock()),
            on_error,
        )
    };
    let receive = move |request: Request| async move {
        let query = request.uri().query().unwrap_or_default().to_owned();
        let body = read(request).await;
        // axum drops what it runs once the peer hangs up, as WeCom does after 5 seconds; a handler
        // goes on in a task of its own.
        let task = tokio::spawn(async move {
            let (door, clock, on_error) = &*shared;
            let received = match body {
                Ok(body) => door.receive(&query, &body, clock(), rand::random()).await,
                Err(error) => Err(error.into()),
            };
            respond(received, on_error)
        });
        match task.await.map_err(JoinError::try_into_panic) {
            Ok(response) => response,
            Err(Ok(panic)) => std::panic::resume_unwind(panic),
            Err(Err(_shutting_down)) => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        }
    };
    Router::new().route(path, get(verify).post(receive))
}

fn respond(
    outcome: Result<crate::chat::Response, DoorError>,
    on_error: impl Fn(&DoorError),
) -> Response {
    match outcome {
        Ok(response) => (
            [(header::CONTENT_TYPE, response.content_type)],
            response.body,
        )
            .into_response(),
        Err(error) => {
            on_error(&error);
            StatusCode::from_u16(error.status())
                .unwrap_or(StatusCode::BAD_REQUEST)
                .into_response()
        }
    }
}

async fn read(mut request: Request) -> Result<Bytes, OpenError> {
    DefaultBodyLimit::max(MAX_BODY_BYTES).apply(&mut request);
    Bytes::from_request(request, &())
        .await
        .map_err(|rejection| match rejection {
            BytesRejection::FailedToBufferBody(FailedToBufferBody::LengthLimitError(_)) => {
                OpenError::TooLarge
            }
            _ => OpenError::BodyBroken,
        })
}

/// The part of the router's state that the extractors need.
#[derive(Clone)]
pub struct Gate {
    keys: Arc<Keys>,
    max_age: Duration,
    clock: Clock,
}

impl Gate {
    /// Lets in what these keys signed within `max_age`.
    pub fn new(keys: Keys, max_age: Duration, clock: Clock) -> Self {
        Self {
            keys: Arc::new(keys),
            max_age,
            clock,
        }
    }

    /// The keys, to seal a reply.
    pub fn keys(&self) -> &Keys {
        &self.keys
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate")
            .field("keys", &self.keys)
            .field("max_age", &self.max_age)
            .finish_non_exhaustive()
    }
}

/// A verified POST to an application.
#[derive(Debug, Clone)]
pub struct AppCallback(pub Verified<event::Inbound>);

/// A verified POST to a smart robot.
#[derive(Debug, Clone)]
pub struct RobotCallback(pub Verified<robot::Inbound>);

/// A request that was refused. It becomes a 4xx with an empty body.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct Refusal(#[from] pub OpenError);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let status = DoorError::Refused(self.0).status();
        StatusCode::from_u16(status)
            .unwrap_or(StatusCode::BAD_REQUEST)
            .into_response()
    }
}

impl<S> FromRequest<S> for AppCallback
where
    Gate: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        opened(request, &Gate::from_ref(state), callback::open)
            .await
            .map(Self)
    }
}

impl<S> FromRequest<S> for RobotCallback
where
    Gate: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        opened(request, &Gate::from_ref(state), robot::open)
            .await
            .map(Self)
    }
}

async fn opened<T>(
    request: Request,
    gate: &Gate,
    open: impl FnOnce(&Keys, &Query<'_>, &[u8], Freshness) -> Result<Verified<T>, OpenError>,
) -> Result<Verified<T>, Refusal> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let body = read(request).await?;
    let query = Query::parse(&query).map_err(OpenError::from)?;
    let freshness = Freshness::within((gate.clock)(), gate.max_age);
    Ok(open(&gate.keys, &query, &body, freshness)?)
}
