//! The HTTP door: callbacks of the platforms, the member API, the staff API and the pages.
//!
//! A handler reads the request, calls one service and shapes the answer; it knows no rule and no
//! SQL. What went wrong becomes a status and a word in `error` alone, and its sentence is the
//! catalogue's.

pub mod admin;
pub mod auth;
mod bodies;
pub mod callbacks;
mod caller;
mod cookie;
mod day;
mod envelope;
mod error;
mod extract;
mod files;
pub mod h5;
mod headers;
mod health;
mod linger;
mod measured;
pub mod metrics;
mod multipart;
mod navigation;
pub mod openapi;
mod pages;
mod plain_page;
mod rate_limit;
mod repeats;
mod returning;
mod server;
mod words;

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{DefaultBodyLimit, FromRef, MatchedPath, Request};
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::{self, Next};
use axum::response::Response;
use ipnet::IpNet;
use tracing::Instrument as _;

use crate::catalogue::RequestFault;
use crate::jobs::Jobs;
use crate::services::configuration::Configuration;
use crate::services::request_id::RequestId;
use crate::services::{Context, LiveContext};

use bodies::Bodies;
pub use caller::CallerAddress;
pub use envelope::{Answer, Envelope, Items, Nothing, Page};
pub use error::{Problem, ProblemBody, WebResult};
pub use extract::{Json, Path, Query};
use rate_limit::{Identifications, RateLimit};
pub use server::serve;

/// The largest body of a request, unless its route says otherwise (design §8).
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// What the door is told besides what services need.
#[derive(Debug, Clone, Default)]
pub struct WebSettings {
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
}

/// What handlers share. Cheap to clone. Handlers that need services only take `State<Context>`,
/// which is the snapshot of their request.
#[derive(Clone)]
pub struct WebState {
    live: LiveContext,
    jobs: Jobs,
    configuration: Configuration,
    /// What the door was told.
    pub settings: Arc<WebSettings>,
    rate_limit: Arc<RateLimit>,
    /// Questions of “是你吗？”.
    identifications: Arc<Identifications>,
    bodies: Arc<Bodies>,
}

impl WebState {
    /// What services need, as it is at this moment.
    fn context(&self) -> Context {
        self.live.snapshot()
    }
}

impl FromRef<WebState> for Context {
    fn from_ref(state: &WebState) -> Self {
        state.context()
    }
}

impl FromRef<WebState> for LiveContext {
    fn from_ref(state: &WebState) -> Self {
        state.live.clone()
    }
}

impl FromRef<WebState> for Configuration {
    fn from_ref(state: &WebState) -> Self {
        state.configuration.clone()
    }
}

impl FromRef<WebState> for Jobs {
    fn from_ref(state: &WebState) -> Self {
        state.jobs.clone()
    }
}

/// The whole HTTP side.
pub fn router(
    live: LiveContext,
    jobs: Jobs,
    configuration: Configuration,
    settings: WebSettings,
) -> Router {
    let state = WebState {
        live,
        jobs,
        configuration,
        rate_limit: Arc::new(RateLimit::default()),
        identifications: Arc::default(),
        bodies: Arc::default(),
        settings: Arc::new(settings),
    };
    Router::new()
        .merge(openapi::routes())
        .merge(callbacks::routes())
        .merge(files::routes())
        .merge(pages::routes())
        .fallback(no_such_route)
        .method_not_allowed_fallback(no_such_method)
        .layer(middleware::from_fn_with_state(state.clone(), repeats::once))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(middleware::from_fn_with_state(state.clone(), bodies::bound))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            rate_limit::count,
        ))
        .layer(middleware::from_fn_with_state(state.clone(), caller::find))
        .layer(middleware::from_fn_with_state(
            state.clone(),
            envelope::seal,
        ))
        .layer(middleware::from_fn_with_state(state.clone(), headers::add))
        .layer(middleware::from_fn(linger::read_to_the_end))
        .layer(middleware::from_fn(log))
        .with_state(state)
}

async fn no_such_route() -> Problem {
    Problem::not_found()
}

async fn no_such_method() -> Problem {
    RequestFault::NoSuchMethod.into()
}

/// The header that tells a caller by which id their request stands in the log.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// One line per request: which route, not which address or query, since those name people. All that is
/// logged on its way, calls to the outside among it, has its id.
async fn log(request: Request, next: Next) -> Response {
    let id = RequestId::new();
    let span = tracing::info_span!("request", %id);
    let mut response = answer_and_log(request, next, id).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(&id.to_string()) {
        response.headers_mut().insert(REQUEST_ID, id);
    }
    response
}

async fn answer_and_log(mut request: Request, next: Next, id: RequestId) -> Response {
    let began = Instant::now();
    request.extensions_mut().insert(id);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().cloned();
    let response = next.run(request).await;
    let (route, took) = (route.as_ref().map(MatchedPath::as_str), began.elapsed());
    measured::count_request(&method, route, response.status(), took);
    tracing::info!(
        %method,
        route = route.unwrap_or("none"),
        status = response.status().as_u16(),
        duration_ms = took.as_millis() as u64,
        "request"
    );
    response
}
