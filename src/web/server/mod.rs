//! Listens, and serves each connection within the limits of design §8. Whatever a peer keeps us
//! waiting for has an end, and whoever has kept us waiting longest makes room for who comes new:
//! so somebody who knocks is heard while any number of others hold the door.

mod body;
mod line;
mod peers;

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use axum::response::Response;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper_util::rt::TokioIo;
use ipnet::IpNet;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

use crate::services::seldom::Seldom;

use body::{Arriving, Departing};
use line::Line;
use peers::{Admitted, Peers};

/// Connections at once, as far as the system lets us have them.
const MAX_CONNECTIONS: usize = 4_000;
/// Open files that are no connection of a caller: the database, pictures, calls to platforms.
const OTHER_FILES: usize = 512;
/// What is read ahead of a connection: the longest head, and the piece in which a body comes.
const READ_BUFFER_BYTES: usize = 16 * 1024;
/// Until the next try, where the system has no room for another connection.
const ACCEPT_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// Serves until `stop`, and then what is under way. Connections from `trusted` addresses, which
/// are reverse proxies, are for many people and have no share that would be theirs.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    trusted: Vec<IpNet>,
    stop: CancellationToken,
) {
    let peers = Arc::new(Peers::new(connections_at_once(), trusted));
    let connections = TaskTracker::new();
    let no_room = Seldom::new();
    while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, address)) => {
                if let Some(peer) = peers.admit(address.ip()) {
                    let (router, stop) = (router.clone(), stop.clone());
                    connections.spawn(connection(stream, address, peer, router, stop));
                }
            }
            Err(error) if is_of_one_peer(&error) => {}
            Err(error) => {
                if let Some(left_out) = no_room.turn() {
                    tracing::error!(%error, left_out, "a connection could not be accepted");
                }
                peers.make_room();
                tokio::time::sleep(ACCEPT_AGAIN_AFTER).await;
            }
        }
    }
    drop(listener);
    connections.close();
    connections.wait().await;
}

/// Raises the limit of open files to what we need, and says how many connections fit.
fn connections_at_once() -> usize {
    let wanted = MAX_CONNECTIONS + OTHER_FILES;
    let files = rlimit::increase_nofile_limit(wanted as u64);
    let files = files.map_or(wanted, |files| usize::try_from(files).unwrap_or(wanted));
    // However few files there are, some are for callers.
    let fitting = files.saturating_sub(OTHER_FILES).max(files / 2);
    let at_once = fitting.clamp(1, MAX_CONNECTIONS);
    if at_once < MAX_CONNECTIONS {
        tracing::warn!(
            files,
            at_once,
            "the system allows few open files: fewer connections are taken than could be (LimitNOFILE)"
        );
    }
    at_once
}

/// Errors of accept that say nothing about us.
fn is_of_one_peer(error: &io::Error) -> bool {
    use io::ErrorKind as Kind;
    matches!(
        error.kind(),
        Kind::ConnectionRefused | Kind::ConnectionAborted | Kind::ConnectionReset
    )
}

async fn connection(
    stream: TcpStream,
    address: SocketAddr,
    admitted: Admitted,
    router: Router,
    stop: CancellationToken,
) {
    let peer = Arc::clone(admitted.peer());
    // Who says nothing costs no buffer.
    tokio::select! {
        biased;
        ready = stream.readable() => if ready.is_err() { return },
        () = peer.displaced() => return,
        () = stop.cancelled() => return,
        () = peer.says_nothing() => return,
    }
    let service = hyper::service::service_fn(|request: Request<Incoming>| {
        answer(router.clone(), request, address, &admitted)
    });
    let served = http1::Builder::new()
        .max_buf_size(READ_BUFFER_BYTES)
        .serve_connection(TokioIo::new(Line::new(stream, Arc::clone(&peer))), service);
    let mut served = pin!(served);
    tokio::select! {
        // What has come is read before anybody may hang up.
        biased;
        ended = served.as_mut() => return log_end(ended),
        () = peer.displaced() => return,
        () = stop.cancelled() => {
            if peer.is_idle() {
                return;
            }
            served.as_mut().graceful_shutdown();
        }
    }
    tokio::select! {
        ended = served => log_end(ended),
        () = peer.displaced() => {}
    }
}

fn answer(
    router: Router,
    request: Request<Incoming>,
    address: SocketAddr,
    admitted: &Admitted,
) -> impl Future<Output = Result<Response, Infallible>> + use<> {
    let serving = admitted.peer().begin();
    let mut request = request.map(|body| Body::new(Arriving::new(body, serving.peer())));
    request.extensions_mut().insert(ConnectInfo(address));
    async move {
        let response = router.oneshot(request).await?;
        Ok(response.map(|body| Body::new(Departing::new(body, serving))))
    }
}

fn log_end(ended: hyper::Result<()>) {
    if let Err(error) = ended {
        // The peer's doing, mostly: it has left, or kept us waiting too long.
        tracing::debug!(
            error = &error as &dyn std::error::Error,
            "a connection ended early"
        );
    }
}
