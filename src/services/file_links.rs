//! Addresses of uploaded pictures: posters are for everybody, group codes only for who was given
//! a signed address, for ten minutes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;

use crate::domain::UploadId;

use super::{Context, Refusal, Result};

const PURPOSE: &str = "file link";
/// How long a signed address is good (contract, Member API).
const SIGNED_LIVES: TimeDelta = TimeDelta::minutes(10);

/// The address of a picture that anybody may see.
#[must_use]
pub fn public_path(upload: UploadId) -> String {
    format!("/files/{upload}")
}

/// An address of a picture that is good for ten minutes.
#[must_use]
pub fn signed_path(ctx: &Context, upload: UploadId) -> String {
    let until = ctx.wall_now().plus(SIGNED_LIVES).secs();
    let mac = ctx.keys().mac(PURPOSE, &signed_text(upload, until));
    format!(
        "/files/{upload}?until={until}&signature={}",
        URL_SAFE_NO_PAD.encode(mac)
    )
}

/// Whether we signed this address.
///
/// # Errors
/// `link_expired` after its ten minutes; an address that we did not sign is `Ok(false)`.
pub fn is_signed(ctx: &Context, upload: UploadId, until: i64, signature: &str) -> Result<bool> {
    let Ok(mac) = URL_SAFE_NO_PAD.decode(signature) else {
        return Ok(false);
    };
    let text = signed_text(upload, until);
    if !ctx.keys().verify_mac(PURPOSE, &text, &mac) {
        return Ok(false);
    }
    if until <= ctx.wall_now().secs() {
        return Err(Refusal::LinkExpired.into());
    }
    Ok(true)
}

fn signed_text(upload: UploadId, until: i64) -> Vec<u8> {
    format!("{upload}:{until}").into_bytes()
}
