//! Chat messages of members (wecom-app §2.1).

use std::fmt;

use super::{measure, number, optional, text};
use crate::hidden::hide_in_debug;
use crate::xml::Fields;

/// A message that a member wrote to the application.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// Id of the message. Documented as a 64-bit integer, but other forms were seen.
    pub msg_id: String,
    /// `wxwork` in WeCom; absent when the member uses the WeChat plug-in. Only some kinds have it.
    pub app_type: Option<String>,
    /// The text as it was written.
    pub content: Content,
}

/// The kinds of messages. Files and messages in group chats are never delivered. `Debug` shows the
/// kind only.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub enum Content {
    /// Text without surrounding whitespace.
    Text(String),
    /// A picture.
    #[non_exhaustive]
    Image {
        /// Address of the picture.
        pic_url: String,
        /// Media id, good for 3 days.
        media_id: String,
    },
    /// A voice message.
    #[non_exhaustive]
    Voice {
        /// Media id, good for 3 days.
        media_id: String,
        /// Coding, for example `amr`.
        format: String,
    },
    /// A video.
    #[non_exhaustive]
    Video {
        /// Media id, good for 3 days.
        media_id: String,
        /// Media id of the thumbnail, good for 3 days.
        thumb_media_id: String,
    },
    /// A place that the member sent.
    Location(LocationMessage),
    /// A link that the member shared.
    Link(LinkMessage),
    /// A kind that the reference does not know; see [`Inbound::fields`](super::Inbound::fields).
    #[non_exhaustive]
    Other {
        /// `MsgType` as received.
        msg_type: String,
    },
}

/// A place that the member sent.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct LocationMessage {
    /// Degrees north; XML name `Location_X`.
    pub latitude: Option<f64>,
    /// Degrees east; XML name `Location_Y`.
    pub longitude: Option<f64>,
    /// Zoom level of the map.
    pub scale: Option<i64>,
    /// Name of the place.
    pub label: String,
}

/// A link that the member shared.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkMessage {
    /// Title.
    pub title: String,
    /// Description.
    pub description: String,
    /// Address the link leads to.
    pub url: String,
    /// Address of the cover picture.
    pub pic_url: String,
}

hide_in_debug!(LocationMessage, LinkMessage);

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text(..)",
            Self::Image { .. } => "Image { .. }",
            Self::Voice { .. } => "Voice { .. }",
            Self::Video { .. } => "Video { .. }",
            Self::Location(_) => "Location(..)",
            Self::Link(_) => "Link(..)",
            Self::Other { .. } => "Other { .. }",
        })
    }
}

impl Message {
    pub(super) fn parse(msg_type: &str, fields: &Fields) -> Self {
        Self {
            msg_id: text(fields.get("MsgId")),
            app_type: optional(fields.get("AppType")),
            content: Content::parse(msg_type, fields),
        }
    }
}

impl Content {
    fn parse(msg_type: &str, fields: &Fields) -> Self {
        match msg_type {
            "text" => Self::Text(text(fields.get("Content"))),
            "image" => Self::Image {
                pic_url: text(fields.get("PicUrl")),
                media_id: text(fields.get("MediaId")),
            },
            "voice" => Self::Voice {
                media_id: text(fields.get("MediaId")),
                format: text(fields.get("Format")),
            },
            "video" => Self::Video {
                media_id: text(fields.get("MediaId")),
                thumb_media_id: text(fields.get("ThumbMediaId")),
            },
            "location" => Self::Location(LocationMessage {
                latitude: measure(fields.get("Location_X")),
                longitude: measure(fields.get("Location_Y")),
                scale: number(fields.get("Scale")),
                label: text(fields.get("Label")),
            }),
            "link" => Self::Link(LinkMessage {
                title: text(fields.get("Title")),
                description: text(fields.get("Description")),
                url: text(fields.get("Url")),
                pic_url: text(fields.get("PicUrl")),
            }),
            other => Self::Other {
                msg_type: other.to_owned(),
            },
        }
    }
}
