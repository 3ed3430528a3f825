//! Objections: made, with the pictures that go along.

use std::collections::BTreeSet;

use axum::extract::{DefaultBodyLimit, Request, State};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::appeal::Appeal;
use crate::domain::{AppealKind, AppealStatus, Timestamp, UploadId};
use crate::services::appeals::{self, Objection};
use crate::services::uploads::MAX_PICTURE_BYTES;
use crate::services::{Context, access_token};

use super::super::multipart::{OVERHEAD_BYTES, file_of};
use super::super::{Answer, Envelope, Json, Nothing, Path, ProblemBody, WebResult, WebState};
use super::session::AccessToken;

pub(super) fn routes() -> OpenApiRouter<WebState> {
    let uploads = OpenApiRouter::new()
        .routes(routes!(upload_picture))
        .layer(DefaultBodyLimit::max(MAX_PICTURE_BYTES + OVERHEAD_BYTES));
    OpenApiRouter::new()
        .routes(routes!(object))
        .routes(routes!(remove_picture))
        .merge(uploads)
}

/// An objection of a member.
#[derive(Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AppealInput {
    order_no: String,
    /// `day`, `verdict` or `rejection`.
    #[schema(value_type = String, example = "day")]
    kind: AppealKind,
    /// The day, where it is one that is objected to.
    #[schema(value_type = Option<String>, format = Date)]
    day: Option<NaiveDate>,
    text: String,
    /// At most three.
    #[serde(default)]
    #[schema(value_type = Vec<i64>)]
    upload_ids: BTreeSet<UploadId>,
}

/// An objection as its member sees it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct AppealView {
    id: i64,
    /// `day`, `verdict` or `rejection`.
    #[schema(value_type = String)]
    kind: AppealKind,
    #[schema(value_type = Option<String>, format = Date, required)]
    day: Option<NaiveDate>,
    /// `open`, `accepted` or `refused`.
    #[schema(value_type = String)]
    status: AppealStatus,
    text: String,
    /// The reason of whoever answered; null while it is open.
    #[schema(required)]
    answer: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime, required)]
    answered_at: Option<Timestamp>,
}

impl From<Appeal> for AppealView {
    fn from(appeal: Appeal) -> Self {
        Self {
            id: appeal.id.0,
            kind: appeal.kind,
            day: appeal.day,
            status: appeal.status,
            text: appeal.text,
            at: appeal.made_at,
            answered_at: appeal.answer.as_ref().map(|answer| answer.by.at),
            answer: appeal.answer.map(|answer| answer.text),
        }
    }
}

/// Objects to a day, a verdict or a rejection.
#[utoipa::path(
    post, path = "/api/h5/appeals", tag = "member", security(("access_token" = [])),
    request_body = AppealInput,
    responses(
        (status = 200, body = Envelope<AppealView>),
        (status = 403, description = "not_your_order", body = ProblemBody),
        (status = 409, description = "duplicate · wrong_state", body = ProblemBody),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn object(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Json(input): Json<AppealInput>,
) -> WebResult<Answer<AppealView>> {
    let objection = Objection {
        order_no: input.order_no,
        kind: input.kind,
        day: input.day,
        text: input.text,
        uploads: input.upload_ids,
    };
    let appeal = appeals::object(&ctx, &token, objection).await?;
    Ok(Answer(appeal.into()))
}

/// A picture that was stored.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MemberUploadView {
    id: i64,
    /// Good for ten minutes.
    url: String,
    content_type: &'static str,
    bytes: i64,
}

/// The form that is sent.
#[derive(ToSchema)]
#[expect(dead_code, reason = "only described, for the OpenAPI document")]
struct PictureForm {
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
}

/// Stores a picture for an objection: jpg or png, at most 2 MiB and 16 megapixels, three an order.
#[utoipa::path(
    post, path = "/api/h5/uploads", tag = "member", security(("access_token" = [])),
    request_body(content = PictureForm, content_type = "multipart/form-data"),
    responses(
        (status = 200, body = Envelope<MemberUploadView>),
        (status = 413, description = "too_large", body = ProblemBody),
        (status = 415, description = "unsupported_media_type", body = ProblemBody),
        (status = 422, description = "invalid_input: more than three", body = ProblemBody),
        (status = 503, description = "busy", body = ProblemBody)
    )
)]
async fn upload_picture(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    request: Request,
) -> WebResult<Answer<MemberUploadView>> {
    // Before room is kept for a file.
    access_token::payment(&ctx, &token).await?;
    let file = file_of(&ctx, request, MAX_PICTURE_BYTES).await?;
    let stored = appeals::store_picture(&ctx, &token, file.bytes).await?;
    Ok(Answer(MemberUploadView {
        id: stored.id.0,
        url: stored.url,
        content_type: stored.content_type,
        bytes: stored.bytes,
    }))
}

/// Takes back a picture that no objection has.
#[utoipa::path(
    delete, path = "/api/h5/uploads/{id}", tag = "member", security(("access_token" = [])),
    params(("id" = i64, Path)),
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn remove_picture(
    State(ctx): State<Context>,
    AccessToken(token): AccessToken,
    Path(id): Path<i64>,
) -> WebResult<Answer<Nothing>> {
    appeals::remove_picture(&ctx, &token, UploadId(id)).await?;
    Ok(Answer(Nothing))
}
