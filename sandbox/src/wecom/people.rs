//! What people do on their phones, and what they see: the in-process API of tests and of the
//! phone page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    Wecom,
    delivery::{Delivery, Outgoing, Subject},
    directory::{Member, Outsider},
    message::{Author, Message},
    shown::{ShownButton, ShownCard, ShownMessage, ShownQuestion},
    xml::EventXml,
};

/// What a person chooses on a card before pressing a button: option ids or labels by question
/// key. Questions that are not named keep what the card shows as chosen.
#[derive(Clone, Debug, Default)]
pub struct Selections(BTreeMap<String, Vec<String>>);

impl Selections {
    /// Everything as the card shows it.
    pub fn as_shown() -> Self {
        Self::default()
    }

    /// Chooses exactly these options (ids or labels) of a question.
    #[must_use]
    pub fn choose<S: Into<String>>(
        mut self,
        question_key: impl Into<String>,
        options: impl IntoIterator<Item = S>,
    ) -> Self {
        self.0.insert(
            question_key.into(),
            options.into_iter().map(Into::into).collect(),
        );
        self
    }
}

/// A button that was pressed.
#[derive(Clone, Debug)]
pub struct Pressed {
    /// The fresh response code that the event carried.
    pub response_code: String,
    /// How the event reached the application.
    pub delivery: Delivery,
}

/// Why a button could not be pressed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PressError {
    /// The person's phone shows no such message.
    #[error("no such message on this phone")]
    UnknownMessage,
    /// The message is not a card.
    #[error("the message is not a card")]
    NotACard,
    /// The card has other buttons.
    #[error("no button {wanted}; there are {available:?}")]
    NoSuchButton {
        /// What was asked for.
        wanted: String,
        /// Labels of the buttons there are.
        available: Vec<String>,
    },
    /// The buttons are grey.
    #[error("the buttons are grey: {text}")]
    Grey {
        /// What the grey button says.
        text: String,
    },
    /// The button opens a page instead of calling back.
    #[error("the button opens {url}")]
    OpensPage {
        /// The page.
        url: String,
    },
    /// A chosen question or option is not on the card, or too many were chosen.
    #[error("cannot choose {what}")]
    NoSuchOption {
        /// What was chosen.
        what: String,
    },
}

impl Wecom {
    /// Everybody in the corp.
    pub fn members(&self) -> Vec<Member> {
        self.state().directory.members.values().cloned().collect()
    }

    /// People outside the corp.
    pub fn outsiders(&self) -> Vec<Outsider> {
        self.state().directory.outsiders.clone()
    }

    /// Whether `convert_to_openid` or the sign-in of somebody outside gives this openid.
    pub(crate) fn has_openid(&self, openid: &str) -> bool {
        self.state().directory.has_openid(openid)
    }

    /// Adds a member, or changes one.
    pub fn put_member(&self, member: Member) {
        self.state()
            .directory
            .members
            .insert(member.userid.clone(), member);
        self.tell_waiters();
    }

    /// Enters another trusted domain (网页授权及JS-SDK), or none. Without this it is that of the
    /// application's address, as if somebody had set it up well.
    pub fn set_trusted_domain(&self, domain: &str) {
        self.state().trusted_domain = Some(domain.to_owned());
    }

    pub(crate) fn trusted_domain(&self) -> String {
        let entered = self.state().trusted_domain.clone();
        entered.unwrap_or_else(|| {
            let url = self.world().app_url().unwrap_or_default();
            let rest = url.split_once("://").map_or("", |(_, rest)| rest);
            rest.split('/').next().unwrap_or_default().to_owned()
        })
    }

    /// Switches the application off or on, as an administrator does.
    pub fn set_closed(&self, is_closed: bool) {
        self.state().is_closed = is_closed;
    }

    /// Forgets whom the app has written to, for the limits per minute and hour: as if that time had
    /// passed, without anybody waiting.
    pub fn forget_pace(&self) {
        self.state().pace.clear();
    }

    /// The person writes a text to the app. Waits until the application has been told.
    pub async fn say(&self, userid: &str, text: &str) -> Delivery {
        let message_id = self.show(
            userid,
            Author::Member(userid.to_owned()),
            "text",
            json!({"content": text}),
        );
        let mut xml = self.event_xml(userid, "text");
        xml.cdata("Content", text);
        xml.plain("MsgId", message_id);
        self.send_event("text", userid, xml).await
    }

    /// The person sends a picture to the app.
    pub async fn send_picture(&self, userid: &str) -> Delivery {
        let media_id = format!("picture-of-{userid}");
        let message_id = self.show(
            userid,
            Author::Member(userid.to_owned()),
            "image",
            json!({"media_id": media_id}),
        );
        let mut xml = self.event_xml(userid, "image");
        xml.cdata("PicUrl", "https://wework.qpic.cn/picture");
        xml.cdata("MediaId", &media_id);
        xml.plain("MsgId", message_id);
        self.send_event("image", userid, xml).await
    }

