//! Temporary media: upload, download, and permanent pictures (wecom-app §10).

use serde::Deserialize;

use crate::{
    client::{Client, Error, call, lenient},
    limit::{self, LimitError},
};

/// Largest file the platform takes or gives in one piece, in bytes.
const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Smallest file, in bytes: more than five.
const MIN_FILE_BYTES: usize = 6;

/// A file to upload.
#[derive(Clone, PartialEq, Eq)]
pub struct MediaFile {
    name: String,
    content_type: String,
    bytes: Vec<u8>,
}

impl std::fmt::Debug for MediaFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("MediaFile")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl MediaFile {
    /// A file with the name recipients see (with its extension, Chinese as it is), its content type
    /// (`image/png`) and its bytes.
    ///
    /// # Errors
    /// [`LimitError`] on `filename` or `content_type`: empty, or characters that would break the
    /// upload's frame.
    pub fn new(
        name: impl Into<String>,
        content_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Result<Self, LimitError> {
        let (name, content_type, bytes) = (name.into(), content_type.into(), bytes.into());
        limit::required("filename", &name, 255)?;
        limit::required("content_type", &content_type, 255)?;
        for (field, value) in [("filename", &name), ("content_type", &content_type)] {
            if value
                .chars()
                .any(|c| c.is_control() || c == '"' || c == '\\')
            {
                let reason = "no quotes, backslashes or control characters";
                return Err(LimitError::not_allowed(field, reason));
            }
        }
        Ok(Self {
            name,
            content_type,
            bytes,
        })
    }

    /// Its size in bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether it has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

/// The body of an upload: one part named `media`, its filename in raw UTF-8, since WeCom shows
/// percent-encoded names as they are.
pub(crate) fn multipart(file: &MediaFile) -> (String, Vec<u8>) {
    let boundary = format!("wecom-{:032x}", rand::random::<u128>());
    let MediaFile {
        name,
        content_type,
        bytes,
    } = file;
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; filename=\"{name}\"; \
         filelength={}\r\nContent-Type: {content_type}\r\n\r\n",
        bytes.len()
    );
    let tail = format!("\r\n--{boundary}--\r\n");
    let mut body = Vec::with_capacity(head.len() + bytes.len() + tail.len());
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(bytes);
    body.extend_from_slice(tail.as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The kinds of temporary media and their largest sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MediaKind {
    /// JPG or PNG, up to 10 MB.
    Image,
    /// AMR, up to 2 MB and 60 seconds.
    Voice,
    /// MP4, up to 10 MB.
    Video,
    /// Anything, up to 20 MB.
    File,
}

impl MediaKind {
    fn word_and_max_bytes(self) -> (&'static str, usize) {
        match self {
            Self::Image => ("image", 10 * 1024 * 1024),
            Self::Voice => ("voice", 2 * 1024 * 1024),
            Self::Video => ("video", 10 * 1024 * 1024),
            Self::File => ("file", MAX_FILE_BYTES),
        }
    }
}

/// An uploaded file, good for three days in every application of the corp.
///
/// Keep the bytes: after 40007 or 40145 ([`ErrorClass::MediaExpired`](crate::ErrorClass)) upload
/// again.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Uploaded {
    /// The id to send.
    pub media_id: String,
    /// When it was made, Unix seconds.
    #[serde(default, deserialize_with = "lenient::integer")]
    pub created_at: Option<i64>,
}

/// A file as downloaded.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Downloaded {
    /// Its name, where the platform gives one.
    pub filename: Option<String>,
    /// Its content type, where the platform gives one.
    pub content_type: Option<String>,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Downloaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Downloaded")
            .field("bytes", &self.bytes.len())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// `media/upload`.
    ///
    /// # Errors
    /// [`Error::Limit`] for a wrong size, else [`Error`].
    pub async fn upload_media(&self, kind: MediaKind, file: &MediaFile) -> Result<Uploaded, Error> {
        let (word, max) = kind.word_and_max_bytes();
        limit::count("media", file.len(), MIN_FILE_BYTES, max)?;
        let query = [("type", word)];
        self.json(&call::Call::post("media/upload", &query, multipart(file)))
            .await
    }
}
