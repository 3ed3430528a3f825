//! The bodies a message can have, each checked when it is made (wecom-app §5).

use serde::Serialize;

use super::article::{Article, MpArticle};
use crate::{
    card::{Card, Place},
    limit::{self, LimitError, fit_bytes, fit_characters},
    visible::{clean, cleaned},
};

/// Longest text and markdown, in bytes.
const MAX_TEXT_BYTES: usize = 2048;
pub(super) const MAX_URL_BYTES: usize = 2048;
pub(super) const MAX_TITLE: usize = 128;
pub(super) const MAX_DESCRIPTION: usize = 512;
const MAX_ARTICLES: usize = 8;

/// The content of a message, checked when it is made: from a [`Text`], [`Markdown`], [`TextCard`]
/// or [`Video`], or by one of the functions here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content(pub(super) Kind);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Text(Text),
    Markdown(Markdown),
    TextCard(TextCard),
    TemplateCard(Box<Card>),
    Image(String),
    Voice(String),
    Video(Video),
    File(String),
    News(Vec<Article>),
    MpNews(Vec<MpArticle>),
}

impl Content {
    /// A template card; not shown in the WeChat plug-in.
    ///
    /// # Errors
    /// [`LimitError`] if the card holds something only a smart robot can show.
    pub fn card(card: Card) -> Result<Self, LimitError> {
        card.check_for(Place::Application)?;
        Ok(Self(Kind::TemplateCard(Box::new(card))))
    }

    /// A picture, by media id.
    ///
    /// # Errors
    /// [`LimitError`] on `image.media_id`: empty.
    pub fn image(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("image.media_id", &media_id)?;
        Ok(Self(Kind::Image(media_id)))
    }

    /// A voice recording, by media id.
    ///
    /// # Errors
    /// [`LimitError`] on `voice.media_id`: empty.
    pub fn voice(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("voice.media_id", &media_id)?;
        Ok(Self(Kind::Voice(media_id)))
    }

    /// A file, by media id.
    ///
    /// # Errors
    /// [`LimitError`] on `file.media_id`: empty.
    pub fn file(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("file.media_id", &media_id)?;
        Ok(Self(Kind::File(media_id)))
    }

    /// 1 to 8 links with pictures.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles`: count.
    pub fn news(articles: impl IntoIterator<Item = Article>) -> Result<Self, LimitError> {
        let articles: Vec<Article> = articles.into_iter().collect();
        limit::count("news.articles", articles.len(), 1, MAX_ARTICLES)?;
        Ok(Self(Kind::News(articles)))
    }

    /// 1 to 8 articles kept by WeCom.
    ///
    /// # Errors
    /// [`LimitError`] on `mpnews.articles`: count.
    pub fn mp_news(articles: impl IntoIterator<Item = MpArticle>) -> Result<Self, LimitError> {
        let articles: Vec<MpArticle> = articles.into_iter().collect();
        limit::count("mpnews.articles", articles.len(), 1, MAX_ARTICLES)?;
        Ok(Self(Kind::MpNews(articles)))
    }

    /// The platform's `msgtype`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self.0 {
            Kind::Text(_) => "text",
            Kind::Markdown(_) => "markdown",
            Kind::TextCard(_) => "textcard",
            Kind::TemplateCard(_) => "template_card",
            Kind::Image(_) => "image",
            Kind::Voice(_) => "voice",
            Kind::Video(_) => "video",
            Kind::File(_) => "file",
            Kind::News(_) => "news",
            Kind::MpNews(_) => "mpnews",
        }
    }

    /// True if the platform takes `safe` for it.
    pub(super) fn may_be_confidential(&self) -> bool {
        matches!(
            self.0,
            Kind::Text(_) | Kind::Image(_) | Kind::Video(_) | Kind::File(_) | Kind::MpNews(_)
        )
    }
}

impl From<Text> for Content {
    fn from(text: Text) -> Self {
        Self(Kind::Text(text))
    }
}

impl From<Markdown> for Content {
    fn from(markdown: Markdown) -> Self {
        Self(Kind::Markdown(markdown))
    }
}

impl From<TextCard> for Content {
    fn from(card: TextCard) -> Self {
        Self(Kind::TextCard(card))
    }
}

impl From<Video> for Content {
    fn from(video: Video) -> Self {
        Self(Kind::Video(video))
    }
}

/// Text of 1 to 2,048 bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Text {
    content: String,
}

impl Text {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// [`LimitError`] on `text.content`: empty or more than 2,048 bytes.
    pub fn new(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("text.content", &content, MAX_TEXT_BYTES)?;
        Ok(Self { content })
    }

