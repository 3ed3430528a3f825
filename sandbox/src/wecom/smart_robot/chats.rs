//! What the robot's side of the stand-in remembers.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use super::{RobotChat, feedback::FeedbackKind};
use crate::wecom::{message::Card, random::secret_text};

/// Messages kept of all chats together.
const MAX_KEPT: usize = 20_000;
/// How long an address for one answer lives.
const URL_LIFE: TimeDelta = TimeDelta::hours(1);
/// Answers that one member may wait for at a time.
pub(super) const MAX_IN_FLIGHT: usize = 3;

/// Everything about the robot behind the stand-in's lock.
#[derive(Debug)]
pub(crate) struct RobotState {
    pub(super) groups: BTreeMap<String, RobotGroup>,
    pub(super) said: VecDeque<Said>,
    pub(super) task_ids: HashSet<String>,
    pub(super) stream_ids: HashSet<String>,
    pub(super) response_urls: HashMap<String, IssuedUrl>,
    pub(super) media: HashMap<String, EncryptedMedia>,
    /// The business day on which somebody last opened the chat.
    pub(super) entered: HashMap<String, NaiveDate>,
    pub(super) hides_userids: bool,
}

/// A file for the robot, as it is served.
#[derive(Clone, Debug)]
pub(crate) struct EncryptedMedia {
    pub(crate) filename: String,
    pub(crate) bytes: Vec<u8>,
    pub(crate) expires: DateTime<Utc>,
}

/// An internal group that the robot is in.
#[derive(Clone, Debug)]
pub(super) struct RobotGroup {
    pub(super) name: String,
    pub(super) members: Vec<String>,
}

/// One message of a chat.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) id: String,
    /// In business time.
    pub(super) at: DateTime<Utc>,
    pub(super) chat: RobotChat,
    /// userid; the robot has none.
    pub(super) author: Option<String>,
    pub(super) msgtype: String,
    /// Text or markdown.
    pub(super) content: String,
    /// Pictures of a finished stream, in base64.
    pub(super) pictures: Vec<String>,
    pub(super) card: Option<Card>,
    pub(super) stream: Option<Stream>,
    /// Text of the message that it quotes.
    pub(super) quotes: Option<String>,
    pub(super) feedback: Option<Feedback>,
    /// If somebody asked the robot with it.
    pub(super) asked: Option<Asked>,
}

/// A streamed answer.
#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) id: String,
    pub(super) progress: Progress,
}

/// How far a stream is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// The platform goes on asking.
    Running,
    /// The application has said that it is complete.
    Finished,
    /// The six minutes ran out.
    BrokenOff,
}

/// The thumbs under an answer.
#[derive(Clone, Debug)]
pub(super) struct Feedback {
    pub(super) id: String,
    pub(super) kind: Option<FeedbackKind>,
}

/// What became of a question to the robot.
#[derive(Clone, Debug, Default)]
pub(super) struct Asked {
    /// The answer's message.
    pub(super) answer: Option<String>,
    /// Whether nothing more can come in the response to a callback.
    pub(super) is_settled: bool,
}

/// An address for one message.
#[derive(Clone, Debug)]
pub(super) struct IssuedUrl {
    pub(super) chat: RobotChat,
    pub(super) quotes: Option<String>,
    /// In business time.
    pub(super) expires: DateTime<Utc>,
    pub(super) is_used: bool,
}

impl Said {
    pub(super) fn new(
        number: u64,
        at: DateTime<Utc>,
        chat: &RobotChat,
        author: Option<&str>,
        msgtype: &str,
    ) -> Self {
        Self {
            id: format!("robot_{number:06}"),
            at,
            chat: chat.clone(),
            author: author.map(str::to_owned),
            msgtype: msgtype.to_owned(),
            content: String::new(),
            pictures: Vec::new(),
            card: None,
            stream: None,
            quotes: None,
            feedback: None,
            asked: None,
        }
    }
}

impl RobotState {
    /// The robot of the demo: known to everybody, and in one internal group.
    pub(crate) fn demo() -> Self {
        let members = ["lin.yue", "chen.an", "zhou.ke", "he.miao"];
        let group = RobotGroup {
            name: "运营讨论群".to_owned(),
            members: members.map(str::to_owned).into(),
        };
        Self {
            groups: [("wrSandboxRobot01".to_owned(), group)].into(),
            said: VecDeque::new(),
            task_ids: HashSet::new(),
            stream_ids: HashSet::new(),
            response_urls: HashMap::new(),
            media: HashMap::new(),
            entered: HashMap::new(),
            hides_userids: false,
        }
    }

    /// Keeps a message; the oldest goes when there are too many.
    pub(super) fn keep(&mut self, said: Said) {
        if self.said.len() >= MAX_KEPT {
            self.said.pop_front();
        }
        self.said.push_back(said);
    }

    pub(super) fn said(&self, id: &str) -> Option<&Said> {
        self.said.iter().rev().find(|said| said.id == id)
    }

    pub(super) fn said_mut(&mut self, id: &str) -> Option<&mut Said> {
        self.said.iter_mut().rev().find(|said| said.id == id)
    }

    /// Whether this member sees this chat.
    pub(super) fn is_in(&self, chat: &RobotChat, userid: &str) -> bool {
        match chat {
            RobotChat::Single(owner) => owner == userid,
            RobotChat::Group(id) => self
                .groups
                .get(id)
                .is_some_and(|group| group.members.iter().any(|member| member == userid)),
        }
    }

    /// Questions of a member that still wait for the end of their answer.
    pub(super) fn in_flight(&self, userid: &str) -> usize {
        self.said
            .iter()
            .filter(|said| said.author.as_deref() == Some(userid))
            .filter(|said| said.asked.as_ref().is_some_and(|asked| !asked.is_settled))
            .count()
    }

    /// Nothing more comes in the response to this question's callbacks.
    pub(super) fn settle(&mut self, message_id: &str) {
        if let Some(asked) = self
            .said_mut(message_id)
            .and_then(|said| said.asked.as_mut())
        {
            asked.is_settled = true;
        }
    }

    /// As [`RobotState::settle`] unless an answer is already there, which then goes its own way.
    pub(super) fn settle_unanswered(&mut self, message_id: &str) {
        let asked = self
            .said_mut(message_id)
            .and_then(|said| said.asked.as_mut());
        if let Some(asked) = asked.filter(|asked| asked.answer.is_none()) {
            asked.is_settled = true;
        }
    }

    /// Issues the code of an address for one message.
    pub(super) fn issue_url(
        &mut self,
        chat: &RobotChat,
        quotes: Option<String>,
        now: DateTime<Utc>,
    ) -> String {
        let code = format!("RC-{}", secret_text());
        let issued = IssuedUrl {
            chat: chat.clone(),
            quotes,
            expires: now.checked_add_signed(URL_LIFE).unwrap_or(now),
            is_used: false,
        };
        self.response_urls.insert(code.clone(), issued);
        code
    }
}
