//! Callbacks to the application: encrypted, signed, retried, and spoilt on demand
//! (wecom-app §1).
//!
//! Named faults, taken by the next callback: `callback_lost`; `callback_late` `{"ms"}`;
//! `callback_doubled` `{"copies"}` (how many come on top, default 1); `callback_reordered` (waits
//! until another one has gone first); `callback_bad_signature`; `callback_stale` `{"seconds"}`
//! (an old timestamp, well signed); `task_id_lost` (a card event without TaskId).

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rand::Rng;
use serde::Serialize;
use serde_json::Value;

use super::{Wecom, message::Author, xml::element};
use crate::faults::Platform;

/// Path of the application's callback.
const CALLBACK_PATH: &str = "/api/webhook/wecom/app";
/// The platform drops the connection after this.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// URL verification must be answered within this.
const ECHO_WITHIN: Duration = Duration::from_secs(1);
/// Deliveries in all: one and three retries.
const DELIVERIES: u32 = 4;
/// Pause before a retry; the platform does not say how long its own is.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// A callback that is to be delivered.
#[derive(Clone, Debug)]
pub(crate) struct Outgoing {
    /// `text`, or the event's name.
    pub(crate) kind: String,
    /// Whose doing it is.
    pub(crate) userid: String,
    /// Plaintext.
    pub(crate) xml: String,
}

/// What became of a callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivery {
    /// Number of the delivery, for [`Wecom::replay`].
    pub id: u64,
    /// When it was due, by the wall clock.
    pub at: DateTime<Utc>,
    /// `text`, or the event's name.
    pub kind: String,
    /// Whose doing it is.
    pub userid: String,
    /// Plaintext.
    pub xml: String,
    /// Every try; empty when it was lost, held back or is late by order, or no app is known.
    pub attempts: Vec<Attempt>,
    /// Plaintext of the application's passive reply, if it gave one.
    pub reply: Option<String>,
    /// The last envelope as it went out.
    #[serde(skip)]
    pub(crate) envelope: Option<Envelope>,
}

impl Delivery {
    /// Whether the application answered 200 in the end.
    pub fn is_accepted(&self) -> bool {
        self.attempts
            .last()
            .is_some_and(|attempt| attempt.status == Some(200))
    }
}

/// One try to deliver a callback.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// HTTP status; `None` when no answer came.
    pub status: Option<u16>,
    /// Milliseconds until the answer or the failure.
    pub took_ms: u64,
}

