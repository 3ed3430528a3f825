//! The smart robot (智能机器人) in URL mode: a chat with every member, and internal groups where it
//! answers who mentions it (wecom-bots-h5 §1). It calls the application back with encrypted JSON,
//! follows its streams, and takes one message per `response_url`.

mod answer;
mod ask;
mod card_event;
mod card_reply;
mod chats;
mod feedback;
mod media;
mod response_url;
mod robot_reply;
mod shown;
mod snapshot;
mod streams;
mod words;

use serde::{Deserialize, Serialize};

pub use self::{
    ask::AskError,
    feedback::{FeedbackKind, Rating},
    shown::{ShownFeedback, ShownRobotMessage, ShownStream},
    words::RobotWords,
};
pub(crate) use self::{
    chats::RobotState, media::download as download_media, response_url::respond,
};

/// The robot's identity, as its creator would copy it from the settings. Invented and the same at
/// every start, so that a configuration file stays good.
#[derive(Clone, Debug)]
pub struct SmartRobot {
    /// Display name; groups mention it.
    pub name: String,
    /// `aibotid` of every callback.
    pub bot_id: String,
    /// Token of the callback.
    pub token: String,
    /// EncodingAESKey of the callback, 43 characters; media are encrypted with it too.
    pub encoding_aes_key: String,
}

impl Default for SmartRobot {
    fn default() -> Self {
        Self {
            name: "小营".to_owned(),
            bot_id: "aibSandbox0c0ffee1".to_owned(),
            token: "SandboxRobotToken".to_owned(),
            encoding_aes_key: "Qm7Wk2ZpXc9VrT4yHb6NxUe8JdLs1AfGo5KiRtBw3Eh".to_owned(),
        }
    }
}

/// Where the robot talks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RobotChat {
    /// With one member, by userid.
    Single(String),
    /// In an internal group, by its id.
    Group(String),
}

/// A callback of the robot, as far as its answer depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) chat: RobotChat,
    pub(crate) userid: String,
    pub(crate) about: About,
}

/// What a callback is about.
#[derive(Clone, Debug)]
pub(crate) enum About {
    /// A member said something.
    Message { message_id: String },
    /// How far is the answer to that message?
    Refresh {
        message_id: String,
        stream_id: String,
    },
    /// A member opened the chat for the first time that day.
    Enter,
    /// A member pressed a button of a card.
    Click { message_id: String, task_id: String },
    /// A member gave thumbs.
    Feedback,
}
