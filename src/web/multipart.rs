//! The file that a form brings.

use axum::extract::multipart::MultipartError;
use axum::extract::{FromRequest as _, Multipart, Request};
use axum::http::StatusCode;

use crate::catalogue::RequestFault;
use crate::domain::FieldError;

use super::error::{Problem, WebResult};

/// Boundaries and headers around the file.
pub(super) const OVERHEAD_BYTES: usize = 16 * 1024;
/// Parts that are looked at for the file.
const MAX_PARTS: usize = 8;

/// The part named `file`.
pub(super) async fn file_of(request: Request) -> WebResult<Vec<u8>> {
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| RequestFault::NotMultipart)?;
    for _ in 0..MAX_PARTS {
        let Some(part) = parts.next_field().await.map_err(|error| unread(&error))? else {
            break;
        };
        if part.name() == Some("file") {
            let bytes = part.bytes().await.map_err(|error| unread(&error))?;
            return Ok(bytes.into());
        }
    }
    Err(Problem::invalid("file", FieldError::Missing))
}

fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        RequestFault::CutOff.into()
    }
}
