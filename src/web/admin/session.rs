//! Signing in and out.

use axum::extract::State;
use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::domain::staff::Role;
use crate::domain::{Timestamp, UserId};
use crate::services::{Context, staff};
use crate::store::users::User;
use crate::web::auth::{CallerIp, STAFF_COOKIE, StaffSession};
use crate::web::{Answer, Envelope, Json, Nothing, ProblemBody, WebResult, WebState};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(log_in))
        .routes(routes!(log_out))
        .routes(routes!(change_password))
        .routes(routes!(me))
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
    jar: CookieJar,
    Json(input): Json<LoginInput>,
) -> WebResult<(CookieJar, Answer<LoginView>)> {
    let login = staff::log_in(&ctx, &input.username, input.password, ip).await?;
    let token = login.token.expose_secret().to_owned();
    let jar = jar.add(cookie(&ctx, token.clone()));
    Ok((
        jar,
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
    StaffSession(who): StaffSession,
    jar: CookieJar,
) -> WebResult<(CookieJar, Answer<Nothing>)> {
    staff::log_out(&ctx, &who).await?;
    Ok((jar.remove(cookie(&ctx, String::new())), Answer(Nothing)))
}

/// Changes one's own password. Every session of the account ends.
#[utoipa::path(
    post, path = "/api/auth/password", tag = "staff", security(("staff" = [])),
    request_body = PasswordInput,
    responses(
        (status = 200, body = Envelope<Nothing>),
        (status = 422, description = "invalid_input", body = ProblemBody)
    )
)]
async fn change_password(
    State(ctx): State<Context>,
    StaffSession(who): StaffSession,
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
async fn me(StaffSession(who): StaffSession) -> Answer<MeView> {
    Answer(MeView::from(&who.user))
}

fn cookie(ctx: &Context, token: String) -> Cookie<'static> {
    Cookie::build((STAFF_COOKIE, token))
        .path("/api")
        .http_only(true)
        .secure(ctx.settings.public_url.starts_with("https://"))
        .same_site(SameSite::Strict)
        .build()
}
