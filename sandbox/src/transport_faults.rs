//! Applies the faults of the transport in front of every stand-in.

use std::time::Duration;

use axum::{
    body::Body,
    extract::{ConnectInfo, Request, State},
    http::StatusCode,
    middleware::Next,
    response::{IntoResponse, Response},
};

use crate::{
    connection::Peer,
    faults::{self, FaultKind, Faults, Platform},
};

/// The faults of one stand-in.
#[derive(Clone)]
pub(crate) struct FaultyMount {
    pub(crate) platform: Platform,
    pub(crate) faults: Faults,
}

/// Middleware: lets the request through, late, or not at all. The path it matches is the one
/// behind the stand-in's mount.
pub(crate) async fn apply(
    State(mount): State<FaultyMount>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    request: Request<Body>,
    next: Next,
) -> Response {
    let fault = mount.faults.take_transport(faults::Request {
        platform: mount.platform,
        method: request.method().as_str(),
        path: request.uri().path(),
    });
    match fault {
        Some(FaultKind::Latency { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            next.run(request).await
        }
        Some(FaultKind::HttpStatus { status, body }) => {
            let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
            (status, body).into_response()
        }
        Some(FaultKind::CutBefore) => {
            peer.cut();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Some(FaultKind::CutAfter) => {
            let answer = next.run(request).await;
            peer.cut();
            answer
        }
        Some(FaultKind::LateAnswer { ms }) => {
            let answer = next.run(request).await;
            tokio::time::sleep(Duration::from_millis(ms)).await;
            answer
        }
        _ => next.run(request).await,
    }
}
