//! Messages of a group robot (wecom-bots-h5 §2).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use md5::{Digest as _, Md5};
use serde::{Serialize, Serializer, ser::SerializeMap as _};
use serde_json::json;

use crate::{
    card::{Card, Place},
    limit::{self, LimitError, Rule, fit_bytes},
    visible::{clean, cleaned},
};

const MAX_TEXT_BYTES: usize = 2048;
const MAX_MARKDOWN_BYTES: usize = 4096;
const MAX_IMAGE_BYTES: usize = 2 * 1024 * 1024;
const MAX_ARTICLES: usize = 8;

/// A message for a group, checked when it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupMessage(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text(RobotText),
    Markdown(String),
    MarkdownV2(String),
    Image(RobotImage),
    News(Vec<RobotArticle>),
    File(String),
    Voice(String),
    Card(Box<Card>),
}

impl GroupMessage {
    /// Text of 1 to 2,048 bytes; for mentions see [`RobotText`].
    ///
    /// # Errors
    /// [`LimitError`] on `text.content`.
    pub fn text(content: impl Into<String>) -> Result<Self, LimitError> {
        Ok(RobotText::new(content)?.into())
    }

    /// Markdown of 1 to 4,096 bytes: headings, bold, links, inline code, quotes, font colours and
    /// `<@userid>`.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.content`.
    pub fn markdown(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("markdown.content", &content, MAX_MARKDOWN_BYTES)?;
        Ok(Self(Kind::Markdown(content)))
    }

    /// As [`GroupMessage::markdown`], shortened to 4,096 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.content`: empty.
    pub fn markdown_fit(content: &str) -> Result<Self, LimitError> {
        Self::markdown(fit_bytes(&clean(content), MAX_MARKDOWN_BYTES))
    }

    /// The second markdown, 1 to 4,096 bytes: lists, tables, images, fenced code; no colours, no
    /// mentions, raw text on clients before 4.1.36.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown_v2.content`.
    pub fn markdown_v2(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("markdown_v2.content", &content, MAX_MARKDOWN_BYTES)?;
        Ok(Self(Kind::MarkdownV2(content)))
    }

    /// 1 to 8 links with pictures.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles`.
    pub fn news(articles: impl IntoIterator<Item = RobotArticle>) -> Result<Self, LimitError> {
        let articles: Vec<RobotArticle> = articles.into_iter().collect();
        limit::count("news.articles", articles.len(), 1, MAX_ARTICLES)?;
        Ok(Self(Kind::News(articles)))
    }

    /// A file by the media id of [`GroupRobot::upload`](super::GroupRobot::upload), same key.
    ///
    /// # Errors
    /// [`LimitError`] on `file.media_id`: empty.
    pub fn file(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("file.media_id", &media_id)?;
        Ok(Self(Kind::File(media_id)))
    }

    /// A voice recording by its media id, same key.
    ///
    /// # Errors
    /// [`LimitError`] on `voice.media_id`: empty.
    pub fn voice(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("voice.media_id", &media_id)?;
        Ok(Self(Kind::Voice(media_id)))
    }

    /// A text or picture notice; nothing that calls back.
    ///
    /// # Errors
    /// [`LimitError`] with what a group robot does not take.
    pub fn card(card: Card) -> Result<Self, LimitError> {
        card.check_for(Place::GroupRobot)?;
        Ok(Self(Kind::Card(Box::new(card))))
    }
}

impl From<RobotText> for GroupMessage {
    fn from(text: RobotText) -> Self {
        Self(Kind::Text(text))
    }
}

impl From<RobotImage> for GroupMessage {
    fn from(image: RobotImage) -> Self {
        Self(Kind::Image(image))
    }
}