/// Signature, timestamp and nonce.
type SignedQuery = Vec<(&'static str, String)>;

/// The encrypted form of a callback.
#[derive(Clone, Debug)]
pub(crate) struct Envelope {
    query: SignedQuery,
    body: String,
}

/// How the next envelope is spoilt.
#[derive(Clone, Copy, Debug, Default)]
struct Spoilt {
    has_bad_signature: bool,
    seconds_old: i64,
}

impl Wecom {
    /// Performs the URL verification that follows when an administrator saves the callback
    /// address: GET with an encrypted `echostr`, the plaintext back within one second.
    ///
    /// # Errors
    /// What was wrong with the answer.
    pub async fn verify_callback_url(&self) -> Result<(), String> {
        let url = self.callback_url().ok_or("no application is known")?;
        let echo = rand::rng()
            .random_range(10u64.pow(18)..u64::MAX)
            .to_string();
        let (mut query, encrypted) = self.sign(&echo, Spoilt::default())?;
        query.push(("echostr", encrypted));
        let request = self
            .world()
            .http
            .get(url)
            .query(&query)
            .timeout(ECHO_WITHIN);
        let answer = request.send().await.map_err(|error| error.to_string())?;
        let status = answer.status();
        let body = answer.text().await.map_err(|error| error.to_string())?;
        if status == 200 && body == echo {
            return Ok(());
        }
        let problem = format!("answered {status} with {} bytes", body.len());
        self.world().violations.record(
            Platform::Wecom,
            format!("GET {CALLBACK_PATH}"),
            "URL verification: 200 with exactly the decrypted echostr",
            problem.clone(),
        );
        Err(problem)
    }

    /// Sends a delivered callback once more, byte for byte, as an attacker or a confused network
    /// would. Gives the new delivery; `None` if nothing was ever sent under that number.
    pub async fn replay(&self, delivery_id: u64) -> Option<Delivery> {
        let original = self
            .state()
            .deliveries
            .iter()
            .find(|delivery| delivery.id == delivery_id)?
            .clone();
        let envelope = original.envelope.clone()?;
        let (attempt, _) = self.post(&envelope).await?;
        let outgoing = Outgoing {
            kind: original.kind,
            userid: original.userid,
            xml: original.xml,
        };
        let mut delivery = self.new_delivery(&outgoing);
        delivery.attempts.push(attempt);
        delivery.envelope = Some(envelope);
        Some(self.file(delivery))
    }

    /// Every callback so far, oldest first (the last 20,000).
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.state().deliveries.iter().cloned().collect()
    }

    /// Delivers a callback, or does to it what a fault has ordered.
    pub(crate) async fn deliver(&self, outgoing: Outgoing) -> Delivery {
        if self.fault("callback_lost").is_some() {
            return self.file(self.new_delivery(&outgoing));
        }
        if let Some(with) = self.fault("callback_late") {
            let delay = Duration::from_millis(with["ms"].as_u64().unwrap_or(1000));
            let (wecom, later) = (self.clone(), outgoing.clone());
            tokio::spawn(async move {
                tokio::time::sleep(delay).await;
                wecom.transmit(later).await;
            });
            return self.file(self.new_delivery(&outgoing));
        }
        if self.fault("callback_reordered").is_some() {
            let filed = self.file(self.new_delivery(&outgoing));
            self.state().held_back = Some(outgoing);
            return filed;
        }
        let copies = self
            .fault("callback_doubled")
            .map_or(0, |with| with["copies"].as_u64().unwrap_or(1));
        for _ in 0..copies {
            let (wecom, copy) = (self.clone(), outgoing.clone());
            tokio::spawn(async move { wecom.transmit(copy).await });
        }
        let held_back = self.state().held_back.take();
        let delivery = self.transmit(outgoing).await;
        if let Some(held_back) = held_back {
            self.transmit(held_back).await;
        }
        delivery
    }

    /// Posts until the application answers 200, at most four times.
    async fn transmit(&self, outgoing: Outgoing) -> Delivery {
        let mut delivery = self.new_delivery(&outgoing);
        let spoilt = Spoilt {
            has_bad_signature: self.fault("callback_bad_signature").is_some(),
            seconds_old: self
                .fault("callback_stale")
                .map_or(0, |with| with["seconds"].as_i64().unwrap_or(2 * 24 * 3600)),
        };
        for delivery_idx in 0..DELIVERIES {
            if delivery_idx > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            let Ok(envelope) = self.seal(&outgoing.xml, spoilt) else {
                break;
            };
            let posted = self.post(&envelope).await;
            delivery.envelope = Some(envelope);
            let Some((attempt, body)) = posted else { break };
            let is_accepted = attempt.status == Some(200);
            delivery.attempts.push(attempt);
            if is_accepted {
                delivery.reply = self.open_reply(&outgoing, &body);
                break;
            }
        }
        self.file(delivery)
    }

    /// One try. `None` if no application is known.
    async fn post(&self, envelope: &Envelope) -> Option<(Attempt, String)> {
        let url = self.callback_url()?;
        let asked = Instant::now();
        let request = self
            .world()
            .http
            .post(url)
            .query(&envelope.query)
            .header("content-type", "text/xml")
            .body(envelope.body.clone())
            .timeout(ANSWER_WITHIN);
        let (status, body) = match request.send().await {
            Ok(answer) => {
                let status = answer.status().as_u16();
                (Some(status), answer.text().await.unwrap_or_default())
            }
            Err(error) => {
                tracing::warn!(%error, "the application did not answer a WeCom callback");
                (None, String::new())
            }
        };
        let took_ms = u64::try_from(asked.elapsed().as_millis()).unwrap_or(u64::MAX);
        Some((Attempt { status, took_ms }, body))
    }

    fn callback_url(&self) -> Option<String> {
        self.world()
            .app_url()
            .map(|app| format!("{app}{CALLBACK_PATH}"))
    }

    /// Encrypts and signs: (query without the ciphertext, ciphertext).
    fn sign(&self, plaintext: &str, spoilt: Spoilt) -> Result<(SignedQuery, String), String> {
        let keys = self.keys();
        let mut rng = rand::rng();
        let encrypted = keys
            .encrypt(plaintext.as_bytes(), rng.random())
            .map_err(|error| error.to_string())?;
        let now = self.world().clock.wall_now().timestamp();
        let timestamp = now.saturating_sub(spoilt.seconds_old).to_string();
        let nonce = rng
            .random_range(1_000_000_000u64..9_999_999_999)
            .to_string();
        let mut signature = keys.sign(&timestamp, &nonce, &encrypted);
        if spoilt.has_bad_signature {
            signature = keys.sign(&timestamp, "another nonce", &encrypted);
        }
        let query = vec![
            ("msg_signature", signature),
            ("timestamp", timestamp),
            ("nonce", nonce),
        ];
        Ok((query, encrypted))
    }

    fn seal(&self, xml: &str, spoilt: Spoilt) -> Result<Envelope, String> {
        let (query, encrypted) = self.sign(xml, spoilt)?;
        let app = self.app();
        let body = format!(
            "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID><![CDATA[{}]]></AgentID>\
             <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
            app.corp_id, app.agent_id
        );
        Ok(Envelope { query, body })
    }

    /// Reads a passive reply: empty is none; a text shows in the chat.
    fn open_reply(&self, outgoing: &Outgoing, body: &str) -> Option<String> {
        if body.is_empty() {
            return None;
        }
        match self.decrypt_reply(body) {
            Ok(reply) => {
                if let (Some("text"), Some(text)) =
                    (element(&reply, "MsgType"), element(&reply, "Content"))
                {
                    let content = serde_json::json!({"content": text});
                    self.show(&outgoing.userid, Author::App, "text", content);
                }
                Some(reply)
            }
            Err(problem) => {
                self.world().violations.record(
                    Platform::Wecom,
                    format!("reply to {}", outgoing.kind),
                    "a passive reply is empty, or encrypted and signed XML",
                    problem,
                );
                None
            }
        }
    }

    fn decrypt_reply(&self, body: &str) -> Result<String, String> {
        let part = |name| element(body, name).ok_or_else(|| format!("no {name} in the reply"));
        let encrypted = part("Encrypt")?;
        let keys = self.keys();
        keys.verify(
            part("MsgSignature")?,
            part("TimeStamp")?,
            part("Nonce")?,
            encrypted,
        )
        .map_err(|error| error.to_string())?;
        let plaintext = keys.decrypt(encrypted).map_err(|error| error.to_string())?;
        String::from_utf8(plaintext).map_err(|error| error.to_string())
    }

    fn new_delivery(&self, outgoing: &Outgoing) -> Delivery {
        Delivery {
            id: self.state().next_number(),
            at: self.world().clock.wall_now(),
            kind: outgoing.kind.clone(),
            userid: outgoing.userid.clone(),
            xml: outgoing.xml.clone(),
            attempts: Vec::new(),
            reply: None,
            envelope: None,
        }
    }

    fn file(&self, delivery: Delivery) -> Delivery {
        self.state().keep_delivery(delivery.clone());
        self.tell_waiters();
        delivery
    }

    pub(crate) fn fault(&self, name: &str) -> Option<Value> {
        self.world()
            .faults
            .take_named_anywhere(Platform::Wecom, name)
    }
}
