//! What members send to the robot besides text: encrypted with the robot's key, good for five
//! minutes (wecom-bots-h5 §1.3).

use axum::{
    http::{StatusCode, header},
    response::IntoResponse,
};
use chrono::TimeDelta;

use super::chats::EncryptedMedia;
use crate::wecom::{
    Wecom,
    call::{Answer, Call},
    delivery::Door,
    random::secret_text,
};

/// How long the address of a file lives, by the wall clock.
const LIFE: TimeDelta = TimeDelta::minutes(5);

impl Wecom {
    /// Encrypts and keeps a file. Gives its address.
    pub(super) fn keep_for_robot(&self, filename: &str, bytes: &[u8]) -> String {
        let mut bytes = bytes.to_vec();
        self.keys(Door::Robot)
            .aes_key()
            .encrypt_in_place(&mut bytes);
        let id = secret_text();
        let media = EncryptedMedia {
            filename: filename.to_owned(),
            bytes,
            expires: self.world().clock.wall_now() + LIFE,
        };
        self.state().smart_robot.media.insert(id.clone(), media);
        format!("{}/wecom/aibot/media?id={id}", self.world().base_url())
    }
}

/// GET aibot/media. Real addresses lie at an object store, which answers 403 when they are too old.
pub(crate) fn download(wecom: &Wecom, call: &Call<'_>) -> Answer {
    let now = wecom.world().clock.wall_now();
    let id = call.query("id").unwrap_or_default();
    let media = wecom.state().smart_robot.media.get(id).cloned();
    let Some(media) = media.filter(|media| media.expires > now) else {
        return Ok(StatusCode::FORBIDDEN.into_response());
    };
    let name: String = media
        .filename
        .bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'.' | b'-' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect();
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename*=UTF-8''{name}"),
        ),
    ];
    Ok((headers, media.bytes).into_response())
}