impl Serialize for GroupMessage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let content = |text: &str| json!({ "content": text });
        let media = |id: &str| json!({ "media_id": id });
        match &self.0 {
            Kind::Text(text) => write(serializer, "text", text),
            Kind::Markdown(text) => write(serializer, "markdown", &content(text)),
            Kind::MarkdownV2(text) => write(serializer, "markdown_v2", &content(text)),
            Kind::Image(image) => write(serializer, "image", image),
            Kind::News(articles) => write(serializer, "news", &json!({ "articles": articles })),
            Kind::File(id) => write(serializer, "file", &media(id)),
            Kind::Voice(id) => write(serializer, "voice", &media(id)),
            Kind::Card(card) => write(serializer, "template_card", card),
        }
    }
}

/// `{"msgtype": kind, kind: body}`.
fn write<S: Serializer>(
    serializer: S,
    kind: &'static str,
    body: &impl Serialize,
) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("msgtype", kind)?;
    map.serialize_entry(kind, body)?;
    map.end()
}

/// Text with mentions. `<@userid>` inside the text mentions too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RobotText {
    content: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentioned_list: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentioned_mobile_list: Vec<String>,
}

impl RobotText {
    /// Text of 1 to 2,048 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `text.content`.
    pub fn new(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("text.content", &content, MAX_TEXT_BYTES)?;
        let (mentioned_list, mentioned_mobile_list) = (Vec::new(), Vec::new());
        Ok(Self {
            content,
            mentioned_list,
            mentioned_mobile_list,
        })
    }

    /// Mentions a member by userid, or everyone with `@all`.
    #[must_use]
    pub fn mention(mut self, userid: impl Into<String>) -> Self {
        self.mentioned_list.push(userid.into());
        self
    }

    /// Mentions a member by mobile number, or everyone with `@all`.
    #[must_use]
    pub fn mention_mobile(mut self, number: impl Into<String>) -> Self {
        self.mentioned_mobile_list.push(number.into());
        self
    }
}

/// A picture, JPG or PNG, up to 2 MB.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RobotImage {
    bytes: Vec<u8>,
}

impl RobotImage {
    /// Takes the bytes of the file.
    ///
    /// # Errors
    /// [`LimitError`] on `image`: size, or neither JPG nor PNG by its first bytes.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, LimitError> {
        let bytes = bytes.into();
        if bytes.len() > MAX_IMAGE_BYTES {
            let rule = Rule::TooManyBytes {
                max: MAX_IMAGE_BYTES,
                actual: bytes.len(),
            };
            return Err(LimitError::new("image", rule));
        }
        if bytes.starts_with(b"\xFF\xD8\xFF") || bytes.starts_with(b"\x89PNG\r\n\x1A\n") {
            Ok(Self { bytes })
        } else {
            Err(LimitError::not_allowed("image", "only JPG and PNG"))
        }
    }
}

impl Serialize for RobotImage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let digest = Md5::digest(&self.bytes);
        let md5: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("base64", &STANDARD.encode(&self.bytes))?;
        map.serialize_entry("md5", &md5)?;
        map.end()
    }
}

/// A link with a picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RobotArticle {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    picurl: Option<String>,
}

impl RobotArticle {
    /// Title of 1 to 128 bytes and the page it leads to.
    ///
    /// # Errors
    /// [`LimitError`] with the field.
    pub fn new(title: impl Into<String>, url: impl Into<String>) -> Result<Self, LimitError> {
        let (title, url) = (cleaned(title), url.into());
        limit::required("news.articles.title", &title, 128)?;
        limit::url("news.articles.url", &url)?;
        Ok(Self {
            title,
            description: None,
            url,
            picurl: None,
        })
    }

    /// Text under the title, up to 512 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles.description`.
    pub fn description(mut self, text: impl Into<String>) -> Result<Self, LimitError> {
        let text = cleaned(text);
        limit::bytes("news.articles.description", &text, 512)?;
        self.description = Some(text);
        Ok(self)
    }

    /// The picture: 1068×455 or 150×150.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles.picurl`.
    pub fn picture(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        let url = url.into();
        limit::url("news.articles.picurl", &url)?;
        self.picurl = Some(url);
        Ok(self)
    }
}
