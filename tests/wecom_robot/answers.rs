//! An application that answers the robot's callbacks with whatever a test wants, sealed well or
//! badly, to see what the stand-in makes of it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use axum::{
    Router,
    extract::{RawQuery, State},
    routing::post,
};
use sandbox::{
    Sandbox, SandboxConfig,
    wecom::{Door, Wecom},
};
use serde_json::{Value, json};
use wecom::{
    callback::{Envelope, Freshness, Query},
    crypto::Keys,
};

use crate::bot::serve;

/// What to answer one callback with.
#[derive(Clone)]
pub(crate) enum Answer {
    /// Nothing.
    Empty,
    /// This plaintext, sealed as it should be.
    Sealed(Value),
    /// This plaintext, its envelope changed.
    Spoilt(Value, fn(&mut Value)),
    /// This body.
    Body(String),
    /// Nothing, after so long.
    Late(Duration),
}

#[derive(Clone)]
struct App {
    keys: Keys,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    heard: Arc<Mutex<Vec<Value>>>,
}

/// A sandbox with such an application behind the robot.
pub(crate) struct Raw {
    pub(crate) sandbox: Sandbox,
    app: App,
}

impl Raw {
    pub(crate) async fn start() -> Self {
        let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
        let robot = sandbox.wecom().smart_robot();
        let app = App {
            keys: Keys::new(&robot.token, &robot.encoding_aes_key, "").unwrap(),
            answers: Arc::default(),
            heard: Arc::default(),
        };
        let router = Router::new()
            .route("/robot", post(receive))
            .with_state(app.clone());
        let url = format!("{}/robot", serve(router).await);
        sandbox.wecom().set_callback_url(Door::Robot, url);
        Self { sandbox, app }
    }

    pub(crate) fn wecom(&self) -> &Wecom {
        self.sandbox.wecom()
    }

    /// The next callbacks are answered so; later ones with nothing, refreshes with the end.
    pub(crate) fn answer(&self, answers: impl IntoIterator<Item = Answer>) {
        self.app.answers.lock().unwrap().extend(answers);
    }

    /// What came in, decrypted.
    pub(crate) fn heard(&self) -> Vec<Value> {
        self.app.heard.lock().unwrap().clone()
    }

    /// Rules broken so far; forgets them.
    pub(crate) fn take_broken_rules(&self) -> Vec<String> {
        let violations = self.sandbox.violations().all();
        self.sandbox.violations().clear();
        violations
            .into_iter()
            .map(|violation| violation.rule)
            .collect()
    }
}

async fn receive(State(app): State<App>, RawQuery(query): RawQuery, body: String) -> String {
    let query = query.unwrap();
    let query = Query::parse(&query).unwrap();
    let envelope = Envelope::from_json(&query, body.as_bytes()).unwrap();
    let plaintext = envelope.decrypt(&app.keys, Freshness::any()).unwrap();
    let callback: Value = serde_json::from_slice(&plaintext).unwrap();
    app.heard.lock().unwrap().push(callback.clone());
    let next = app.answers.lock().unwrap().pop_front();
    let answer = next.unwrap_or_else(|| match callback["msgtype"].as_str() {
        Some("stream") => Answer::Sealed(json!({"msgtype": "stream", "stream": {
            "id": callback["stream"]["id"], "finish": true, "content": "完"}})),
        _ => Answer::Empty,
    });
    match answer {
        Answer::Empty => String::new(),
        Answer::Sealed(reply) => sealed(&app.keys, &query.nonce, &reply).to_string(),
        Answer::Spoilt(reply, spoil) => {
            let mut envelope = sealed(&app.keys, &query.nonce, &reply);
            spoil(&mut envelope);
            envelope.to_string()
        }
        Answer::Body(body) => body,
        Answer::Late(delay) => {
            tokio::time::sleep(delay).await;
            String::new()
        }
    }
}

fn sealed(keys: &Keys, nonce: &str, reply: &Value) -> Value {
    let reply = reply.to_string();
    let envelope = Envelope::seal(keys, reply.as_bytes(), 1_767_225_600, nonce, [7; 16]).unwrap();
    serde_json::from_str(&envelope.to_reply_json().unwrap()).unwrap()
}
