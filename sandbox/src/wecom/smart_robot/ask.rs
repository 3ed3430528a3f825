//! What members do in the robot's chats, and the callbacks that follow (wecom-bots-h5 §1.3, §1.5).

use chrono::FixedOffset;
use serde_json::{Map, Value, json};

use super::{
    About, Question, RobotChat, RobotWords,
    chats::{Asked, MAX_IN_FLIGHT, RobotGroup, Said},
    feedback::{FeedbackKind, Rating},
};
use crate::wecom::{
    Wecom,
    delivery::{Delivery, Outgoing, Subject},
    random::secret_text,
};

/// Seconds that the platform's day is ahead of UTC.
const SHANGHAI_OFFSET_S: i32 = 8 * 3600;

/// Why a member cannot say something to the robot.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    /// The member is not in that chat.
    #[error("not in this chat")]
    NotInChat,
    /// Groups take text, and text with pictures.
    #[error("a group takes text only")]
    NotInGroups,
    /// Three answers to this member are still on their way.
    #[error("three answers are still on their way")]
    TooManyInFlight,
}

impl Wecom {
    /// Adds an internal group with the robot in it.
    pub fn add_robot_group(&self, chat_id: &str, name: &str, members: &[&str]) {
        let group = RobotGroup {
            name: name.to_owned(),
            members: members.iter().map(|userid| userid.to_lowercase()).collect(),
        };
        let mut state = self.state();
        state.smart_robot.groups.insert(chat_id.to_owned(), group);
        drop(state);
        self.tell_waiters();
    }

    /// The chats of a member with the robot, and their names: their own, then groups.
    pub fn robot_chats(&self, userid: &str) -> Vec<(RobotChat, String)> {
        let state = self.state();
        let groups = state.smart_robot.groups.iter();
        let groups = groups
            .map(|(id, group)| (RobotChat::Group(id.clone()), group.name.clone()))
            .filter(|(chat, _)| state.smart_robot.is_in(chat, userid));
        let single = RobotChat::Single(userid.to_owned());
        [(single, self.smart_robot().name.clone())]
            .into_iter()
            .chain(groups)
            .collect()
    }

    /// From now on callbacks name members by their encrypted ids, as they do when the robot's
    /// creator is no super administrator (wecom-bots-h5 §1.10).
    pub fn hide_userids_from_robot(&self, hides: bool) {
        self.state().smart_robot.hides_userids = hides;
    }

    /// The member says something in one of the robot's chats. Waits until the application has
    /// answered the callback; `None` if the robot was not mentioned in a group, so that there is
    /// none.
    ///
    /// # Errors
    /// [`AskError`] when the client would not let them.
    pub async fn ask_robot(
        &self,
        userid: &str,
        chat: &RobotChat,
        words: impl Into<RobotWords>,
    ) -> Result<Option<Delivery>, AskError> {
        let words = words.into();
        let Some(message_id) = self.say_to_robot(userid, chat, &words)? else {
            return Ok(None);
        };
        let msgtype = words.kind.msgtype();
        let payload = words
            .kind
            .payload(|name, bytes| self.keep_for_robot(name, bytes));
        let mut json = self.robot_frame(userid, chat, msgtype);
        json.insert(msgtype.to_owned(), payload);
        if let Some(quote) = self.robot_quote(&words) {
            json.insert("quote".to_owned(), quote);
        }
        let quotes = matches!(chat, RobotChat::Group(_)).then(|| words.kind.text().to_owned());
        json.insert(
            "response_url".to_owned(),
            json!(self.response_url(chat, quotes)),
        );
        let about = About::Message { message_id };
        Ok(Some(
            self.call_robot(msgtype, userid, chat, about, json).await,
        ))
    }

    /// The member opens their chat with the robot. The robot hears of the first time each day.
    pub async fn enter_robot_chat(&self, userid: &str) -> Option<Delivery> {
        let chat = RobotChat::Single(userid.to_owned());
        let zone = FixedOffset::east_opt(SHANGHAI_OFFSET_S)?;
        let today = self.world().clock.now().with_timezone(&zone).date_naive();
        let before = self
            .state()
            .smart_robot
            .entered
            .insert(userid.to_owned(), today);
        if before == Some(today) {
            return None;
        }
        let json = self.robot_event(userid, &chat, "enter_chat", Value::Null);
        let called = self.call_robot("enter_chat", userid, &chat, About::Enter, json);
        Some(called.await)
    }

