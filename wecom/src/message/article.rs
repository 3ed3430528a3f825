//! Articles: links with pictures, and articles kept by WeCom (wecom-app §5).

use serde::Serialize;

use super::content::{MAX_DESCRIPTION, MAX_TITLE, MAX_URL_BYTES};
use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// The target of a news article.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Link {
    /// A web page; up to 2,048 bytes.
    Web {
        /// Its URL.
        url: String,
    },
    /// A page of a mini program.
    MiniProgram {
        /// Its appid.
        appid: String,
        /// The page, up to 128 bytes.
        pagepath: String,
    },
}

/// A link with a picture, in a news message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Article {
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(flatten)]
    link: Link,
    #[serde(skip_serializing_if = "Option::is_none")]
    picurl: Option<String>,
}

impl Article {
    /// Title of 1 to 128 bytes and where it leads.
    ///
    /// # Errors
    /// [`LimitError`] with the field.
    pub fn new(title: impl Into<String>, link: Link) -> Result<Self, LimitError> {
        let title = cleaned(title);
        limit::required("news.articles.title", &title, MAX_TITLE)?;
        match &link {
            Link::Web { url } => {
                limit::url("news.articles.url", url)?;
                limit::bytes("news.articles.url", url, MAX_URL_BYTES)?;
            }
            Link::MiniProgram { appid, pagepath } => {
                limit::present("news.articles.appid", appid)?;
                limit::required("news.articles.pagepath", pagepath, 128)?;
            }
        }
        Ok(Self {
            title,
            description: None,
            link,
            picurl: None,
        })
    }

    /// Text under the title, up to 512 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles.description`.
    pub fn description(mut self, text: impl Into<String>) -> Result<Self, LimitError> {
        let text = cleaned(text);
        limit::bytes("news.articles.description", &text, MAX_DESCRIPTION)?;
        self.description = Some(text);
        Ok(self)
    }

    /// The picture: JPG or PNG, 1068×455 (first article) or 150×150; URL of up to 2,048 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `news.articles.picurl`.
    pub fn picture(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        let url = url.into();
        limit::url("news.articles.picurl", &url)?;
        limit::bytes("news.articles.picurl", &url, MAX_URL_BYTES)?;
        self.picurl = Some(url);
        Ok(self)
    }
}

/// An article kept by WeCom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MpArticle {
    title: String,
    thumb_media_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    content_source_url: Option<String>,
    content: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
}

impl MpArticle {
    /// Longest article, in bytes.
    const MAX_CONTENT_BYTES: usize = 666 * 1024;

    /// Title of 1 to 128 bytes, picture by media id, HTML of up to 666 KiB.
    ///
    /// # Errors
    /// [`LimitError`] with the field.
    pub fn new(
        title: impl Into<String>,
        thumb_media_id: impl Into<String>,
        content: impl Into<String>,
    ) -> Result<Self, LimitError> {
        let (title, thumb_media_id, content) =
            (cleaned(title), thumb_media_id.into(), cleaned(content));
        limit::required("mpnews.articles.title", &title, MAX_TITLE)?;
        limit::present("mpnews.articles.thumb_media_id", &thumb_media_id)?;
        limit::required("mpnews.articles.content", &content, Self::MAX_CONTENT_BYTES)?;
        let (author, content_source_url, digest) = (None, None, None);
        Ok(Self {
            title,
            thumb_media_id,
            author,
            content_source_url,
            content,
            digest,
        })
    }

    /// The author, up to 64 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `mpnews.articles.author`.
    pub fn author(mut self, author: impl Into<String>) -> Result<Self, LimitError> {
        let author = cleaned(author);
        limit::bytes("mpnews.articles.author", &author, 64)?;
        self.author = Some(author);
        Ok(self)
    }

    /// The page behind 阅读原文.
    ///
    /// # Errors
    /// [`LimitError`] on `mpnews.articles.content_source_url`.
    pub fn source_url(mut self, url: impl Into<String>) -> Result<Self, LimitError> {
        let url = url.into();
        limit::url("mpnews.articles.content_source_url", &url)?;
        self.content_source_url = Some(url);
        Ok(self)
    }

    /// The summary, up to 512 bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `mpnews.articles.digest`.
    pub fn digest(mut self, digest: impl Into<String>) -> Result<Self, LimitError> {
        let digest = cleaned(digest);
        limit::bytes("mpnews.articles.digest", &digest, MAX_DESCRIPTION)?;
        self.digest = Some(digest);
        Ok(self)
    }
}
