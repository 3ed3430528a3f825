//! Callbacks to the two addresses of the application, its own (wecom-app §1) and the smart robot's
//! (wecom-bots-h5 §1.2): encrypted, signed, retried, and spoilt on demand.
//!
//! Named faults, taken by the next callback: `callback_lost`; `callback_late` `{"ms"}`;
//! `callback_doubled` `{"copies"}` (how many come on top, default 1); `callback_reordered` (waits
//! until another one has gone first); `callback_bad_signature`; `callback_stale` `{"seconds"}`
//! (an old timestamp, well signed); `task_id_lost` (a card event without TaskId).

use std::time::{Duration, Instant};

use rand::Rng;
use serde_json::{Value, json};

use super::{
    Wecom,
    delivery::{Attempt, Delivery, Door, Envelope, Outgoing, SignedQuery, Subject},
};
use crate::faults::Platform;

/// The platform drops the connection after this.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(5);
/// URL verification must be answered within this.
const ECHO_WITHIN: Duration = Duration::from_secs(1);
/// Pause before a retry; the platform does not say how long its own is.
const RETRY_PAUSE: Duration = Duration::from_millis(500);

/// How the next envelope is spoilt.
#[derive(Clone, Copy, Debug, Default)]
struct Spoilt {
    has_bad_signature: bool,
    seconds_old: i64,
}

impl Wecom {
    /// Says where a callback address is, as in the platform's console. Until then it is the usual
    /// path of the application.
    pub fn set_callback_url(&self, door: Door, url: impl Into<String>) {
        self.state().callback_urls.insert(door, url.into());
    }

    /// Where a callback address is; `None` while no application is known.
    pub fn callback_url(&self, door: Door) -> Option<String> {
        if let Some(url) = self.state().callback_urls.get(&door) {
            return Some(url.clone());
        }
        let app = self.world().app_url()?;
        Some(format!("{app}{}", door.usual_path()))
    }

    /// Performs the URL verification that follows when an administrator saves the application's
    /// callback address: GET with an encrypted `echostr`, the plaintext back within one second.
    ///
    /// # Errors
    /// What was wrong with the answer.
    pub async fn verify_callback_url(&self) -> Result<(), String> {
        self.verify_url(Door::App).await
    }

    /// As [`Wecom::verify_callback_url`] for the smart robot's address.
    ///
    /// # Errors
    /// What was wrong with the answer.
    pub async fn verify_robot_url(&self) -> Result<(), String> {
        self.verify_url(Door::Robot).await
    }

    /// Whether anybody answers at the smart robot's address. An application that has no robot is
    /// none the worse for it.
    pub async fn is_robot_connected(&self) -> bool {
        matches!(self.ask_echo(Door::Robot).await, Ok(Ok(())))
    }

    async fn verify_url(&self, door: Door) -> Result<(), String> {
        self.ask_echo(door).await?.inspect_err(|problem| {
            self.world().violations.record(
                Platform::Wecom,
                format!("GET the address of the {door:?}"),
                "URL verification: 200 with exactly the decrypted echostr",
                problem.clone(),
            );
        })
    }

    /// The inner error is a wrong answer, the outer one that nobody answered.
    async fn ask_echo(&self, door: Door) -> Result<Result<(), String>, String> {
        let url = self.callback_url(door).ok_or("no application is known")?;
        let echo = rand::rng()
            .random_range(10u64.pow(18)..u64::MAX)
            .to_string();
        let (mut query, encrypted) = self.sign(door, &echo, Spoilt::default())?;
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
        Ok(if status == 200 && body == echo {
            Ok(())
        } else {
            Err(format!("answered {status} with {} bytes", body.len()))
        })
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
        let delivery = Delivery {
            id: self.state().next_number(),
            at: self.world().clock.wall_now(),
            attempts: vec![attempt],
            reply: None,
            envelope: Some(envelope),
            ..original
        };
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
        let spoilt = Spoilt {
            has_bad_signature: self.fault("callback_bad_signature").is_some(),
            seconds_old: self
                .fault("callback_stale")
                .map_or(0, |with| with["seconds"].as_i64().unwrap_or(2 * 24 * 3600)),
        };
        let delivery = self.attempt(&outgoing, spoilt).await;
        self.file(delivery)
    }

    /// Asks how far a stream has come. Polls are many: only those that fail are filed, and no
    /// ordered fault is spent on one.
    pub(crate) async fn poll(&self, outgoing: Outgoing) {
        let delivery = self.attempt(&outgoing, Spoilt::default()).await;
        if !delivery.is_accepted() {
            self.file(delivery);
        }
    }

    async fn attempt(&self, outgoing: &Outgoing, spoilt: Spoilt) -> Delivery {
        let mut delivery = self.new_delivery(outgoing);
        for delivery_idx in 0..outgoing.subject.deliveries() {
            if delivery_idx > 0 {
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            let Ok(envelope) = self.seal(outgoing, spoilt) else {
                break;
            };
            let posted = self.post(&envelope).await;
            let Some((attempt, body)) = posted else { break };
            let is_accepted = attempt.status == Some(200);
            delivery.attempts.push(attempt);
            if is_accepted {
                delivery.reply = match &outgoing.subject {
                    Subject::App { clicked } => {
                        self.apply_reply(outgoing, clicked.as_deref(), &body)
                    }
                    Subject::Robot(question) => {
                        self.apply_robot_reply(question, envelope.nonce(), &body)
                    }
                };
                delivery.envelope = Some(envelope);
                break;
            }
            delivery.envelope = Some(envelope);
        }
        if let Subject::Robot(question) = &outgoing.subject {
            self.settle(question, &delivery);
        }
        delivery
    }

    /// One try. `None` if no application is known.
    async fn post(&self, envelope: &Envelope) -> Option<(Attempt, String)> {
        let url = self.callback_url(envelope.door)?;
        let asked = Instant::now();
        let request = self
            .world()
            .http
            .post(url)
            .query(&envelope.query)
            .header("content-type", envelope.door.content_type())
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

    /// Encrypts and signs: (query without the ciphertext, ciphertext).
    fn sign(
        &self,
        door: Door,
        plaintext: &str,
        spoilt: Spoilt,
    ) -> Result<(SignedQuery, String), String> {
        let keys = self.keys(door);
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

    fn seal(&self, outgoing: &Outgoing, spoilt: Spoilt) -> Result<Envelope, String> {
        let door = outgoing.subject.door();
        let (query, encrypted) = self.sign(door, &outgoing.plaintext, spoilt)?;
        let app = self.app();
        let body = match door {
            Door::App => format!(
                "<xml><ToUserName><![CDATA[{}]]></ToUserName><AgentID><![CDATA[{}]]></AgentID>\
                 <Encrypt><![CDATA[{encrypted}]]></Encrypt></xml>",
                app.corp_id, app.agent_id
            ),
            Door::Robot => json!({ "encrypt": encrypted }).to_string(),
        };
        Ok(Envelope { door, query, body })
    }

    fn new_delivery(&self, outgoing: &Outgoing) -> Delivery {
        Delivery {
            id: self.state().next_number(),
            at: self.world().clock.wall_now(),
            door: outgoing.subject.door(),
            kind: outgoing.kind.clone(),
            userid: outgoing.userid.clone(),
            plaintext: outgoing.plaintext.clone(),
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
