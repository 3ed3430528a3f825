//! What a member can say to the robot (wecom-bots-h5 §1.3).

use serde_json::{Value, json};

/// One message: what it says, and which earlier one it quotes.
#[derive(Clone, Debug)]
pub struct RobotWords {
    pub(super) kind: Kind,
    pub(super) quoted: Option<String>,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Text(String),
    /// Speech, as the platform hears it.
    Voice(String),
    Image(Vec<u8>),
    File(String, Vec<u8>),
    Video(Vec<u8>),
    /// A text and a picture.
    Mixed(String, Vec<u8>),
}

impl RobotWords {
    /// Text; in a group it must mention the robot (`@name `), or the robot never hears of it.
    pub fn text(text: impl Into<String>) -> Self {
        Self::new(Kind::Text(text.into()))
    }

    /// A voice message; the robot gets what was heard. Single chats only.
    pub fn voice(heard: impl Into<String>) -> Self {
        Self::new(Kind::Voice(heard.into()))
    }

    /// A picture. Single chats only.
    pub fn image(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Image(bytes.into()))
    }

    /// A file. Single chats only.
    pub fn file(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::File(name.into(), bytes.into()))
    }

    /// A video. Single chats only.
    pub fn video(bytes: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Video(bytes.into()))
    }

    /// A text with a picture; in a group the text must mention the robot.
    pub fn mixed(text: impl Into<String>, picture: impl Into<Vec<u8>>) -> Self {
        Self::new(Kind::Mixed(text.into(), picture.into()))
    }

    /// Quotes an earlier message of the chat.
    #[must_use]
    pub fn quoting(mut self, message_id: impl Into<String>) -> Self {
        self.quoted = Some(message_id.into());
        self
    }

    fn new(kind: Kind) -> Self {
        Self { kind, quoted: None }
    }
}

impl From<&str> for RobotWords {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl Kind {
    pub(super) fn msgtype(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Voice(_) => "voice",
            Self::Image(_) => "image",
            Self::File(..) => "file",
            Self::Video(_) => "video",
            Self::Mixed(..) => "mixed",
        }
    }

    /// What can be read of it.
    pub(super) fn text(&self) -> &str {
        match self {
            Self::Text(text) | Self::Voice(text) | Self::Mixed(text, _) => text,
            Self::File(name, _) => name,
            Self::Image(_) | Self::Video(_) => "",
        }
    }

    /// Whether it can be said in a group: only what can mention the robot.
    pub(super) fn is_for_groups(&self) -> bool {
        matches!(self, Self::Text(_) | Self::Mixed(..))
    }

    /// The object named like the type; `keep` stores bytes and gives their address.
    pub(super) fn payload(&self, mut keep: impl FnMut(&str, &[u8]) -> String) -> Value {
        match self {
            Self::Text(text) | Self::Voice(text) => json!({ "content": text }),
            Self::Image(bytes) => json!({ "url": keep("image.png", bytes) }),
            Self::File(name, bytes) => json!({ "url": keep(name, bytes) }),
            Self::Video(bytes) => json!({ "url": keep("video.mp4", bytes) }),
            Self::Mixed(text, picture) => json!({ "msg_item": [
                { "msgtype": "text", "text": { "content": text } },
                { "msgtype": "image", "image": { "url": keep("image.png", picture) } },
            ]}),
        }
    }
}
