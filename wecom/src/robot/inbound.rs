//! Messages and events that members send to a smart robot (wecom-bots-h5 §1.3).

use std::fmt;

use serde_json::Value;

use super::{Event, ResponseUrl};
use crate::client::lenient;
use crate::event::ContentError;
use crate::lenient_json;

/// Most parts of one mixed message that are read.
const MAX_MIXED_ITEMS: usize = 100;

/// One verified message, event or stream refresh of a smart robot.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Inbound {
    /// Unique per callback; re-deliveries repeat it.
    pub msg_id: String,
    /// Id of the robot; empty if absent.
    pub bot_id: String,
    /// The chat it was said in.
    pub chat: Chat,
    /// The author: the clear userid if the robot's creator is a super administrator, else an
    /// encrypted one. Empty if absent.
    pub from_user: String,
    /// CorpID of the member; absent for a corp's own robot.
    pub from_corp: Option<String>,
    /// Time of an event, in Unix seconds; messages carry none.
    pub created_at_s: Option<i64>,
    /// Address for one answer within an hour; messages and card clicks have it.
    pub response_url: Option<ResponseUrl>,
    /// The content.
    pub body: Body,
    raw: Value,
}

/// The chat in which something was said.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Chat {
    /// Between one member and the robot.
    Single,
    /// In an internal group, where the robot was mentioned.
    #[non_exhaustive]
    Group {
        /// Id of the group; its letter case matters.
        chat_id: String,
    },
}

/// The content of a callback.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Body {
    /// A chat message.
    Message(Message),
    /// The platform asks how far a stream has come; answer with its full snapshot.
    #[non_exhaustive]
    Refresh {
        /// Id that the first answer gave.
        stream_id: String,
    },
    /// An event.
    Event(Event),
}

/// A chat message.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Message {
    /// The text as it was written.
    pub content: Content,
    /// The message that the member quoted.
    pub quote: Option<Content>,
}

/// The kinds of content. Addresses are good for 5 minutes and give encrypted bytes: see
/// [`decrypt_media`](super::decrypt_media). `Debug` shows the kind only.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Content {
    /// Text; in groups with the literal mention of the robot.
    Text(String),
    /// Texts and pictures in the order written.
    Mixed(Vec<Content>),
    /// A picture.
    #[non_exhaustive]
    Image {
        /// Address of the encrypted picture.
        url: String,
    },
    /// A voice message, as text.
    #[non_exhaustive]
    Voice {
        /// The text that was heard.
        transcript: String,
    },
    /// A file of at most 100 MB.
    #[non_exhaustive]
    File {
        /// Address of the encrypted file.
        url: String,
    },
    /// A video of at most 100 MB.
    #[non_exhaustive]
    Video {
        /// Address of the encrypted video.
        url: String,
    },
    /// A kind that the reference does not know; see [`Inbound::raw`].
    #[non_exhaustive]
    Other {
        /// `msgtype` as received.
        msg_type: String,
    },
}

impl Inbound {
    /// Reads a message that was verified and decrypted before, or came over a verified link.
    /// Whatever comes from outside goes through [`super::open`].
    ///
    /// # Errors
    /// [`ContentError`]: it is no JSON object even when its strings are mended, or lacks its id or
    /// its kind.
    pub fn parse(json: &[u8]) -> Result<Self, ContentError> {
        let raw: Value = lenient_json::from_slice(json).map_err(|_| ContentError::Json)?;
        if !raw.is_object() {
            return Err(ContentError::Json);
        }
        let msg_id = id(&raw, "/msgid").ok_or(ContentError::Missing("msgid"))?;
        let body = Body::parse(&raw)?;
        let chat_id = id(&raw, "/chatid").unwrap_or_default();
        let is_group = text(&raw, "/chattype") == "group" || !chat_id.is_empty();
        Ok(Self {
            msg_id,
            bot_id: id(&raw, "/aibotid").unwrap_or_default(),
            chat: if is_group {
                Chat::Group { chat_id }
            } else {
                Chat::Single
            },
            from_user: id(&raw, "/from/userid").unwrap_or_default(),
            from_corp: id(&raw, "/from/corpid"),
            created_at_s: raw.pointer("/create_time").and_then(lenient::number),
            response_url: id(&raw, "/response_url").and_then(ResponseUrl::new),
            body,
            raw,
        })
    }

    /// The whole message as it came.
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// A key that is equal for re-deliveries and different for different callbacks.
    pub fn dedupe_key(&self) -> String {
        format!("r:{}", self.msg_id)
    }