    /// The member gives thumbs to an answer; `None` if it did not ask for feedback.
    pub async fn rate_robot(
        &self,
        userid: &str,
        message_id: &str,
        rating: impl Into<Rating>,
    ) -> Option<Delivery> {
        let rating = rating.into();
        let (chat, feedback_id) = {
            let mut state = self.state();
            let said = state.smart_robot.said_mut(message_id)?;
            let feedback = said.feedback.as_mut()?;
            feedback.kind = Some(rating.kind).filter(|given| *given != FeedbackKind::Cancelled);
            (said.chat.clone(), feedback.id.clone())
        };
        self.tell_waiters();
        let mut event = json!({ "id": feedback_id, "type": match rating.kind {
            FeedbackKind::Accurate => 1,
            FeedbackKind::Inaccurate => 2,
            FeedbackKind::Cancelled => 3,
        }});
        if rating.kind == FeedbackKind::Inaccurate {
            event["content"] = json!(rating.content);
            event["inaccurate_reason_list"] = json!(rating.reasons);
        }
        let json = self.robot_event(userid, &chat, "feedback_event", event);
        let called = self.call_robot("feedback_event", userid, &chat, About::Feedback, json);
        Some(called.await)
    }

    /// Puts the words into the chat. Gives the message's id if the robot is to hear of it.
    fn say_to_robot(
        &self,
        userid: &str,
        chat: &RobotChat,
        words: &RobotWords,
    ) -> Result<Option<String>, AskError> {
        let is_group = matches!(chat, RobotChat::Group(_));
        let mention = format!("@{}", self.smart_robot().name);
        let is_heard = !is_group || words.kind.text().contains(&mention);
        let now = self.world().clock.now();
        let mut state = self.state();
        if !state.smart_robot.is_in(chat, userid) {
            return Err(AskError::NotInChat);
        }
        if is_group && !words.kind.is_for_groups() {
            return Err(AskError::NotInGroups);
        }
        if is_heard && state.smart_robot.in_flight(userid) >= MAX_IN_FLIGHT {
            return Err(AskError::TooManyInFlight);
        }
        let number = state.next_number();
        let robot = &mut state.smart_robot;
        let quotes = words.quoted.as_deref().and_then(|id| robot.said(id));
        let quotes = quotes.map(|said| said.content.clone());
        let said = Said {
            content: words.kind.text().to_owned(),
            quotes,
            asked: is_heard.then(Asked::default),
            ..Said::new(number, now, chat, Some(userid), words.kind.msgtype())
        };
        let message_id = said.id.clone();
        robot.keep(said);
        drop(state);
        self.tell_waiters();
        Ok(is_heard.then_some(message_id))
    }

    /// What the message quotes, as the robot is told; whatever was quoted, its text.
    fn robot_quote(&self, words: &RobotWords) -> Option<Value> {
        let state = self.state();
        let quoted = state.smart_robot.said(words.quoted.as_deref()?)?;
        Some(json!({ "msgtype": "text", "text": { "content": quoted.content } }))
    }

    /// The address that takes one message within the hour.
    pub(super) fn response_url(&self, chat: &RobotChat, quotes: Option<String>) -> String {
        let now = self.world().clock.now();
        let code = self.state().smart_robot.issue_url(chat, quotes, now);
        let base_url = self.world().base_url();
        format!("{base_url}/wecom/cgi-bin/aibot/response?response_code={code}")
    }

    /// The fields that every callback has.
    pub(super) fn robot_frame(
        &self,
        userid: &str,
        chat: &RobotChat,
        msgtype: &str,
    ) -> Map<String, Value> {
        let state = self.state();
        let known = state.directory.member(userid);
        let from = match known.filter(|_| state.smart_robot.hides_userids) {
            Some(member) => member.open_userid(),
            None => userid.to_owned(),
        };
        let mut frame = Map::from_iter([
            ("msgid".to_owned(), json!(secret_text())),
            ("aibotid".to_owned(), json!(self.smart_robot().bot_id)),
            ("from".to_owned(), json!({ "userid": from })),
            ("msgtype".to_owned(), json!(msgtype)),
        ]);
        match chat {
            RobotChat::Single(_) => frame.insert("chattype".to_owned(), json!("single")),
            RobotChat::Group(chat_id) => {
                frame.insert("chatid".to_owned(), json!(chat_id));
                frame.insert("chattype".to_owned(), json!("group"))
            }
        };
        frame
    }

    pub(super) fn robot_event(
        &self,
        userid: &str,
        chat: &RobotChat,
        eventtype: &str,
        payload: Value,
    ) -> Map<String, Value> {
        let mut frame = self.robot_frame(userid, chat, "event");
        let created = self.world().clock.wall_now().timestamp();
        let mut event = json!({ "eventtype": eventtype });
        if !payload.is_null() {
            event[eventtype] = payload;
        }
        frame.insert("create_time".to_owned(), json!(created));
        frame.insert("event".to_owned(), event);
        frame
    }

    /// Delivers a callback and waits for what the application says.
    pub(super) async fn call_robot(
        &self,
        kind: &str,
        userid: &str,
        chat: &RobotChat,
        about: About,
        json: Map<String, Value>,
    ) -> Delivery {
        let question = Question {
            chat: chat.clone(),
            userid: userid.to_owned(),
            about,
        };
        self.deliver(Outgoing {
            kind: kind.to_owned(),
            userid: userid.to_owned(),
            plaintext: Value::Object(json).to_string(),
            subject: Subject::Robot(question),
        })
        .await
    }
}
