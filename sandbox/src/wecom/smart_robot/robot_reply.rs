//! The application's answers to the robot's callbacks: opened, checked, and shown
//! (wecom-bots-h5 §1.2, §1.6).

use serde_json::{Map, Value};

use super::{About, Question, snapshot::Snapshot};
use crate::{
    faults::Platform,
    wecom::{
        Wecom,
        callbacks::ANSWER_WITHIN,
        delivery::{Delivery, Door},
        fields::Fields,
        notes::Notes,
        refusal::Refusal,
    },
};

/// A reply before encryption.
pub(super) struct Reply<'a> {
    pub(super) fields: Fields<'a>,
    pub(super) json: &'a Map<String, Value>,
}

impl About {
    /// What kind of callback it is, for the log of violations.
    fn in_words(&self) -> &'static str {
        match self {
            Self::Message { .. } => "a message",
            Self::Refresh { .. } => "a refresh",
            Self::Enter => "enter_chat",
            Self::Click { .. } => "template_card_event",
            Self::Feedback => "feedback_event",
        }
    }
}

impl Wecom {
    /// Reads the answer to a robot's callback. Gives its plaintext if it could be opened.
    pub(in crate::wecom) fn apply_robot_reply(
        &self,
        question: &Question,
        nonce: &str,
        body: &str,
    ) -> Option<String> {
        let notes = Notes::default();
        let (reply, applied) = self.open_and_apply(question, nonce, body, &notes);
        let request = format!("robot's reply to {}", question.about.in_words());
        let violations = &self.world().violations;
        for (rule, detail) in notes.take() {
            violations.record(Platform::Wecom, request.as_str(), rule, detail);
        }
        if let Err(refusal) = applied {
            violations.record(Platform::Wecom, request, refusal.message, "nobody sees it");
            if let About::Message { message_id } = &question.about {
                self.state().smart_robot.settle_unanswered(message_id);
            }
        }
        self.tell_waiters();
        reply
    }

    /// What the delivery means for who waits: a message that never got through is not in flight.
    pub(in crate::wecom) fn settle(&self, question: &Question, delivery: &Delivery) {
        if delivery.is_accepted() {
            return;
        }
        match &question.about {
            About::Message { message_id } => self.state().smart_robot.settle(message_id),
            About::Click { .. } => {
                let deadline_ms = ANSWER_WITHIN.as_millis();
                let last = delivery.attempts.last();
                if last.is_some_and(|attempt| u128::from(attempt.took_ms) >= deadline_ms) {
                    self.world().violations.record(
                        Platform::Wecom,
                        "robot's reply to template_card_event",
                        "a click is answered within 5 s",
                        "the click is lost",
                    );
                }
            }
            About::Refresh { .. } | About::Enter | About::Feedback => {}
        }
        self.tell_waiters();
    }

    fn open_and_apply(
        &self,
        question: &Question,
        nonce: &str,
        body: &str,
        notes: &Notes,
    ) -> (Option<String>, Result<(), Refusal>) {
        if body.is_empty() {
            return (None, self.accept_no_reply(question));
        }
        let plaintext = match self.open_robot_reply(nonce, body, notes) {
            Ok(plaintext) => plaintext,
            Err(refusal) => return (None, Err(refusal)),
        };
        let applied = match serde_json::from_str(&plaintext) {
            Ok(Value::Object(json)) => {
                let fields = Fields::new(&json, String::new(), notes);
                let reply = Reply {
                    fields,
                    json: &json,
                };
                self.apply_to_chat(question, &reply)
            }
            _ => Err(Refusal::broken(47001, "a reply is a JSON object")),
        };
        (Some(plaintext), applied)
    }

    /// No reply at all: the end of it for a message, and nothing a refresh may be answered with.
    fn accept_no_reply(&self, question: &Question) -> Result<(), Refusal> {
        match &question.about {
            About::Message { message_id } => {
                self.state().smart_robot.settle_unanswered(message_id);
                Ok(())
            }
            About::Refresh { .. } => Err(Refusal::broken(
                44004,
                "a refresh is answered with the whole snapshot of its stream",
            )),
            About::Enter | About::Click { .. } | About::Feedback => Ok(()),
        }
    }

    /// The envelope has exactly four fields, and is signed over the request's nonce.
    fn open_robot_reply(&self, nonce: &str, body: &str, notes: &Notes) -> Result<String, Refusal> {
        let envelope = serde_json::from_str::<Value>(body);
        let Ok(Value::Object(envelope)) = envelope else {
            let rule = "a robot's reply is empty, or a JSON object with four fields";
            return Err(Refusal::broken(47001, rule));
        };
        let fields = Fields::new(&envelope, String::new(), notes);
        fields.only(&["encrypt", "msgsignature", "timestamp", "nonce"]);
        let encrypted = fields.required_text("encrypt", 40063)?;
        let signature = fields.required_text("msgsignature", 40063)?;
        let timestamp = fields
            .integer("timestamp")?
            .ok_or_else(|| fields.missing("timestamp", 40063))?;
        if fields.required_text("nonce", 40063)? != nonce {
            return Err(Refusal::broken(40058, "nonce is the one of the request"));
        }
        let keys = self.keys(Door::Robot);
        let opened = keys
            .verify(signature, &timestamp.to_string(), nonce, encrypted)
            .and_then(|()| keys.decrypt(encrypted));
        let opened = opened.map_err(|error| {
            Refusal::broken(40058, format!("a robot's reply can be opened: {error}"))
        })?;
        String::from_utf8(opened).map_err(|_| Refusal::broken(40035, "a reply is UTF-8"))
    }

    fn apply_to_chat(&self, question: &Question, reply: &Reply<'_>) -> Result<(), Refusal> {
        match &question.about {
            About::Message { message_id } => self.answer_message(question, message_id, reply),
            About::Refresh {
                message_id,
                stream_id,
            } => self.answer_refresh(message_id, stream_id, reply),
            About::Enter => self.welcome(question, reply),
            About::Click {
                message_id,
                task_id,
            } => self.update_robot_card(message_id, task_id, reply),
            About::Feedback => Err(Refusal::broken(
                40058,
                "a feedback_event is answered with an empty body",
            )),
        }
    }
}

impl Reply<'_> {
    /// Notes what such a reply does not have.
    pub(super) fn only(&self, has_stream: bool, has_card: bool) {
        let mut known = vec!["msgtype"];
        known.extend(has_stream.then_some("stream"));
        known.extend(has_card.then_some("template_card"));
        self.fields.only(&known);
    }

    /// The stream of the reply.
    pub(super) fn snapshot(&self, is_first: bool) -> Result<Snapshot, Refusal> {
        let stream = self.fields.required_object("stream", 40063)?;
        Snapshot::read(&stream, is_first)
    }
}
