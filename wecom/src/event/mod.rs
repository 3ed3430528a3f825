//! Messages and events that members and the platform send to an application (wecom-app §2).
//!
//! A value of [`Inbound`] can only come out of [`callback::open`](crate::callback::open). Every
//! kind of the reference is typed; [`Inbound::fields`] keeps the raw elements of all of them,
//! because WeCom adds kinds and fields without notice.

mod card;
mod contact;
mod customer;
mod kind;
mod menu;
mod message;

use sha1::{Digest, Sha1};

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
    /// An element that every message has is missing or empty.
    #[error("the message has no `{0}`")]
    Missing(&'static str),
    /// An element is not the integer it has to be.
    #[error("`{0}` is not an integer")]
    Number(&'static str),
}

/// One verified message or event of an application.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Inbound {
    /// CorpID of the receiving corp.
    pub to_user: String,
    /// userid of the member, or [`SYSTEM_USER`]. userids are case-insensitive.
    pub from_user: String,
    /// Time of sending, in Unix seconds.
    pub created_at_s: i64,
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
    /// [`ContentError`]: it is no acceptable XML, or lacks what every message has.
    pub fn parse(xml: String) -> Result<Self, ContentError> {
        let fields = Fields::parse(xml)?;
        let common = Common::find(&fields);
        let msg_type = common.msg_type.ok_or(ContentError::Missing("MsgType"))?;
        let body = if msg_type.eq_ignore_ascii_case("event") {
            let name = common.event.ok_or(ContentError::Missing("Event"))?;
            Body::Event(Event::parse(name, &fields))
        } else {
            Body::Message(Message::parse(msg_type, &fields))
        };
        let created_at = common
            .create_time
            .ok_or(ContentError::Missing("CreateTime"))?;
        Ok(Self {
            to_user: common
                .to_user
                .ok_or(ContentError::Missing("ToUserName"))?
                .to_owned(),
            from_user: common
                .from_user
                .ok_or(ContentError::Missing("FromUserName"))?
                .to_owned(),
            created_at_s: created_at
                .parse()
                .map_err(|_| ContentError::Number("CreateTime"))?,
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
    /// Messages are told apart by `MsgId` with application, sender and second, because `MsgId`
    /// alone has collided. Events are told apart by all that names their subject, since the
    /// documented sender and second are shared by unrelated events of `sys`; where nothing names it
    /// (an approval, a scan, a place), by the whole text, which a re-delivery repeats.
    pub fn dedupe_key(&self) -> String {
        const OF_MESSAGE: &[&str] = &["AgentID", "FromUserName", "CreateTime", "MsgId"];
        const OF_EVENT: &[&str] = &[
            "AgentID",
            "FromUserName",
            "CreateTime",
            "EventKey",
            // Two members may enter one customer group within a second.
            "UpdateDetail",
            "CurMemVer",
        ];
        const SUBJECTS: &[&str] = &[
            "TaskId",
            "ResponseCode",
            "ChangeType",
            "ChatId",
            "UserID",
            "ExternalUserID",
            "Id",
            "TagId",
        ];
        let mut hash = Sha1::new();
        let mut add = |value: &str| {
            hash.update(value.len().to_be_bytes());
            hash.update(value.as_bytes());
        };
        let (prefix, names, subjects) = match self.body {
            Body::Message(_) => ("m:", OF_MESSAGE, &[][..]),
            Body::Event(_) => {
                add(&self
                    .fields
                    .get("Event")
                    .unwrap_or_default()
                    .to_ascii_lowercase());
                add(self.job_id().unwrap_or_default());
                ("e:", OF_EVENT, SUBJECTS)
            }
        };
        for name in names.iter().chain(subjects) {
            add(self.fields.get(name).unwrap_or_default());
        }
        let is_event = matches!(self.body, Body::Event(_));
        if is_event && self.job_id().is_none() && !self.names_one_of(SUBJECTS) {
            add(self.fields.xml());
        }
        let hash: [u8; 20] = hash.finalize().into();
        hash.iter().fold(String::from(prefix), |key, byte| {
            key + &format!("{byte:02x}")
        })
    }

    fn job_id(&self) -> Option<&str> {
        self.fields.element("BatchJob")?.get("JobId")
    }

    fn names_one_of(&self, names: &[&str]) -> bool {
        names.iter().any(|name| self.fields.get(name).is_some())
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
