//! A sandbox and a small application that hears its callbacks.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::{Query, State},
    http::StatusCode,
    routing::get,
};
use sandbox::{Sandbox, SandboxConfig, wecom::Wecom};
use serde::Deserialize;
use serde_json::{Value, json};
use wecom::crypto::Keys;

/// A running sandbox, and the application's side of it.
pub(crate) struct Setting {
    pub(crate) sandbox: Sandbox,
    pub(crate) http: reqwest::Client,
    pub(crate) app: App,
    token: String,
    app_url: String,
}

/// What the application has heard.
#[derive(Clone)]
pub(crate) struct App {
    keys: Keys,
    heard: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<u32>>,
    /// Statuses to answer with first; then 200.
    pub(crate) statuses: Arc<Mutex<Vec<u16>>>,
    /// Plaintext to answer with, encrypted.
    pub(crate) reply: Arc<Mutex<Option<String>>>,
}

impl App {
    /// Plaintexts of the callbacks with a good signature, oldest first.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().unwrap().clone()
    }

    /// Callbacks whose signature was bad.
    pub(crate) fn refused(&self) -> u32 {
        *self.refused.lock().unwrap()
    }
}

impl Setting {
    /// Sandbox and application, and a token fetched.
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let identity = sandbox.wecom().app().clone();
        let keys = Keys::new(
            &identity.token,
            &identity.encoding_aes_key,
            &identity.corp_id,
        )
        .unwrap();
        let app = App {
            keys,
            heard: Arc::default(),
            refused: Arc::default(),
            statuses: Arc::default(),
            reply: Arc::default(),
        };
        let app_url = serve(app.clone()).await;
        sandbox.set_app_url(app_url.clone());
        let mut setting = Self {
            sandbox,
            http: reqwest::Client::new(),
            app,
            token: String::new(),
            app_url,
        };
        setting.fetch_token().await;
        setting
    }

    pub(crate) async fn fetch_token(&mut self) {
        let identity = self.wecom().app().clone();
        let query = [
            ("corpid", identity.corp_id),
            ("corpsecret", identity.secret),
        ];
        let answer = self.get_open("gettoken", &query).await;
        self.token = answer["access_token"].as_str().unwrap().to_owned();
    }

    /// The token of the calls.
    pub(crate) fn get_token(&self) -> String {
        self.token.clone()
    }

    /// Where the application is served.
    pub(crate) fn sandbox_app_url(&self) -> String {
        self.app_url.clone()
    }

    pub(crate) fn wecom(&self) -> &Wecom {
        self.sandbox.wecom()
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}/wecom/cgi-bin/{path}", self.sandbox.base_url())
    }

    /// A GET without a token.
    pub(crate) async fn get_open(&self, path: &str, query: &[(&str, String)]) -> Value {
        let answer = self
            .http
            .get(self.url(path))
            .query(query)
            .send()
            .await
            .unwrap();
        answer.json().await.unwrap()
    }

    pub(crate) async fn get(&self, path: &str, query: &[(&str, &str)]) -> Value {
        let token = [("access_token", self.token.as_str())];
        let request = self.http.get(self.url(path)).query(&token).query(query);
        request.send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Value {
        let token = [("access_token", self.token.as_str())];
        let request = self.http.post(self.url(path)).query(&token).json(body);
        request.send().await.unwrap().json().await.unwrap()
    }

    /// message/send with what every message has.
    pub(crate) async fn send(&self, to: &str, msgtype: &str, content: Value) -> Value {
        let mut body = json!({"touser": to, "msgtype": msgtype, "agentid": 1_000_002});
        body[msgtype] = content;
        self.post("message/send", &body).await
    }

    /// Rules broken so far; forgets them.
    pub(crate) fn take_broken_rules(&self) -> Vec<String> {
        let rules = self
            .sandbox
            .violations()
            .all()
            .into_iter()
            .map(|violation| violation.rule)
            .collect();
        self.sandbox.violations().clear();
        rules
    }

    pub(crate) fn assert_no_violation(&self) {
        let violations = self.sandbox.violations().all();
        assert!(violations.is_empty(), "{violations:#?}");
    }
}

/// The code of an answer.
pub(crate) fn code(answer: &Value) -> i64 {
    answer["errcode"].as_i64().unwrap()
}

#[derive(Deserialize)]
struct Signed {
    msg_signature: String,
    timestamp: String,
    nonce: String,
    echostr: Option<String>,
}

async fn serve(app: App) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let router = Router::new()
        .route("/api/webhook/wecom/app", get(echo).post(callback))
        .with_state(app);
    tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
    url
}

async fn echo(State(app): State<App>, Query(query): Query<Signed>) -> Vec<u8> {
    let encrypted = query.echostr.unwrap();
    app.keys
        .verify(
            &query.msg_signature,
            &query.timestamp,
            &query.nonce,
            &encrypted,
        )
        .unwrap();
    app.keys.decrypt(&encrypted).unwrap()
}

async fn callback(
    State(app): State<App>,
    Query(query): Query<Signed>,
    body: String,
) -> (StatusCode, String) {
    let encrypted = body.split("<Encrypt><![CDATA[").nth(1).unwrap();
    let encrypted = encrypted.split("]]>").next().unwrap();
    if app
        .keys
        .verify(
            &query.msg_signature,
            &query.timestamp,
            &query.nonce,
            encrypted,
        )
        .is_err()
    {
        *app.refused.lock().unwrap() += 1;
        return (StatusCode::BAD_REQUEST, String::new());
    }
    let xml = String::from_utf8(app.keys.decrypt(encrypted).unwrap()).unwrap();
    app.heard.lock().unwrap().push(xml);
    let mut statuses = app.statuses.lock().unwrap();
    if !statuses.is_empty() {
        return (
            StatusCode::from_u16(statuses.remove(0)).unwrap(),
            String::new(),
        );
    }
    let reply = app.reply.lock().unwrap().clone();
    (
        StatusCode::OK,
        reply
            .map(|reply| sealed(&app.keys, &reply))
            .unwrap_or_default(),
    )
}

fn sealed(keys: &Keys, reply: &str) -> String {
    let encrypted = keys
        .encrypt(reply.as_bytes(), *b"0123456789abcdef")
        .unwrap();
    let signature = keys.sign("1767225600", "n0nce", &encrypted);
    format!(
        "<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt>\
         <MsgSignature><![CDATA[{signature}]]></MsgSignature>\
         <TimeStamp>1767225600</TimeStamp><Nonce><![CDATA[n0nce]]></Nonce></xml>"
    )
}
