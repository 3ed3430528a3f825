//! One state of a streamed answer, as the application says it (wecom-bots-h5 §1.4, §1.6).

use crate::wecom::{fields::Fields, refusal::Refusal, robots};

/// Longest content in bytes.
pub(super) const CONTENT_BYTES: usize = 20_480;
/// Most pictures of a finished stream.
const PICTURES: usize = 10;
/// Largest picture, before base64.
const PICTURE_BYTES: usize = 10 << 20;

/// A whole snapshot that obeys every rule.
pub(super) struct Snapshot {
    pub(super) id: String,
    pub(super) is_finished: bool,
    pub(super) content: String,
    pub(super) pictures: Vec<String>,
    pub(super) feedback_id: Option<String>,
}

impl Snapshot {
    /// Reads the object `stream`. Only the first answer to a message may ask for feedback.
    pub(super) fn read(stream: &Fields<'_>, is_first: bool) -> Result<Self, Refusal> {
        stream.only(&["id", "finish", "content", "msg_item", "feedback"]);
        let id = stream.required_text("id", 40063)?.to_owned();
        let is_finished = stream.boolean("finish")?.unwrap_or(false);
        stream.at_most_bytes("content", CONTENT_BYTES, 40058)?;
        let content = stream.text("content")?.unwrap_or_default().to_owned();
        if is_finished && !content.chars().any(is_visible) {
            // The client goes on waiting for something to show (wecom-bots-h5 §11.8).
            return Err(Refusal::broken(44004, "a finished stream can be seen"));
        }
        let feedback_id = feedback_id(stream)?;
        if feedback_id.is_some() && !is_first {
            let rule = "feedback.id is set on the first answer";
            stream.note(rule, stream.at("feedback"));
        }
        Ok(Self {
            id,
            is_finished,
            content,
            pictures: pictures(stream, is_finished)?,
            feedback_id: feedback_id.filter(|_| is_first),
        })
    }
}

/// The id of `feedback`, if there is one.
pub(super) fn feedback_id(holder: &Fields<'_>) -> Result<Option<String>, Refusal> {
    let Some(feedback) = holder.object("feedback")? else {
        return Ok(None);
    };
    feedback.only(&["id"]);
    feedback.at_most_bytes("id", 256, 40058)?;
    Ok(Some(feedback.required_text("id", 40063)?.to_owned()))
}

fn pictures(stream: &Fields<'_>, is_finished: bool) -> Result<Vec<String>, Refusal> {
    let items = stream.objects("msg_item")?;
    if !items.is_empty() && !is_finished {
        return Err(Refusal::broken(40058, "msg_item comes with finish=true"));
    }
    if items.len() > PICTURES {
        let rule = format!("msg_item has at most {PICTURES} pictures");
        return Err(Refusal::broken(40058, rule));
    }
    let pictures = items.iter().map(|item| {
        item.only(&["msgtype", "image"]);
        if item.required_text("msgtype", 40008)? != "image" {
            return Err(Refusal::broken(40008, "msg_item holds pictures only"));
        }
        let image = item.required_object("image", 40063)?;
        robots::image(&image, PICTURE_BYTES)?;
        Ok(image.required_text("base64", 40063)?.to_owned())
    });
    pictures.collect()
}

fn is_visible(c: char) -> bool {
    let is_zero_width =
        matches!(c, '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{ad}');
    !c.is_whitespace() && !c.is_control() && !is_zero_width
}
