//! Uploads and downloads (wecom-app §10) and uploads for a robot (wecom-bots-h5 §2).

use std::collections::HashMap;

use axum::{
    Json,
    extract::{
        ConnectInfo, Multipart, Query, State,
        multipart::{Field, MultipartRejection},
    },
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    Wecom,
    call::{Access, Answer, Call},
    notes::Notes,
    random::secret_text,
    refusal::Refusal,
    state::Media,
};
use crate::{
    connection::Peer,
    faults::{Platform, Request},
};

/// Days that a media id is good.
const LIFE_DAYS: i64 = 3;
const MB: usize = 1 << 20;

/// A form, or why it could not be opened.
type Form = Result<Multipart, MultipartRejection>;

/// POST media/upload.
pub(crate) async fn upload(
    State(wecom): State<Wecom>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Query(query): Query<HashMap<String, String>>,
    form: Form,
) -> Response {
    let upload = Upload {
        wecom: &wecom,
        peer,
        query,
        path: "cgi-bin/media/upload",
    };
    upload
        .answer(Access::Token, form, |upload, file| upload.keep(file, None))
        .await
}

/// POST webhook/upload_media.
pub(crate) async fn upload_for_robot(
    State(wecom): State<Wecom>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Query(query): Query<HashMap<String, String>>,
    form: Form,
) -> Response {
    let upload = Upload {
        wecom: &wecom,
        peer,
        query,
        path: "cgi-bin/webhook/upload_media",
    };
    let keep = |upload: &Upload<'_>, file| {
        let key = upload.query.get("key").cloned().unwrap_or_default();
        let is_there = {
            let state = upload.wecom.state();
            state
                .robots
                .get(&key)
                .is_some_and(|robot| !robot.is_removed)
        };
        if !is_there {
            return Err(Refusal::outcome(93000, "invalid webhook url"));
        }
        if !matches!(
            upload.query.get("type").map(String::as_str),
            Some("file" | "voice")
        ) {
            return Err(Refusal::broken(40004, "type is file or voice"));
        }
        upload.keep(file, Some(key))
    };
    upload.answer(Access::Open, form, keep).await
}

/// POST media/uploadimg: a permanent picture address.
pub(crate) async fn upload_picture(
    State(wecom): State<Wecom>,
    ConnectInfo(peer): ConnectInfo<Peer>,
    Query(mut query): Query<HashMap<String, String>>,
    form: Form,
) -> Response {
    query.insert("type".to_owned(), "image".to_owned());
    let upload = Upload {
        wecom: &wecom,
        peer,
        query,
        path: "cgi-bin/media/uploadimg",
    };
    let keep = |upload: &Upload<'_>, file: File| {
        if file.bytes.len() > 2 * MB {
            return Err(Refusal::broken(40009, "a picture is at most 2 MB"));
        }
        let kept = upload.keep(file, None)?;
        let media_id = kept["media_id"].as_str().unwrap_or_default().to_owned();
        let mut state = upload.wecom.state();
        if let Some(media) = state.media.get_mut(&media_id) {
            media.expires = DateTime::<Utc>::MAX_UTC;
        }
        let base_url = upload.wecom.world().base_url();
        Ok(
            json!({"errcode": 0, "errmsg": "", "url": format!("{base_url}/wecom/media/picture?id={media_id}")}),
        )
    };
    upload.answer(Access::Token, form, keep).await
}

/// GET media/get, whole or the part that `Range` asks for.
pub(crate) fn download(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let media_id = call.required_query("media_id", 40007)?;
    let range = call.headers.get(header::RANGE);
    let range = range.and_then(|range| range.to_str().ok());
    let media =
        known(wecom, media_id).ok_or_else(|| Refusal::outcome(40007, "invalid media_id"))?;
    let Some(range) = range else {
        return Ok(serve(media));
    };
    let (first, last) = bounds(range, media.bytes.len())
        .ok_or_else(|| Refusal::broken(830_002, "Range is bytes=first-last within the file"))?;
    let total = media.bytes.len();
    let part = Media {
        bytes: media.bytes.slice(first..=last),
        ..media
    };
    let mut answer = serve(part);
    *answer.status_mut() = StatusCode::PARTIAL_CONTENT;
    if let Ok(place) = HeaderValue::from_str(&format!("bytes {first}-{last}/{total}")) {
        answer.headers_mut().insert(header::CONTENT_RANGE, place);
    }
    Ok(answer)
}

/// `bytes=first-last`; an end beyond the file is its end.
fn bounds(range: &str, total: usize) -> Option<(usize, usize)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    let first: usize = first.parse().ok()?;
    let last = match last {
        "" => total.checked_sub(1)?,
        last => last.parse::<usize>().ok()?.min(total.checked_sub(1)?),
    };
    (first <= last).then_some((first, last))
}

/// GET media/picture: the address that uploadimg gave.
pub(crate) fn picture(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let media_id = call.required_query("id", 40007)?;
    known(wecom, media_id)
        .map(serve)
        .ok_or_else(|| Refusal::outcome(40007, "invalid picture"))
}