    /// The text of a message without the mention of the robot, which groups put into it: of a mixed
    /// message its texts, one a line, the first without the mention.
    ///
    /// `bot_name` is the robot's display name as configured; the platform does not send it. Commas
    /// and colons after a mention at the start go with it.
    pub fn text_without_mention(&self, bot_name: &str) -> Option<String> {
        let Body::Message(message) = &self.body else {
            return None;
        };
        match &message.content {
            Content::Text(text) => Some(self.without_mention(text, bot_name)),
            Content::Mixed(parts) => {
                let mut texts = parts.iter().filter_map(|part| match part {
                    Content::Text(text) => Some(text),
                    _ => None,
                });
                let mut said = self.without_mention(texts.next()?, bot_name);
                for text in texts {
                    said = said + "\n" + text.trim();
                }
                Some(said.trim().to_owned())
            }
            _ => None,
        }
    }

    fn without_mention(&self, text: &str, bot_name: &str) -> String {
        let mention = format!("@{bot_name}");
        let mut hits = text.match_indices(mention.as_str());
        let parts = hits.find_map(|(start, hit)| {
            let (before, rest) = text.split_at(start);
            let after = rest.strip_prefix(hit)?;
            ends_a_name(after).then_some((before, after.trim_start()))
        });
        let bare = match (&self.chat, parts) {
            (Chat::Group { .. }, Some(("", after))) => {
                let separators = [',', '，', ':', '：', '、'];
                after.trim_start_matches(separators).to_owned()
            }
            (Chat::Group { .. }, Some((before, after))) => format!("{before}{after}"),
            _ => text.to_owned(),
        };
        bare.trim().to_owned()
    }
}

/// Shows the parsed part only: `raw` holds the same again.
impl fmt::Debug for Inbound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inbound")
            .field("msg_id", &self.msg_id)
            .field("bot_id", &self.bot_id)
            .field("chat", &self.chat)
            .field("from_user", &self.from_user)
            .field("from_corp", &self.from_corp)
            .field("created_at_s", &self.created_at_s)
            .field("response_url", &self.response_url)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl Body {
    fn parse(raw: &Value) -> Result<Self, ContentError> {
        let msg_type = non_empty(raw, "/msgtype").ok_or(ContentError::Missing("msgtype"))?;
        Ok(match msg_type.as_str() {
            "event" => Self::Event(Event::parse(raw)),
            "stream" => Self::Refresh {
                stream_id: text(raw, "/stream/id"),
            },
            _ => Self::Message(Message {
                content: Content::parse(raw),
                quote: raw
                    .pointer("/quote")
                    .filter(|quote| non_empty(quote, "/msgtype").is_some())
                    .map(Content::parse),
            }),
        })
    }
}

impl Content {
    fn parse(item: &Value) -> Self {
        match text(item, "/msgtype").as_str() {
            "mixed" => {
                let parts = item.pointer("/mixed/msg_item").and_then(Value::as_array);
                let parts = parts.into_iter().flatten().take(MAX_MIXED_ITEMS);
                Self::Mixed(parts.map(Self::parse_part).collect())
            }
            _ => Self::parse_part(item),
        }
    }

    /// A mixed message holds no further mixed ones, so that nothing nests here.
    fn parse_part(item: &Value) -> Self {
        let msg_type = text(item, "/msgtype");
        match msg_type.as_str() {
            "text" => Self::Text(text(item, "/text/content")),
            "image" => Self::Image {
                url: text(item, "/image/url"),
            },
            "voice" => Self::Voice {
                transcript: text(item, "/voice/content"),
            },
            "file" => Self::File {
                url: text(item, "/file/url"),
            },
            "video" => Self::Video {
                url: text(item, "/video/url"),
            },
            _ => Self::Other { msg_type },
        }
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Mixed(parts) => return f.debug_tuple("Mixed").field(parts).finish(),
            Self::Image { .. } => "Image { .. }",
            Self::Voice { .. } => "Voice { .. }",
            Self::File { .. } => "File { .. }",
            Self::Video { .. } => "Video { .. }",
            Self::Other { .. } => "Other { .. }",
        })
    }
}

/// True if a mention ends here and is not the start of a longer name.
fn ends_a_name(after: &str) -> bool {
    let goes_on = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    !after.starts_with(goes_on)
}

/// A string of the message, or a number; missing and empty are equal.
pub(super) fn text(value: &Value, pointer: &str) -> String {
    non_empty(value, pointer).unwrap_or_default()
}

/// An id of the message, if it came as it was sent.
pub(super) fn id(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(lenient::id_in)
}

/// A string of the message, if there is one that says something.
pub(super) fn non_empty(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(lenient::scalar)
}