    /// The person sends a voice message to the app.
    pub async fn send_voice(&self, userid: &str) -> Delivery {
        let media_id = format!("voice-of-{userid}");
        let message_id = self.show(
            userid,
            Author::Member(userid.to_owned()),
            "voice",
            json!({"media_id": media_id}),
        );
        let mut xml = self.event_xml(userid, "voice");
        xml.cdata("MediaId", &media_id);
        xml.cdata("Format", "amr");
        xml.plain("MsgId", message_id);
        self.send_event("voice", userid, xml).await
    }

    /// The person opens the app's chat.
    pub async fn enter(&self, userid: &str) -> Delivery {
        let mut xml = self.event_xml(userid, "event");
        xml.cdata("Event", "enter_agent");
        xml.cdata("EventKey", "");
        self.send_event("enter_agent", userid, xml).await
    }

    /// The person taps a menu entry that calls back with this key, whether or not the menu has it
    /// (phones keep old menus for a while).
    pub async fn click_menu(&self, userid: &str, key: &str) -> Delivery {
        let mut xml = self.event_xml(userid, "event");
        xml.cdata("Event", "click");
        xml.cdata("EventKey", key);
        self.send_event("click", userid, xml).await
    }

    /// The published menu, if there is one.
    pub fn menu(&self) -> Option<Value> {
        self.state().menu.clone()
    }

    /// Whether the published menu has an entry that calls back with this key.
    pub(crate) fn has_in_menu(&self, key: &str) -> bool {
        let menu = self.menu().unwrap_or_default();
        let top = menu["button"].as_array().into_iter().flatten();
        top.flat_map(|entry| {
            let below = entry["sub_button"].as_array().into_iter().flatten();
            below.chain([entry])
        })
        .any(|entry| entry["key"] == key)
    }

    /// Everything in the person's chat with the app, their own words included, oldest first.
    pub fn chat(&self, userid: &str) -> Vec<ShownMessage> {
        let state = self.state();
        state
            .messages
            .iter()
            .filter_map(|message| ShownMessage::of(message, userid))
            .collect()
    }

    /// What the app has sent the person, as their phone shows it now, oldest first.
    pub fn inbox(&self, userid: &str) -> Vec<ShownMessage> {
        let mut chat = self.chat(userid);
        chat.retain(|message| message.is_from_app);
        chat
    }

    /// One message as the person's phone shows it now.
    pub fn shown(&self, userid: &str, message_id: &str) -> Option<ShownMessage> {
        self.state()
            .message(message_id)
            .and_then(|message| ShownMessage::of(message, userid))
    }

    /// The newest card in the person's inbox that still has a live button of this label or key.
    pub fn card_with_button(&self, userid: &str, label_or_key: &str) -> Option<ShownMessage> {
        self.inbox(userid).into_iter().rev().find(|message| {
            message
                .card
                .as_ref()
                .is_some_and(|card| card.is_live() && card.button(label_or_key).is_some())
        })
    }

    /// The person presses a button of a card: by label, key, or the last part of a dotted key.
    /// Waits until the application has been told.
    ///
    /// # Errors
    /// [`PressError`] when the phone would not let them.
    pub async fn press(
        &self,
        userid: &str,
        message_id: &str,
        label_or_key: &str,
        selections: &Selections,
    ) -> Result<Pressed, PressError> {
        let message = self
            .shown(userid, message_id)
            .ok_or(PressError::UnknownMessage)?;
        let card = message.card.ok_or(PressError::NotACard)?;
        let button = pressable(&card, label_or_key)?;
        let chosen = chosen(&card, button, selections)?;
        let now = self.world().clock.now();
        let response_code = self.state().issue_response_code(message_id, now);
        let event = if button.is_in_menu {
            "template_card_menu_event"
        } else {
            "template_card_event"
        };
        let mut xml = self.event_xml(userid, "event");
        xml.cdata("Event", event);
        xml.cdata("EventKey", &button.key);
        if self.fault("task_id_lost").is_none() {
            xml.cdata("TaskId", &card.task_id);
        }
        xml.cdata("CardType", &card.card_type);
        xml.cdata("ResponseCode", &response_code);
        if !chosen.is_empty() {
            xml.nested("SelectedItems", |items| {
                for (key, option_ids) in &chosen {
                    selected_item(items, key, option_ids);
                }
            });
        }
        let clicked = Some(message_id.to_owned());
        let delivery = self.send_about(event, userid, xml, clicked).await;
        Ok(Pressed {
            response_code,
            delivery,
        })
    }

