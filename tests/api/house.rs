//! The real router over a fresh database, with clocks that tests move.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use campkeeper::bot::WecomChat;
use campkeeper::domain::Timestamp;
use campkeeper::domain::staff::Role;
use campkeeper::jobs::Jobs;
use campkeeper::platforms::zsxq::Planet;
use campkeeper::services::staff::{self, NewAccount};
use campkeeper::services::{Clients, Context, LiveContext, Settings};
use campkeeper::store::Listing as _;
use campkeeper::store::audit::{self, ChainStatus};
use campkeeper::store::audit_lists::AuditFilter;
use campkeeper::web::{WebSettings, router};
use chrono::DateTime;
use serde_json::{Value, json};
use tower::ServiceExt as _;

use crate::clock::TestClock;
use crate::configuration;
use crate::context::{self, context};
use crate::support::TestDb;

/// 2026-01-05, a Monday, at noon.
const BEGINNING: &str = "2026-01-05T12:00:00+08:00";
const PASSWORD: &str = "a long enough password";

/// The product without its listener.
pub(crate) struct House {
    pub(crate) ctx: Context,
    pub(crate) clock: Arc<TestClock>,
    pub(crate) wall: Arc<TestClock>,
    router: Router,
    pub(crate) db: TestDb,
    _files: tempfile::TempDir,
}

impl House {
    pub(crate) async fn new(db: TestDb) -> Self {
        Self::with(db, WebSettings::default(), settings()).await
    }

    pub(crate) async fn with(db: TestDb, web: WebSettings, settings: Settings) -> Self {
        Self::build(db, web, settings, None).await
    }

    /// Beside a planet.
    pub(crate) async fn with_planet(db: TestDb, planet: Planet) -> Self {
        Self::build(db, WebSettings::default(), settings(), Some(planet)).await
    }

    async fn build(
        db: TestDb,
        web: WebSettings,
        settings: Settings,
        planet: Option<Planet>,
    ) -> Self {
        let files = tempfile::tempdir().unwrap();
        let beginning = DateTime::parse_from_rfc3339(BEGINNING).unwrap();
        let beginning = Timestamp::from(beginning).micros();
        let (clock, wall) = (TestClock::at(beginning), TestClock::at(beginning));
        let clients = Clients {
            planet,
            ..Clients::default()
        };
        let ctx = Context {
            clients: clients.into(),
            ..context(&db, clock.clone(), wall.clone(), settings, &files).await
        };
        let live = LiveContext::from(ctx.clone());
        let chat = WecomChat::new(live.clone()).unwrap();
        let jobs = Jobs::new(live.clone(), Arc::new(chat));
        Self {
            router: router(live, jobs, configuration::unchanging(&ctx), web),
            ctx,
            clock,
            wall,
            db,
            _files: files,
        }
    }

    /// Makes an account of a role, named like it, and signs it in.
    pub(crate) async fn signed_in(&self, role: Role) -> Staff {
        let account = NewAccount {
            username: role.as_str().to_owned(),
            password: PASSWORD.into(),
            role,
            display_name: Some(role.shown().to_owned()),
            wecom_userid: None,
        };
        let user = staff::create(&self.ctx, None, account).await.unwrap();
        let reply = self.log_in(role.as_str(), PASSWORD).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text());
        Staff {
            id: user.id.0,
            token: reply.data()["token"].as_str().unwrap().to_owned(),
        }
    }

    pub(crate) async fn log_in(&self, username: &str, password: &str) -> Reply {
        let body = json!({"username": username, "password": password});
        self.post("/api/auth/login").json(&body).send().await
    }

    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call(Method::POST, path)
    }

    pub(crate) fn put(&self, path: &str) -> Call<'_> {
        self.call(Method::PUT, path)
    }

    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call(Method::DELETE, path)
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> Call<'_> {
        let peer = ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 4711)));
        let mut request = Request::new(Body::empty());
        *request.method_mut() = method;
        *request.uri_mut() = path.parse().unwrap();
        request.extensions_mut().insert(peer);
        Call {
            house: self,
            request,
        }
    }

    /// The audit chain holds, and these actions are in it, in this order among others.
    pub(crate) async fn assert_audited(&self, actions: &[&str]) {
        let mut conn = self.ctx.db.read().await.unwrap();
        let chain = audit::verify(&mut conn, self.ctx.keys()).await.unwrap();
        assert!(matches!(chain, ChainStatus::Intact { .. }), "{chain:?}");
        let all = AuditFilter::default();
        let rows = all.all(&mut conn).await.unwrap().good;
        let mut told: Vec<_> = rows.iter().rev().map(|row| row.action.as_str()).collect();
        told.retain(|action| actions.contains(action));
        assert_eq!(told, actions);
    }
}

/// A member of staff who has signed in.
pub(crate) struct Staff {
    pub(crate) id: i64,
    pub(crate) token: String,
}

/// A request in the making.
pub(crate) struct Call<'a> {
    house: &'a House,
    request: Request<Body>,
}

#[expect(
    clippy::wrong_self_convention,
    reason = "a call is told how to go, link by link"
)]
impl Call<'_> {
    pub(crate) fn as_staff(self, staff: &Staff) -> Self {
        self.header("authorization", &format!("Bearer {}", staff.token))
    }

    pub(crate) fn header(mut self, name: &'static str, value: &str) -> Self {
        let headers = self.request.headers_mut();
        headers.insert(name, value.parse().unwrap());
        self
    }

    pub(crate) fn from_address(mut self, address: [u8; 4]) -> Self {
        let peer = ConnectInfo(SocketAddr::from((address, 4711)));
        self.request.extensions_mut().insert(peer);
        self
    }

    pub(crate) fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }

    pub(crate) fn body(mut self, body: impl Into<Body>) -> Self {
        *self.request.body_mut() = body.into();
        self
    }

    pub(crate) async fn send(self) -> Reply {
        let response = self.house.router.clone().oneshot(self.request).await;
        let (parts, body) = response.unwrap().into_parts();
        Reply {
            status: parts.status,
            headers: parts.headers,
            bytes: axum::body::to_bytes(body, 16 << 20).await.unwrap().to_vec(),
        }
    }
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl Reply {
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).unwrap_or_else(|_| panic!("no JSON: {}", self.text()))
    }

    /// The data of a good answer.
    pub(crate) fn data(&self) -> Value {
        let mut json = self.json();
        assert_eq!(self.status, StatusCode::OK, "{json}");
        assert_eq!(
            (&json["code"], &json["message"]),
            (&json!(200), &json!("成功"))
        );
        assert!(json["timestamp"].is_i64());
        json["data"].take()
    }

    /// That it is a bad answer of this kind, in the envelope; it, for more.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, word: &str) -> Value {
        let json = self.json();
        assert_eq!(
            (self.status.as_u16(), json["error"].as_str()),
            (status, Some(word)),
            "{json}"
        );
        assert_eq!(json["code"], status);
        assert!(
            json["message"]
                .as_str()
                .is_some_and(|text| !text.is_ascii())
        );
        assert!(json["timestamp"].is_i64());
        assert_eq!(self.headers[header::CONTENT_TYPE], "application/json");
        json
    }

    /// That these fields are wrong, and no others.
    #[track_caller]
    pub(crate) fn wrong_fields(&self, fields: &[&str]) {
        let json = self.refused(422, "invalid_input");
        let told: Vec<&String> = json["fields"].as_object().unwrap().keys().collect();
        assert_eq!(told, fields, "{json}");
    }
}

pub(crate) fn settings() -> Settings {
    Settings {
        recipients: vec!["lin.yue".to_owned()],
        ..context::settings()
    }
}
