//! Temporary media: upload, download, and permanent pictures (wecom-app §10).

use serde::Deserialize;

use crate::{
    client::{Client, Error, call, disposition, lenient},
    limit::{self, LimitError, Rule},
};

/// Largest file the platform takes or gives in one piece, in bytes.
const MAX_FILE_BYTES: usize = 20 * 1024 * 1024;
/// Smallest file, in bytes: more than five.
const MIN_FILE_BYTES: usize = 6;
/// Largest permanent picture, in bytes.
const MAX_PICTURE_BYTES: usize = 2 * 1024 * 1024;
/// Bytes that a download may have beyond the largest file.
const MAX_OVERHEAD_BYTES: usize = 4096;

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

    /// True if it has no bytes.
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
#[non_exhaustive]
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
    #[serde(deserialize_with = "lenient::id")]
    pub media_id: String,
    /// Time of making, in Unix seconds.
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
        let call = call::Call::post("media/upload", &query, multipart(file));
        self.json(&call.with_time_for(file.len())).await
    }
}

impl Client {
    /// `media/get`: a file of up to 20 MB. Files that members sent live three days.
    ///
    /// # Errors
    /// [`Error`]; code 40007 when the id has expired, 830002 when the file is larger and has to be
    /// fetched with [`Client::download_media_range`].
    pub async fn download_media(&self, media_id: &str) -> Result<Downloaded, Error> {
        self.download(media_id, None).await
    }

    /// Bytes `first..=last` of a file larger than 20 MB. For some files both must lie on 16-byte
    /// boundaries (`first` a multiple of 16, the length too), else 40146.
    ///
    /// # Errors
    /// [`Error::Limit`] for a range that is empty or longer than 20 MB, else [`Error`].
    pub async fn download_media_range(
        &self,
        media_id: &str,
        first: u64,
        last: u64,
    ) -> Result<Downloaded, Error> {
        if last < first || last - first >= MAX_FILE_BYTES as u64 {
            let rule = Rule::OutOfRange {
                range: "1 byte to 20 MB",
            };
            return Err(LimitError::new("range", rule).into());
        }
        self.download(media_id, Some(format!("bytes={first}-{last}")))
            .await
    }

    async fn download(&self, media_id: &str, range: Option<String>) -> Result<Downloaded, Error> {
        let query = [("media_id", media_id)];
        let mut call = call::Call::get("media/get", &query).with_time_for(MAX_FILE_BYTES);
        call.range = range;
        call.max_response_bytes = MAX_FILE_BYTES + MAX_OVERHEAD_BYTES;
        let response = self.carry(&call).await?;
        let filename = response
            .content_disposition
            .as_deref()
            .and_then(disposition::filename);
        Ok(Downloaded {
            filename,
            content_type: response.content_type,
            bytes: response.body,
        })
    }

    /// `media/uploadimg`: a picture (JPG or PNG, 6 bytes to 2 MB) that stays, for mpnews bodies and
    /// welcome messages; 1,000 a day and 3,000 a month per corp. Its URL works inside WeCom only.
    ///
    /// # Errors
    /// [`Error::Limit`] for a wrong size, else [`Error`].
    pub async fn upload_picture(&self, file: &MediaFile) -> Result<String, Error> {
        limit::count("media", file.len(), MIN_FILE_BYTES, MAX_PICTURE_BYTES)?;
        let call = call::Call::post("media/uploadimg", &[], multipart(file));
        let call = call.with_time_for(file.len());
        Ok(self.json::<Picture>(&call).await?.url)
    }
}

#[derive(Deserialize)]
struct Picture {
    url: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::{HttpResponse, testing::Script};

    #[test]
    fn a_name_cannot_break_out_of_the_frame() {
        for bad in ["a\".png", "a\r\nX: y", "a\\b", ""] {
            assert!(MediaFile::new(bad, "image/png", "x").is_err(), "{bad:?}");
        }
        let file = MediaFile::new("群.png", "image/png", "six by").unwrap();
        let (content_type, body) = multipart(&file);
        let boundary = content_type
            .strip_prefix("multipart/form-data; boundary=")
            .unwrap();
        let body = String::from_utf8(body).unwrap();
        assert_eq!(
            body,
            format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"media\"; \
                 filename=\"群.png\"; filelength=6\r\nContent-Type: image/png\r\n\r\nsix by\r\n\
                 --{boundary}--\r\n"
            )
        );
    }

    #[tokio::test]
    async fn a_download_is_bytes_and_its_error_is_json() {
        let file = HttpResponse {
            status: 200,
            content_type: Some("application/octet-stream".into()),
            content_disposition: Some("attachment; filename=\"a.json\"".into()),
            body: br#"{"errcode":1}"#.to_vec(),
        };
        let script = Script::with_token()
            .then_response(file)
            .then(r#"{"errcode":40007,"errmsg":"invalid media_id"}"#);
        let client = script.client();
        let downloaded = client.download_media_range("M 1", 0, 15).await.unwrap();
        assert_eq!(downloaded.filename.as_deref(), Some("a.json"));
        assert_eq!(
            downloaded.bytes, br#"{"errcode":1}"#,
            "a JSON file is not an error"
        );
        assert_eq!(script.last().range.as_deref(), Some("bytes=0-15"));
        assert_eq!(script.urls()[1], "media/get?access_token=T1&media_id=M%201");
        let expired = client.download_media("M1").await.unwrap_err();
        assert_eq!(expired.class(), Some(crate::ErrorClass::MediaExpired));
        assert!(client.download_media_range("M1", 5, 4).await.is_err());
    }

    #[tokio::test]
    async fn sizes_are_checked_before_anything_is_sent() {
        let script = Script::with_token()
            .then(r#"{"errcode":0,"type":"image","media_id":"m1","created_at":"1767225600"}"#)
            .then(r#"{"errcode":0,"url":"https://wework.qpic.cn/x"}"#);
        let client = script.client();
        let tiny = MediaFile::new("a.png", "image/png", "five!").unwrap();
        assert!(client.upload_media(MediaKind::Image, &tiny).await.is_err());
        let large = vec![0; 2 * 1024 * 1024 + 1];
        let large = MediaFile::new("a.amr", "voice/amr", large).unwrap();
        assert!(client.upload_media(MediaKind::Voice, &large).await.is_err());
        assert!(client.upload_picture(&large).await.is_err());
        assert!(script.urls().is_empty());
        let file = MediaFile::new("a.png", "image/png", "enough").unwrap();
        let uploaded = client.upload_media(MediaKind::Image, &file).await.unwrap();
        assert_eq!(uploaded.created_at, Some(1_767_225_600));
        assert_eq!(
            client.upload_picture(&file).await.unwrap(),
            "https://wework.qpic.cn/x"
        );
        assert_eq!(script.urls()[1], "media/upload?access_token=T1&type=image");
    }

    #[tokio::test]
    async fn large_files_get_more_time() {
        let script = Script::with_token()
            .then(r#"{"errcode":0,"media_id":"m1"}"#)
            .then(r#"{"errcode":40007,"errmsg":"invalid media_id"}"#);
        let client = script.client();
        let large = MediaFile::new("a.zip", "application/zip", vec![0; MAX_FILE_BYTES]).unwrap();
        client.upload_media(MediaKind::File, &large).await.unwrap();
        assert_eq!(script.last().extra_time.as_secs(), 80);
        client.download_media("m1").await.unwrap_err();
        assert_eq!(script.last().extra_time.as_secs(), 80);
    }
}
