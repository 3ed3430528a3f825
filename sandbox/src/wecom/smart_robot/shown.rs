//! What a member's phone shows of the robot's chats.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;

use super::{
    FeedbackKind, RobotChat,
    chats::{Progress, Said},
};
use crate::wecom::{
    TimedOut, Wecom,
    shown::{ShownCard, readable_text, shown_card},
};

/// A message in one of the robot's chats.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownRobotMessage {
    pub message_id: String,
    /// In business time.
    pub at: DateTime<Utc>,
    /// userid of who said it; the robot has none.
    pub author: Option<String>,
    /// `text`, `stream`, `template_card`, `markdown` …
    pub msgtype: String,
    /// Text of the message that it quotes.
    pub quotes: Option<String>,
    /// Text or markdown of it.
    pub content: String,
    /// Everything readable in it, the card included, line by line.
    pub text: String,
    /// Pictures of a finished stream, in base64.
    pub pictures: Vec<String>,
    /// How far a streamed answer is.
    pub stream: Option<ShownStream>,
    /// The card's parts, if there is one.
    pub card: Option<ShownCard>,
    /// The card's JSON in its present state.
    pub card_content: Option<Value>,
    /// Thumbs, if it asks for them.
    pub feedback: Option<ShownFeedback>,
}

/// How far a streamed answer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownStream {
    /// Id of the stream.
    pub id: String,
    /// Whether the answer is complete.
    pub is_finished: bool,
    /// Whether the six minutes ran out first.
    pub is_broken_off: bool,
}

/// Thumbs under an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ShownFeedback {
    /// The id that the answer carried.
    pub id: String,
    /// What was given.
    pub kind: Option<FeedbackKind>,
}

impl ShownRobotMessage {
    fn of(said: &Said, userid: &str) -> Self {
        let view = said.card.as_ref().map(|card| card.view(userid));
        let card = said
            .card
            .as_ref()
            .zip(view)
            .map(|(card, view)| shown_card(&card.task_id, view));
        let card_content = view.map(|view| view.json.clone());
        let lines = [
            Some(said.content.clone()),
            card_content.as_ref().map(readable_text),
            card.as_ref().and_then(|card| card.replaced_by.clone()),
        ];
        let lines: Vec<String> = lines
            .into_iter()
            .flatten()
            .filter(|line| !line.is_empty())
            .collect();
        Self {
            message_id: said.id.clone(),
            at: said.at,
            author: said.author.clone(),
            msgtype: said.msgtype.clone(),
            quotes: said.quotes.clone(),
            content: said.content.clone(),
            text: lines.join("\n"),
            pictures: said.pictures.clone(),
            stream: said.stream.as_ref().map(|stream| ShownStream {
                id: stream.id.clone(),
                is_finished: stream.progress == Progress::Finished,
                is_broken_off: stream.progress == Progress::BrokenOff,
            }),
            card,
            card_content,
            feedback: said.feedback.as_ref().map(|feedback| ShownFeedback {
                id: feedback.id.clone(),
                kind: feedback.kind,
            }),
        }
    }
}

impl Wecom {
    /// One of the robot's chats as a member sees it, oldest first; empty if they are not in it.
    pub fn robot_chat(&self, userid: &str, chat: &RobotChat) -> Vec<ShownRobotMessage> {
        let state = self.state();
        let robot = &state.smart_robot;
        if !robot.is_in(chat, userid) {
            return Vec::new();
        }
        robot
            .said
            .iter()
            .filter(|said| said.chat == *chat)
            .map(|said| ShownRobotMessage::of(said, userid))
            .collect()
    }

    /// Waits for something the robot has said in a chat, the newest first.
    ///
    /// # Errors
    /// [`TimedOut`] with what the chat shows.
    pub async fn wait_for_robot(
        &self,
        userid: &str,
        chat: &RobotChat,
        deadline: Duration,
        wanted: impl Fn(&ShownRobotMessage) -> bool,
    ) -> Result<ShownRobotMessage, TimedOut> {
        let found = self
            .wait_until(deadline, |wecom| {
                wecom
                    .robot_chat(userid, chat)
                    .into_iter()
                    .rev()
                    .find(|message| message.author.is_none() && wanted(message))
            })
            .await;
        found.ok_or_else(|| {
            let shown = self.robot_chat(userid, chat);
            let texts: Vec<String> = shown.into_iter().map(|message| message.text).collect();
            TimedOut {
                seen: texts.join("\n---\n"),
            }
        })
    }
}
