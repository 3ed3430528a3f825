//! The file that a form brings.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::{HeaderMap, StatusCode, header};

use crate::catalogue::RequestFault;
use crate::domain::FieldError;
use crate::services::Context;
use crate::services::decoding::Room;

use super::error::{Problem, WebResult};

/// Boundaries and headers around the file.
pub(super) const OVERHEAD_BYTES: usize = 16 * 1024;
/// Parts that are looked at for the file.
const MAX_PARTS: usize = 8;

/// A file as it was sent.
pub(super) struct Received {
    pub(super) bytes: Vec<u8>,
    /// The memory that it takes.
    _room: Room,
}

/// The part named `file`, of at most so many bytes: the route's own limit. Room for it is made before
/// it is read.
pub(super) async fn file_of(
    ctx: &Context,
    request: Request,
    max_bytes: usize,
) -> WebResult<Received> {
    let most = u64::try_from(max_bytes + OVERHEAD_BYTES).unwrap_or(u64::MAX);
    let bytes = stated_bytes(request.headers()).map_or(most, |bytes| bytes.min(most));
    let room = ctx.decoding.for_a_file(bytes).await?;
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| RequestFault::NotMultipart)?;
    for _ in 0..MAX_PARTS {
        let Some(part) = parts.next_field().await.map_err(|error| unread(&error))? else {
            break;
        };
        if part.name() == Some("file") {
            let bytes = part.bytes().await.map_err(|error| unread(&error))?;
            return Ok(Received {
                bytes: bytes.into(),
                _room: room,
            });
        }
    }
    Err(Problem::invalid("file", FieldError::Missing))
}

/// What a request says of its own length, which the server holds it to.
fn stated_bytes(headers: &HeaderMap) -> Option<u64> {
    headers
        .get(header::CONTENT_LENGTH)?
        .to_str()
        .ok()?
        .parse()
        .ok()
}

fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        RequestFault::CutOff.into()
    }
}