    /// Shortens the text to 2,048 bytes if it is longer.
    ///
    /// # Errors
    /// [`LimitError`] on `text.content`: empty.
    pub fn fit(content: &str) -> Result<Self, LimitError> {
        Self::new(fit_bytes(&clean(content), MAX_TEXT_BYTES))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.content
    }
}

/// Cuts a long text into pieces of at most `max_bytes`, after a line end where there is one, else
/// between characters. Empty pieces are left out. With `max_bytes` under 4 a character may not fit;
/// it then makes a piece of its own.
#[must_use]
pub fn split_text(text: &str, max_bytes: usize) -> Vec<&str> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while rest.len() > max_bytes {
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let hard = rest.floor_char_boundary(max_bytes).max(first);
        let (head, _) = rest.split_at(hard);
        let cut = head.rfind('\n').map_or(hard, |line_end| line_end + 1);
        let (piece, tail) = rest.split_at(cut);
        pieces.push(piece.trim_end_matches('\n'));
        rest = tail;
    }
    pieces.push(rest);
    pieces.retain(|piece| !piece.is_empty());
    pieces
}

/// Markdown of 1 to 2,048 bytes, not shown in the WeChat plug-in: headings, bold, links, inline
/// code, quotes and `<font color="info|comment|warning">`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Markdown {
    content: String,
}

impl Markdown {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.content`: empty or more than 2,048 bytes.
    pub fn new(content: impl Into<String>) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::required("markdown.content", &content, MAX_TEXT_BYTES)?;
        Ok(Self { content })
    }

    /// Shortens the text to 2,048 bytes if it is longer. Markup cut open is left open.
    ///
    /// # Errors
    /// [`LimitError`] on `markdown.content`: empty.
    pub fn fit(content: &str) -> Result<Self, LimitError> {
        Self::new(fit_bytes(&clean(content), MAX_TEXT_BYTES))
    }
}

/// A card with title, description and one link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TextCard {
    title: String,
    description: String,
    url: String,
    #[serde(rename = "btntxt", skip_serializing_if = "Option::is_none")]
    button: Option<String>,
}

impl TextCard {
    /// Title of 1 to 128 characters, description of 1 to 512 (with `<br>` and
    /// `<div class="gray|highlight|normal">`), URL of up to 2,048 bytes.
    ///
    /// # Errors
    /// [`LimitError`] with the field.
    pub fn new(
        title: impl Into<String>,
        description: impl Into<String>,
        url: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let (title, description) = (cleaned(title), cleaned(description));
        let url = url.into();
        limit::present("textcard.title", &title)?;
        limit::characters("textcard.title", &title, MAX_TITLE)?;
        limit::present("textcard.description", &description)?;
        limit::characters("textcard.description", &description, MAX_DESCRIPTION)?;
        limit::url("textcard.url", &url)?;
        limit::bytes("textcard.url", &url, MAX_URL_BYTES)?;
        Ok(Self {
            title,
            description,
            url,
            button: None,
        })
    }

    /// As [`TextCard::new`], shortening title and description where they are longer.
    ///
    /// # Errors
    /// [`LimitError`] with the field: something is empty, or the URL is wrong.
    pub fn fit(title: &str, description: &str, url: impl Into<String>) -> Result<Self, LimitError> {
        let title = fit_characters(&clean(title), MAX_TITLE);
        let description = fit_characters(&clean(description), MAX_DESCRIPTION);
        Self::new(title, description, url)
    }

    /// The text of the button, 1 to 4 characters; 详情 if none is given.
    ///
    /// # Errors
    /// [`LimitError`] on `textcard.btntxt`.
    pub fn button(mut self, text: impl Into<String>) -> Result<Self, LimitError> {
        let text = cleaned(text);
        limit::present("textcard.btntxt", &text)?;
        limit::characters("textcard.btntxt", &text, 4)?;
        self.button = Some(text);
        Ok(self)
    }
}

/// A film, by media id.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Video {
    media_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
}

impl Video {
    /// A film without title.
    ///
    /// # Errors
    /// [`LimitError`] on `video.media_id`: empty.
    pub fn new(media_id: impl Into<String>) -> Result<Self, LimitError> {
        let media_id = media_id.into();
        limit::present("video.media_id", &media_id)?;
        Ok(Self {
            media_id,
            title: None,
            description: None,
        })
    }

    /// Title (≤ 128 bytes) and description (≤ 512 bytes).
    ///
    /// # Errors
    /// [`LimitError`] with the field.
    pub fn describe(
        mut self,
        title: impl Into<String>,
        description: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let (title, description) = (cleaned(title), cleaned(description));
        limit::bytes("video.title", &title, MAX_TITLE)?;
        limit::bytes("video.description", &description, MAX_DESCRIPTION)?;
        (self.title, self.description) = (Some(title), Some(description));
        Ok(self)
    }
}