/// A file that has not expired.
fn known(wecom: &Wecom, media_id: &str) -> Option<Media> {
    let now = wecom.world().clock.wall_now();
    let media = wecom.state().media.get(media_id).cloned();
    media.filter(|media| media.expires > now)
}

fn serve(media: Media) -> Response {
    let disposition = format!("attachment; filename=\"{}\"", media.filename);
    let headers = [
        (header::CONTENT_TYPE, media.content_type),
        (header::CONTENT_DISPOSITION, disposition),
    ];
    (headers, media.bytes).into_response()
}

/// The file part of a form.
struct File {
    filename: String,
    content_type: String,
    bytes: Bytes,
}

struct Upload<'a> {
    wecom: &'a Wecom,
    peer: Peer,
    query: HashMap<String, String>,
    path: &'static str,
}

impl Upload<'_> {
    async fn answer(
        self,
        access: Access,
        form: Form,
        keep: impl FnOnce(&Self, File) -> Result<Value, Refusal>,
    ) -> Response {
        let notes = Notes::default();
        let kept = match self.read(access, form, &notes).await {
            Ok(file) => keep(&self, file),
            Err(refusal) => Err(refusal),
        };
        self.wecom
            .record(&format!("POST {}", self.path), &notes, kept.as_ref().err());
        match kept {
            Ok(body) => Json(body).into_response(),
            Err(refusal) => refusal.into_answer(self.peer.address.ip()),
        }
    }

    async fn read(&self, access: Access, form: Form, notes: &Notes) -> Result<File, Refusal> {
        let request = Request {
            platform: Platform::Wecom,
            method: "POST",
            path: self.path,
        };
        let token = self.query.get("access_token").map(String::as_str);
        let token = token.filter(|token| !token.is_empty());
        self.wecom.check_access(request, access, token)?;
        let no_boundary = || Refusal::broken(44001, "multipart/form-data with a boundary");
        let mut form = form.map_err(|_| no_boundary())?;
        let unreadable = |_| no_boundary();
        while let Some(field) = form.next_field().await.map_err(unreadable)? {
            let is_picture = self.path.ends_with("uploadimg");
            if field.name() != Some("media") && !is_picture {
                continue;
            }
            return read_file(field, notes).await;
        }
        Err(Refusal::broken(41005, "a part named media"))
    }

    fn keep(&self, file: File, robot_key: Option<String>) -> Result<Value, Refusal> {
        let kind = self
            .query
            .get("type")
            .map(String::as_str)
            .unwrap_or_default();
        check_file(kind, &file.bytes)?;
        let now = self.wecom.world().clock.wall_now();
        let media_id = format!("media-{}", secret_text());
        let media = Media {
            kind: kind.to_owned(),
            filename: file.filename,
            content_type: file.content_type,
            bytes: file.bytes,
            expires: now + TimeDelta::days(LIFE_DAYS),
            robot_key,
        };
        self.wecom.state().media.insert(media_id.clone(), media);
        // created_at is a string, as on the platform.
        let created_at = now.timestamp().to_string();
        Ok(
            json!({"errcode": 0, "errmsg": "", "type": kind, "media_id": media_id, "created_at": created_at}),
        )
    }
}

async fn read_file(field: Field<'_>, notes: &Notes) -> Result<File, Refusal> {
    let filename = field.file_name().unwrap_or_default().to_owned();
    if filename.is_empty() {
        notes.note("the part has a filename", "recipients see a random name");
    }
    if filename.contains('%') {
        notes.note("filename is raw UTF-8", "recipients see percent signs");
    }
    let content_type = field
        .content_type()
        .unwrap_or("application/octet-stream")
        .to_owned();
    let unreadable = |_| Refusal::broken(45001, "a file of at most 20 MB");
    let bytes = field.bytes().await.map_err(unreadable)?;
    Ok(File {
        filename,
        content_type,
        bytes,
    })
}

/// Sizes and formats by kind.
fn check_file(kind: &str, bytes: &Bytes) -> Result<(), Refusal> {
    let (most, is_format): (usize, fn(&[u8]) -> bool) = match kind {
        "image" => (10 * MB, is_jpg_or_png),
        "voice" => (2 * MB, |bytes| bytes.starts_with(b"#!AMR")),
        "video" => (10 * MB, |bytes| bytes.get(4..8) == Some(b"ftyp")),
        "file" => (20 * MB, |_| true),
        _ => {
            return Err(Refusal::broken(
                40004,
                "type is image, voice, video or file",
            ));
        }
    };
    if bytes.len() <= 5 {
        return Err(Refusal::broken(40006, "a file has more than 5 bytes"));
    }
    if bytes.len() > most {
        return Err(Refusal::broken(
            45001,
            format!("{kind} is at most {most} bytes"),
        ));
    }
    if !is_format(bytes) {
        return Err(Refusal::broken(40005, format!("the format of {kind}")));
    }
    Ok(())
}

/// Whether bytes are a JPG or PNG by their beginning.
pub(crate) fn is_jpg_or_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n") || bytes.starts_with(b"\xff\xd8\xff")
}
