//! Who a browser is: the session of its cookie, and the access token of one order.

use std::time::Duration;

use axum::extract::{FromRequestParts, State};
use axum::http::header::SET_COOKIE;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Redirect, Response};
use axum_extra::extract::cookie::{Cookie, CookieJar, SameSite};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::services::session::{self, NewSession};
use crate::services::{Context, Refusal};
use crate::store::sessions::Session;

use super::super::{Answer, Envelope, Problem, Query, WebResult, WebState};

/// The cookie of a session.
pub(in crate::web) const COOKIE: &str = "ck_session";
/// The header of an access token.
const ACCESS_TOKEN: &str = "x-access-token";
/// How long a browser keeps the cookie; the session itself may end earlier.
const COOKIE_LIVES: Duration = Duration::from_secs(180 * 24 * 3600);

/// The session of the request's cookie, if it has a good one.
pub(super) struct MaybeSession(pub(super) Option<Session>);

/// The access token that the request shows; whether it is good, the service says.
pub(super) struct AccessToken(pub(super) String);

impl FromRequestParts<WebState> for MaybeSession {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &WebState) -> Result<Self, Problem> {
        let jar = CookieJar::from_headers(&parts.headers);
        let Some(cookie) = jar.get(COOKIE) else {
            return Ok(Self(None));
        };
        Ok(Self(session::load(&state.context(), cookie.value()).await?))
    }
}

impl FromRequestParts<WebState> for AccessToken {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &WebState) -> Result<Self, Problem> {
        let token = parts
            .headers
            .get(ACCESS_TOKEN)
            .and_then(|value| value.to_str().ok());
        match token {
            Some(token) => Ok(Self(token.to_owned())),
            None => Err(crate::services::Error::from(Refusal::TokenInvalid).into()),
        }
    }
}

/// What the browser's name says it is (wecom-bots-h5 §4.3): WeCom names WeChat too.
pub(super) fn platform_of(headers: &HeaderMap) -> &'static str {
    let agent = headers
        .get(header::USER_AGENT)
        .and_then(|value| value.to_str().ok());
    let agent = agent.unwrap_or_default().to_ascii_lowercase();
    if agent.contains("wxwork/") {
        "wecom"
    } else if agent.contains("micromessenger/") {
        "wechat"
    } else {
        "browser"
    }
}

/// `Set-Cookie` for a new session; Secure exactly when our own address is https.
pub(super) fn set_cookie(ctx: &Context, fresh: &NewSession) -> WebResult<HeaderValue> {
    let age = COOKIE_LIVES.try_into().unwrap_or_default();
    let cookie = Cookie::build((COOKIE, fresh.cookie.clone()))
        .path("/")
        .http_only(true)
        .secure(ctx.settings.public_url.starts_with("https://"))
        // Lax: the cookie must come along when WeCom sends the browser back to us.
        .same_site(SameSite::Lax)
        .max_age(age)
        .build();
    HeaderValue::from_str(&cookie.to_string()).map_err(|error| Problem::internal(&error))
}

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new()
        .routes(routes!(begin_sign_in))
        .routes(routes!(finish_sign_in))
        .routes(routes!(js_config))
}

#[derive(Deserialize)]
struct SignIn {
    #[serde(default = "home")]
    redirect: String,
}

fn home() -> String {
    "/h5/".to_owned()
}

/// Sends the browser to WeCom's page that asks who it is.
#[utoipa::path(
    get, path = "/api/h5/auth/wecom", tag = "member",
    params(("redirect" = Option<String>, Query, description = "Where to go afterwards: /h5/…")),
    responses((status = 302, description = "to the authorize page"))
)]
async fn begin_sign_in(
    State(ctx): State<Context>,
    Query(query): Query<SignIn>,
) -> WebResult<Response> {
    let url = session::begin_sign_in(&ctx, &query.redirect).await?;
    Ok(found(&url))
}

#[derive(Deserialize)]
struct Returned {
    code: String,
    state: String,
}

/// Where WeCom sends the browser back to.
#[utoipa::path(
    get, path = "/api/h5/auth/callback", tag = "member",
    params(("code" = String, Query), ("state" = String, Query)),
    responses((status = 302, description = "to the page asked for, with ck_session"))
)]
async fn finish_sign_in(
    State(ctx): State<Context>,
    MaybeSession(present): MaybeSession,
    Query(query): Query<Returned>,
) -> WebResult<Response> {
    let (redirect, fresh) =
        session::finish_sign_in(&ctx, &query.code, &query.state, present).await?;
    let response = found(&redirect);
    Ok(match fresh {
        Some(fresh) => (
            AppendHeaders([(SET_COOKIE, set_cookie(&ctx, &fresh)?)]),
            response,
        )
            .into_response(),
        None => response,
    })
}

/// 302, as the contract says; axum's own redirects are 303 and 307.
fn found(url: &str) -> Response {
    let mut response = Redirect::to(url).into_response();
    *response.status_mut() = StatusCode::FOUND;
    response
}

#[derive(Deserialize)]
struct Page {
    url: String,
}

/// What a page inside WeCom needs to call its client.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JsConfigView {
    corp_id: String,
    agent_id: i64,
    timestamp: i64,
    nonce_str: String,
    config_signature: String,
    agent_config_signature: String,
}

/// Signs a page's address for WeCom's client.
#[utoipa::path(
    get, path = "/api/h5/js-config", tag = "member", params(("url" = String, Query)),
    responses((status = 200, body = Envelope<JsConfigView>))
)]
async fn js_config(
    State(ctx): State<Context>,
    Query(page): Query<Page>,
) -> WebResult<Answer<JsConfigView>> {
    let config = session::js_config(&ctx, &page.url).await?;
    Ok(Answer(JsConfigView {
        corp_id: ctx.settings.corp_id.clone(),
        agent_id: ctx.settings.agent_id,
        timestamp: config.timestamp,
        nonce_str: config.nonce,
        config_signature: config.config_signature,
        agent_config_signature: config.agent_config_signature,
    }))
}
