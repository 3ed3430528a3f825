//! What the stand-in keeps: data, and what follows from them alone.

mod customer_groups;
mod media;
mod oauth;
mod pace;
mod robots;
mod tokens;

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

pub use robots::RobotMessage;
pub(crate) use {
    customer_groups::{CustomerGroups, Group, Joined},
    media::Media,
    oauth::{Identity, IssuedCode},
    pace::Pace,
    robots::Robot,
    tokens::Tokens,
};

use super::{
    delivery::{Delivery, Door, Outgoing},
    directory::Directory,
    message::Message,
    random::secret_text,
    smart_robot::RobotState,
};

/// Messages and deliveries kept, each: enough for any test, bounded for a demo that runs for weeks.
const MAX_KEPT: usize = 20_000;

/// Everything behind the stand-in's lock.
pub(crate) struct State {
    pub(crate) directory: Directory,
    pub(crate) tokens: Tokens,
    /// What was said in the app's chats, oldest first.
    pub(crate) messages: VecDeque<Message>,
    pub(crate) response_codes: HashMap<String, ResponseCode>,
    pub(crate) task_ids: HashSet<String>,
    /// Request bodies whose repetition is suppressed: (until, msgid).
    pub(crate) duplicates: HashMap<String, (DateTime<Utc>, String)>,
    /// When the app wrote to a member, for the limit per minute and hour.
    pub(crate) pace: HashMap<String, Pace>,
    pub(crate) menu: Option<Value>,
    pub(crate) oauth_codes: HashMap<String, IssuedCode>,
    /// Tickets of the private-information scope: (userid, expires).
    pub(crate) user_tickets: HashMap<String, (String, DateTime<Utc>)>,
    pub(crate) media: HashMap<String, Media>,
    pub(crate) robots: BTreeMap<String, Robot>,
    pub(crate) customer_groups: CustomerGroups,
    pub(crate) smart_robot: RobotState,
    /// Callback addresses as set in the console, where they are not the usual ones.
    pub(crate) callback_urls: BTreeMap<Door, String>,
    pub(crate) deliveries: VecDeque<Delivery>,
    /// A callback held back until another one has gone first.
    pub(crate) held_back: Option<Outgoing>,
    /// The domain that was entered under 网页授权及JS-SDK; none: the application's own.
    pub(crate) trusted_domain: Option<String>,
    /// True if the application was switched off.
    pub(crate) is_closed: bool,
    next_number: u64,
}

/// A permission to update one card once.
#[derive(Clone, Debug)]
pub(crate) struct ResponseCode {
    pub(crate) message_id: String,
    /// In business time.
    pub(crate) expires: DateTime<Utc>,
    pub(crate) is_used: bool,
}

impl State {
    pub(crate) fn new() -> Self {
        Self {
            directory: Directory::demo(),
            tokens: Tokens::default(),
            messages: VecDeque::new(),
            response_codes: HashMap::new(),
            task_ids: HashSet::new(),
            duplicates: HashMap::new(),
            pace: HashMap::new(),
            menu: None,
            oauth_codes: HashMap::new(),
            user_tickets: HashMap::new(),
            media: HashMap::new(),
            robots: Robot::demo(),
            customer_groups: CustomerGroups::demo(),
            smart_robot: RobotState::demo(),
            callback_urls: BTreeMap::new(),
            deliveries: VecDeque::new(),
            held_back: None,
            trusted_domain: None,
            is_closed: false,
            next_number: 1,
        }
    }

    /// A number that was never given before.
    pub(crate) fn next_number(&mut self) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Issues a response code for a card: one use within 72 hours (wecom-app §7).
    pub(crate) fn issue_response_code(&mut self, message_id: &str, now: DateTime<Utc>) -> String {
        let code = format!("rc_{}", secret_text());
        let expires = now.checked_add_signed(TimeDelta::hours(72)).unwrap_or(now);
        let issued = ResponseCode {
            message_id: message_id.to_owned(),
            expires,
            is_used: false,
        };
        self.response_codes.insert(code.clone(), issued);
        code
    }

    /// Keeps a message; the oldest goes when there are too many.
    pub(crate) fn keep_message(&mut self, message: Message) {
        if self.messages.len() >= MAX_KEPT {
            self.messages.pop_front();
        }
        self.messages.push_back(message);
    }

    /// Keeps a delivery; the oldest goes when there are too many.
    pub(crate) fn keep_delivery(&mut self, delivery: Delivery) {
        if self.deliveries.len() >= MAX_KEPT {
            self.deliveries.pop_front();
        }
        self.deliveries.push_back(delivery);
    }

    pub(crate) fn message(&self, message_id: &str) -> Option<&Message> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.id == message_id)
    }

    pub(crate) fn message_mut(&mut self, message_id: &str) -> Option<&mut Message> {
        self.messages
            .iter_mut()
            .rev()
            .find(|message| message.id == message_id)
    }
}
