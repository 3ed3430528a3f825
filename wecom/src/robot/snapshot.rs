//! One state of a streamed answer, always whole, never a difference (wecom-bots-h5 §1.4, §1.6).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use serde_json::{Value, json};

use crate::limit::{self, LimitError};
use crate::visible::cleaned;

/// Longest content of a snapshot in bytes.
pub const MAX_CONTENT_BYTES: usize = 20_480;
/// Most pictures of a finished stream.
pub const MAX_STREAM_IMAGES: usize = 10;
/// Largest picture in bytes, before base64.
const MAX_IMAGE_BYTES: usize = 10 * 1024 * 1024;
/// Longest feedback id in bytes.
const MAX_FEEDBACK_ID_BYTES: usize = 256;

/// The whole of a streamed answer as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    id: String,
    finish: bool,
    content: String,
    images: Vec<Vec<u8>>,
    feedback_id: Option<String>,
}

impl Snapshot {
    /// An answer that is not complete yet; the platform will ask again. Content may be empty.
    ///
    /// `content` is markdown of at most 20,480 bytes; `<think>..</think>` shows as thinking.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.id` or `stream.content`.
    pub fn running(id: impl Into<String>, content: impl Into<String>) -> Result<Self, LimitError> {
        Self::new(id.into(), false, content.into())
    }

    /// The complete answer; the platform stops asking.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.id` or `stream.content`, also if nothing of it can be seen: the
    /// client would go on waiting.
    pub fn finished(id: impl Into<String>, content: impl Into<String>) -> Result<Self, LimitError> {
        let content = content.into();
        limit::present("stream.content", &content)?;
        Self::new(id.into(), true, content)
    }

    /// Adds a picture (JPG or PNG, at most 10 MB) to the end of a finished answer.
    ///
    /// # Errors
    /// [`LimitError`] on `stream.msg_item`: too many, too large, another format, or the answer is
    /// not finished.
    pub fn image(mut self, bytes: impl Into<Vec<u8>>) -> Result<Self, LimitError> {
        const FIELD: &str = "stream.msg_item";
        let bytes = bytes.into();
        if !self.finish {
            return Err(LimitError::not_allowed(
                FIELD,
                "only a finished stream has pictures",
            ));
        }
        let is_jpg = bytes.starts_with(b"\xff\xd8\xff");
        if !is_jpg && !bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            return Err(LimitError::not_allowed(FIELD, "only JPG and PNG"));
        }
        if bytes.len() > MAX_IMAGE_BYTES {
            return Err(LimitError::not_allowed(
                FIELD,
                "a picture has at most 10 MB",
            ));
        }
        limit::count(FIELD, self.images.len() + 1, 1, MAX_STREAM_IMAGES)?;
        self.images.push(bytes);
        Ok(self)
    }

    /// Asks for feedback under this id of at most 256 bytes. Counts on the first answer only.
    ///
    /// # Errors
    /// [`LimitError`] on `feedback.id`.
    pub fn feedback_id(mut self, id: impl Into<String>) -> Result<Self, LimitError> {
        let id = id.into();
        limit::required("feedback.id", &id, MAX_FEEDBACK_ID_BYTES)?;
        self.feedback_id = Some(id);
        Ok(self)
    }

    /// Id of the stream.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// True once the answer is complete.
    pub fn is_finished(&self) -> bool {
        self.finish
    }

    /// The content so far.
    pub fn content(&self) -> &str {
        &self.content
    }

    fn new(id: String, finish: bool, content: String) -> Result<Self, LimitError> {
        let content = cleaned(content);
        limit::present("stream.id", &id)?;
        limit::bytes("stream.content", &content, MAX_CONTENT_BYTES)?;
        Ok(Self {
            id,
            finish,
            content,
            images: Vec::new(),
            feedback_id: None,
        })
    }

    pub(super) fn to_json(&self) -> Value {
        let mut stream = json!({ "id": self.id, "finish": self.finish, "content": self.content });
        if !self.images.is_empty() {
            stream["msg_item"] = self.images.iter().map(|bytes| image_json(bytes)).collect();
        }
        if let Some(id) = &self.feedback_id {
            stream["feedback"] = json!({ "id": id });
        }
        stream
    }
}

fn image_json(bytes: &[u8]) -> Value {
    let md5: [u8; 16] = Md5::digest(bytes).into();
    let md5: String = md5.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "msgtype": "image",
        "image": { "base64": STANDARD.encode(bytes), "md5": md5 },
    })
}
