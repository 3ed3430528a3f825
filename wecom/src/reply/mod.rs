//! Passive replies: the body of the response to an application's callback (wecom-app §3).
//!
//! The platform waits 5 seconds. Whether it heeds a reply to a card click is not certain
//! (wecom-app §14); the safe path there is an empty response and
//! [`message/update_template_card`](crate::message) with the click's response code.

use crate::callback::{Envelope, Verified};
use crate::card::{Place, Replacement};
use crate::crypto::{CryptoError, Keys};
use crate::event::Inbound;
use crate::limit::{self, LimitError};
use crate::visible::cleaned;
use crate::xml::Writer;

/// Longest text in bytes; the platform cuts longer ones silently.
pub const MAX_TEXT_BYTES: usize = 2048;
/// Longest title of a video or an article in bytes.
const MAX_TITLE_BYTES: usize = 128;
/// Longest description of a video or an article in bytes.
const MAX_DESCRIPTION_BYTES: usize = 512;
/// Most articles of one reply.
const MAX_ARTICLES: usize = 8;

/// A reply that obeys the limits of the platform.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply(Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Kind {
    Text(String),
    Image(String),
    Voice(String),
    Video {
        media_id: String,
        title: String,
        description: String,
    },
    News(Vec<Article>),
    UpdateButton(String),
    UpdateCard(Box<Replacement>),
}

/// One article of a news reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Article {
    title: String,
    description: String,
    pic_url: String,
    url: String,
}

impl Article {
    /// An article with a title of at most 128 bytes that leads to `url`.
    ///
    /// # Errors
    /// [`LimitError`] on `Articles.Title` or `Articles.Url`.
    pub fn new(title: impl Into<String>, url: impl Into<String>) -> Result<Self, LimitError> {
        let (title, url) = (cleaned(title), url.into());
        limit::required("Articles.Title", &title, MAX_TITLE_BYTES)?;
        limit::url("Articles.Url", &url)?;
        Ok(Self {
            title,
            description: String::new(),
            pic_url: String::new(),
            url,
        })
    }

    /// Adds a description of at most 512 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `Articles.Description`.
    pub fn description(mut self, description: impl Into<String>) -> Result<Self, LimitError> {
        self.description = cleaned(description);
        limit::bytes(
            "Articles.Description",
            &self.description,
            MAX_DESCRIPTION_BYTES,
        )?;
        Ok(self)
    }

    /// Adds a picture.
    ///
    /// # Errors
    /// [`LimitError`] on `Articles.PicUrl`.
    pub fn picture(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        self.pic_url = url.into();
        limit::url("Articles.PicUrl", &self.pic_url)?;
        Ok(self)
    }
}

impl Reply {
    /// Text of 1 to 2048 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `Content`; [`limit::fit_bytes`] shortens on purpose.
    pub fn text(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("Content", &content, MAX_TEXT_BYTES)?;
        Ok(Self(Kind::Text(content)))
    }

    /// An uploaded image.
    ///
    /// # Errors
    /// [`LimitError`] on `Image.MediaId` if it is empty.
    pub fn image(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("Image.MediaId", &media_id)?;
        Ok(Self(Kind::Image(media_id)))
    }

    /// An uploaded voice message.
    ///
    /// # Errors
    /// [`LimitError`] on `Voice.MediaId` if it is empty.
    pub fn voice(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("Voice.MediaId", &media_id)?;
        Ok(Self(Kind::Voice(media_id)))
    }

    /// An uploaded video with a title of at most 128 and a description of at most 512 bytes, both
    /// of which may be empty.
    ///
    /// # Errors
    /// [`LimitError`] on `Video.MediaId`, `Video.Title` or `Video.Description`.
    pub fn video(
        media_id: impl Into<String>,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let (title, description) = (cleaned(title), cleaned(description));
        let media_id = media_id.into();
        limit::present("Video.MediaId", &media_id)?;
        limit::bytes("Video.Title", &title, MAX_TITLE_BYTES)?;
        limit::bytes("Video.Description", &description, MAX_DESCRIPTION_BYTES)?;
        Ok(Self(Kind::Video {
            media_id,
            title,
            description,
        }))
    }

