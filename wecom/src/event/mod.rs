//! Messages and events that members and the platform send to an application (wecom-app §2).
//!
//! A value of [`Inbound`] can only come out of [`callback::open`](crate::callback::open). Every
//! kind of the reference is typed; [`Inbound::fields`] keeps the raw elements of all of them,
//! because WeCom adds kinds and fields without notice.

mod card;
mod contact;
mod customer;
mod dedupe;
mod kind;
mod menu;
mod message;

use dedupe::Key;

pub(crate) use card::card_type;
pub use card::{CardClick, CardMenuClick, Selection};
pub use contact::{
    ContactChange, ExtendedAttribute, ExtendedValue, PartyChange, TagChange, UserChange,
};
pub use customer::{
    ChatChange, ChatUpdate, ChatUpdateDetail, CustomerChange, CustomerTagChange, ExternalContact,
};
pub use kind::{BatchJobResult, Event, Position};
pub use menu::{PictureSource, Pictures, ScanCode, SelectedLocation};
pub use message::{Content, LinkMessage, LocationMessage, Message};

use crate::lenient_json::is_exact;
use crate::xml::{Fields, XmlError};

/// `FromUserName` of events that no member caused.
pub const SYSTEM_USER: &str = "sys";

/// The reason a decrypted message is not one that the platform sends, without its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentError {
    /// It is not acceptable XML.
    #[error("the message is refused: {0}")]
    Xml(#[from] XmlError),
    /// It is not a JSON object of the known outline (smart robots).
    #[error("the message is not the expected JSON")]
    Json,
    /// An element without which nothing can be done is missing or empty.
    #[error("the message has no `{0}`")]
    Missing(&'static str),
}

/// One verified message or event of an application.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inbound {
    /// CorpID of the receiving corp; empty if absent. The keys have proved it already.
    pub to_user: String,
    /// userid of the member, or [`SYSTEM_USER`]; empty where the platform names nobody, as in
    /// `kf_msg_or_event`. userids are case-insensitive.
    pub from_user: String,
    /// Time of sending, in Unix seconds; absent where it cannot be read.
    pub created_at_s: Option<i64>,
    /// The application; absent in contact and customer events, and where it is no number.
    pub agent_id: Option<i64>,
    /// The content.
    pub body: Body,
    fields: Fields,
}

/// Either something a member wrote or something that happened.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A chat message.
    Message(Message),
    /// An event.
    Event(Event),
}

impl Inbound {
    /// Reads a message that was verified and decrypted before, for example one that an inbox kept
    /// as [`Fields::xml`]. Whatever comes from outside goes through [`crate::callback::open`].
    ///
    /// # Errors
    /// [`ContentError`]: it is no acceptable XML, or says neither what it is nor what happened.
    pub fn parse(xml: String) -> Result<Self, ContentError> {
        let fields = Fields::parse(xml)?;
        let common = Common::find(&fields);
        let is_event = common
            .msg_type
            .is_none_or(|name| name.eq_ignore_ascii_case("event"));
        let body = match (common.msg_type, common.event) {
            (None, None) => return Err(ContentError::Missing("MsgType")),
            (_, event) if is_event => Body::Event(Event::parse(event.unwrap_or_default(), &fields)),
            (msg_type, _) => Body::Message(Message::parse(msg_type.unwrap_or_default(), &fields)),
        };
        Ok(Self {
            to_user: text(common.to_user),
            from_user: text(common.from_user.filter(|user| is_exact(user))),
            created_at_s: number(common.create_time),
            agent_id: number(common.agent_id),
            body,
            fields,
        })
    }

    /// Every element as it came, typed or not.
    pub fn fields(&self) -> &Fields {
        &self.fields
    }

    /// A key that is equal for re-deliveries and different for different messages: 42 characters
    /// of ASCII (wecom-app §1.7).
    ///
    /// Messages are told apart by `MsgId` with application, sender and second. Events are told apart
    /// by everything they say: the documented sender and second are shared by unrelated events of
    /// `sys`, any list of fields misses those that the platform adds, and no event is known to be
    /// sent again changed.
    pub fn dedupe_key(&self) -> String {
        let key = match &self.body {
            Body::Message(message) if !message.msg_id.is_empty() => Key::of_message(&self.fields),
            Body::Message(_) => Key::of_all("m:", &self.fields),
            Body::Event(_) => Key::of_all("e:", &self.fields),
        };
        key.finish()
    }
}

/// The elements that every kind shares, found in one pass.
#[derive(Default)]
struct Common<'a> {
    to_user: Option<&'a str>,
    from_user: Option<&'a str>,
    create_time: Option<&'a str>,
    msg_type: Option<&'a str>,
    event: Option<&'a str>,
    agent_id: Option<&'a str>,
}

impl<'a> Common<'a> {
    fn find(fields: &'a Fields) -> Self {
        let mut common = Self::default();
        for element in fields {
            let slot = match element.name() {
                "ToUserName" => &mut common.to_user,
                "FromUserName" => &mut common.from_user,
                "CreateTime" => &mut common.create_time,
                "MsgType" => &mut common.msg_type,
                "Event" => &mut common.event,
                "AgentID" => &mut common.agent_id,
                _ => continue,
            };
            if slot.is_none() {
                *slot = Some(element.text()).filter(|text| !text.is_empty());
            }
        }
        common
    }
}

/// Text of an element; missing and empty are equal (wecom-app §2).
fn text(value: Option<&str>) -> String {
    value.unwrap_or_default().to_owned()
}

/// Text of an element that is not always there.
fn optional(value: Option<&str>) -> Option<String> {
    value.map(str::to_owned)
}

/// A number that is not needed to understand the rest: `None` if missing or not a number. Its
/// text stays in the raw fields.
fn number<T: std::str::FromStr>(value: Option<&str>) -> Option<T> {
    value.and_then(|text| text.parse().ok())
}

/// Degrees or metres; what is infinite or not a number is nothing.
fn measure(value: Option<&str>) -> Option<f64> {
    number(value).filter(|number: &f64| number.is_finite())
}

/// A comma list within one element, which may be padded with newlines.
fn comma_list(value: Option<&str>) -> impl Iterator<Item = &str> {
    value
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty())
}

#[cfg(test)]
mod tests;
