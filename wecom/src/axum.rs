//! Verified callbacks for axum (feature `axum`).
//!
//! [`routes`] serves a whole [`Door`]. Who has handlers of their own takes [`AppCallback`] and
//! [`RobotCallback`] as an argument: a handler that has one knows that the platform sent it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRef, FromRequest, RawQuery, Request};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::callback::{self, Freshness, MAX_BODY_BYTES, OpenError, Query, Verified};
use crate::chat::{Door, DoorError, Handler};
use crate::crypto::Keys;
use crate::{event, robot};

/// Gives the current time in Unix seconds.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// Serves `door` at `path`: GET verifies the address, POST delivers.
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
        let (door, clock, on_error) = &*shared;
        let (parts, body) = request.into_parts();
        let query = parts.uri.query().unwrap_or_default();
        let received = match read(body).await {
            Ok(body) => door.receive(query, &body, clock(), rand::random()).await,
            Err(error) => Err(error.into()),
        };
        respond(received, on_error)
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

async fn read(body: Body) -> Result<impl AsRef<[u8]> + std::ops::Deref<Target = [u8]>, OpenError> {
    to_bytes(body, MAX_BODY_BYTES)
        .await
        .map_err(|_| OpenError::TooLarge)
}

/// What the extractors need from the state of the router.
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
    let (parts, body) = request.into_parts();
    let body = read(body).await?;
    let query = Query::parse(parts.uri.query().unwrap_or_default()).map_err(OpenError::from)?;
    let freshness = Freshness::within((gate.clock)(), gate.max_age);
    Ok(open(&gate.keys, &query, &body, freshness)?)
}