    /// One to eight articles.
    ///
    /// # Errors
    /// [`LimitError`] on `Articles`.
    pub fn news(articles: Vec<Article>) -> Result<Self, LimitError> {
        limit::count("Articles", articles.len(), 1, MAX_ARTICLES)?;
        Ok(Self(Kind::News(articles)))
    }

    /// Greys the clicked button for the clicking member and shows this text on it.
    ///
    /// # Errors
    /// [`LimitError`] on `Button.ReplaceName` if it is empty.
    pub fn update_button(replace_name: impl Into<String>) -> Result<Self, LimitError> {
        let replace_name = cleaned(replace_name);
        limit::present("Button.ReplaceName", &replace_name)?;
        Ok(Self(Kind::UpdateButton(replace_name)))
    }

    /// Replaces the clicked card for the clicking member.
    ///
    /// # Errors
    /// [`LimitError`] if the card holds something only a smart robot can show.
    pub fn update_card(card: Replacement) -> Result<Self, LimitError> {
        card.card().check_for(Place::Application)?;
        Ok(Self(Kind::UpdateCard(Box::new(card))))
    }

    /// The XML before encryption. It goes back to the sender of `inbound`.
    pub fn to_xml(&self, inbound: &Inbound, now_unix_s: i64) -> String {
        let mut writer = Writer::new(512);
        writer
            .cdata("ToUserName", &inbound.from_user)
            .cdata("FromUserName", &inbound.to_user)
            .bare("CreateTime", &now_unix_s.to_string())
            .cdata("MsgType", self.msg_type());
        self.write_content(&mut writer);
        writer.finish()
    }

    /// The body of the response: encrypted, signed, in its XML envelope.
    ///
    /// `nonce` may be the one of the request; `random` must be fresh for every call.
    ///
    /// # Errors
    /// [`CryptoError::MessageLength`], which no reply within its limits reaches.
    pub fn seal(
        &self,
        keys: &Keys,
        inbound: &Verified<Inbound>,
        now_unix_s: i64,
        nonce: &str,
        random: [u8; 16],
    ) -> Result<String, CryptoError> {
        let xml = self.to_xml(inbound, now_unix_s);
        let envelope = Envelope::seal(keys, xml.as_bytes(), now_unix_s, nonce, random)?;
        Ok(envelope.to_reply_xml())
    }

    fn msg_type(&self) -> &'static str {
        match self.0 {
            Kind::Text(_) => "text",
            Kind::Image(_) => "image",
            Kind::Voice(_) => "voice",
            Kind::Video { .. } => "video",
            Kind::News(_) => "news",
            Kind::UpdateButton(_) => "update_button",
            Kind::UpdateCard(_) => "update_template_card",
        }
    }

    fn write_content(&self, writer: &mut Writer) {
        match &self.0 {
            Kind::Text(content) => writer.cdata("Content", content),
            Kind::Image(media_id) => writer.nested("Image", |image| {
                image.cdata("MediaId", media_id);
            }),
            Kind::Voice(media_id) => writer.nested("Voice", |voice| {
                voice.cdata("MediaId", media_id);
            }),
            Kind::Video {
                media_id,
                title,
                description,
            } => writer.nested("Video", |video| {
                video.cdata("MediaId", media_id);
                video
                    .cdata("Title", title)
                    .cdata("Description", description);
            }),
            Kind::News(articles) => {
                writer.bare("ArticleCount", &articles.len().to_string());
                writer.nested("Articles", |list| {
                    for article in articles {
                        list.nested("item", |item| article.write(item));
                    }
                })
            }
            Kind::UpdateButton(name) => writer.nested("Button", |button| {
                button.cdata("ReplaceName", name);
            }),
            Kind::UpdateCard(card) => writer.element(&card.to_xml()),
        };
    }
}

impl Article {
    fn write(&self, item: &mut Writer) {
        item.cdata("Title", &self.title)
            .cdata("Description", &self.description)
            .cdata("PicUrl", &self.pic_url)
            .cdata("Url", &self.url);
    }
}

#[cfg(test)]
mod tests;
