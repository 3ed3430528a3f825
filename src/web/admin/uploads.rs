//! Uploading pictures.

use axum::extract::{DefaultBodyLimit, Request, State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::UploadId;
use crate::services::Context;
use crate::services::uploads::{self, MAX_PICTURE_BYTES};
use crate::web::auth::Staff;
use crate::web::multipart::{OVERHEAD_BYTES, file_of};
use crate::web::{Answer, Envelope, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(upload))
        .layer(DefaultBodyLimit::max(MAX_PICTURE_BYTES + OVERHEAD_BYTES))
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

/// Stores a picture: jpg or png, at most 2 MiB and 16 megapixels, encoded anew.
#[utoipa::path(
    post, path = "/api/admin/uploads", tag = "staff", security(("staff" = [])),
    request_body(content = UploadForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<UploadView>),
        (status = 413, description = "too_large", body = ProblemBody),
        (status = 415, description = "unsupported_media_type", body = ProblemBody),
        (status = 503, description = "busy", body = ProblemBody)
    )
)]
async fn upload(
    State(ctx): State<Context>,
    Staff(actor): Staff,
    request: Request,
) -> WebResult<Answer<UploadView>> {
    uploads::may_store(&actor)?;
    let file = file_of(&ctx, request, MAX_PICTURE_BYTES).await?;
    let uploaded = uploads::store(&ctx, &actor, file.bytes).await?;
    Ok(Answer(UploadView {
        id: uploaded.id,
        url: uploaded.url,
        content_type: uploaded.content_type,
        bytes: uploaded.bytes,
    }))
}
