//! Signing in and out, and the sessions of one's own.

use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderName, HeaderValue};
use axum::response::AppendHeaders;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::staff::Role;
use crate::domain::{Timestamp, UserId};
use crate::services::{Context, staff};
use crate::store::staff_sessions::LiveSession;
use crate::store::users::User;
use crate::web::auth::{CallerIp, NewcomerSession, STAFF_COOKIE, StaffSession};
use crate::web::{Answer, Envelope, Items, Json, Nothing, Path, ProblemBody, WebResult, WebState};

/// An answer with a cookie.
type WithCookie<T> = (AppendHeaders<[(HeaderName, HeaderValue); 1]>, Answer<T>);

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(change_password))
        .routes(routes!(me))
        .routes(routes!(list_sessions, end_all_sessions))
        .routes(routes!(end_session))
}

/// User name and password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct LoginInput {
    /// The name typed at sign-in.
    username: String,
    #[schema(value_type = String)]
    password: SecretString,
}

/// A token and whose it is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LoginView {
    /// For `Authorization: Bearer …`.
    token: String,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    user: MeView,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct MeView {
    #[schema(value_type = i64)]
    id: UserId,
    username: String,
    display_name: String,
    #[schema(value_type = String, example = "coach")]
    role: Role,
    /// Whether somebody else has chosen the password.
    must_change_password: bool,
}

/// The old password and the new one.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct PasswordInput {
    #[schema(value_type = String)]
    old: SecretString,
    #[schema(value_type = String)]
    new: SecretString,
}

impl From<&User> for MeView {
    fn from(user: &User) -> Self {
        Self {
            id: user.id,
            username: user.username.clone(),
            display_name: user.display_name.clone(),
            role: user.role,
            must_change_password: user.must_change_password,
        }
    }
}

/// Signs in. Five wrong passwords lock the user name for 15 minutes.
#[utoipa::path(
    post, path = "/api/auth/login", tag = "staff", request_body = LoginInput,
    responses(
        (status = 200, body = Envelope<LoginView>),
        (status = 401, description = "unauthenticated", body = ProblemBody),
        (status = 423, description = "locked; data.until", body = ProblemBody)
    )
)]
async fn log_in(
    State(ctx): State<Context>,
    CallerIp(ip): CallerIp,
    Json(input): Json<LoginInput>,
) -> WebResult<WithCookie<LoginView>> {
    let login = staff::log_in(&ctx, &input.username, input.password, ip).await?;
    let token = login.token.expose_secret().to_owned();
    let cookie = STAFF_COOKIE.set(&ctx, &token)?;
    Ok((
        AppendHeaders([(SET_COOKIE, cookie)]),
        Answer(LoginView {
            token,
            expires_at: login.expires_at,
            user: MeView::from(&login.user),
        }),
    ))
}

/// Ends this session.
#[utoipa::path(
    post, path = "/api/auth/logout", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<Nothing>))
)]
async fn log_out(
    State(ctx): State<Context>,
    NewcomerSession(who): NewcomerSession,
) -> WebResult<WithCookie<Nothing>> {
    staff::log_out(&ctx, &who).await?;
    signed_out(&ctx)
}

fn signed_out(ctx: &Context) -> WebResult<WithCookie<Nothing>> {
    let cookie = STAFF_COOKIE.remove(ctx)?;
    Ok((AppendHeaders([(SET_COOKIE, cookie)]), Answer(Nothing)))
}

/// Changes one's own password. Every session of the account ends.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "staff", security(("staff" = [])),
    request_body = PasswordInput,
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 422, description = "invalid_input", body = ProblemBody),
        (status = 423, description = "locked; data.until", body = ProblemBody)
    )
)]
async fn change_password(
    State(ctx): State<Context>,
    NewcomerSession(who): NewcomerSession,
    Json(input): Json<PasswordInput>,
) -> WebResult<Answer<Nothing>> {
    staff::change_password(&ctx, &who, input.old, input.new).await?;
    Ok(Answer(Nothing))
}

/// Who is signed in.
#[utoipa::path(
    get, path = "/api/auth/me", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<MeView>))
)]
async fn me(NewcomerSession(who): NewcomerSession) -> Answer<MeView> {
    Answer(MeView::from(&who.user))
}

/// A session of one's own.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SessionView {
    id: String,
    /// Where it was opened from.
    ip: Option<String>,
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    #[schema(value_type = String, format = DateTime)]
    expires_at: Timestamp,
    /// The one that asks.
    current: bool,
}

impl SessionView {
    fn of(session: LiveSession, current: &str) -> Self {
        Self {
            created_at: session.created_at(),
            expires_at: session.expires_at(),
            current: session.id == current,
            id: session.id,
            ip: session.ip,
        }
    }
}

/// One's own sessions, the newest first. There are ten at most: the next one ends the oldest.
#[utoipa::path(
    get, path = "/api/auth/sessions", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<Items<SessionView>>))
)]
async fn list_sessions(
    State(ctx): State<Context>,
    StaffSession(who): StaffSession,
) -> WebResult<Answer<Items<SessionView>>> {
    let sessions = staff::sessions(&ctx, &who).await?;
    let view = |session| SessionView::of(session, &who.session_id);
    let items = sessions.into_iter().map(view).collect();
    Ok(Answer(Items { items }))
}

/// Ends one of one's own sessions.
#[utoipa::path(
    delete, path = "/api/auth/sessions/{id}", tag = "staff", security(("staff" = [])),
    params(("id" = String, Path)),
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 404, description = "not_found", body = ProblemBody)
    )
)]
async fn end_session(
    State(ctx): State<Context>,
    StaffSession(who): StaffSession,
    Path(id): Path<String>,
) -> WebResult<Answer<Nothing>> {
    staff::end_session(&ctx, &who, &id).await?;
    Ok(Answer(Nothing))
}

/// Signs out everywhere: every session of one's own ends, this one too.
#[utoipa::path(
    delete, path = "/api/auth/sessions", tag = "staff", security(("staff" = [])),
    responses((status = 200, body = Envelope<Nothing>))
)]
async fn end_all_sessions(
    State(ctx): State<Context>,
    StaffSession(who): StaffSession,
) -> WebResult<WithCookie<Nothing>> {
    staff::end_all_sessions(&ctx, &who).await?;
    signed_out(&ctx)
}