    /// Presses a button on the newest card of the person that still has it.
    ///
    /// # Errors
    /// [`PressError::UnknownMessage`] when no live card has such a button; else as
    /// [`Wecom::press`].
    pub async fn press_newest(
        &self,
        userid: &str,
        label_or_key: &str,
        selections: &Selections,
    ) -> Result<Pressed, PressError> {
        let card = self
            .card_with_button(userid, label_or_key)
            .ok_or(PressError::UnknownMessage)?;
        self.press(userid, &card.message_id, label_or_key, selections)
            .await
    }

    /// Puts a message into a person's chat. Gives its number.
    pub(crate) fn show(&self, userid: &str, author: Author, msgtype: &str, content: Value) -> u64 {
        let at = self.world().clock.now();
        let mut state = self.state();
        let number = state.next_number();
        state.keep_message(Message {
            id: format!("msg_{number:06}"),
            at,
            author,
            audience: [userid.to_lowercase()].into(),
            msgtype: msgtype.to_owned(),
            content,
            card: None,
            is_recalled: false,
        });
        drop(state);
        self.tell_waiters();
        number
    }

    fn event_xml(&self, userid: &str, msgtype: &str) -> EventXml {
        EventXml::new(
            self.app(),
            userid,
            self.world().clock.wall_now().timestamp(),
            msgtype,
        )
    }

    async fn send_event(&self, kind: &str, userid: &str, xml: EventXml) -> Delivery {
        self.send_about(kind, userid, xml, None).await
    }

    /// As `send_event`; an answer may change the card of `clicked`.
    async fn send_about(
        &self,
        kind: &str,
        userid: &str,
        mut xml: EventXml,
        clicked: Option<String>,
    ) -> Delivery {
        xml.plain("AgentID", self.app().agent_id);
        self.deliver(Outgoing {
            kind: kind.to_owned(),
            userid: userid.to_owned(),
            plaintext: xml.finish(),
            subject: Subject::App { clicked },
        })
        .await
    }
}

/// The button that is meant, if it can be pressed and calls back.
pub(super) fn pressable<'a>(
    card: &'a ShownCard,
    label_or_key: &str,
) -> Result<&'a ShownButton, PressError> {
    let button = card
        .button(label_or_key)
        .ok_or_else(|| PressError::NoSuchButton {
            wanted: label_or_key.to_owned(),
            available: card
                .buttons
                .iter()
                .map(|button| button.text.clone())
                .collect(),
        })?;
    if let Some(text) = card.replaced_by.clone().filter(|_| !button.is_in_menu) {
        return Err(PressError::Grey { text });
    }
    if let Some(url) = button.url.clone() {
        return Err(PressError::OpensPage { url });
    }
    Ok(button)
}

/// Option ids by question: what the person chose, else what the card shows as chosen.
pub(super) fn chosen(
    card: &ShownCard,
    button: &ShownButton,
    selections: &Selections,
) -> Result<Vec<(String, Vec<String>)>, PressError> {
    let is_on_card = |key: &String| card.questions.iter().any(|question| question.key == *key);
    if let Some(unknown) = selections.0.keys().find(|key| !is_on_card(key)) {
        return Err(PressError::NoSuchOption {
            what: unknown.clone(),
        });
    }
    if button.is_in_menu {
        return Ok(Vec::new());
    }
    let answers = card.questions.iter().map(|question| {
        let option_ids = match selections.0.get(&question.key) {
            Some(wanted) => find_options(question, wanted)?,
            None => shown_as_chosen(question),
        };
        Ok((question.key.clone(), option_ids))
    });
    answers.collect()
}

fn shown_as_chosen(question: &ShownQuestion) -> Vec<String> {
    let checked = question.options.iter().filter(|option| option.is_checked);
    checked.map(|option| option.id.clone()).collect()
}

fn find_options(question: &ShownQuestion, wanted: &[String]) -> Result<Vec<String>, PressError> {
    if question.is_disabled || (!question.is_multiple && wanted.len() > 1) {
        return Err(PressError::NoSuchOption {
            what: question.key.clone(),
        });
    }
    let ids = wanted.iter().map(|wanted| {
        let is_it = |id: &str, text: &str| id == wanted || text == wanted;
        let option = question
            .options
            .iter()
            .find(|option| is_it(&option.id, &option.text));
        option
            .map(|option| option.id.clone())
            .ok_or_else(|| PressError::NoSuchOption {
                what: wanted.clone(),
            })
    });
    ids.collect()
}

fn selected_item(items: &mut EventXml, key: &str, option_ids: &[String]) {
    items.nested("SelectedItem", |item| {
        item.cdata("QuestionKey", key);
        item.nested("OptionIds", |ids| {
            for id in option_ids {
                ids.cdata("OptionId", id);
            }
        });
    });
}
