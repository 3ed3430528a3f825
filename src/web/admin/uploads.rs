//! Uploading pictures.

use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Multipart, Request, State};
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::UploadId;
use crate::services::Context;
use crate::services::uploads::{self, MAX_PICTURE_BYTES};
use crate::web::auth::Staff;
use crate::web::{Answer, Envelope, Problem, ProblemBody, WebResult, WebState};

/// Boundaries and headers around the file.
const MULTIPART_OVERHEAD_BYTES: usize = 16 * 1024;
/// Parts that are looked at for the file.
const MAX_PARTS: usize = 8;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .layer(DefaultBodyLimit::max(
            MAX_PICTURE_BYTES + MULTIPART_OVERHEAD_BYTES,
        ))
}

/// A picture that was stored.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct UploadView {
    #[schema(value_type = i64)]
    id: UploadId,
    /// Good for ten minutes.
    url: String,
    content_type: &'static str,
    bytes: i64,
}

/// The form that is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, for the OpenAPI document")]
struct UploadForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Stores a picture: jpg or png, at most 2 MiB, encoded anew.
#[utoipa::path(
    post, path = "/api/admin/uploads", tag = "staff", security(("staff" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<UploadView>),
        (status = 413, description = "too_large", body = ProblemBody),
        (status = 415, description = "unsupported_media_type", body = ProblemBody)
    )
)]
async fn upload(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    request: Request,
) -> WebResult<Answer<UploadView>> {
    let bytes = file_of(request).await?;
    let uploaded = uploads::store(&ctx, &actor, bytes).await?;
    Ok(Answer(UploadView {
        id: uploaded.id,
        url: uploaded.url,
        content_type: uploaded.content_type,
        bytes: uploaded.bytes,
    }))
}

/// The part named `file`.
async fn file_of(request: Request) -> WebResult<Vec<u8>> {
    let mut parts = Multipart::from_request(request, &())
        .await
        .map_err(|_| Problem::unsupported_media_type("请求须是 multipart/form-data"))?;
    for _ in 0..MAX_PARTS {
        let Some(part) = parts.next_field().await.map_err(|error| unread(&error))? else {
            break;
        };
        if part.name() == Some("file") {
            let bytes = part.bytes().await.map_err(|error| unread(&error))?;
            return Ok(bytes.into());
        }
    }
    Err(Problem::invalid([(
        "file",
        "请选择要上传的图片".to_owned(),
    )]))
}

fn unread(error: &MultipartError) -> Problem {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Problem::too_large()
    } else {
        Problem::bad_request("上传没有传完整")
    }
}
