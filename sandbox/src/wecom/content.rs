//! The kinds of messages besides cards: required fields and limits (wecom-app §5).

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};

use super::{fields::Fields, refusal::Refusal, state::Media};

/// Bytes of a text or markdown message; more are cut silently.
pub(super) const TEXT_BYTES: usize = 2048;

/// What was uploaded, as of now.
#[derive(Clone, Copy)]
pub(crate) struct Uploads<'a> {
    pub(crate) media: &'a HashMap<String, Media>,
    pub(crate) now: DateTime<Utc>,
}

/// Checks the object named like the type. Gives it as recipients see it: over-long text cut.
pub(crate) fn check(
    content: &Fields<'_>,
    msgtype: &str,
    body: &Map<String, Value>,
    uploads: Uploads<'_>,
) -> Result<Value, Refusal> {
    let mut shown = body.get(msgtype).cloned().unwrap_or_default();
    match msgtype {
        "text" | "markdown" => {
            content.only(&["content"]);
            content.required_text("content", 44004)?;
            cut(content, &mut shown, "content", TEXT_BYTES)?;
        }
        "image" | "voice" | "file" => {
            content.only(&["media_id"]);
            media(content, "media_id", msgtype, uploads)?;
        }
        "video" => {
            content.only(&["media_id", "title", "description"]);
            media(content, "media_id", msgtype, uploads)?;
            cut(content, &mut shown, "title", 128)?;
            cut(content, &mut shown, "description", 512)?;
        }
        "textcard" => textcard(content)?,
        "news" => news(content)?,
        "mpnews" => mpnews(content, uploads)?,
        "miniprogram_notice" => {
            return Err(Refusal::broken(40058, "the app is bound to a mini program"));
        }
        _ => {}
    }
    Ok(shown)
}

fn textcard(content: &Fields<'_>) -> Result<(), Refusal> {
    content.only(&["title", "description", "url", "btntxt"]);
    content.required_text("title", 41016)?;
    content.shown_chars("title", 128)?;
    content.required_text("description", 44004)?;
    content.shown_chars("description", 512)?;
    content.required_url("url", 41033)?;
    content.shown_chars("btntxt", 4)
}

fn news(content: &Fields<'_>) -> Result<(), Refusal> {
    content.only(&["articles"]);
    let articles = articles(content)?;
    for article in &articles {
        article.only(&["title", "description", "url", "picurl", "appid", "pagepath"]);
        article.required_text("title", 41016)?;
        note_bytes(article, "title", 128)?;
        note_bytes(article, "description", 512)?;
        note_bytes(article, "pagepath", 128)?;
        article.url("picurl", 41033)?;
        let opens_program = article.text("appid")?.is_some() && article.text("pagepath")?.is_some();
        if !opens_program {
            article.required_url("url", 41033)?;
        }
    }
    Ok(())
}

fn mpnews(content: &Fields<'_>, uploads: Uploads<'_>) -> Result<(), Refusal> {
    content.only(&["articles"]);
    let articles = articles(content)?;
    for article in &articles {
        let known = [
            "title",
            "thumb_media_id",
            "author",
            "content_source_url",
            "content",
            "digest",
        ];
        article.only(&known);
        article.required_text("title", 41016)?;
        note_bytes(article, "title", 128)?;
        media(article, "thumb_media_id", "image", uploads)?;
        note_bytes(article, "author", 64)?;
        article.required_text("content", 44004)?;
        article.at_most_bytes("content", 666 * 1024, 45002)?;
        note_bytes(article, "digest", 512)?;
    }
    Ok(())
}

fn articles<'a>(content: &Fields<'a>) -> Result<Vec<Fields<'a>>, Refusal> {
    let articles = content.objects("articles")?;
    if articles.is_empty() || articles.len() > 8 {
        return Err(Refusal::broken(45008, "articles has 1 to 8 articles"));
    }
    Ok(articles)
}

fn media(
    content: &Fields<'_>,
    name: &str,
    kind: &str,
    uploads: Uploads<'_>,
) -> Result<(), Refusal> {
    let media_id = content.required_text(name, 40063)?;
    if uploads
        .media
        .get(media_id)
        .is_some_and(|media| media.is_of_app(kind, uploads.now))
    {
        return Ok(());
    }
    let rule = format!(
        "{} is an uploaded {kind}, not older than 3 days and not a group robot's",
        content.at(name)
    );
    Err(Refusal::broken(40007, rule))
}

/// Notes that recipients lose the end of a text.
fn note_bytes(content: &Fields<'_>, name: &str, most: usize) -> Result<(), Refusal> {
    if let Some(text) = content.text(name)?
        && text.len() > most
    {
        let rule = format!("{} <= {most} bytes", content.at(name));
        content.note(rule, format!("{} bytes, cut silently", text.len()));
    }
    Ok(())
}

/// Cuts a text at a character boundary as recipients see it, and notes that.
fn cut(content: &Fields<'_>, shown: &mut Value, name: &str, most: usize) -> Result<(), Refusal> {
    note_bytes(content, name, most)?;
    if let Some(Value::String(text)) = shown.get_mut(name) {
        let end = text.floor_char_boundary(most);
        text.truncate(end);
    }
    Ok(())
}
