//! message/send and message/recall.

use std::time::Duration;

use serde::{Deserialize, Serialize, Serializer, ser::SerializeMap as _};
use serde_json::{Value, json};

use super::{
    content::{Content, Kind},
    recipients::{Recipients, joined},
};
use crate::{
    OneTimeCode,
    client::{Client, Error, lenient},
    limit::{LimitError, Rule},
};

/// Longest interval in which a repeated message is suppressed.
const MAX_DUPLICATE_INTERVAL: Duration = Duration::from_secs(4 * 3600);

/// The values of `safe` beside 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Safe {
    Confidential = 1,
    WithinCorp = 2,
}

/// A message ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    recipients: Recipients,
    content: Content,
    safe: Option<Safe>,
    translate_ids: bool,
    duplicate_interval: Option<Duration>,
}

impl Message {
    /// `content` for `recipients`.
    pub fn new(recipients: Recipients, content: impl Into<Content>) -> Self {
        Self {
            recipients,
            content: content.into(),
            safe: None,
            translate_ids: false,
            duplicate_interval: None,
        }
    }

    /// Marks the message confidential (no forwarding, watermarked).
    ///
    /// # Errors
    /// [`LimitError`] on `safe`: only text, image, video, file and mpnews can be.
    pub fn confidential(mut self) -> Result<Self, LimitError> {
        if !self.content.may_be_confidential() {
            let reason = "only text, image, video, file and mpnews can be confidential";
            return Err(LimitError::not_allowed("safe", reason));
        }
        self.safe = Some(Safe::Confidential);
        Ok(self)
    }

    /// Lets articles kept by WeCom (mpnews) be shared within the corp only.
    ///
    /// # Errors
    /// [`LimitError`] on `safe`: only mpnews can be.
    pub fn within_the_corp(mut self) -> Result<Self, LimitError> {
        if !matches!(self.content.0, Kind::MpNews(_)) {
            let reason = "only mpnews can be kept within the corp";
            return Err(LimitError::not_allowed("safe", reason));
        }
        self.safe = Some(Safe::WithinCorp);
        Ok(self)
    }

    /// Lets WeCom replace `$userName=ID$`, `$departmentName=ID$` and the like.
    #[must_use]
    pub fn translate_ids(mut self) -> Self {
        self.translate_ids = true;
        self
    }

    /// Lets WeCom suppress an identical message within `interval` (1 s to 4 h), so that a repeat
    /// after an unknown outcome does no harm.
    ///
    /// # Errors
    /// [`LimitError`] on `duplicate_check_interval`.
    pub fn suppress_duplicates(mut self, interval: Duration) -> Result<Self, LimitError> {
        if interval.as_secs() == 0 || interval > MAX_DUPLICATE_INTERVAL {
            let rule = Rule::OutOfRange {
                range: "1 to 14400 seconds",
            };
            return Err(LimitError::new("duplicate_check_interval", rule));
        }
        self.duplicate_interval = Some(interval);
        Ok(self)
    }

    /// The content.
    #[must_use]
    pub fn content(&self) -> &Content {
        &self.content
    }

    /// The recipients.
    #[must_use]
    pub fn recipients(&self) -> &Recipients {
        &self.recipients
    }
}

/// A message as it goes out, with the sender's agent id.
pub(super) struct Wire<'a> {
    pub(super) message: &'a Message,
    pub(super) agent_id: u32,
}

impl Serialize for Wire<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let message = self.message;
        let mut map = serializer.serialize_map(None)?;
        for (name, ids) in [
            ("touser", joined(&message.recipients.users)),
            ("toparty", joined(&message.recipients.parties)),
            ("totag", joined(&message.recipients.tags)),
        ] {
            if !ids.is_empty() {
                map.serialize_entry(name, &ids)?;
            }
        }
        let kind = message.content.kind();
        map.serialize_entry("msgtype", kind)?;
        map.serialize_entry("agentid", &self.agent_id)?;
        match &message.content.0 {
            Kind::Text(text) => map.serialize_entry(kind, text)?,
            Kind::Markdown(markdown) => map.serialize_entry(kind, markdown)?,
            Kind::TextCard(card) => map.serialize_entry(kind, card)?,
            Kind::TemplateCard(card) => map.serialize_entry(kind, card)?,
            Kind::Image(id) | Kind::Voice(id) | Kind::File(id) => {
                map.serialize_entry(kind, &json!({ "media_id": id }))?;
            }
            Kind::Video(video) => map.serialize_entry(kind, video)?,
            Kind::News(articles) => {
                map.serialize_entry(kind, &Articles { articles })?;
            }
            Kind::MpNews(articles) => {
                map.serialize_entry(kind, &Articles { articles })?;
            }
        }
        if let Some(safe) = message.safe {
            map.serialize_entry("safe", &(safe as i64))?;
        }
        if message.translate_ids {
            map.serialize_entry("enable_id_trans", &1)?;
        }
        if let Some(interval) = message.duplicate_interval {
            map.serialize_entry("enable_duplicate_check", &1)?;
            map.serialize_entry("duplicate_check_interval", &interval.as_secs())?;
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Articles<'a, T> {
    articles: &'a [T],
}

/// The outcome of a message. Sending succeeds even if some recipients cannot be reached.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Sent {
    /// Users who cannot be reached, in lower case.
    #[serde(default, rename = "invaliduser", deserialize_with = "lenient::ids")]
    pub invalid_users: Vec<String>,
    /// Parties that cannot be reached.
    #[serde(default, rename = "invalidparty", deserialize_with = "lenient::ids")]
    pub invalid_parties: Vec<String>,
    /// Tags that cannot be reached.
    #[serde(default, rename = "invalidtag", deserialize_with = "lenient::ids")]
    pub invalid_tags: Vec<String>,
    /// Users in the visible range without a base licence.
    #[serde(default, rename = "unlicenseduser", deserialize_with = "lenient::ids")]
    pub unlicensed_users: Vec<String>,
    /// For [`Client::recall`], good for 24 hours.
    #[serde(default, deserialize_with = "lenient::optional_id")]
    pub msgid: Option<String>,
    /// For one [`Client::update_card`] within 72 hours; only with cards that call back.
    #[serde(default, deserialize_with = "lenient::code")]
    pub response_code: Option<OneTimeCode>,
}

impl Client {
    /// `message/send`.
    ///
    /// # Errors
    /// [`Error`]; code 81013 when nobody at all could be reached. Where
    /// [`Error::outcome_unknown`], repeat only a message with
    /// [`suppress_duplicates`](Message::suppress_duplicates).
    pub async fn send(&self, message: &Message) -> Result<Sent, Error> {
        let wire = Wire {
            message,
            agent_id: self.agent_id(),
        };
        self.post("message/send", &[], &wire).await
    }

    /// `message/recall`: within 24 hours, for messages of this application; copies in the WeChat
    /// plug-in stay.
    ///
    /// # Errors
    /// [`Error`]; code 42052 when it is too late.
    pub async fn recall(&self, msgid: &str) -> Result<(), Error> {
        let _: Value = self
            .post("message/recall", &[], &json!({ "msgid": msgid }))
            .await?;
        Ok(())
    }
}
