//! A small planet for the unit tests of this module: a real HTTP server that checks the signature
//! of every request, keeps what it saw, and answers by a script.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, Method, Response};
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::{Planet, Settings, signature};

pub(super) const GROUP: i64 = 88_000_000_000_011;
pub(super) const PROJECT: i64 = 7_700_000_001;
pub(super) const TOKEN: &str = "0A1B2C3D-0000-4000-8000-0123456789AB_00112233445566FF";

/// One request as it came in.
#[derive(Debug, Clone)]
pub(super) struct Seen {
    pub(super) path_and_query: String,
    pub(super) method: Method,
    pub(super) headers: HeaderMap,
    /// Null where none was sent.
    pub(super) body: Value,
    pub(super) at: Instant,
    /// The caller's end of the connection.
    pub(super) peer: SocketAddr,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub(super) fn path(&self) -> &str {
        self.path_and_query.split('?').next().unwrap()
    }

    /// A query value, percent-decoded as far as times need it.
    pub(super) fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.path_and_query.split_once('?')?;
        let pairs: HashMap<&str, &str> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .collect();
        pairs
            .get(name)
            .map(|value| value.replace("%3A", ":").replace("%2B", "+"))
    }
}

/// What the planet says to one request.
pub(super) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
    delay: Duration,
    breaks_off: bool,
}

impl Reply {
    pub(super) fn raw(status: u16, body: impl Into<Bytes>) -> Self {
        let body = body.into();
        Self {
            status,
            headers: Vec::new(),
            body,
            delay: Duration::ZERO,
            breaks_off: false,
        }
    }

    pub(super) fn data(resp_data: &Value) -> Self {
        Self::raw(
            200,
            json!({"succeeded": true, "resp_data": resp_data}).to_string(),
        )
    }

    pub(super) fn code(code: i64) -> Self {
        let body = json!({"succeeded": false, "code": code, "info": "", "resp_data": {},
            "error": "内部错误"});
        Self::raw(200, body.to_string())
    }

    pub(super) fn with(mut self, header: &'static str, value: impl ToString) -> Self {
        self.headers.push((header, value.to_string()));
        self
    }

    pub(super) fn after(self, delay: Duration) -> Self {
        Self { delay, ..self }
    }

    /// Half the body, then the connection is gone.
    pub(super) fn breaking_off(self) -> Self {
        Self {
            breaks_off: true,
            ..self
        }
    }

    fn into_response(self) -> Response<Body> {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = if self.breaks_off {
            let half = self.body.slice(..self.body.len() / 2);
            Body::from_stream(futures::stream::iter([
                Ok(half),
                Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset)),
            ]))
        } else {
            Body::from(self.body)
        };
        response.body(body).unwrap()
    }
}

struct State {
    base: String,
    seen: Mutex<Vec<Seen>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// The running server. Stops with the runtime of its test.
pub(super) struct FakePlanet {
    state: Arc<State>,
}

impl FakePlanet {
    /// `script` gets the request and how many came before it.
    pub(super) async fn start(
        script: impl Fn(&Seen, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let state = Arc::new(State {
            base: format!("http://{}/zsxq", listener.local_addr().unwrap()),
            seen: Mutex::new(Vec::new()),
            at_once: AtomicUsize::new(0),
            most_at_once: AtomicUsize::new(0),
        });
        let script = Arc::new(script);
        let shared = Arc::clone(&state);
        let router =
            Router::new().fallback(move |peer: ConnectInfo<SocketAddr>, request: Request| {
                answer(Arc::clone(&shared), Arc::clone(&script), peer.0, request)
            });
        let service = router.into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        Self { state }
    }

    pub(super) fn settings(&self) -> Settings {
        let cookie = SecretString::from(TOKEN);
        let mut settings = Settings::new(self.state.base.clone(), GROUP, cookie);
        settings.min_interval_ms = 0;
        settings.jitter_ms = 0;
        settings.calls_per_day = 0;
        settings.backoff_ms = [0; super::MAX_TRIES];
        settings
    }

    /// A client that never waits.
    pub(super) fn planet(&self) -> Planet {
        client(self.settings())
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.state.seen.lock().unwrap().clone()
    }

    pub(super) fn most_at_once(&self) -> usize {
        self.state.most_at_once.load(Ordering::SeqCst)
    }
}

async fn answer<S>(
    state: Arc<State>,
    script: Arc<S>,
    peer: SocketAddr,
    request: Request,
) -> Response<Body>
where
    S: Fn(&Seen, usize) -> Reply,
{
    let now_at_once = state.at_once.fetch_add(1, Ordering::SeqCst) + 1;
    state.most_at_once.fetch_max(now_at_once, Ordering::SeqCst);
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 64 * 1024).await.unwrap();
    let path_and_query = parts.uri.path_and_query().unwrap().as_str();
    let seen = Seen {
        path_and_query: path_and_query
            .strip_prefix("/zsxq")
            .unwrap_or_default()
            .to_owned(),
        method: parts.method,
        headers: parts.headers,
        body: serde_json::from_slice(&body).unwrap_or_default(),
        at: Instant::now(),
        peer,
    };
    let count = {
        let mut log = state.seen.lock().unwrap();
        log.push(seen.clone());
        log.len() - 1
    };
    let url = format!("{}{}", state.base, seen.path_and_query);
    let expected = signature::sign(
        &url,
        seen.header("X-Timestamp"),
        seen.header("X-Request-Id"),
    );
    let reply = if seen.header("X-Signature") == expected {
        script(&seen, count)
    } else {
        Reply::raw(500, "the signature is wrong")
    };
    if !reply.delay.is_zero() {
        tokio::time::sleep(reply.delay).await;
    }
    state.at_once.fetch_sub(1, Ordering::SeqCst);
    reply.into_response()
}

/// A client at a fixed time whose randomness counts upwards.
pub(super) fn client(settings: Settings) -> Planet {
    let draws = AtomicUsize::new(0);
    let random = move || draws.fetch_add(1, Ordering::SeqCst) as u64;
    Planet::new(settings, || at(0), random).unwrap()
}

/// 2026-01-01 08:00 in Shanghai and so many milliseconds.
pub(super) fn at(offset_ms: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).unwrap() + TimeDelta::milliseconds(offset_ms)
}

/// As the planet writes times.
pub(super) fn wire_time(at: DateTime<Utc>) -> String {
    at.with_timezone(&chrono_tz::Asia::Shanghai)
        .format("%Y-%m-%dT%H:%M:%S%.3f%z")
        .to_string()
}
