//! Following a stream: the platform asks again and again, until the answer is finished or six
//! minutes have passed since the message (wecom-bots-h5 §1.4).

use std::time::Duration;

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::{About, Question, chats::Progress};
use crate::{
    faults::Platform,
    wecom::{
        Wecom,
        delivery::{Outgoing, Subject},
    },
};

/// Pause between two polls; the platform's own is not documented.
const POLL_PAUSE: Duration = Duration::from_millis(400);
/// How long a stream lives, counted from the message, in business time.
const LIFE: TimeDelta = TimeDelta::minutes(6);

impl Wecom {
    /// Polls in the background until the stream ends.
    pub(super) fn follow(&self, question: Question) {
        let wecom = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(POLL_PAUSE).await;
                let About::Refresh {
                    message_id,
                    stream_id,
                } = &question.about
                else {
                    return;
                };
                if !wecom.goes_on(message_id) {
                    return;
                }
                let mut json = wecom.robot_frame(&question.userid, &question.chat, "stream");
                json.insert("stream".to_owned(), json!({ "id": stream_id }));
                let refresh = Outgoing {
                    kind: "stream".to_owned(),
                    userid: question.userid.clone(),
                    plaintext: Value::Object(json).to_string(),
                    subject: Subject::Robot(question.clone()),
                };
                wecom.poll(refresh).await;
            }
        });
    }

    /// Whether the answer to this message is still running; breaks it off if it is too old.
    fn goes_on(&self, message_id: &str) -> bool {
        let now = self.world().clock.now();
        let mut state = self.state();
        let robot = &mut state.smart_robot;
        let Some(question) = robot.said(message_id) else {
            return false;
        };
        let is_late = now.signed_duration_since(question.at) >= LIFE;
        let answer = question
            .asked
            .as_ref()
            .and_then(|asked| asked.answer.clone());
        let stream = answer
            .and_then(|answer| robot.said_mut(&answer))
            .and_then(|said| said.stream.as_mut());
        let Some(stream) = stream.filter(|stream| stream.progress == Progress::Running) else {
            return false;
        };
        if !is_late {
            return true;
        }
        stream.progress = Progress::BrokenOff;
        let stream_id = stream.id.clone();
        robot.settle(message_id);
        drop(state);
        self.tell_waiters();
        self.world().violations.record(
            Platform::Wecom,
            "reply to stream",
            "a stream is finished within 6 minutes of the message",
            format!("stream {stream_id} is broken off"),
        );
        false
    }
}
